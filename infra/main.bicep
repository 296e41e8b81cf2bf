// Everything that Signalbox runs on in Azure, in one resource group. What has to wait for the code, the subscriptions of
// Event Grid, is in events.bicep: Azure refuses a subscription whose function is not there yet.
targetScope = 'subscription'

@description('Name of the environment, as `azd env new` asks for it; all names are made of it.')
@minLength(1)
@maxLength(64)
param environmentName string

@description('Azure region of everything.')
param location string

@description('Changes all names: what has been removed may hold its name for 90 days, a Key Vault does.')
@maxLength(16)
param nameSalt string = ''

@description('Object id of whoever deploys: may put raw files down and set secrets. Nobody when empty.')
param principalId string = ''

@description('What that is: a person, or the service principal of a pipeline.')
@allowed(['User', 'ServicePrincipal', 'Group'])
param principalType string = 'User'

@description('Fleet files within the package, separated by semicolons.')
param fleet string = 'examples/flights/fleet.yaml'

@description('Which environment of the fleet files is laid over them; the files as they are when empty.')
param fleetEnvironment string = ''

@description('The commit that is deployed; the ledger keeps it.')
param gitCommit string = ''

@description('Resource id of an Azure ML workspace in this subscription that is to be used; one is made when empty.')
param azureMlWorkspaceId string = ''

@description('In that workspace: the datastore that is the data container.')
param azureMlDatastore string = 'signalbox'

@description('Size of the machines of the cluster that is made.')
param azureMlVmSize string = 'Standard_DS3_v2'

@description('Most machines of that cluster; it goes down to none.')
@minValue(1)
param azureMlNodes int = 4

@description('Whether endpoints may scale: the app may then change autoscale settings beside the workspace, by a role that this defines.')
param withEndpointScaling bool = false

@description('The model registry: azureml, databricks, databricks-uc, or the address of an MLflow server.')
param registryUri string = 'azureml'

@description('Make an MLflow server with PostgreSQL, and use it as the registry.')
param withMlflow bool = false

@description('Name and tag of the image in the registry that is made for it; no server runs while it is empty.')
param mlflowImage string = ''

@description('What keeps the durable state: the Durable Task Scheduler, or the storage account of the host.')
@allowed(['scheduler', 'storage'])
param durableProvider string = 'scheduler'

@description('How the scheduler is paid: by use, or a capacity unit by the hour.')
@allowed(['Consumption', 'Dedicated'])
param schedulerSku string = 'Consumption'

@description('Memory of an instance, in MiB. Two conditionings at once and sixteen activities fit into 2048.')
@allowed([2048, 4096])
param instanceMemory int = 2048

@description('Most instances of each scale group.')
@minValue(40)
@maxValue(1000)
param maximumInstances int = 40

@description('Instances for durable work that always run; 0 lets the first event after a pause wait for a cold start.')
@minValue(0)
param alwaysReady int = 1

@description('Whether instances are spread over the zones of the region; it takes two that always run.')
param zoneRedundant bool = false

@description('Client id of the app registration whose tokens are asked for; function keys are when empty.')
param entraClientId string = ''

@description('Channels of the fleet files, separated by commas: teams-demand for teams:demand, whose address is the secret channel-teams-demand.')
param channels string = ''

@description('Where the app sends telemetry: to Azure Monitor, or the same in the envelopes of OpenCensus.')
@allowed(['azure_monitor', 'opencensus'])
param telemetry string = 'azure_monitor'

@description('Days that Log Analytics keeps what it gets.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('Most gigabytes of telemetry a day; what comes after is lost until midnight. -1: no limit.')
param logDailyGb int = 5

@description('Copies of the data: three in one place, or over three zones.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GZRS'])
param storageSku string = 'Standard_LRS'

@description('Days that replaced versions of blobs are kept.')
@minValue(1)
param versionDays int = 30

