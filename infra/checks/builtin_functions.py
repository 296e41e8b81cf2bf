"""The functions of Bicep itself, and what each returns as far as the checks need it."""

from collections.abc import Mapping

from infra.checks.kinds import ANYTHING, ARRAY, BOOL, INT, OBJECT, STRING, Field, Kind, ListOf, Shape

_TEXT = (
    "base64 base64ToString concat dataUri dataUriToString dateTimeAdd dateTimeFromEpoch extensionResourceId format "
    "guid join loadFileAsBase64 loadTextContent managementGroupResourceId newGuid padLeft replace resourceId string "
    "subscriptionResourceId substring take tenantResourceId toLower toUpper trim uniqueString uri uriComponent "
    "uriComponentToString utcNow readEnvironmentVariable"
)
_TRUTH = "bool contains empty endsWith startsWith"
_NUMBER = "dateTimeToEpoch indexOf int lastIndexOf length max min"
_LIST = "array flatten intersection items map filter sort range skip split objectKeys mapValues pickZones"
_RECORD = "toObject groupBy shallowMerge createObject"
_UNTYPED = (
    "any base64ToJson externalInput fail first json last loadJsonContent loadYamlContent nameof reduce reference "
    "tryGet union deployer cidrHost cidrSubnet cidrSubnets parseCidr list listKeys listAccountSas listServiceSas "
    "toLogicalZone toLogicalZones toPhysicalZone toPhysicalZones buildUri parseUri"
)


def _fields(**kinds: Kind) -> Mapping[str, Field]:
    return {name: Field(lambda kind=kind: kind) for name, kind in kinds.items()}  # type: ignore[misc]


_RESOURCE_GROUP = Shape(
    "resourceGroup()",
    _fields(
        id=STRING, name=STRING, type=STRING, location=STRING, managedBy=STRING, tags=OBJECT,
        properties=Shape("resourceGroup().properties", _fields(provisioningState=STRING)),
    ),
)  # fmt: skip
_SUBSCRIPTION = Shape("subscription()", _fields(id=STRING, subscriptionId=STRING, tenantId=STRING, displayName=STRING))
_TENANT = Shape("tenant()", _fields(tenantId=STRING, country=STRING, countryCode=STRING, displayName=STRING), ANYTHING)
_ENVIRONMENT = Shape(
    "environment()",
    _fields(
        activeDirectoryDataLake=STRING, authentication=ANYTHING, batch=STRING, gallery=STRING, graph=STRING,
        graphAudience=STRING, media=STRING, name=STRING, portal=STRING, resourceManager=STRING, sqlManagement=STRING,
        suffixes=Shape(
            "environment().suffixes",
            _fields(
                acrLoginServer=STRING, azureDatalakeAnalyticsCatalogAndJob=STRING, azureDatalakeStoreFileSystem=STRING,
                keyvaultDns=STRING, sqlServerHostname=STRING, storage=STRING, azureFrontDoorEndpointSuffix=STRING,
            ),
        ),
        vmImageAliasDoc=STRING,
    ),
)  # fmt: skip

#: What each function returns.
RETURNS: Mapping[str, Kind] = {
    **dict.fromkeys(_TEXT.split(), STRING),
    **dict.fromkeys(_TRUTH.split(), BOOL),
    **dict.fromkeys(_NUMBER.split(), INT),
    **dict.fromkeys(_LIST.split(), ARRAY),
    **dict.fromkeys(_RECORD.split(), OBJECT),
    **dict.fromkeys(_UNTYPED.split(), ANYTHING),
    "split": ListOf(STRING),
    "objectKeys": ListOf(STRING),
    "range": ListOf(INT),
    "concat": ANYTHING,
    "take": ANYTHING,
    "resourceGroup": _RESOURCE_GROUP,
    "subscription": _SUBSCRIPTION,
    "tenant": _TENANT,
    "managementGroup": ANYTHING,
    "deployment": ANYTHING,
    "environment": _ENVIRONMENT,
}
