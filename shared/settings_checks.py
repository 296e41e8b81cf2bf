"""Settings that are right each by itself, and wrong together, or in a way that only shows when they are used."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final
from urllib.parse import urlsplit

from shared.contracts.notification import CHANNEL_KINDS
from shared.errors import ConfigurationError
from shared.telemetry.setting import CLOUD, connection_string, parse_telemetry

#: The settings that a platform cannot do without.
NEEDED: Final = {"local": ("jobs_url", "scoring_url"), "azureml": ("azureml_workspace",)}
SCHEDULER: Final = "DURABLE_TASK_SCHEDULER_CONNECTION_STRING"
AUTH_ENABLED: Final = "WEBSITE_AUTH_ENABLED"
#: Overrides `host.json`, for Azure Storage in the place of the scheduler.
PROVIDER: Final = "AzureFunctionsJobHost__extensions__durableTask__storageProvider__"
#: What only Azure sets, and no host on a laptop.
ON_AZURE: Final = ("WEBSITE_SKU", "WEBSITE_INSTANCE_ID")
_SCHEDULER_FORM: Final = "Endpoint=https://NAME.REGION.durabletask.io;Authentication=ManagedIdentity;ClientID=ID"
_CONTAINERS: Final = ("landing_container", "data_container", "anchor_container")
_CONTAINER: Final = re.compile(r"(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_BLOB_ENDPOINT: Final = re.compile(r"https://[a-z0-9-]{3,}(\.z\d\d)?\.blob\.[a-z0-9.-]+/?")
_REGISTRY: Final = re.compile(r"azureml(://.+)?|databricks(-uc)?(://.+)?")
_WORKSPACE: Final = re.compile(
    r"(?i)/?subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.MachineLearningServices/workspaces/[^/]+/?"
)
_ARM_ID: Final = "/subscriptions/ID/resourceGroups/GROUP/providers/Microsoft.MachineLearningServices/workspaces/NAME"
_CHANNEL: Final = re.compile(rf"SIGNALBOX_CHANNEL_({'|'.join(CHANNEL_KINDS).upper()})_[A-Z][A-Z0-9_]{{0,62}}")
#: What App Service hands over where it could not resolve a reference.
_UNRESOLVED: Final = "@microsoft.keyvault("
#: Ways to authenticate that the scheduler's clients know.
_WAYS: Final = (
    "AzureCLI", "AzurePowerShell", "DefaultAzure", "Environment", "InteractiveBrowser", "ManagedIdentity", "None",
    "VisualStudio", "VisualStudioCode", "WorkloadIdentity",
)  # fmt: skip

type Values = Mapping[str, str]


def contradictions(values: Values, environment: Mapping[str, str]) -> list[str]:
    """A sentence for each problem, beginning with the setting's name.

    Args:
        values: What is set, and else the defaults, by field of `Settings`; it may lack what is needed.
        environment: All variables, for those of others.
    """
    found = [problem for check in _CHECKS for problem in check(values)]
    found += [*_telemetry(values, environment), *_scheduler(environment)]
    found += [*_channels(environment), *_unresolved(environment)]
    return [*found, *_where_it_runs(values, environment)]


# ── Each by itself ──────────────────────────────────────────────────────────────────────────────────────────────────


def _fleet(values: Values) -> Iterator[str]:
    if not values["fleet"].strip(" ;"):
        yield "SIGNALBOX_FLEET: names no file; give one, or several separated by ;"


def _storage(values: Values) -> Iterator[str]:
    storage = values.get("storage", "")
    if storage and not _is_blob_endpoint(storage) and not _is_connection_string(storage):
        yield (
            "SIGNALBOX_STORAGE: is neither the blob endpoint of an account, https://ACCOUNT.blob.core.windows.net, nor "
            "a connection string with AccountName and AccountKey, or with BlobEndpoint and TableEndpoint"
        )


def _is_blob_endpoint(storage: str) -> bool:
    return _BLOB_ENDPOINT.fullmatch(storage) is not None


def _is_connection_string(storage: str) -> bool:
    parts = parts_of(storage)
    if parts is None:
        return False
    named = "accountname" in parts and bool(parts.keys() & {"accountkey", "sharedaccesssignature"})
    whole = named or {"blobendpoint", "tableendpoint"} <= parts.keys()
    return whole or parts.get("usedevelopmentstorage", "").lower() == "true"


def parts_of(text: str) -> dict[str, str] | None:
    """The parts of a connection string by their names in lower case; `None` where it is none."""
    parts = [part.partition("=") for part in text.split(";") if part.strip()]
    if not all(name.strip() and equals and value for name, equals, value in parts):
        return None
    return {name.strip().lower(): value for name, _, value in parts}


def _containers(values: Values) -> Iterator[str]:
    seen: dict[str, str] = {}
    for field in _CONTAINERS:
        name = values[field]
        if _CONTAINER.fullmatch(name) is None:
            yield (
                f"{_variable(field)}: {name!r} is no container's name: 3 to 63 lower-case letters, digits and single "
                "hyphens"
            )
        elif name in seen:
            yield f"{_variable(field)}: {name!r} is {_variable(seen[name])} too; each needs a container of its own"
        seen.setdefault(name, field)


def _urls(values: Values) -> Iterator[str]:
    for field in ("jobs_url", "scoring_url", "azureml_url"):
        if (url := values.get(field)) and not is_http(url):
            yield f"{_variable(field)}: {url!r} is no http or https URL"


def _registry(values: Values) -> Iterator[str]:
    uri = values.get("registry_uri", "")
    if uri and not is_http(uri) and _REGISTRY.fullmatch(uri) is None:
        yield (
            "SIGNALBOX_REGISTRY_URI: is neither the URL of an MLflow server nor one of databricks, databricks-uc and "
            "azureml"
        )
    if uri.startswith("azureml") and not values.get("azureml_workspace"):
        yield (
            f"SIGNALBOX_REGISTRY_URI: is {uri!r}, the registry of an Azure ML workspace, but none is set: name it in "
            "SIGNALBOX_AZUREML_WORKSPACE, or give the URL of an MLflow server"
        )


def _platform(values: Values) -> Iterator[str]:
    platform = values["platform"]
    for field in NEEDED.get(platform, ()):
        if not values.get(field):
            yield f"{_variable(field)}: is not set, and is needed by the platform {platform!r}"
    workspace = values.get("azureml_workspace")
    if workspace and _WORKSPACE.fullmatch(workspace) is None:
        yield f"SIGNALBOX_AZUREML_WORKSPACE: {workspace!r} is not the id of an Azure ML workspace: {_ARM_ID}"


def _of_a_laptop(values: Values) -> Iterator[str]:
    """A workspace in Azure reaches nothing on a laptop; the double of Azure ML, which is on one too, does."""
    if values["platform"] != "azureml" or is_loopback(values.get("azureml_url", "")):
        return
    for field in NEEDED["local"]:
        if values.get(field):
            yield f"{_variable(field)}: is of the platform 'local', but SIGNALBOX_PLATFORM is 'azureml': drop it"
    if is_loopback(values.get("registry_uri", "")):
        yield (
            "SIGNALBOX_REGISTRY_URI: is on this machine, where the platform 'azureml' cannot reach it: give an MLflow "
            "server in its network, databricks, databricks-uc or azureml"
        )
    storage = values.get("storage", "")
    if "usedevelopmentstorage" in storage.lower() or _endpoints_on_loopback(storage):
        yield (
            "SIGNALBOX_STORAGE: is on this machine, where the platform 'azureml' cannot reach it: give the account "
            f"that its datastore {values['azureml_datastore']!r} is of"
        )


def _endpoints_on_loopback(storage: str) -> bool:
    return any(is_loopback(value) for value in (parts_of(storage) or {}).values())


_CHECKS: Final[tuple[Callable[[Values], Iterator[str]], ...]] = (
    _fleet, _storage, _containers, _urls, _registry, _platform, _of_a_laptop,
)  # fmt: skip


# ── With those of others ────────────────────────────────────────────────────────────────────────────────────────────


def _telemetry(values: Values, environment: Mapping[str, str]) -> Iterator[str]:
    try:
        for target in parse_telemetry(values["telemetry"]):
            if target.kind in CLOUD:
                connection_string(environment, target.kind)
    except ConfigurationError as error:
        if not str(error).startswith("SIGNALBOX_TELEMETRY is "):  # that is told of the setting by itself
            yield str(error)


def _scheduler(environment: Mapping[str, str]) -> Iterator[str]:
    """The Functions host reads it, and says of a wrong one that it cannot connect."""
    text = environment.get(SCHEDULER)
    if not text:
        return
    parts = parts_of(text)
    if parts is None or "endpoint" not in parts or "authentication" not in parts:
        yield f"{SCHEDULER}: needs an Endpoint and an Authentication: {_SCHEDULER_FORM}"
        return
    endpoint, way = parts["endpoint"], parts["authentication"]
    if not is_http(endpoint):
        yield f"{SCHEDULER}: its Endpoint {endpoint!r} is no http or https URL: {_SCHEDULER_FORM}"
    if way.lower() not in {known.lower() for known in _WAYS}:
        yield f"{SCHEDULER}: its Authentication {way!r} is none of {', '.join(_WAYS)}"
    elif way.lower() == "none" and is_http(endpoint) and not is_loopback(endpoint):
        yield f"{SCHEDULER}: Authentication=None is for the emulator on this machine, not for {endpoint}"


def _where_it_runs(values: Values, environment: Mapping[str, str]) -> Iterator[str]:
    """By what the platform says of itself."""
    if values["authentication"] == "entra" and environment.get(AUTH_ENABLED, "").lower() == "false":
        yield (
            f"SIGNALBOX_AUTHENTICATION: is 'entra', but App Service authentication is off ({AUTH_ENABLED}), so that "
            "anybody could say who they are; turn it on, or use 'keys'"
        )
    if not any(environment.get(name) for name in ON_AZURE):
        return
    if values["platform"] == "local":
        yield (
            "SIGNALBOX_PLATFORM: is 'local', whose services are on a laptop, but this is Azure; use 'azureml', and "
            "name the workspace in SIGNALBOX_AZUREML_WORKSPACE"
        )
    if not environment.get(SCHEDULER) and not environment.get(f"{PROVIDER}type"):
        yield (
            f"{SCHEDULER}: is not set, and host.json names it: {_SCHEDULER_FORM}; or set {PROVIDER}type to AzureStorage"
        )


def _channels(environment: Mapping[str, str]) -> Iterator[str]:
    """An address is a secret, and is not repeated."""
    for name, address in sorted(environment.items()):
        if not name.startswith("SIGNALBOX_CHANNEL_") or not address or _is_reference(address):
            continue
        if _CHANNEL.fullmatch(name) is None:
            kinds = " or ".join(kind.upper() for kind in CHANNEL_KINDS)
            yield f"{name}: names no channel of a fleet file: SIGNALBOX_CHANNEL_KIND_NAME, where KIND is {kinds}"
        if not address.startswith("https://") and not is_loopback(address):
            yield f"{name}: is no https address; set the one that the channel was given"


def _unresolved(environment: Mapping[str, str]) -> Iterator[str]:
    """Else the text of a reference, which is no secret, would be taken for the secret."""
    for name, value in sorted(environment.items()):
        if _is_reference(value):
            yield (
                f"{name}: its Key Vault reference was not resolved: the secret must be there, and the app's identity, "
                "named as the app's keyVaultReferenceIdentity, must have the role Key Vault Secrets User"
            )


# ── How ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _is_reference(value: str) -> bool:
    return value.strip().lower().startswith(_UNRESOLVED)


def is_http(url: str) -> bool:
    """Whether it is a URL of http or https that names a host."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


def is_loopback(url: str) -> bool:
    """Whether a URL leads to this machine."""
    host = (urlsplit(url).hostname or "") if is_http(url) else ""
    return host == "localhost" or host.startswith("127.") or host in ("::1", "0.0.0.0")  # noqa: S104 - nothing listens


def _variable(field: str) -> str:
    return f"SIGNALBOX_{field.upper()}"
