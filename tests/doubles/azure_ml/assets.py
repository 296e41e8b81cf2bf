"""Versions that never change: models, data, components, environments, code."""

import re
import uuid
from dataclasses import dataclass
from typing import Any, Final

from tests.doubles.azure_ml.backends import JobEngine
from tests.doubles.azure_ml.messages import Answer, Refusal, Request, UnknownRoute, wrong
from tests.doubles.azure_ml.references import JOB_OUTPUT, require_asset, require_uri
from tests.doubles.azure_ml.storage import Storage
from tests.doubles.azure_ml.validation import require_fit
from tests.doubles.azure_ml.world import World

_NAME: Final = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,254}$")
_VERSION: Final = re.compile(r"^[A-Za-z0-9_.-]{1,30}$|^[0-9a-fA-F-]{32,64}$")


@dataclass(frozen=True)
class Kind:
    """One kind of asset.

    Attributes:
        model: The generated model of a version.
        fixed: The properties that make a version what it is; the others may be changed.
    """

    model: str
    fixed: tuple[str, ...]


KINDS: Final = {
    "models": Kind("ModelVersion", ("modelUri", "modelType")),
    "data": Kind("DataVersionBase", ("dataUri", "dataType")),
    "codes": Kind("CodeVersion", ("codeUri",)),
    "components": Kind("ComponentVersion", ("componentSpec",)),
    "environments": Kind("EnvironmentVersion", ("image", "condaFile", "build", "osType")),
}