@description('Days in which nobody can change or delete an anchor of the ledger; 0: no policy.')
@minValue(0)
param anchorDays int = 0

@description('Make a Data Factory.')
param withDataFactory bool = false

@description('Put storage and secrets behind private endpoints, and the app into a virtual network.')
param withPrivateNetwork bool = false

@description('The first two numbers of the addresses in that network; it takes PREFIX.0.0/20.')
param addressPrefix string = '10.42'

@description('Who is written to by alerts and the budget, separated by commas.')
param emails string = ''

@description('What a month may cost before somebody is written to, in the currency of the subscription; 0: no budget.')
@minValue(0)
param monthlyBudget int = 0

@description('First month of the budget; this one. Not to be given.')
param budgetStart string = utcNow('yyyy-MM-01')

var suffix = uniqueString(subscription().id, environmentName, location, nameSalt)
// Storage accounts take letters and digits only; a hyphen where a name is cut would be doubled in the others.
var letters = toLower(replace(replace(environmentName, '-', ''), '_', ''))
// Of the 24 characters that storage accounts and Key Vaults have, the suffix takes 13.
var names = {
  resourceGroup: take('rg-${environmentName}', 90)
  functionApp: 'func-${take(letters, 36)}-${suffix}'
  plan: 'plan-${take(letters, 36)}-${suffix}'
  identity: 'id-${take(letters, 36)}-${suffix}'
  dataStorage: 'std${take(letters, 8)}${suffix}'
  hostStorage: 'sth${take(letters, 8)}${suffix}'
  mlStorage: 'stm${take(letters, 8)}${suffix}'
  mlKeyVault: 'km-${take(letters, 7)}-${suffix}'
  keyVault: 'kv-${take(letters, 7)}-${suffix}'
  logs: 'log-${take(letters, 36)}-${suffix}'
  insights: 'appi-${take(letters, 36)}-${suffix}'
  scheduler: 'dts-${take(letters, 36)}-${suffix}'
  eventTopic: 'evgt-${take(letters, 30)}-${suffix}'
  storageTopic: 'evgs-${take(letters, 30)}-${suffix}'
  workspaceTopic: 'evgw-${take(letters, 30)}-${suffix}'
  workspace: 'mlw-${take(letters, 15)}-${suffix}'
  registry: 'cr${take(letters, 30)}${suffix}'
  mlflow: 'mlflow-${suffix}'
  mlflowIdentity: 'id-mlflow-${take(letters, 36)}-${suffix}'
  containers: 'cae-${take(letters, 14)}-${suffix}'
  postgres: 'psql-${take(letters, 36)}-${suffix}'
  dataFactory: 'adf-${take(letters, 36)}-${suffix}'
  network: 'vnet-${take(letters, 24)}-${suffix}'
  budget: 'budget-${take(letters, 36)}'
  monitoring: take(letters, 36)
}
var tags = {
  'azd-env-name': environmentName
  application: 'signalbox'
}
var scheduled = durableProvider == 'scheduler'
var ownWorkspace = empty(azureMlWorkspaceId)
var ownWorkspaceId = '${subscription().id}/resourceGroups/${names.resourceGroup}/providers/Microsoft.MachineLearningServices/workspaces/${names.workspace}'
var workspaceId = ownWorkspace ? ownWorkspaceId : azureMlWorkspaceId
// An id is /subscriptions/ID/resourceGroups/GROUP/providers/PROVIDER/workspaces/NAME.
var workspaceGroup = split(workspaceId, '/')[4]
var workspaceName = split(workspaceId, '/')[8]
var withRegistry = ownWorkspace || withMlflow
var withNetwork = withPrivateNetwork || withMlflow
var people = empty(emails) ? [] : split(replace(emails, ' ', ''), ',')
var channelNames = empty(channels) ? [] : split(replace(channels, ' ', ''), ',')

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: names.resourceGroup
  location: location
  tags: tags
}

