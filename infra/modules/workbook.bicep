// The workbook, as `python -m infra.workbook build` has made it of the queries; it looks at this Application Insights.
param name string
param location string
param tags object
param applicationInsightsId string

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(resourceGroup().id, name, 'signalbox')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Signalbox'
    category: 'workbook'
    sourceId: applicationInsightsId
    serializedData: replace(
      loadTextContent('../workbook/signalbox.workbook'),
      'APPLICATION_INSIGHTS_ID',
      applicationInsightsId
    )
  }
}

output workbookId string = workbook.id
