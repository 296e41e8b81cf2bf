// Brings events of a system topic to a function of the app: tried again for a day, then put down as dead letters.
param topicName string
param subscriptionName string

@description('Resource id of the function; it has to be there.')
param functionId string
param identityId string
param deadLetterStorageId string
param deadLetterContainer string
param eventTypes array

@description('Only events whose subjects begin so; all when empty.')
param subjectBeginsWith string = ''

@description('Event Grid\'s advanced filters.')
param advancedFilters array = []

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = {
  name: topicName
}

resource subscription 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = {
  parent: topic
  name: subscriptionName
  properties: {
    eventDeliverySchema: 'EventGridSchema'
    destination: {
      endpointType: 'AzureFunction'
      properties: {
        resourceId: functionId
        // A batch is answered as one: one event that fails would bring back all of them.
        maxEventsPerBatch: 1
      }
    }
    filter: {
      includedEventTypes: eventTypes
      subjectBeginsWith: subjectBeginsWith
      advancedFilters: advancedFilters
    }
    retryPolicy: {
      maxDeliveryAttempts: 30
      eventTimeToLiveInMinutes: 1440
    }
    deadLetterWithResourceIdentity: {
      identity: {
        type: 'UserAssigned'
        userAssignedIdentity: identityId
      }
      deadLetterDestination: {
        endpointType: 'StorageBlob'
        properties: {
          resourceId: deadLetterStorageId
          blobContainerName: deadLetterContainer
        }
      }
    }
  }
}