module identity 'modules/identity.bicep' = {
  name: 'signalbox-identity'
  scope: group
  params: {
    name: names.identity
    location: location
    tags: tags
  }
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'signalbox-monitoring'
  scope: group
  params: {
    logsName: names.logs
    insightsName: names.insights
    location: location
    tags: tags
    retentionDays: logRetentionDays
    dailyGb: logDailyGb
    entraOnly: telemetry == 'azure_monitor'
  }
}

module dataStorage 'modules/data_storage.bicep' = {
  name: 'signalbox-data-storage'
  scope: group
  params: {
    name: names.dataStorage
    location: location
    tags: tags
    sku: storageSku
    versionDays: versionDays
    anchorDays: anchorDays
    isPrivate: withPrivateNetwork
    workspaceId: workspaceId
  }
}

module hostStorage 'modules/host_storage.bicep' = {
  name: 'signalbox-host-storage'
  scope: group
  params: {
    name: names.hostStorage
    location: location
    tags: tags
    sku: storageSku
    isPrivate: withPrivateNetwork
  }
}

module keyVault 'modules/key_vault.bicep' = {
  name: 'signalbox-key-vault'
  scope: group
  params: {
    name: names.keyVault
    location: location
    tags: tags
    isPrivate: withPrivateNetwork
  }
}

module secrets 'modules/secrets.bicep' = {
  name: 'signalbox-secrets'
  scope: group
  params: {
    keyVaultName: keyVault.outputs.name
  }
}

module mlflowSecrets 'modules/mlflow_secrets.bicep' = if (withMlflow) {
  name: 'signalbox-mlflow-secrets'
  scope: group
  params: {
    keyVaultName: keyVault.outputs.name
  }
}

module eventTopic 'modules/event_topic.bicep' = {
  name: 'signalbox-event-topic'
  scope: group
  params: {
    name: names.eventTopic
    location: location
    tags: tags
  }
}

module durable 'modules/durable.bicep' = if (scheduled) {
  name: 'signalbox-durable'
  scope: group
  params: {
    name: names.scheduler
    location: location
    tags: tags
    sku: schedulerSku
  }
}

module network 'modules/network.bicep' = if (withNetwork) {
  name: 'signalbox-network'
  scope: group
  params: {
    name: names.network
    location: location
    tags: tags
    addressPrefix: addressPrefix
    withMlflow: withMlflow
  }
}

module registry 'modules/container_registry.bicep' = if (withRegistry) {
  name: 'signalbox-registry'
  scope: group
  params: {
    name: names.registry
    location: location
    tags: tags
    isPrivate: withPrivateNetwork
  }
}

module azureMl 'modules/azure_ml.bicep' = if (ownWorkspace) {
  name: 'signalbox-azure-ml'
  scope: group
  params: {
    name: names.workspace
    storageName: names.mlStorage
    keyVaultName: names.mlKeyVault
    location: location
    tags: tags
    insightsId: monitoring.outputs.insightsId
    registryName: registry!.outputs.name
    dataStorageName: dataStorage.outputs.name
    dataContainer: dataStorage.outputs.dataContainer
    vmSize: azureMlVmSize
    nodes: azureMlNodes
    appPrincipalId: identity.outputs.principalId
    isPrivate: withPrivateNetwork
    withExample: contains(fleet, 'examples/flights/')
  }
}

module privateEndpoints 'modules/private_endpoints.bicep' = if (withPrivateNetwork) {
  name: 'signalbox-private-endpoints'
  scope: group
  params: {
    name: names.network
    location: location
    tags: tags
    networkId: network!.outputs.id
    subnetId: network!.outputs.endpointsSubnetId
    dataStorageId: dataStorage.outputs.id
    hostStorageId: hostStorage.outputs.id
    keyVaultId: keyVault.outputs.id
    workspaceId: ownWorkspace ? workspaceId : ''
    workspaceStorageId: ownWorkspace ? azureMl!.outputs.storageId : ''
  }
}

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' existing = {
  name: names.keyVault
  scope: group
}

