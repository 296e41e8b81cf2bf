// The Durable Task Scheduler with the task hub that host.json names. Who may use it is said by roles alone; it has no
// private endpoint here.
param name string
param location string
param tags object
param sku string

var dedicated = sku == 'Dedicated'

resource scheduler 'Microsoft.DurableTask/schedulers@2025-11-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    // An empty list would let nobody in.
    ipAllowlist: ['0.0.0.0/0']
    sku: dedicated ? {
      name: 'Dedicated'
      capacity: 1
    } : {
      name: 'Consumption'
    }
  }
}

resource hub 'Microsoft.DurableTask/schedulers/taskHubs@2025-11-01' = {
  parent: scheduler
  name: 'signalbox'
}

output name string = scheduler.name
output endpoint string = scheduler.properties.endpoint
