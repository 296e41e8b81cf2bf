"""References that a body makes to what must be there already: a wrong one is refused, as the service does."""

import re
from typing import Any

from tests.doubles.azure_ml.messages import wrong
from tests.doubles.azure_ml.world import PROVIDER, World

#: What a reference may begin with that lies outside of the workspace.
_OUTSIDE = ("azureml://registries/", "https://", "http://", "wasbs://", "abfss://")
_DATASTORE = re.compile(r"^azureml://(?:subscriptions/[^/]+/.*?/)?datastores/(?P<name>[^/]+)/paths/(?P<path>.*)$")
#: A job's output as the place of an asset's files.
JOB_OUTPUT = re.compile(r"^azureml://jobs/(?P<job>[^/]+)/outputs/(?P<output>[^/]+)(?:/paths/.*)?$")
_RUN = re.compile(r"^runs:/(?P<job>[^/]+)/.+$")
_IN_WORKSPACE = re.compile(
    rf"^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/{re.escape(PROVIDER)}/workspaces/[^/]+(?P<path>/.+)$", re.I
)
#: Resource collections, by what a reference may be to.
_COLLECTIONS = {
    "model": "models",
    "data asset": "data",
    "environment": "environments",
    "component": "components",
    "code": "codes",
    "compute": "computes",
}
#: Compute without a cluster.
_SERVERLESS = frozenset({"serverless"})


def require_asset(world: World, kind: str, reference: Any, place: str) -> None:
    """Refuse a reference to an asset or compute that does not exist.

    Args:
        world: Where it has to be.
        kind: `model`, `data asset`, `environment`, `component`, `code` or `compute`.
        reference: An ARM id, with or without `azureml:` before it.
        place: Where the body says so, for the message.
    """
    if not isinstance(reference, str) or not reference:
        raise wrong(f"{place} must be the id of a {kind}, not {reference!r}.")
    if reference.startswith("azureml://registries/") or (kind == "compute" and reference in _SERVERLESS):
        return
    match = _IN_WORKSPACE.match(reference.removeprefix("azureml:"))
    if match is None or not reference.lower().removeprefix("azureml:").startswith(world.workspace_id.lower() + "/"):
        raise wrong(f"{place}: {reference!r} is not the ARM id of a {kind} in this workspace.")
    path = match["path"]
    if path.split("/")[1].lower() != _COLLECTIONS[kind] or world.find(path) is None:
        raise wrong(f"{place}: the {kind} {path.strip('/')} was not found.", inner="NotFoundError")


def require_uri(world: World, uri: Any, place: str) -> None:
    """Refuse a place of data that does not exist: a datastore, a job's output, an asset."""
    if not isinstance(uri, str) or not uri:
        raise wrong(f"{place} must be a URI, not {uri!r}.")
    if uri.startswith(_OUTSIDE):
        return
    if store := _DATASTORE.match(uri):
        if world.find(f"/datastores/{store['name']}") is None:
            raise wrong(f"{place}: the datastore {store['name']} was not found.", inner="NotFoundError")
    elif job := JOB_OUTPUT.match(uri) or _RUN.match(uri):
        _require_output(world, job, uri, place)
    else:
        kind = "model" if "/models/" in uri.lower() else "data asset"
        require_asset(world, kind, uri, place)


def in_workspace(reference: Any) -> str | None:
    """The path inside its workspace that an ARM id means; `None` where it is none."""
    match = _IN_WORKSPACE.match(str(reference).removeprefix("azureml:"))
    return match["path"] if match is not None else None


def model_of(reference: str) -> tuple[str, str]:
    """Name and version of a model in this workspace, from its ARM id."""
    parts = reference.rstrip("/").split("/")
    if len(parts) < 4 or parts[-4].lower() != "models":
        raise wrong(f"{reference!r} is not the ARM id of a model.")
    return parts[-3], parts[-1]


def split_datastore(world: World, uri: str) -> tuple[str, str]:
    """The container and the path inside it that a datastore's URI stands for."""
    match = _DATASTORE.match(uri)
    if match is None:
        raise wrong(f"{uri!r} is not a path on a datastore.")
    container: str = world.get(f"/datastores/{match['name']}")["properties"]["containerName"]
    return container, match["path"]


def _require_output(world: World, match: re.Match[str], uri: str, place: str) -> None:
    job = world.find(f"/jobs/{match['job']}")
    if job is None:
        raise wrong(f"{place}: the job {match['job']} of {uri} was not found.", inner="NotFoundError")
    output = match.groupdict().get("output")
    if output not in (None, "artifacts") and output not in job["properties"]["outputs"]:
        raise wrong(f"{place}: the job {match['job']} has no output {output!r}.", inner="NotFoundError")
