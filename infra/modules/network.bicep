// A virtual network: where the app reaches private endpoints from, and where MLflow and its database are.
param name string
param location string
param tags object

@description('The first two numbers of its addresses.')
param addressPrefix string

@description('Whether MLflow takes its place there, too.')
param withMlflow bool

// Default rules only: what is in the network may talk, and nothing comes in from outside.
resource inside 'Microsoft.Network/networkSecurityGroups@2024-07-01' = {
  name: 'nsg-${name}'
  location: location
  tags: tags
}

// The same, and the door of MLflow.
resource door 'Microsoft.Network/networkSecurityGroups@2024-07-01' = if (withMlflow) {
  name: 'nsg-mlflow-${name}'
  location: location
  tags: tags
  properties: {
    securityRules: [
      {
        name: 'https'
        properties: {
          priority: 100
          direction: 'Inbound'
          access: 'Allow'
          protocol: 'Tcp'
          sourceAddressPrefix: 'Internet'
          sourcePortRange: '*'
          destinationAddressPrefix: '${addressPrefix}.4.0/23'
          destinationPortRange: '443'
        }
      }
    ]
  }
}

resource network 'Microsoft.Network/virtualNetworks@2024-07-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    addressSpace: {
      addressPrefixes: ['${addressPrefix}.0.0/20']
    }
    subnets: [
      {
        name: 'app'
        properties: {
          addressPrefix: '${addressPrefix}.0.0/24'
          networkSecurityGroup: {
            id: inside.id
          }
          delegations: [
            {
              name: 'flex-consumption'
              properties: {
                serviceName: 'Microsoft.App/environments'
              }
            }
          ]
        }
      }
      {
        name: 'endpoints'
        properties: {
          addressPrefix: '${addressPrefix}.1.0/24'
          networkSecurityGroup: {
            id: inside.id
          }
        }
      }
      {
        name: 'database'
        properties: {
          addressPrefix: '${addressPrefix}.2.0/24'
          networkSecurityGroup: {
            id: inside.id
          }
          delegations: [
            {
              name: 'postgres'
              properties: {
                serviceName: 'Microsoft.DBforPostgreSQL/flexibleServers'
              }
            }
          ]
        }
      }
      {
        name: 'containers'
        properties: {
          addressPrefix: '${addressPrefix}.4.0/23'
          networkSecurityGroup: {
            id: withMlflow ? door.id : inside.id
          }
          delegations: [
            {
              name: 'containers'
              properties: {
                serviceName: 'Microsoft.App/environments'
              }
            }
          ]
        }
      }
    ]
  }
}

output id string = network.id
output appSubnetId string = '${network.id}/subnets/app'
output endpointsSubnetId string = '${network.id}/subnets/endpoints'
output databaseSubnetId string = '${network.id}/subnets/database'
output containersSubnetId string = '${network.id}/subnets/containers'
