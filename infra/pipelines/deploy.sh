#!/usr/bin/env bash
# Brings a package to one environment, and looks at what came of it; both systems of pipelines run this, logged in to
# Azure by federation (`az`), and so does a person who is (`az login`).
#
#   infra/pipelines/deploy.sh dev dist/signalbox.zip
#
# The first is a file of infra/parameters. From the environment: AZURE_ENV_NAME, AZURE_LOCATION and AZURE_SUBSCRIPTION_ID
# say where; ENTRA_CLIENT_ID is the app's own registration in Entra ID, for which whoever runs this has the role
# Signalbox.Reader; whatever else infra/main.parameters.json takes, and goes before that file. DRAIN_MINUTES is 30 unless
# given, and all of this has to end within the hour that tokens last; `none` replaces an app that cannot be asked.
set -euo pipefail
usage="usage: infra/pipelines/deploy.sh ENVIRONMENT PACKAGE"
environment=${1:?$usage} package=$(realpath "${2:?$usage}")
: "${AZURE_ENV_NAME:?}" "${AZURE_LOCATION:?}" "${AZURE_SUBSCRIPTION_ID:?}" "${ENTRA_CLIENT_ID:?}"
[ -s "$package" ] || { echo "$package is missing: make package" >&2; exit 1; }
cd "$(dirname "$0")/../.."
python=.venv/bin/python
commit=$(git rev-parse HEAD)
parameters=$($python -m infra.parameters "$environment" --show)
while IFS== read -r name value; do
  [ -n "${!name:-}" ] || export "$name=$value"
done <<< "$parameters"
export AZURE_PRINCIPAL_TYPE=${AZURE_PRINCIPAL_TYPE:-ServicePrincipal}
export SIGNALBOX_ENTRA=${SIGNALBOX_ENTRA:-api://$ENTRA_CLIENT_ID}

# A federated login shows Entra ID an assertion that is good for 5 minutes on GitHub and 10 on Azure DevOps; after that, a
# token for a resource that was not asked for yet is refused (AADSTS700024). az keeps those it has: the app's, and azd's.
for resource in "$SIGNALBOX_ENTRA" https://management.azure.com/; do
  az account get-access-token --only-show-errors --resource "$resource" --output none
done

# What is under way is waited for before anything changes: settings of the new code are not for the old one. The group's
# name is that of infra/main.bicep. Before the first deployment nobody answers there, and nothing can be under way.
group=rg-$AZURE_ENV_NAME app='' host='' functions=0
exists=$(az group exists --subscription "$AZURE_SUBSCRIPTION_ID" --name "$group")
if [ "$exists" = true ]; then
  found=$(az functionapp list --only-show-errors --subscription "$AZURE_SUBSCRIPTION_ID" --resource-group "$group" \
    --query "[?tags.\"azd-service-name\"=='app'].[name, defaultHostName]" --output tsv)
  read -r app host <<< "$found"
fi
if [ -n "$app" ]; then
  functions=$(az functionapp function list --only-show-errors --subscription "$AZURE_SUBSCRIPTION_ID" \
    --resource-group "$group" --name "$app" --query 'length(@)' --output tsv)
fi
if [ "$functions" -eq 0 ]; then
  echo "── the first deployment: nothing is under way"
elif [ "${DRAIN_MINUTES:-30}" = none ]; then
  echo "── what is under way is not asked for: DRAIN_MINUTES is none"
else
  echo "── what is under way"
  $python -m infra.pipelines.drain --app "https://$host" --patience "${DRAIN_MINUTES:-30}"
fi

echo "── infrastructure of $AZURE_ENV_NAME"
azd config set auth.useAzCliAuth true
if azd env select "$AZURE_ENV_NAME" 2> /dev/null; then
  # What azd has kept of an environment goes before our variables: it would deploy elsewhere than was drained.
  kept=$(azd env get-value AZURE_SUBSCRIPTION_ID 2> /dev/null) || kept=$AZURE_SUBSCRIPTION_ID
  if [ "$kept" != "$AZURE_SUBSCRIPTION_ID" ]; then
    echo "azd's environment $AZURE_ENV_NAME is of the subscription $kept, and AZURE_SUBSCRIPTION_ID is" \
      "$AZURE_SUBSCRIPTION_ID: nothing was changed. Take another AZURE_ENV_NAME, or azd env set AZURE_SUBSCRIPTION_ID" >&2
    exit 1
  fi
else
  azd env new "$AZURE_ENV_NAME" --location "$AZURE_LOCATION" --subscription "$AZURE_SUBSCRIPTION_ID" --no-prompt
fi
azd provision --no-prompt
SIGNALBOX_APP=$(azd env get-value SIGNALBOX_APP)
export SIGNALBOX_APP

echo "── $commit to $SIGNALBOX_APP"
azd deploy app --from-package "$package" --no-prompt

echo "── what came of it"
$python -m infra.pipelines.validate_deployment --commit "$commit"