class Assets:
    """`/{kind}/{name}` and `/{kind}/{name}/versions/{version}`.

    Args:
        world: Where they are kept.
        storage: Where code is uploaded to; without it an upload is refused.
        engine: Is told of models that jobs have made, so that other jobs can be given them.

    Attributes:
        uploads: The containers that code was, or may be, uploaded to.
    """

    def __init__(self, world: World, storage: Storage | None, engine: JobEngine | None = None) -> None:
        self._world = world
        self._storage = storage
        self._engine = engine
        self.uploads: list[str] = []

    def answer(self, request: Request, names: list[str]) -> Answer:  # noqa: PLR0911 - one per route
        """Serve a request to one of `KINDS`; `names` are the parts of its path inside the workspace."""
        match (request.method, names):
            case ("GET", [kind]):
                containers = dict.fromkeys(one.split("/")[2] for one in self._world.resources if _of(one, kind))
                return Answer(200, {"value": [self._container(kind, name) for name in containers]})
            case ("GET", [kind, name]):
                return Answer(200, self._container(kind, name))
            case ("GET", [kind, name, "versions"]):
                return Answer(200, {"value": self._list(request, kind, name)})
            case ("GET", [kind, name, "versions", version]):
                return Answer(200, self._world.get(_path(kind, name, version)))
            case ("PUT", [kind, name, "versions", version]):
                return self._put(request, kind, name, version)
            case ("DELETE", [kind, name, "versions", version]):
                self._world.get(_path(kind, name, version))
                self._world.remove(_path(kind, name, version))
                return Answer(200)
            case ("POST", ["codes" | "models" | "data", _, "versions", _, "startPendingUpload"]):
                return self._start_upload(request)
        raise UnknownRoute

    def _container(self, kind: str, name: str) -> dict[str, Any]:
        versions = self._world.children(f"/{kind}/{name}/versions")
        if not versions:
            raise Refusal(404, "UserError", f"The {kind} container {name} was not found.", inner="NotFoundError")
        numbers = [int(one["name"]) for one in versions if one["name"].isdecimal()]
        properties = {
            "latestVersion": versions[0]["name"],
            "nextVersion": str(max(numbers, default=0) + 1),
            "isArchived": False,
            "tags": {},
            "properties": {},
        }
        return {"id": f"{self._world.workspace_id}/{kind}/{name}", "name": name, "properties": properties}

    def _list(self, request: Request, kind: str, name: str) -> list[dict[str, Any]]:
        if "hash" in request.query:  # found by content, whatever name is asked for
            found = [one for path, one in self._world.resources.items() if re.match(rf"^/{kind}/[^/]+/versions/", path)]
            wanted = request.query["hash"]
            return [one for one in found if (one["properties"].get("properties") or {}).get("hash_sha256") == wanted]
        found = self._world.children(f"/{kind}/{name}/versions")
        found = [one for one in found if _has_tags(one, request.query.get("tags", ""))]
        if request.query.get("listViewType", "ActiveOnly") == "ActiveOnly":
            found = [one for one in found if not one["properties"].get("isArchived")]
        return found[: int(request.query.get("$top", len(found)))]

    def _put(self, request: Request, kind: str, name: str, version: str) -> Answer:
        require_fit(KINDS[kind].model, request.body)
        if not _NAME.match(name) or not _VERSION.match(version):
            raise wrong(f"{name!r}:{version!r} is not a name and version of an asset.", inner="InvalidName")
        properties = request.body["properties"]
        self._require_references(kind, properties)
        path = _path(kind, name, version)
        before = self._world.find(path)
        if before is not None:
            for field in KINDS[kind].fixed:
                if before["properties"].get(field) != properties.get(field):
                    message = f"{kind} {name}:{version} exists already: its {field} cannot be changed."
                    raise Refusal(409, "UserError", message, inner="Conflict")
        if self._engine is not None and kind == "models" and (made := JOB_OUTPUT.match(properties["modelUri"])):
            self._engine.register_model(name, version, made["job"], made["output"])
        body = request.body | {"properties": _defaults(kind) | properties | {"provisioningState": "Succeeded"}}
        return Answer(201 if before is None else 200, self._world.put(path, body))

    def _require_references(self, kind: str, properties: dict[str, Any]) -> None:
        if kind == "models":
            require_uri(self._world, properties.get("modelUri"), "modelUri")
        elif kind == "data":
            require_uri(self._world, properties.get("dataUri"), "dataUri")
        elif kind == "codes":
            self._require_uploaded(properties.get("codeUri"))
        elif kind == "components":
            self._require_component(properties.get("componentSpec"))

    def _require_uploaded(self, uri: Any) -> None:
        if not isinstance(uri, str) or not any(uri.startswith(upload) for upload in self.uploads):
            raise wrong(f"codeUri: nothing was uploaded to {uri!r}.")

    def _require_component(self, spec: Any) -> None:
        if not isinstance(spec, dict) or not spec.get("type"):
            raise wrong("componentSpec must be an object with a type.")
        for field, kind in (("environment", "environment"), ("code", "code")):
            if spec.get(field):
                require_asset(self._world, kind, spec[field], f"componentSpec.{field}")

    def _start_upload(self, request: Request) -> Answer:
        require_fit("PendingUploadRequestDto", request.body)
        if self._storage is None:
            raise Refusal(409, "StorageUnavailable", "The double was started without a storage account.")
        container, signed = self._storage.start_upload()
        self.uploads.append(container)
        reference = {
            "blobUri": container,
            "storageAccountArmId": "/subscriptions/0/resourceGroups/0/providers/Microsoft.Storage/storageAccounts/0",
            "credential": {"credentialType": "SAS", "sasUri": signed},
        }
        upload = {"pendingUploadId": str(uuid.uuid4()), "pendingUploadType": "TemporaryBlobReference"}
        return Answer(200, {"blobReferenceForConsumption": reference} | upload)


def _path(kind: str, name: str, version: str) -> str:
    return f"/{kind}/{name}/versions/{version}"


def _of(path: str, kind: str) -> bool:
    return path.startswith(f"/{kind}/")


def _defaults(kind: str) -> dict[str, Any]:
    """What the service fills in; the SDK reads it without asking whether it is there."""
    return {"tags": {}, "properties": {}, **({"flavors": {}, "description": None} if kind == "models" else {})}


def _has_tags(version: dict[str, Any], wanted: str) -> bool:
    tags = version["properties"].get("tags") or {}
    pairs = [part.partition("=") for part in wanted.split(",") if part]
    return all(name in tags and (not equals or tags[name] == value) for name, equals, value in pairs)
