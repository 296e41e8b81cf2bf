// The secret that the model registry signs its webhooks with. Nobody has to know it: it is made up once, by the first
// deployment, and left alone by all later ones.
param keyVaultName string

@description('Random; not to be given.')
@secure()
param webhookSecret string = newGuid()

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' existing = {
  name: keyVaultName
}

@onlyIfNotExists()
resource webhook 'Microsoft.KeyVault/vaults/secrets@2024-11-01' = {
  parent: vault
  name: 'webhook-secret'
  properties: {
    contentType: 'signs the webhooks of the model registry'
    value: webhookSecret
  }
}

output webhookSecretName string = webhook.name