module mlflow 'modules/mlflow.bicep' = if (withMlflow) {
  name: 'signalbox-mlflow'
  scope: group
  params: {
    name: names.mlflow
    identityName: names.mlflowIdentity
    environmentName: names.containers
    databaseName: names.postgres
    location: location
    tags: tags
    networkId: network!.outputs.id
    containersSubnetId: network!.outputs.containersSubnetId
    databaseSubnetId: network!.outputs.databaseSubnetId
    registryName: registry!.outputs.name
    dataStorageName: dataStorage.outputs.name
    keyVaultName: keyVault.outputs.name
    logsId: monitoring.outputs.logsId
    image: mlflowImage
    isPrivate: withPrivateNetwork
    databasePassword: vault.getSecret('mlflow-database-password')
  }
  dependsOn: [mlflowSecrets, privateEndpoints]
}

module roles 'modules/roles.bicep' = {
  name: 'signalbox-roles'
  scope: group
  params: {
    principalId: identity.outputs.principalId
    deployerId: principalId
    deployerType: principalType
    dataStorageName: dataStorage.outputs.name
    hostStorageName: hostStorage.outputs.name
    keyVaultName: keyVault.outputs.name
    schedulerName: scheduled ? durable!.outputs.name : 'none'
    insightsName: monitoring.outputs.insightsName
    eventTopicName: eventTopic.outputs.name
    durableInStorage: !scheduled
  }
}

module workspaceRoles 'modules/roles.bicep' = {
  name: 'signalbox-workspace-roles-${suffix}'
  scope: resourceGroup(workspaceGroup)
  params: {
    principalId: identity.outputs.principalId
    workspaceName: workspaceName
    withEndpointScaling: withEndpointScaling
  }
  dependsOn: [azureMl]
}

module functionApp 'modules/function_app.bicep' = {
  name: 'signalbox-function-app'
  scope: group
  params: {
    name: names.functionApp
    planName: names.plan
    location: location
    tags: tags
    identityId: identity.outputs.id
    packageContainerUrl: hostStorage.outputs.packageContainerUrl
    instanceMemory: instanceMemory
    maximumInstances: maximumInstances
    alwaysReady: alwaysReady
    zoneRedundant: zoneRedundant
    subnetId: withPrivateNetwork ? network!.outputs.appSubnetId : ''
  }
  dependsOn: [roles, privateEndpoints]
}

module appSettings 'modules/app_settings.bicep' = {
  name: 'signalbox-app-settings'
  scope: group
  params: {
    functionAppName: functionApp.outputs.name
    publicUrl: functionApp.outputs.url
    hostStorageName: hostStorage.outputs.name
    blobEndpoint: dataStorage.outputs.blobEndpoint
    landingContainer: dataStorage.outputs.landingContainer
    dataContainer: dataStorage.outputs.dataContainer
    anchorContainer: dataStorage.outputs.anchorContainer
    identityClientId: identity.outputs.clientId
    instanceMemory: instanceMemory
    insightsConnectionString: monitoring.outputs.connectionString
    telemetry: telemetry
    insightsEntraOnly: telemetry == 'azure_monitor'
    keyVaultUri: keyVault.outputs.uri
    webhookSecretName: secrets.outputs.webhookSecretName
    fleet: fleet
    fleetEnvironment: fleetEnvironment
    gitCommit: gitCommit
    workspaceId: workspaceId
    datastoreName: ownWorkspace ? azureMl!.outputs.datastoreName : azureMlDatastore
    registryUri: withMlflow ? mlflow!.outputs.url : registryUri
    authentication: empty(entraClientId) ? 'keys' : 'entra'
    eventTopicEndpoint: eventTopic.outputs.endpoint
    schedulerEndpoint: scheduled ? durable!.outputs.endpoint : ''
    mlflowPasswordName: withMlflow ? mlflowSecrets!.outputs.passwordName : ''
    channels: channelNames
  }
}

