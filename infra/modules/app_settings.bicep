// The settings of the app, all of them; docs/settings.md says what each one means. Nothing here is a secret: those are
// references, which the platform reads from the Key Vault as the app's identity.
param functionAppName string
param publicUrl string
param hostStorageName string
param blobEndpoint string
param landingContainer string
param dataContainer string
param anchorContainer string
param identityClientId string
param instanceMemory int
param insightsConnectionString string
param telemetry string
param insightsEntraOnly bool
param keyVaultUri string
param webhookSecretName string
param fleet string
param fleetEnvironment string
param gitCommit string
param workspaceId string
param datastoreName string
param registryUri string
param authentication string
param eventTopicEndpoint string

@description('Of the Durable Task Scheduler; Azure Storage keeps the durable state when empty.')
param schedulerEndpoint string

@description('Name of the secret with the password of the MLflow server that is made; none when empty.')
param mlflowPasswordName string

@description('Channels, as teams-demand for teams:demand.')
param channels array

var appSettings = union(
  {
    AzureWebJobsStorage__accountName: hostStorageName
    AzureWebJobsStorage__credential: 'managedidentity'
    AzureWebJobsStorage__clientId: identityClientId
    AZURE_CLIENT_ID: identityClientId
    APPLICATIONINSIGHTS_CONNECTION_STRING: insightsConnectionString
    PYTHON_ENABLE_OPENTELEMETRY: 'true'
    PYTHON_THREADPOOL_THREAD_COUNT: '16'
    MALLOC_ARENA_MAX: '1'
    MALLOC_MMAP_THRESHOLD_: '67108864'
    MALLOC_TRIM_THRESHOLD_: '268435456'
    OPENBLAS_NUM_THREADS: '1'
    SIGNALBOX_FLEET: fleet
    SIGNALBOX_ENVIRONMENT: fleetEnvironment
    SIGNALBOX_GIT_COMMIT: gitCommit
    SIGNALBOX_STORAGE: blobEndpoint
    SIGNALBOX_LANDING_CONTAINER: landingContainer
    SIGNALBOX_DATA_CONTAINER: dataContainer
    SIGNALBOX_ANCHOR_CONTAINER: anchorContainer
    SIGNALBOX_PLATFORM: 'azureml'
    SIGNALBOX_AZUREML_WORKSPACE: workspaceId
    SIGNALBOX_AZUREML_DATASTORE: datastoreName
    SIGNALBOX_REGISTRY_URI: registryUri
    SIGNALBOX_AUTHENTICATION: authentication
    SIGNALBOX_WEBHOOK_SECRET: '@Microsoft.KeyVault(SecretUri=${keyVaultUri}secrets/${webhookSecretName})'
    SIGNALBOX_TELEMETRY: telemetry
    SIGNALBOX_RECONCILE_SCHEDULE: '0 */5 * * * *'
    SIGNALBOX_RETENTION_SCHEDULE: '0 30 3 * * *'
    SIGNALBOX_ANCHOR_SCHEDULE: '0 0 * * * *'
    SIGNALBOX_TICK_SCHEDULE: '0 * * * * *'
    // Two pieces of a raw file take 512 MiB; the rest of an instance is for sixteen other activities.
    SIGNALBOX_CONDITIONING_AT_ONCE: string(instanceMemory / 1024)
    SIGNALBOX_PUBLIC_URL: publicUrl
    // No secret: the app is let in by its identity.
    SIGNALBOX_CHANNEL_EVENTGRID_EVENTS: eventTopicEndpoint
  },
  insightsEntraOnly ? {
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'Authorization=AAD;ClientId=${identityClientId}'
  } : {},
  empty(schedulerEndpoint) ? {
    AzureFunctionsJobHost__extensions__durableTask__storageProvider__type: 'AzureStorage'
    AzureFunctionsJobHost__extensions__durableTask__storageProvider__connectionName: 'AzureWebJobsStorage'
  } : {
    DURABLE_TASK_SCHEDULER_CONNECTION_STRING: 'Endpoint=${schedulerEndpoint};Authentication=ManagedIdentity;ClientID=${identityClientId}'
  },
  empty(mlflowPasswordName) ? {} : {
    MLFLOW_TRACKING_USERNAME: 'admin'
    MLFLOW_TRACKING_PASSWORD: '@Microsoft.KeyVault(SecretUri=${keyVaultUri}secrets/${mlflowPasswordName})'
  },
  toObject(
    channels,
    one => 'SIGNALBOX_CHANNEL_${toUpper(replace(one, '-', '_'))}',
    one => '@Microsoft.KeyVault(SecretUri=${keyVaultUri}secrets/channel-${one})'
  )
)

resource app 'Microsoft.Web/sites@2024-11-01' existing = {
  name: functionAppName
}

resource settings 'Microsoft.Web/sites/config@2024-11-01' = {
  parent: app
  name: 'appsettings'
  properties: appSettings
}
