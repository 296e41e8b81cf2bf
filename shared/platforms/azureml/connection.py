"""The way to one Azure ML workspace: who we are, where it is, how long an answer may take."""

import logging
import os
import ssl
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from shared.errors import ConfigurationError

if TYPE_CHECKING:
    import httpx
    from azure.ai.ml import MLClient
    from azure.identity import DefaultAzureCredential

#: What Azure must allow: the SDK reads the workspace and its datastores before it does anything else.
PERMISSIONS: Final = (
    "Microsoft.MachineLearningServices/workspaces/read",
    "Microsoft.MachineLearningServices/workspaces/datastores/read",
)
_PUBLIC: Final = "https://management.azure.com"
#: Azure's other clouds by their Resource Manager, under the names that azure-ai-ml knows them by.
_CLOUDS: Final = {
    _PUBLIC: "AzureCloud",
    "https://management.chinacloudapi.cn": "AzureChinaCloud",
    "https://management.usgovcloudapi.net": "AzureUSGovernment",
}
#: Seconds, per request. One attempt: the SDK honours a `Retry-After` by sleeping in the thread, however long it is,
#: and the activity's retry rule knows better than the SDK when to try again.
_CONNECT_SECONDS: Final = 4
_ANSWER_SECONDS: Final = 16
_OPTIONS: Final = {"connection_timeout": _CONNECT_SECONDS, "read_timeout": _ANSWER_SECONDS, "retry_total": 0}
_KINDS: Final = ("subscriptions", "resourcegroups", "providers", "workspaces")
_PROVIDER: Final = "Microsoft.MachineLearningServices"


@dataclass(frozen=True)
class Workspace:
    """Which workspace."""

    subscription: str
    resource_group: str
    name: str

    @classmethod
    def parse(cls, arm_id: str) -> Self:
        """Read Azure Resource Manager's id of a workspace.

        Raises:
            ConfigurationError: It is not the id of a workspace.
        """
        parts = arm_id.strip().strip("/").split("/")
        kinds = [part.lower() for part in parts[0::2]]
        # .../providers/PROVIDER/workspaces/NAME: every kind is followed by what it names
        if kinds != list(_KINDS) or not all(parts) or len(parts) != 8 or parts[5].lower() != _PROVIDER.lower():
            msg = (
                f"{arm_id!r} is not the id of an Azure ML workspace: it looks like "
                f"/subscriptions/ID/resourceGroups/GROUP/providers/{_PROVIDER}/workspaces/NAME"
            )
            raise ConfigurationError(msg)
        return cls(parts[1], parts[3], parts[7])

    @property
    def arm_id(self) -> str:
        """Azure Resource Manager's id of it."""
        group = f"/subscriptions/{self.subscription}/resourceGroups/{self.resource_group}"
        return f"{group}/providers/{_PROVIDER}/workspaces/{self.name}"


class Connection:
    """One workspace's clients, made at first use and kept. Instances are thread-safe.

    Args:
        workspace: Which.
        url: Azure Resource Manager's; the public cloud's where it is absent.
        ca: File with the certificates to trust instead of the system's, for a service in a private network.
        datastore: The workspace's name for the container that Signalbox keeps its data in.
        container: That container.
        storage: Its account, as in `AzureBlobStore`.
    """

    def __init__(
        self, workspace: Workspace, *, url: str | None, ca: str | None, datastore: str, container: str, storage: str
    ) -> None:
        self.workspace = workspace
        self.datastore = datastore
        self.container = container
        self.storage = storage
        self._url = (url or _PUBLIC).rstrip("/")
        self._ca = ca
        self._lock = threading.RLock()
        self._client: MLClient | None = None
        self._credential: DefaultAzureCredential | None = None
        self._http: httpx.Client | None = None

    @property
    def url(self) -> str:
        """Azure Resource Manager's, without a slash at its end."""
        return self._url

    @property
    def arm_scope(self) -> str:
        """What a token must be for, to be taken by Resource Manager and by the workspace's own services."""
        return f"{self._url}/.default"

    @property
    def client(self) -> "MLClient":
        """The SDK's client. Its import takes seconds, so it is made at the first call, once."""
        with self._lock:
            if self._client is None:
                self._client = self._make_client()
            return self._client

    @property
    def credential(self) -> "DefaultAzureCredential":
        """Who we are: the managed identity in Azure; what `az login` left on a developer's machine."""
        with self._lock:
            if self._credential is None:
                from azure.identity import DefaultAzureCredential  # noqa: PLC0415 - vendor SDKs are loaded at first use

                self._credential = DefaultAzureCredential()
            return self._credential

    @property
    def http(self) -> "httpx.Client":
        """For what the SDK does not do, or not well. Absolute URLs; the token is the caller's to add."""
        with self._lock:
            if self._http is None:
                import httpx  # noqa: PLC0415 - loaded at first use, as the SDK

                timeout = httpx.Timeout(_ANSWER_SECONDS, connect=_CONNECT_SECONDS)
                self._http = httpx.Client(verify=ssl.create_default_context(cafile=self._ca), timeout=timeout)
            return self._http

    def token(self, scope: str) -> str:
        """An access token of the identity; kept by the credential until shortly before it expires."""
        return self.credential.get_token(scope).token

    def close(self) -> None:
        """Close what is open; the next call opens it anew."""
        with self._lock:
            closing = (self._http, self._credential)
            self._http, self._credential, self._client = None, None, None
        for one in closing:
            if one is not None:
                one.close()

    def _make_client(self) -> "MLClient":
        from azure.ai.ml import MLClient  # noqa: PLC0415 - vendor SDKs are loaded at first use

        # The SDK remembers on disk which components a workspace has, for a week, whether they are still there or not.
        os.environ["AZURE_ML_DISABLE_ON_DISK_CACHE"] = "true"
        # It logs each refusal as an error, a job that is not there yet among them; what matters is raised.
        logging.getLogger("azure.ai.ml._telemetry").setLevel(logging.CRITICAL)
        options: dict[str, Any] = {**_OPTIONS, "show_progress": False, "enable_telemetry": False}
        if self._ca is not None:
            options["connection_verify"] = self._ca
        # The SDK keeps clouds in a global table by name and never replaces one: a name per URL.
        options["cloud"] = _CLOUDS.get(self._url, f"Signalbox {self._url}")
        if self._url not in _CLOUDS:
            options["cloud_metadata"] = {
                "azure_portal": "https://portal.azure.com/",
                "resource_manager": self._url,
                "active_directory": "https://login.microsoftonline.com/",
                "aml_resource_id": "https://ml.azure.com/",
                "storage_endpoint": "core.windows.net",
                "registry_discovery_endpoint": f"{self._url}/",
            }
        where = self.workspace
        return MLClient(self.credential, where.subscription, where.resource_group, where.name, **options)
