// An MLflow server with its database, in the virtual network. Its image is built from infra/mlflow into the registry; the
// server begins to run when its tag is given.
param name string
param identityName string
param environmentName string
param databaseName string
param location string
param tags object
param networkId string
param containersSubnetId string
param databaseSubnetId string
param registryName string
param dataStorageName string
param keyVaultName string
param logsId string

@description('Name and tag of the image; no server when empty.')
param image string

@description('Whether it is reached from within the network only.')
param isPrivate bool

@description('The database\'s; it comes from the Key Vault.')
@secure()
param databasePassword string

var acrPull = '7f951dda-4ed3-4680-a7ca-43fe172d538d'
var blobContributor = 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
var secretsUser = '4633458b-17de-408a-b874-0445c86b69e6'
var administrator = 'signalbox'
var secretUri = '${vault.properties.vaultUri}secrets'

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' existing = {
  name: keyVaultName
}

resource databaseSecret 'Microsoft.KeyVault/vaults/secrets@2024-11-01' existing = {
  parent: vault
  name: 'mlflow-database-password'
}

resource passwordSecret 'Microsoft.KeyVault/vaults/secrets@2024-11-01' existing = {
  parent: vault
  name: 'mlflow-password'
}

resource sessionSecret 'Microsoft.KeyVault/vaults/secrets@2024-11-01' existing = {
  parent: vault
  name: 'mlflow-session-key'
}

resource webhookSecret 'Microsoft.KeyVault/vaults/secrets@2024-11-01' existing = {
  parent: vault
  name: 'mlflow-webhook-key'
}

resource registry 'Microsoft.ContainerRegistry/registries@2025-04-01' existing = {
  name: registryName
}

resource storage 'Microsoft.Storage/storageAccounts@2025-01-01' existing = {
  name: dataStorageName
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-01-01' existing = {
  parent: storage
  name: 'default'
}

resource artifacts 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' = {
  parent: blobs
  name: 'mlflow'
  properties: {
    publicAccess: 'None'
  }
}

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: identityName
  location: location
  tags: tags
}

resource pulls 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(registry.id, identity.id, acrPull)
  scope: registry
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', acrPull)
  }
}

resource keepsArtifacts 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(artifacts.id, identity.id, blobContributor)
  scope: artifacts
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobContributor)
  }
}

resource readsDatabasePassword 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(databaseSecret.id, identity.id, secretsUser)
  scope: databaseSecret
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', secretsUser)
  }
}

resource readsPassword 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(passwordSecret.id, identity.id, secretsUser)
  scope: passwordSecret
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', secretsUser)
  }
}

resource readsSessionKey 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(sessionSecret.id, identity.id, secretsUser)
  scope: sessionSecret
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', secretsUser)
  }
}

resource readsWebhookKey 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(webhookSecret.id, identity.id, secretsUser)
  scope: webhookSecret
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', secretsUser)
  }
}

resource zone 'Microsoft.Network/privateDnsZones@2024-06-01' = {
  name: '${databaseName}.private.postgres.database.azure.com'
  location: 'global'
  tags: tags
}

resource link 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = {
  parent: zone
  name: 'signalbox'
  location: 'global'
  tags: tags
  properties: {
    registrationEnabled: false
    virtualNetwork: {
      id: networkId
    }
  }
}

// Reached from its network only. MLflow keeps a password for as long as it runs, which rules out Entra ID's tokens.
resource server 'Microsoft.DBforPostgreSQL/flexibleServers@2024-08-01' = {
  name: databaseName
  location: location
  tags: tags
  sku: {
    name: 'Standard_B1ms'
    tier: 'Burstable'
  }
  properties: {
    version: '16'
    createMode: 'Default'
    administratorLogin: administrator
    administratorLoginPassword: databasePassword
    storage: {
      storageSizeGB: 32
      autoGrow: 'Enabled'
    }
    backup: {
      backupRetentionDays: 14
      geoRedundantBackup: 'Disabled'
    }
    network: {
      delegatedSubnetResourceId: databaseSubnetId
      privateDnsZoneArmResourceId: zone.id
    }
  }
  dependsOn: [link]
}

resource tracking 'Microsoft.DBforPostgreSQL/flexibleServers/databases@2024-08-01' = {
  parent: server
  name: 'mlflow'
}

