// An empty Data Factory with an identity of its own; the pipelines to import are in infra/data_factory.
param name string
param location string
param tags object

resource factory 'Microsoft.DataFactory/factories@2018-06-01' = {
  name: name
  location: location
  tags: tags
  identity: {
    type: 'SystemAssigned'
  }
  properties: {
    publicNetworkAccess: 'Enabled'
  }
}

output name string = factory.name
