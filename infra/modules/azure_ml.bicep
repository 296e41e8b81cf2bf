// An Azure ML workspace with what it needs: storage and a Key Vault of its own, the registry, a cluster that goes down to
// nothing, and the datastore through which jobs read and write the app's data. No keys anywhere: all by identity.
param name string
param storageName string
param keyVaultName string
param location string
param tags object
param insightsId string
param registryName string
param dataStorageName string
param dataContainer string
param vmSize string
param nodes int
param isPrivate bool

@description('The app\'s: it puts the code of jobs down in the storage of the workspace.')
param appPrincipalId string

@description('Whether the environment of examples/flights is registered.')
param withExample bool

var acrPull = '7f951dda-4ed3-4680-a7ca-43fe172d538d'
var blobContributor = 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
var fileContributor = '69566ab7-960f-475b-8e7c-b3118f30c6bd'
var vaultAdministrator = '00482a5a-887f-4fb3-b363-3b7fe8e74483'
var connectionApprover = 'b556d68e-0be0-4f35-a333-ad7ee1ce17ea'
var example = loadYamlContent('../../examples/flights/environments/forecast.yml')

resource dataStorage 'Microsoft.Storage/storageAccounts@2025-01-01' existing = {
  name: dataStorageName
}

resource dataBlobs 'Microsoft.Storage/storageAccounts/blobServices@2025-01-01' existing = {
  parent: dataStorage
  name: 'default'
}

resource jobData 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' existing = {
  parent: dataBlobs
  name: dataContainer
}

resource registry 'Microsoft.ContainerRegistry/registries@2025-04-01' existing = {
  name: registryName
}

// Of the workspace itself: code that is sent with jobs, logs, models. Its notebooks are on a file share.
resource storage 'Microsoft.Storage/storageAccounts@2025-01-01' = {
  name: storageName
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: 'Standard_LRS'
  }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    isLocalUserEnabled: false
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: 'Enabled'
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: isPrivate ? 'Deny' : 'Allow'
    }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-01-01' = {
  parent: storage
  name: 'default'
  properties: {
    deleteRetentionPolicy: {
      enabled: true
      days: 14
    }
  }
}

// Apart from the app's: whoever may use the workspace could read what is in its vault.
module vault 'key_vault.bicep' = {
  name: 'signalbox-workspace-vault'
  params: {
    name: keyVaultName
    location: location
    tags: tags
    isPrivate: isPrivate
  }
}

resource workspace 'Microsoft.MachineLearningServices/workspaces@2025-06-01' = {
  name: name
  location: location
  tags: tags
  identity: {
    type: 'SystemAssigned'
  }
  sku: {
    name: 'Basic'
    tier: 'Basic'
  }
  properties: {
    friendlyName: 'Signalbox'
    storageAccount: storage.id
    keyVault: vault.outputs.id
    applicationInsights: insightsId
    containerRegistry: registry.id
    systemDatastoresAuthMode: 'Identity'
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    managedNetwork: isPrivate ? {
      isolationMode: 'AllowInternetOutbound'
      outboundRules: {
        signalboxData: {
          type: 'PrivateEndpoint'
          category: 'UserDefined'
          destination: {
            serviceResourceId: dataStorage.id
            subresourceTarget: 'blob'
            sparkEnabled: false
          }
        }
      }
    } : {
      isolationMode: 'Disabled'
    }
  }
  dependsOn: [blobs]
}

resource workspaceBlobs 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(storage.id, workspace.id, blobContributor)
  scope: storage
  properties: {
    principalId: workspace.identity.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobContributor)
  }
}

// The SDK uploads the steps of a pipeline itself, as the app.
resource appBlobs 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(storage.id, appPrincipalId, blobContributor)
  scope: storage
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobContributor)
  }
}

resource workspaceFiles 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(storage.id, workspace.id, fileContributor)
  scope: storage
  properties: {
    principalId: workspace.identity.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', fileContributor)
  }
}

resource ownVault 'Microsoft.KeyVault/vaults@2024-11-01' existing = {
  name: keyVaultName
}

resource workspaceSecrets 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(ownVault.id, workspace.id, vaultAdministrator)
  scope: ownVault
  properties: {
    principalId: workspace.identity.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', vaultAdministrator)
  }
}

// Its network's private endpoint at the data, which the workspace approves itself.
resource workspaceConnections 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (isPrivate) {
  name: guid(dataStorage.id, workspace.id, connectionApprover)
  scope: dataStorage
  properties: {
    principalId: workspace.identity.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', connectionApprover)
  }
}

// The cluster that the pipelines of examples/flights name.
resource cluster 'Microsoft.MachineLearningServices/workspaces/computes@2025-06-01' = {
  parent: workspace
  name: 'cpu-cluster'
  location: location
  tags: tags
  identity: {
    type: 'SystemAssigned'
  }
  properties: {
    computeType: 'AmlCompute'
    disableLocalAuth: true
    properties: {
      osType: 'Linux'
      vmSize: vmSize
      vmPriority: 'Dedicated'
      remoteLoginPortPublicAccess: 'Disabled'
      enableNodePublicIp: !isPrivate
      scaleSettings: {
        minNodeCount: 0
        maxNodeCount: nodes
        nodeIdleTimeBeforeScaleDown: 'PT5M'
      }
    }
  }
  // The first compute makes the managed network, whose private endpoint at the data has to be approved by then.
  dependsOn: [workspaceConnections]
}

// The data alone: what a job runs is the models' own code, and has nothing to do with raw files, dead letters, or the
// anchors that the ledger is held against.
resource clusterData 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(jobData.id, cluster.id, blobContributor)
  scope: jobData
  properties: {
    principalId: cluster.identity.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobContributor)
  }
}

resource clusterBlobs 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(storage.id, cluster.id, blobContributor)
  scope: storage
  properties: {
    principalId: cluster.identity.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobContributor)
  }
}

resource clusterImages 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(registry.id, cluster.id, acrPull)
  scope: registry
  properties: {
    principalId: cluster.identity.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', acrPull)
  }
}

resource datastore 'Microsoft.MachineLearningServices/workspaces/datastores@2025-06-01' = {
  parent: workspace
  name: 'signalbox'
  properties: {
    datastoreType: 'AzureBlob'
    accountName: dataStorageName
    containerName: dataContainer
    endpoint: environment().suffixes.storage
    protocol: 'https'
    credentials: {
      credentialsType: 'None'
    }
    // Jobs as the cluster, people as themselves; never the workspace for them.
    serviceDataAccessAuthIdentity: 'None'
  }
}

resource environmentOfExample 'Microsoft.MachineLearningServices/workspaces/environments@2025-06-01' = if (withExample) {
  parent: workspace
  name: example.name
  properties: {
    description: example.description
  }
}

resource versionOfExample 'Microsoft.MachineLearningServices/workspaces/environments/versions@2025-06-01' = if (withExample) {
  parent: environmentOfExample
  name: example.version
  properties: {
    description: example.description
    osType: 'Linux'
    image: example.image
    condaFile: loadTextContent('../../examples/flights/environments/conda.yml')
  }
}

output storageId string = storage.id
output datastoreName string = datastore.name
