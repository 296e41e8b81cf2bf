// The secrets of an MLflow server: made up once, and left alone by all later deployments.
param keyVaultName string

@description('Random; not to be given.')
@secure()
param forDatabase string = newGuid()

@description('Random; not to be given.')
@secure()
param forAdministrator string = newGuid()

@description('Random; not to be given.')
@secure()
param forSessions string = newGuid()

@description('Random; not to be given.')
@secure()
param forWebhooks string = newGuid()

// 32 bytes in the alphabet of URLs, as Fernet wants its keys.
var webhookKey = replace(replace(base64(replace(forWebhooks, '-', '')), '+', '-'), '/', '_')

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' existing = {
  name: keyVaultName
}

@onlyIfNotExists()
resource database 'Microsoft.KeyVault/vaults/secrets@2024-11-01' = {
  parent: vault
  name: 'mlflow-database-password'
  properties: {
    contentType: 'password of PostgreSQL'
    value: 'Pg1-${forDatabase}'
  }
}

@onlyIfNotExists()
resource administrator 'Microsoft.KeyVault/vaults/secrets@2024-11-01' = {
  parent: vault
  name: 'mlflow-password'
  properties: {
    contentType: 'password of MLflow for the user admin'
    value: 'Ml1-${forAdministrator}'
  }
}

@onlyIfNotExists()
resource sessions 'Microsoft.KeyVault/vaults/secrets@2024-11-01' = {
  parent: vault
  name: 'mlflow-session-key'
  properties: {
    contentType: 'signs the sessions of MLflow'
    value: forSessions
  }
}

@onlyIfNotExists()
resource webhooks 'Microsoft.KeyVault/vaults/secrets@2024-11-01' = {
  parent: vault
  name: 'mlflow-webhook-key'
  properties: {
    contentType: 'encrypts the secrets of webhooks in the database of MLflow'
    value: webhookKey
  }
}

output passwordName string = administrator.name
