"""Reading model versions from an MLflow model registry."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from shared.contracts.registry import RegisteredVersion
from shared.errors import PermanentError

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

#: Tag of a version and of its run: the job that made it.
JOB_TAG: Final = "signalbox.job"
#: Tag of a version: the champion that it replaced; empty when there was none.
PREVIOUS_TAG: Final = "signalbox.previous"

_PAGE: Final = 1000


def of_job(client: "MlflowClient", model: str, job: str) -> "ModelVersion | None":
    """The version that a job made; of several the oldest."""
    return next((version for version in search(client, model) if version.tags.get(JOB_TAG) == job), None)


def search(client: "MlflowClient", model: str) -> "list[ModelVersion]":
    """All versions of a model, oldest first."""
    found: list[ModelVersion] = []
    token: str | None = None
    while True:
        page = client.search_model_versions(f"name = {_quoted(model)}", max_results=_PAGE, page_token=token)
        found.extend(page)
        token = page.token
        if not token:
            return sorted(found, key=lambda version: int(version.version))


def aliases(client: "MlflowClient", model: str) -> dict[str, tuple[str, ...]]:
    """Aliases by version, which a search does not tell."""
    found: dict[str, tuple[str, ...]] = {}
    for alias, version in sorted(client.get_registered_model(model).aliases.items()):
        found[str(version)] = (*found.get(str(version), ()), alias)
    return found


def contract(version: "ModelVersion", by_version: Mapping[str, tuple[str, ...]]) -> RegisteredVersion:
    """A version as the rest of the app knows it."""
    created = version.creation_timestamp
    return RegisteredVersion(
        model=version.name,
        version=str(version.version),
        run_id=version.run_id or None,
        stage=version.current_stage,
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
