// The events of one resource, for subscriptions to be made of. It has the app's identity, by which it puts down what it
// could not deliver.
param name string
param location string
param tags object
param sourceId string
param topicType string
param identityId string

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' = {
  name: name
  location: location
  tags: tags
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    source: sourceId
    topicType: topicType
  }
}

output id string = topic.id
output name string = topic.name
