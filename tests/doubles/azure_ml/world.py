"""What there is: the workspace and its resources, kept as Azure Resource Manager would answer them."""

import copy
import datetime as dt
import threading
import time
from typing import Any, Final

from tests.doubles.azure_ml.messages import absent

SUBSCRIPTION: Final = "00000000-0000-0000-0000-000000000001"
GROUP: Final = "signalbox"
WORKSPACE: Final = "signalbox"
LOCATION: Final = "westeurope"
PROVIDER: Final = "Microsoft.MachineLearningServices"
#: How long a client waits between two reads of a long-running operation. `Retry-After: 0` would mean 30 s to the SDK.
RETRY: Final = {"retry-after-ms": "20"}


def now() -> str:
    """This moment, as the service writes it."""
    return written(time.time())


def written(seconds: float) -> str:
    """A moment, in seconds since 1970, as the service writes it."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class World:
    """One workspace. All access under `lock`.

    Attributes:
        base: URL of the server, once it listens.
        resources: By path inside the workspace, lower case: `/models/m/versions/1`.
    """

    def __init__(self) -> None:
        self.base = ""
        self.lock = threading.RLock()
        self.resources: dict[str, dict[str, Any]] = {}

    @property
    def provider_id(self) -> str:
        """What operations hang on."""
        return f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/{PROVIDER}"

    @property
    def workspace_id(self) -> str:
        """The workspace's ARM id."""
        return f"{self.provider_id}/workspaces/{WORKSPACE}"

    def workspace(self) -> dict[str, Any]:
        """The workspace itself."""
        return {
            "id": self.workspace_id,
            "name": WORKSPACE,
            "type": f"{PROVIDER}/workspaces",
            "location": LOCATION,
            "kind": "Default",
            "sku": {"name": "Basic", "tier": "Basic"},
            "identity": {"type": "SystemAssigned"},
            "tags": {},
            "properties": {
                "workspaceId": "99999999-9999-9999-9999-999999999999",
                "friendlyName": WORKSPACE,
                "provisioningState": "Succeeded",
                "discoveryUrl": f"{self.base}/discovery",
                "mlFlowTrackingUri": f"azureml://{self.base.partition('://')[2]}/mlflow/v1.0{self.workspace_id}",
                "publicNetworkAccess": "Enabled",
            },
        }

    def find(self, path: str) -> dict[str, Any] | None:
        """A resource by its path inside the workspace; `None` when there is none."""
        return self.resources.get(path.lower())

    def get(self, path: str) -> dict[str, Any]:
        """A resource that has to be there; `Refusal` with 404."""
        found = self.find(path)
        if found is None:
            raise absent(path.strip("/"))
        return found

    def children(self, collection: str) -> list[dict[str, Any]]:
        """The members of a collection, the newest first."""
        prefix = f"{collection.lower().rstrip('/')}/"
        found = [
            one for path, one in self.resources.items() if path.startswith(prefix) and "/" not in path[len(prefix) :]
        ]
        return found[::-1]

    def put(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Make or replace a resource; what is kept, with its id, name, type and times."""
        names = path.strip("/").split("/")
        before = self.find(path)
        created = before["systemData"]["createdAt"] if before else now()
        kept = copy.deepcopy(body) | {
            "id": self.workspace_id + path,
            "name": names[-1],
            "type": "/".join([PROVIDER, "workspaces", *names[0::2]]),
            "systemData": {
                "createdAt": created,
                "createdBy": "signalbox",
                "createdByType": "Application",
                "lastModifiedAt": now(),
            },
        }
        self.resources[path.lower()] = kept
        return kept

    def remove(self, path: str) -> None:
        """Remove a resource and all under it."""
        key = path.lower()
        for one in [one for one in self.resources if one == key or one.startswith(f"{key}/")]:
            del self.resources[one]