module authentication 'modules/authentication.bicep' = if (!empty(entraClientId)) {
  name: 'signalbox-authentication'
  scope: group
  params: {
    functionAppName: functionApp.outputs.name
    clientId: entraClientId
  }
}

module storageTopic 'modules/system_topic.bicep' = {
  name: 'signalbox-storage-topic'
  scope: group
  params: {
    name: names.storageTopic
    location: location
    tags: tags
    sourceId: dataStorage.outputs.id
    topicType: 'Microsoft.Storage.StorageAccounts'
    identityId: identity.outputs.id
  }
}

// One that is there may be in another region than the rest.
resource givenWorkspace 'Microsoft.MachineLearningServices/workspaces@2025-06-01' existing = if (!ownWorkspace) {
  name: workspaceName
  scope: resourceGroup(workspaceGroup)
}

// A system topic lies beside its source, in its resource group and in its region.
module workspaceTopic 'modules/system_topic.bicep' = {
  name: 'signalbox-workspace-topic-${suffix}'
  scope: resourceGroup(workspaceGroup)
  params: {
    name: names.workspaceTopic
    location: ownWorkspace ? location : givenWorkspace!.location
    tags: tags
    sourceId: workspaceId
    topicType: 'Microsoft.MachineLearningServices.Workspaces'
    identityId: identity.outputs.id
  }
  dependsOn: [azureMl]
}

module dataFactory 'modules/data_factory.bicep' = if (withDataFactory) {
  name: 'signalbox-data-factory'
  scope: group
  params: {
    name: names.dataFactory
    location: location
    tags: tags
  }
}

module alerts 'modules/alerts.bicep' = {
  name: 'signalbox-alerts'
  scope: group
  params: {
    name: names.monitoring
    location: location
    tags: tags
    applicationInsightsId: monitoring.outputs.insightsId
    emails: people
    storageTopicId: storageTopic.outputs.id
    workspaceTopicId: workspaceTopic.outputs.id
    functionAppId: functionApp.outputs.id
    deadLetterStorageId: dataStorage.outputs.id
  }
}

module workbook 'modules/workbook.bicep' = {
  name: 'signalbox-workbook'
  scope: group
  params: {
    name: names.monitoring
    location: location
    tags: tags
    applicationInsightsId: monitoring.outputs.insightsId
  }
}

module budget 'modules/budget.bicep' = if (monthlyBudget > 0) {
  name: 'signalbox-budget'
  scope: group
  params: {
    name: names.budget
    amount: monthlyBudget
    startDate: budgetStart
    emails: people
  }
}

// azd keeps these as values of the environment; the hook in azure.yaml and docs/deploy.md use them.
output AZURE_LOCATION string = location
output AZURE_RESOURCE_GROUP string = group.name
output SIGNALBOX_APP string = functionApp.outputs.url
output FUNCTION_APP_NAME string = functionApp.outputs.name
output IDENTITY_ID string = identity.outputs.id
output IDENTITY_CLIENT_ID string = identity.outputs.clientId
output DATA_STORAGE_ID string = dataStorage.outputs.id
output DATA_STORAGE_NAME string = dataStorage.outputs.name
output KEY_VAULT_NAME string = keyVault.outputs.name
output EVENT_TOPIC_NAME string = eventTopic.outputs.name
output STORAGE_TOPIC_NAME string = storageTopic.outputs.name
output WORKSPACE_ID string = workspaceId
output WORKSPACE_TOPIC_NAME string = workspaceTopic.outputs.name
output WORKSPACE_TOPIC_GROUP string = workspaceGroup
output CONTAINER_REGISTRY_NAME string = withRegistry ? registry!.outputs.name : ''
output MLFLOW_URL string = withMlflow ? mlflow!.outputs.url : ''
output DATA_FACTORY_NAME string = withDataFactory ? dataFactory!.outputs.name : ''
