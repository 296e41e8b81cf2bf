"""Reading model versions from an MLflow model registry."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from shared.contracts.registry import RegisteredVersion
from shared.errors import PermanentError
from shared.registry.mlflow_flavors import Flavor
from shared.registry.tags import JOB_TAG, PREVIOUS_TAG

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

#: What a registry answers about a model that it does not know; Unity Catalog says so to a search, too.
_UNKNOWN: Final = frozenset({"RESOURCE_DOES_NOT_EXIST", "NOT_FOUND"})
_READY: Final = "READY"


def of_job(client: "MlflowClient", flavor: Flavor, model: str, job: str) -> "ModelVersion | None":
    """The version that a job made; of several the oldest."""
    return next((version for version in search(client, flavor, model) if version.tags.get(JOB_TAG) == job), None)


def search(client: "MlflowClient", flavor: Flavor, model: str) -> "list[ModelVersion]":
    """All versions of a model with their tags, oldest first; empty when the model is unknown.

    Unity Catalog's search tells no tags, so there each version is read by itself. And it makes a version before it
    takes the files in: one that is not ready there is what a broken attempt left, and is none.
    """
    found = _found(client, flavor, model)
    if flavor.catalog:
        found = [client.get_model_version(model, version.version) for version in found if version.status == _READY]
    return sorted(found, key=lambda version: int(version.version))


def _found(client: "MlflowClient", flavor: Flavor, model: str) -> "list[ModelVersion]":
    from mlflow.exceptions import MlflowException  # noqa: PLC0415 - vendor SDKs are loaded at first use

    condition = f"name = {_quoted(model)}"
    found: list[ModelVersion] = []
    token: str | None = None
    while True:
        try:
            page = client.search_model_versions(condition, max_results=flavor.page, page_token=token)
        except MlflowException as error:
            if error.error_code not in _UNKNOWN:
                raise
            return []
        found.extend(page)
        token = page.token
        if not token:
            return found


def aliases(client: "MlflowClient", model: str) -> dict[str, tuple[str, ...]]:
    """Aliases by version, which a search does not tell."""
    found: dict[str, tuple[str, ...]] = {}
    for alias, version in sorted(client.get_registered_model(model).aliases.items()):
        found[str(version)] = (*found.get(str(version), ()), alias)
    return found


def contract(flavor: Flavor, version: "ModelVersion", by_version: Mapping[str, tuple[str, ...]]) -> RegisteredVersion:
    """A version as the rest of the app knows it."""
    created = version.creation_timestamp
    return RegisteredVersion(
        model=version.name,
        version=str(version.version),
        run_id=version.run_id or None,
        stage=version.current_stage if flavor.stages else None,
        aliases=by_version.get(str(version.version), ()),
        tags=dict(version.tags),
        created_at=None if created is None else datetime.fromtimestamp(created / 1000, UTC),
        previous=version.tags.get(PREVIOUS_TAG) or None,
    )


def _quoted(model: str) -> str:
    """A name in MLflow's filter language, which has two kinds of quotes and no way to escape them."""
    quote = next((mark for mark in "'\"" if mark not in model), None)
    if quote is None:
        msg = f"a model cannot be named {model!r}: MLflow cannot search for both kinds of quotes"
        raise PermanentError("BadModelName", msg)
    return f"{quote}{model}{quote}"
