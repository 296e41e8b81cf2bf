// Private endpoints of what the app reads and writes, and the names by which it finds them there.
param name string
param location string
param tags object
param networkId string
param subnetId string
param dataStorageId string
param hostStorageId string
param keyVaultId string

@description('Resource id of the Azure ML workspace that is made; none when empty.')
param workspaceId string

@description('Resource id of the storage of that workspace, where the app puts the code of jobs down.')
param workspaceStorageId string

var storageSuffix = environment().suffixes.storage
var blobZone = 'privatelink.blob.${storageSuffix}'
var queueZone = 'privatelink.queue.${storageSuffix}'
var tableZone = 'privatelink.table.${storageSuffix}'
var vaultZone = 'privatelink.vaultcore.azure.net'
var workspaceZone = 'privatelink.api.azureml.ms'
var notebookZone = 'privatelink.notebooks.azure.net'

var commonZones = [blobZone, queueZone, tableZone, vaultZone]
var zoneNames = empty(workspaceId) ? commonZones : concat(commonZones, [workspaceZone, notebookZone])
var always = [
  {
    label: 'data-blob'
    id: dataStorageId
    group: 'blob'
    zones: [blobZone]
  }
  {
    label: 'data-table'
    id: dataStorageId
    group: 'table'
    zones: [tableZone]
  }
  {
    label: 'host-blob'
    id: hostStorageId
    group: 'blob'
    zones: [blobZone]
  }
  {
    label: 'host-queue'
    id: hostStorageId
    group: 'queue'
    zones: [queueZone]
  }
  {
    label: 'host-table'
    id: hostStorageId
    group: 'table'
    zones: [tableZone]
  }
  {
    label: 'vault'
    id: keyVaultId
    group: 'vault'
    zones: [vaultZone]
  }
]
var ofWorkspace = [
  {
    label: 'workspace'
    id: workspaceId
    group: 'amlworkspace'
    zones: [workspaceZone, notebookZone]
  }
  {
    label: 'workspace-blob'
    id: workspaceStorageId
    group: 'blob'
    zones: [blobZone]
  }
]
var targets = empty(workspaceId) ? always : concat(always, ofWorkspace)

resource zones 'Microsoft.Network/privateDnsZones@2024-06-01' = [for zone in zoneNames: {
  name: zone
  location: 'global'
  tags: tags
}]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [for (zone, i) in zoneNames: {
  parent: zones[i]
  name: name
  location: 'global'
  tags: tags
  properties: {
    registrationEnabled: false
    virtualNetwork: {
      id: networkId
    }
  }
}]

resource endpoints 'Microsoft.Network/privateEndpoints@2024-07-01' = [for target in targets: {
  name: 'pe-${target.label}-${name}'
  location: location
  tags: tags
  properties: {
    subnet: {
      id: subnetId
    }
    privateLinkServiceConnections: [
      {
        name: target.label
        properties: {
          privateLinkServiceId: target.id
          groupIds: [target.group]
        }
      }
    ]
  }
}]

resource zoneGroups 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-07-01' = [for (target, i) in targets: {
  parent: endpoints[i]
  name: 'default'
  properties: {
    privateDnsZoneConfigs: [for zone in target.zones: {
      name: replace(zone, '.', '-')
      properties: {
        privateDnsZoneId: resourceId('Microsoft.Network/privateDnsZones', zone)
      }
    }]
  }
  dependsOn: [zones]
}]
