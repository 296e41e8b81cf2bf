// Images: of the environments that Azure ML builds, and of MLflow. Nobody has a password for it.
param name string
param location string
param tags object

@description('Premium, where Azure ML reaches it through its own network.')
param isPrivate bool

resource registry 'Microsoft.ContainerRegistry/registries@2025-04-01' = {
  name: name
  location: location
  tags: tags
  sku: {
    name: isPrivate ? 'Premium' : 'Basic'
  }
  properties: {
    adminUserEnabled: false
    anonymousPullEnabled: false
    publicNetworkAccess: 'Enabled'
  }
}

output id string = registry.id
output name string = registry.name