resource users 'Microsoft.DBforPostgreSQL/flexibleServers/databases@2024-08-01' = {
  parent: server
  name: 'mlflow_users'
  dependsOn: [tracking]
}

resource containers 'Microsoft.App/managedEnvironments@2025-01-01' = {
  name: environmentName
  location: location
  tags: tags
  properties: {
    appLogsConfiguration: {
      destination: 'azure-monitor'
    }
    vnetConfiguration: {
      infrastructureSubnetId: containersSubnetId
      internal: isPrivate
    }
    workloadProfiles: [
      {
        name: 'Consumption'
        workloadProfileType: 'Consumption'
      }
    ]
  }
}

resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'signalbox'
  scope: containers
  properties: {
    workspaceId: logsId
    logs: [
      {
        categoryGroup: 'allLogs'
        enabled: true
      }
    ]
  }
}

// Where the environment is inside the network only, nobody else knows its names.
module names 'private_names.bicep' = if (isPrivate) {
  name: 'signalbox-mlflow-names'
  params: {
    domain: containers.properties.defaultDomain
    address: containers.properties.staticIp
    networkId: networkId
    tags: tags
  }
}

resource app 'Microsoft.App/containerApps@2025-01-01' = if (!empty(image)) {
  name: name
  location: location
  tags: tags
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identity.id}': {}
    }
  }
  properties: {
    environmentId: containers.id
    workloadProfileName: 'Consumption'
    configuration: {
      activeRevisionsMode: 'Single'
      ingress: {
        external: true
        targetPort: 5000
        transport: 'auto'
        allowInsecure: false
      }
      registries: [
        {
          server: registry.properties.loginServer
          identity: identity.id
        }
      ]
      secrets: [
        {
          name: 'database-password'
          keyVaultUrl: '${secretUri}/mlflow-database-password'
          identity: identity.id
        }
        {
          name: 'password'
          keyVaultUrl: '${secretUri}/mlflow-password'
          identity: identity.id
        }
        {
          name: 'session-key'
          keyVaultUrl: '${secretUri}/mlflow-session-key'
          identity: identity.id
        }
        {
          name: 'webhook-key'
          keyVaultUrl: '${secretUri}/mlflow-webhook-key'
          identity: identity.id
        }
      ]
    }
    template: {
      containers: [
        {
          name: 'mlflow'
          image: '${registry.properties.loginServer}/${image}'
          resources: {
            cpu: json('1.0')
            memory: '2Gi'
          }
          env: [
            {
              name: 'DATABASE_HOST'
              value: server.properties.fullyQualifiedDomainName
            }
            {
              name: 'DATABASE_USER'
              value: administrator
            }
            {
              name: 'DATABASE_PASSWORD'
              secretRef: 'database-password'
            }
            {
              name: 'ARTIFACTS'
              value: 'wasbs://${artifacts.name}@${dataStorageName}.blob.${environment().suffixes.storage}/'
            }
            {
              name: 'AZURE_CLIENT_ID'
              value: identity.properties.clientId
            }
            {
              name: 'MLFLOW_AUTH_ADMIN_PASSWORD'
              secretRef: 'password'
            }
            {
              name: 'MLFLOW_FLASK_SERVER_SECRET_KEY'
              secretRef: 'session-key'
            }
            {
              name: 'MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY'
              secretRef: 'webhook-key'
            }
            {
              name: 'MLFLOW_SERVER_ALLOWED_HOSTS'
              value: '${name}.${containers.properties.defaultDomain}'
            }
          ]
          probes: [
            {
              type: 'Startup'
              periodSeconds: 10
              failureThreshold: 30
              httpGet: {
                path: '/health'
                port: 5000
              }
            }
            {
              type: 'Liveness'
              periodSeconds: 30
              timeoutSeconds: 10
              httpGet: {
                path: '/health'
                port: 5000
              }
            }
          ]
        }
      ]
      // One, always: deliveries of webhooks wait in the memory of the process.
      scale: {
        minReplicas: 1
        maxReplicas: 1
      }
    }
  }
  dependsOn: [pulls, keepsArtifacts, readsDatabasePassword, readsPassword, readsSessionKey, readsWebhookKey, tracking, users]
}

output url string = 'https://${name}.${containers.properties.defaultDomain}'
