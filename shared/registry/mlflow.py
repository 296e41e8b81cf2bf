"""Model versions in an MLflow model registry. Uses only what mlflow-skinny has, over the server's HTTP API.

Two traps of MLflow that show here: a search does not tell aliases, only the registered model does; and creating a
version twice makes two versions, so the job's tag decides, and the oldest version with that tag is the one. A second
one can only come of two processes that register a job at the same moment; it stays, and nobody is ever told of it.
"""

import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final

from shared.contracts.registry import Promotion, RegisteredVersion, VersionNote
from shared.errors import PermanentError, TransientError
from shared.names import PRODUCTION
from shared.registry import mlflow_files, mlflow_marks, mlflow_notes, mlflow_versions
from shared.registry.mlflow_client import mlflow_client, mlflow_errors
from shared.registry.mlflow_flavors import flavor_of
from shared.registry.mlflow_runs import MODEL_FOLDER, finished_run
from shared.registry.tags import JOB_TAG, PREVIOUS_TAG

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

_READY_SECONDS: Final = 10.0
_READY_POLL_SECONDS: Final = 0.5


class MlflowRegistry:
    """Versions, tags, aliases and stages in MLflow; implements `Registry`.

    MLflow's global state (tracking URI, active run) is never touched. Instances are cheap and thread-safe.

    Args:
        uri: The MLflow server's URL, which is tracking server and registry in one; or one of Databricks' registries.

    Raises:
        ConfigurationError: The URI is none of these.
    """

    def __init__(self, uri: str) -> None:
        self._flavor = flavor_of(uri)
        #: One at a time for each model: the models of a group register their baseline at nearly the same moment.
        self._turns: defaultdict[str, Lock] = defaultdict(Lock)

    def find_by_job(self, model: str, job: str) -> RegisteredVersion | None:
        """The version that a job made, if it is registered already."""
        return next((version for version in self.versions(model) if version.tags.get(JOB_TAG) == job), None)

    def register(
        self, model: str, job: str, folder: Path, tags: Mapping[str, str], metrics: Mapping[str, float]
    ) -> RegisteredVersion:
        """Register the MLflow model in `folder` as the version made by `job`; a version of that job is adopted.

        A run of that job that an earlier, broken attempt left behind is adopted, too. All tags are given with the
        creation, so that the registry's webhook carries them.

        Raises:
            PermanentError: `NotAnMlflowModel`; `BadModelName`; `VersionFailed`: the registry gave up on the version;
                or it refuses.
            TransientError: The registry is down, busy or slow, or the version is not ready yet.
        """
        self._check(model)
        if not (folder / "MLmodel").is_file():
            raise PermanentError("NotAnMlflowModel", f"the output of job {job} has no file MLmodel at its top")
        with self._turns[model], mlflow_errors(self._flavor, f"register the model {model!r} of job {job}"):
            client = mlflow_client(self._flavor)
            version = mlflow_versions.of_job(client, self._flavor, model, job)
            if version is None:
                experiment = f"{self._flavor.experiments}{model}"
                run = finished_run(client, self._flavor, experiment, {JOB_TAG: job}, folder, metrics=metrics)
                _ensure_model(client, model)
                # The upload may have taken long, and another attempt may have come first in the meantime.
                if mlflow_versions.of_job(client, self._flavor, model, job) is None:
                    client.create_model_version(
                        model,
                        source=f"{run.info.artifact_uri}/{MODEL_FOLDER}",
                        run_id=run.info.run_id,
                        tags={**tags, JOB_TAG: job},
                        await_creation_for=0,
                    )
                # Looked up and not taken from the answer: of two that registered at once, both must see the same one.
                version = mlflow_versions.of_job(client, self._flavor, model, job)
            if version is None:
                msg = f"the registry accepted a version of {model!r} for job {job}, but does not list it yet"
                raise TransientError(msg)
            version = _ready(client, version)
            aliases = mlflow_marks.aliases(client, self._flavor, model, [version])
            return mlflow_versions.contract(self._flavor, version, aliases)

    def versions(self, model: str) -> list[RegisteredVersion]:
        """All versions of a model, oldest first; empty when the model is unknown."""
        with mlflow_errors(self._flavor, f"list the versions of {model!r}"):
            client = mlflow_client(self._flavor)
            found = mlflow_versions.search(client, self._flavor, model)
            aliases = mlflow_marks.aliases(client, self._flavor, model, found)
            return [mlflow_versions.contract(self._flavor, version, aliases) for version in found]

    def download(self, model: str, version: str, folder: Path) -> None:
        """Copy a version's files, as they are now, into an existing, empty folder.

        Raises:
            PermanentError: There is no such version, or its files are gone.
            TransientError: The registry is down, busy or slow.
        """
        with mlflow_errors(self._flavor, f"download version {version} of {model!r}"):
            mlflow_files.download(mlflow_client(self._flavor), self._flavor, model, version, folder)

    def promote(self, model: str, version: str, *, archive: bool = True) -> Promotion:
        """Alias `champion` and stage Production to this version; the previous one is archived, or has no stage.

        Before anything moves, the version is tagged with the champion that it replaces: an attempt after a broken one
        still knows it.
        """
        with mlflow_errors(self._flavor, f"promote version {version} of {model!r}"):
            client = mlflow_client(self._flavor)
            tags = client.get_model_version(model, version).tags
            champion = mlflow_marks.champion(client, self._flavor, model)
            if champion == version:
                previous = tags.get(PREVIOUS_TAG) or None
                mlflow_marks.give_stage(client, self._flavor, model, version, archive=archive)
            else:
                previous = champion
                client.set_model_version_tag(model, version, PREVIOUS_TAG, previous or "")
                mlflow_marks.give(client, self._flavor, model, version, archive=archive)
            return Promotion(model=model, version=version, previous=previous)

    def restore(self, model: str, version: str) -> str | None:
        """Undo a promotion that may have been done in part: alias and stage as they were; the champion afterwards.

        The tag that `promote` writes first says what was there before; without it nothing has been moved.

        Raises:
            PermanentError: `ChampionMoved`: somebody has made a third version champion since; nothing is changed.
        """
        with mlflow_errors(self._flavor, f"undo the promotion of version {version} of {model!r}"):
            client = mlflow_client(self._flavor)
            tags = client.get_model_version(model, version).tags
            champion = mlflow_marks.champion(client, self._flavor, model)
            if PREVIOUS_TAG not in tags:
                return champion
            previous = tags[PREVIOUS_TAG] or None
            if champion not in (version, previous):
                msg = f"version {champion} of {model!r} is champion by now, so that of version {version} is not undone"
                raise PermanentError("ChampionMoved", msg)
            if previous is None:
                mlflow_marks.take(client, self._flavor, model, version)
            else:
                mlflow_marks.give(client, self._flavor, model, previous)
            return previous

    def retire(self, model: str) -> str | None:
        """Take alias `champion` and stage Production away; the version that had them, which stays registered.

        The alias goes last: an attempt after a broken one still knows which version it was.
        """
        with mlflow_errors(self._flavor, f"retire the champion of {model!r}"):
            return mlflow_marks.take_from_all(mlflow_client(self._flavor), self._flavor, model)

    def describe(self, model: str, version: str, note: VersionNote) -> bool:
        """Keep a note in a version's description, and in its run's; whether anything was another before.

        Raises:
            PermanentError: There is no such version, or the registry refuses.
            TransientError: The registry is down, busy or slow.
        """
        with mlflow_errors(self._flavor, f"describe version {version} of {model!r}"):
            return mlflow_notes.keep(mlflow_client(self._flavor), model, version, note)

    def delete_version(self, model: str, version: str) -> None:
        """Remove a version; nothing happens when it is absent. Its run stays, with its figures.

        Raises:
            PermanentError: `VersionInUse`: it has an alias, or is in production.
        """
        with mlflow_errors(self._flavor, f"delete version {version} of {model!r}"):
            client = mlflow_client(self._flavor)
            found = next(
                (one for one in mlflow_versions.search(client, self._flavor, model) if str(one.version) == version),
                None,
            )
            if found is None:
                return
            aliases = mlflow_marks.aliases(client, self._flavor, model, [found]).get(version, ())
            uses = [*aliases, *([PRODUCTION] if mlflow_marks.serves(found) else ())]
            if uses:
                msg = f"version {version} of {model!r} is {', '.join(uses)}: take alias and stage away first"
                raise PermanentError("VersionInUse", msg)
            client.delete_model_version(model, version)

    def _check(self, model: str) -> None:
        if self._flavor.catalog and (model.count(".") != 2 or not all(model.split("."))):
            msg = f"Unity Catalog cannot have a model named {model!r}: its name is made as catalog.schema.model"
            raise PermanentError("BadModelName", msg)


def _ensure_model(client: "MlflowClient", model: str) -> None:
    from mlflow.exceptions import MlflowException  # noqa: PLC0415 - vendor SDKs are loaded at first use

    try:
        client.create_registered_model(model)
    except MlflowException as error:
        if error.error_code not in ("RESOURCE_ALREADY_EXISTS", "ALREADY_EXISTS"):
            raise


def _ready(client: "MlflowClient", version: "ModelVersion") -> "ModelVersion":
    """The version once the registry has taken it in; open-source MLflow does that at once."""
    deadline = time.monotonic() + _READY_SECONDS
    while version.status != "READY":
        if version.status == "FAILED_REGISTRATION":
            msg = f"the registry gave up on version {version.version} of {version.name!r}: {version.status_message}"
            raise PermanentError("VersionFailed", msg)
        if time.monotonic() > deadline:
            msg = f"version {version.version} of {version.name!r} is not ready yet ({version.status})"
            raise TransientError(msg)
        time.sleep(_READY_POLL_SECONDS)
        version = client.get_model_version(version.name, version.version)
    return version
