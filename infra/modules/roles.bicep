// Who may do what, and nothing else: each role is given on the one thing that it is needed for. Whatever is called 'none'
// is not there. The same file gives the roles on a workspace in another resource group.
param principalId string

@description('Who deploys; nobody when empty.')
param deployerId string = ''
param deployerType string = 'User'

param dataStorageName string = 'none'
param hostStorageName string = 'none'
param keyVaultName string = 'none'
param schedulerName string = 'none'
param insightsName string = 'none'
param eventTopicName string = 'none'
param workspaceName string = 'none'

@description('Whether the host keeps the durable state in its storage, too.')
param durableInStorage bool = false

@description('Whether the app makes and deletes autoscale settings, which lie in the resource group of the workspace.')
param withEndpointScaling bool = false

// Azure's built-in roles by their names: the ids are the same everywhere.
var roleIds = {
  'AzureML Data Scientist': 'f6c7c914-8db3-469d-8ca1-694a8f32e121'
  'Durable Task Data Contributor': '0ad04412-c4d5-4796-b79c-f76d14c8d402'
  'EventGrid Data Sender': 'd5a91429-5739-47e2-a06b-3470a27159e7'
  'Key Vault Secrets Officer': 'b86a8fe4-44ce-4948-aee5-eccb2c155cd7'
  'Key Vault Secrets User': '4633458b-17de-408a-b874-0445c86b69e6'
  'Monitoring Metrics Publisher': '3913510d-42f4-4e42-8a64-420c390055eb'
  'Monitoring Reader': '43d0d8ad-25c7-4714-9337-8ba259a9fe05'
  'Storage Blob Data Contributor': 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
  'Storage Blob Data Owner': 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
  'Storage Queue Data Contributor': '974c5e8b-45b9-4653-ba55-5f855dd0fb88'
  'Storage Table Data Contributor': '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
}

resource dataStorage 'Microsoft.Storage/storageAccounts@2025-01-01' existing = if (dataStorageName != 'none') {
  name: dataStorageName
}

resource hostStorage 'Microsoft.Storage/storageAccounts@2025-01-01' existing = if (hostStorageName != 'none') {
  name: hostStorageName
}

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' existing = if (keyVaultName != 'none') {
  name: keyVaultName
}

resource scheduler 'Microsoft.DurableTask/schedulers@2025-11-01' existing = if (schedulerName != 'none') {
  name: schedulerName
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = if (insightsName != 'none') {
  name: insightsName
}

resource eventTopic 'Microsoft.EventGrid/topics@2025-02-15' existing = if (eventTopicName != 'none') {
  name: eventTopicName
}

resource workspace 'Microsoft.MachineLearningServices/workspaces@2025-06-01' existing = if (workspaceName != 'none') {
  name: workspaceName
}

// Raw files, data, predictions, anchors; Event Grid puts down what it could not deliver as the same identity.
resource dataBlobs 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (dataStorageName != 'none') {
  name: guid(dataStorage.id, principalId, roleIds['Storage Blob Data Contributor'])
  scope: dataStorage
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds['Storage Blob Data Contributor'])
  }
}

// The ledger, the inbox and the read models; the app makes its tables itself.
resource dataTables 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (dataStorageName != 'none') {
  name: guid(dataStorage.id, principalId, roleIds['Storage Table Data Contributor'])
  scope: dataStorage
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds['Storage Table Data Contributor'])
  }
}

// The package, leases, the timers' state and keys: what Microsoft asks for on the host's own storage.
resource hostBlobs 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (hostStorageName != 'none') {
  name: guid(hostStorage.id, principalId, roleIds['Storage Blob Data Owner'])
  scope: hostStorage
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds['Storage Blob Data Owner'])
  }
}

resource hostQueues 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (durableInStorage) {
  name: guid(hostStorage.id, principalId, roleIds['Storage Queue Data Contributor'])
  scope: hostStorage
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds['Storage Queue Data Contributor'])
  }
}

// Without the durable state the host writes its diagnostic events there.
resource hostTables 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (hostStorageName != 'none') {
  name: guid(hostStorage.id, principalId, roleIds['Storage Table Data Contributor'])
  scope: hostStorage
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds['Storage Table Data Contributor'])
  }
}

resource durable 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (schedulerName != 'none') {
  name: guid(scheduler.id, principalId, roleIds['Durable Task Data Contributor'])
  scope: scheduler
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds['Durable Task Data Contributor'])
  }
}

resource secrets 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (keyVaultName != 'none') {
  name: guid(vault.id, principalId, roleIds['Key Vault Secrets User'])
  scope: vault
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds['Key Vault Secrets User'])
  }
}

resource telemetry 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (insightsName != 'none') {
  name: guid(insights.id, principalId, roleIds['Monitoring Metrics Publisher'])
  scope: insights
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds['Monitoring Metrics Publisher'])
  }
}

// Messages to whoever subscribes to them.
resource messages 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (eventTopicName != 'none') {
  name: guid(eventTopic.id, principalId, roleIds['EventGrid Data Sender'])
  scope: eventTopic
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds['EventGrid Data Sender'])
  }
}

// Jobs, models, endpoints and deployments; not the workspace itself, and no computes.
resource science 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (workspaceName != 'none') {
  name: guid(workspace.id, principalId, roleIds['AzureML Data Scientist'])
  scope: workspace
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds['AzureML Data Scientist'])
  }
}

// What the requests to a deployment come to, by which a canary is judged.
resource endpointMetrics 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (workspaceName != 'none') {
  name: guid(workspace.id, principalId, roleIds['Monitoring Reader'])
  scope: workspace
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds['Monitoring Reader'])
  }
}

// Of Azure's own roles the least that allows this is Monitoring Contributor, which could switch the app's own alerts off.
resource scalingRole 'Microsoft.Authorization/roleDefinitions@2022-04-01' = if (workspaceName != 'none' && withEndpointScaling) {
  name: guid(resourceGroup().id, 'signalbox-endpoint-scaling')
  properties: {
    roleName: 'Signalbox endpoint scaling (${uniqueString(resourceGroup().id)})'
    description: 'Makes, changes and deletes autoscale settings, and nothing else.'
    type: 'CustomRole'
    permissions: [
      {
        actions: [
          'Microsoft.Insights/autoscaleSettings/read'
          'Microsoft.Insights/autoscaleSettings/write'
          'Microsoft.Insights/autoscaleSettings/delete'
        ]
      }
    ]
    assignableScopes: [resourceGroup().id]
  }
}

resource endpointScaling 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (workspaceName != 'none' && withEndpointScaling) {
  name: guid(resourceGroup().id, principalId, 'signalbox-endpoint-scaling')
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', scalingRole.name)
  }
}

// Whoever deploys puts down the first raw files.
resource deployerBlobs 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (dataStorageName != 'none' && !empty(deployerId)) {
  name: guid(dataStorage.id, deployerId, roleIds['Storage Blob Data Contributor'])
  scope: dataStorage
  properties: {
    principalId: deployerId
    principalType: deployerType
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds['Storage Blob Data Contributor'])
  }
}

// And sets the addresses of channels.
resource deployerSecrets 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (keyVaultName != 'none' && !empty(deployerId)) {
  name: guid(vault.id, deployerId, roleIds['Key Vault Secrets Officer'])
  scope: vault
  properties: {
    principalId: deployerId
    principalType: deployerType
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds['Key Vault Secrets Officer'])
  }
}
