// Connects the events to the functions of the app. Deployed after the code, by the hook in azure.yaml: Azure refuses a
// subscription whose function is not there yet.
@description('Name of the Function App.')
param functionAppName string

@description('Resource id of the identity by which dead letters are put down.')
param identityId string

@description('Resource id of the storage account with the raw files and the dead letters.')
param dataStorageId string

@description('Name of the system topic of that account.')
param storageTopicName string

@description('Name of the system topic of the Azure ML workspace; none when empty.')
param workspaceTopicName string = ''

@description('Resource group of that topic, which is the workspace\'s.')
param workspaceTopicGroup string = resourceGroup().name

@description('Container of the raw files.')
param landingContainer string = 'landing'

@description('Container of the dead letters.')
param deadLetterContainer string = 'dead-letters'

var functions = '${resourceId('Microsoft.Web/sites', functionAppName)}/functions'

module landed 'modules/event_subscription.bicep' = {
  name: 'signalbox-storage-events'
  params: {
    topicName: storageTopicName
    subscriptionName: 'signalbox-raw-files'
    functionId: '${functions}/storage_events'
    identityId: identityId
    deadLetterStorageId: dataStorageId
    deadLetterContainer: deadLetterContainer
    eventTypes: ['Microsoft.Storage.BlobCreated']
    subjectBeginsWith: '/blobServices/default/containers/${landingContainer}/'
    advancedFilters: [
      {
        // The calls after which a file is whole; a CreateFile of Data Lake Storage only begins one.
        operatorType: 'StringIn'
        key: 'data.api'
        values: ['PutBlob', 'PutBlockList', 'CopyBlob', 'FlushWithClose']
      }
    ]
  }
}

module jobs 'modules/event_subscription.bicep' = if (!empty(workspaceTopicName)) {
  name: take('signalbox-azureml-events-${functionAppName}', 64)
  scope: resourceGroup(workspaceTopicGroup)
  params: {
    topicName: workspaceTopicName
    subscriptionName: 'signalbox-jobs'
    functionId: '${functions}/azureml_events'
    identityId: identityId
    deadLetterStorageId: dataStorageId
    deadLetterContainer: deadLetterContainer
    eventTypes: [
      'Microsoft.MachineLearningServices.RunStatusChanged'
      'Microsoft.MachineLearningServices.RunCompleted'
    ]
  }
}
