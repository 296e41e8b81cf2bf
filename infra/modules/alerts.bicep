// Who is told, and of what. Each rule asks one of the workbook's own queries; its entry in docs/operate.md, under the
// same name, says what it means and what to do.
param name string
param location string
param tags object
param applicationInsightsId string
param emails array
param storageTopicId string
param workspaceTopicId string
param functionAppId string
param deadLetterStorageId string

@description('Where docs/operate.md is read: an address of your own, if you publish it.')
param handbook string = 'docs/operate.md'

@description('More failed runs of one kind than this in an hour are told.')
@minValue(0)
param failedRuns int = 0

@description('Days that a version may be in production.')
@minValue(1)
param staleDays int = 60

@description('More dead letters than this in an hour are told.')
@minValue(0)
param deadLetters int = 0

@description('Percent of requests, events and timers that may fail in half an hour.')
@minValue(0)
@maxValue(100)
param errorPercent int = 5

@description('Seconds that work may wait in the task hub until an activity takes it up.')
@minValue(1)
param queueSeconds int = 300

@description('Spans that may be lost in an hour.')
@minValue(0)
param droppedSpans int = 100

var rules = [
  {
    name: 'failed-runs'
    title: 'Runs failed'
    query: loadTextContent('../workbook/queries/failed_runs.kql')
    measure: 'Failed'
    aggregation: 'Total'
    dimension: 'Kind'
    operator: 'GreaterThan'
    threshold: failedRuns
    severity: 2
    window: 'PT1H'
    frequency: 'PT15M'
  }
  {
    name: 'stale-models'
    title: 'A model is stale'
    query: loadTextContent('../workbook/queries/staleness.kql')
    measure: 'Days'
    aggregation: 'Maximum'
    dimension: 'Model'
    operator: 'GreaterThan'
    threshold: staleDays
    severity: 3
    window: 'P1D'
    frequency: 'PT6H'
  }
  {
    name: 'dead-letters'
    title: 'Events cannot be used'
    query: loadTextContent('../workbook/queries/dead_letters.kql')
    measure: 'DeadLetters'
    aggregation: 'Total'
    dimension: 'Channel'
    operator: 'GreaterThan'
    threshold: deadLetters
    severity: 2
    window: 'PT1H'
    frequency: 'PT15M'
  }
  {
    name: 'error-rate'
    title: 'Requests fail'
    query: loadTextContent('../workbook/queries/error_rate.kql')
    measure: 'Percent'
    aggregation: 'Maximum'
    dimension: ''
    operator: 'GreaterThan'
    threshold: errorPercent
    severity: 1
    window: 'PT30M'
    frequency: 'PT5M'
  }
  {
    name: 'queue-age'
    title: 'Work waits'
    query: loadTextContent('../workbook/queries/queue_age.kql')
    measure: 'LongestSeconds'
    aggregation: 'Maximum'
    dimension: ''
    operator: 'GreaterThan'
    threshold: queueSeconds
    severity: 2
    window: 'PT15M'
    frequency: 'PT5M'
  }
  {
    name: 'lost-telemetry'
    title: 'Telemetry is lost'
    query: loadTextContent('../workbook/queries/telemetry_dropped.kql')
    measure: 'Dropped'
    aggregation: 'Total'
    dimension: ''
    operator: 'GreaterThan'
    threshold: droppedSpans
    severity: 3
    window: 'PT1H'
    frequency: 'PT15M'
  }
  {
    name: 'silence'
    title: 'Nothing runs'
    query: loadTextContent('../workbook/queries/silence.kql')
    measure: 'Figures'
    aggregation: 'Total'
    dimension: ''
    operator: 'LessThan'
    threshold: 1
    severity: 1
    window: 'PT1H'
    frequency: 'PT15M'
  }
]

// Event Grid counts for each topic by itself, and an alert of this kind watches one.
var eventTopics = [
  {
    of: 'files'
    id: storageTopicId
  }
  {
    of: 'jobs'
    id: workspaceTopicId
  }
]

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: '${name}-people'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'signalbox'
    emailReceivers: [for (email, position) in emails: {
      name: 'person-${position}'
      emailAddress: email
      useCommonAlertSchema: true
    }]
  }
}

resource asked 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [for rule in rules: {
  name: '${name}-${rule.name}'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: 'Signalbox: ${rule.title}'
    description: '${rule.title}: see ${handbook}#${rule.name}'
    enabled: true
    severity: rule.severity
    scopes: [
      applicationInsightsId
    ]
    windowSize: rule.window
    evaluationFrequency: rule.frequency
    autoMitigate: true
    // Before the first telemetry has come, there is nothing that Azure could hold the query against.
    skipQueryValidation: true
    criteria: {
      allOf: [
        {
          query: rule.query
          metricMeasureColumn: rule.measure
          timeAggregation: rule.aggregation
          dimensions: empty(rule.dimension) ? [] : [
            {
              name: rule.dimension
              operator: 'Include'
              values: ['*']
            }
          ]
          operator: rule.operator
          threshold: rule.threshold
          failingPeriods: {
            minFailingPeriodsToAlert: 1
            numberOfEvaluationPeriods: 1
          }
        }
      ]
    }
    actions: {
      actionGroups: [
        people.id
      ]
    }
  }
}]

resource undelivered 'Microsoft.Insights/metricAlerts@2018-03-01' = [for topic in eventTopics: {
  name: '${name}-${topic.of}-undelivered-events'
  location: 'global'
  tags: tags
  properties: {
    description: 'Event Grid could not deliver events: see ${handbook}#undelivered-events'
    enabled: true
    severity: 2
    scopes: [
      topic.id
    ]
    windowSize: 'PT1H'
    evaluationFrequency: 'PT5M'
    autoMitigate: true
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          name: 'dead-lettered'
          criterionType: 'StaticThresholdCriterion'
          metricNamespace: 'Microsoft.EventGrid/systemTopics'
          metricName: 'DeadLetteredCount'
          timeAggregation: 'Total'
          operator: 'GreaterThan'
          threshold: 0
          // Without events there is no such metric, and a new topic has none yet.
          skipMetricValidation: true
        }
      ]
    }
    actions: [
      {
        actionGroupId: people.id
        webHookProperties: {
          storage: deadLetterStorageId
        }
      }
    ]
  }
}]

resource unavailable 'Microsoft.Insights/activityLogAlerts@2020-10-01' = {
  name: '${name}-app-unavailable'
  location: 'global'
  tags: tags
  properties: {
    description: 'Azure says that the Function App is not available: see ${handbook}#app-unavailable'
    enabled: true
    scopes: [
      functionAppId
    ]
    condition: {
      allOf: [
        {
          field: 'category'
          equals: 'ResourceHealth'
        }
        {
          field: 'properties.currentHealthStatus'
          containsAny: ['Unavailable', 'Degraded']
        }
      ]
    }
    actions: {
      actionGroups: [
        {
          actionGroupId: people.id
        }
      ]
    }
  }
}

output actionGroupId string = people.id
