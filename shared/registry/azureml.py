"""Model versions in an Azure ML workspace's own registry, by tags."""

import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final

from shared.contracts.registry import Promotion, RegisteredVersion, VersionNote
from shared.errors import PermanentError, TransientError
from shared.names import CHAMPION, content_hash
from shared.platforms.azureml import job_files, models
from shared.platforms.azureml.connection import Connection
from shared.platforms.azureml.errors import azureml_errors
from shared.platforms.azureml.paths import container_path
from shared.registry import azureml_versions
from shared.registry.azureml_versions import CHAMPION_TAG, FALSE, PROMOTION_TAG, TRUE
from shared.registry.tags import JOB_TAG, PREVIOUS_TAG
from shared.storage.blobs import AzureBlobStore
from shared.storage.block_writer import BLOCK_BYTES, BlockWriter

if TYPE_CHECKING:
    from azure.ai.ml.entities import Model

#: Where a job's model is in the data container: there the platform has written it, and there it knows the version.
_FOLDER: Final = "jobs/{job}/model"
_METRIC_TAG: Final = "signalbox.metric."
#: What the service takes as a name.
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")
#: How many numbers are tried when other jobs register at the same moment.
_NUMBERS: Final = 10


class AzureMlRegistry:
    """Versions and tags in Azure ML; implements `Registry`. Stages and aliases are not dependable there.

    The files are where the job left them in the data container; a model that was trained elsewhere is copied there.
    Instances are thread-safe. Promotions of one model must not be made by two processes at once: each reads and then
    writes, and the interlock of the model is what lets only one release run.

    Args:
        connection: To the workspace.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._store = AzureBlobStore(connection.storage, connection.container)
        #: One at a time for each model, since what is written depends on what was read.
        self._turns: defaultdict[str, Lock] = defaultdict(Lock)

    def find_by_job(self, model: str, job: str) -> RegisteredVersion | None:
        """The version that a job made, if it is registered already."""
        return next((version for version in self.versions(model) if version.tags.get(JOB_TAG) == job), None)

    def register(
        self, model: str, job: str, folder: Path, tags: Mapping[str, str], metrics: Mapping[str, float]
    ) -> RegisteredVersion:
        """Register the MLflow model in `folder` as the version made by `job`; a version of that job is adopted.

        The service numbers nothing itself: the next free number is taken. It never lets a version change its path, and
        each job has a path of its own, so of two jobs that take one number the second is refused and takes the next.

        Raises:
            PermanentError: `NotAnMlflowModel`, `BadModelName`, or the service refuses.
            TransientError: The service is down, busy or slow.
        """
        _check(model)
        if not (folder / "MLmodel").is_file():
            raise PermanentError("NotAnMlflowModel", f"the output of job {job} has no file MLmodel at its top")
        with self._turns[model]:
            there = self.find_by_job(model, job)
            if there is not None:
                return there
            self._upload(folder, job)
            figures = {f"{_METRIC_TAG}{name}": str(value) for name, value in metrics.items()}
            self._create(model, job, {**figures, **tags, JOB_TAG: job})
            made = self.find_by_job(model, job)
        if made is None:
            # asked again, it gets the same number, and the version that is there is adopted
            raise TransientError(f"Azure ML accepted a version of {model!r} for job {job}, but does not list it yet")
        return made

    def versions(self, model: str) -> list[RegisteredVersion]:
        """All versions of a model, oldest first; empty when the model is unknown. Archived ones are left out."""
        found = self._search(model)
        champion = _number(azureml_versions.champion(found))
        return [azureml_versions.contract(version, champion) for version in found]

    def download(self, model: str, version: str, folder: Path) -> None:
        """Copy a version's files, as they are now, into an existing, empty folder.

        Raises:
            PermanentError: There is no such version (`ModelVersionNotFound`), its files are gone (`OutputNotFound`), or
                they are not in the data container (`NotInDataContainer`), so that they cannot be read here.
            TransientError: The service is down, busy or slow.
        """
        what = f"version {version} of model {model}"
        path = str(_get(self._search(model), model, version).path)
        job_files.download_folder(self._connection, container_path(self._connection, path, what), folder, what)

    def promote(self, model: str, version: str, *, archive: bool = True) -> Promotion:  # noqa: ARG002 - no stages here
        """Tag this version as champion, and the previous one as not champion any more.

        The first write says all: that it is champion, which one it replaces, and that it is the latest promotion. An
        attempt after a broken one only takes the mark off the others.
        """
        with self._turns[model]:
            found = self._search(model)
            target, champion = _get(found, model, version), azureml_versions.champion(found)
            if target is champion:
                previous = azureml_versions.tags_of(target).get(PREVIOUS_TAG) or None
            else:
                previous = _number(champion)
                self._mark(target, found, {PREVIOUS_TAG: previous or ""})
            self._unmark(found, target)
            return Promotion(model=model, version=version, previous=previous)

    def restore(self, model: str, version: str) -> str | None:
        """Undo a promotion that may have been done in part: tags as they were; the champion afterwards.

        Raises:
            PermanentError: `ChampionMoved`: somebody has made a third version champion since; nothing is changed.
        """
        with self._turns[model]:
            found = self._search(model)
            tags = azureml_versions.tags_of(_get(found, model, version))
            champion = azureml_versions.champion(found)
            if PREVIOUS_TAG not in tags:
                return _number(champion)
            previous = tags[PREVIOUS_TAG] or None
            if _number(champion) not in (version, previous):
                msg = (
                    f"version {_number(champion)} of {model!r} is champion by now, "
                    f"so that of version {version} is not undone"
                )
                raise PermanentError("ChampionMoved", msg)
            before = None if previous is None else _get(found, model, previous)
            if before is not None and before is not champion:
                self._mark(before, found, {})
            self._unmark(found, before)
            return previous

    def retire(self, model: str) -> str | None:
        """Take the mark of the champion away; the version that had it, which stays registered.

        The champion itself comes last: an attempt after a broken one still knows which version it was.
        """
        with self._turns[model]:
            found = self._search(model)
            champion = azureml_versions.champion(found)
            self._unmark(found, champion)
            if champion is not None:
                self._unmark([champion], None)
            return _number(champion)

    def describe(self, model: str, version: str, note: VersionNote) -> bool:
        """Keep a note in a version's description and tags; whether anything was another before. Its job is not changed.

        Raises:
            PermanentError: There is no such version (`ModelVersionNotFound`), or the service refuses.
            TransientError: The service is down, busy or slow.
        """
        with self._turns[model]:
            return azureml_versions.describe(self._connection, _get(self._search(model), model, version), note)

    def delete_version(self, model: str, version: str) -> None:
        """Archive a version, which is how Azure ML deletes one; nothing happens when it is absent.

        Its number is never given again, and its files stay with the job that made them.

        Raises:
            PermanentError: `VersionInUse`: it is champion.
        """
        with self._turns[model]:
            target = next((one for one in self._search(model) if one.version == version), None)
            if target is None:
                return
            # Also one that was champion until a promotion that broke off: it says so itself.
            if azureml_versions.is_marked(target):
                msg = f"version {version} of {model!r} is {CHAMPION}: take the tag {CHAMPION_TAG} away first"
                raise PermanentError("VersionInUse", msg)
            with azureml_errors(f"archive version {version} of model {model}"):
                self._connection.client.models.archive(model, version)

    def _search(self, model: str) -> "list[Model]":
        _check(model)
        return azureml_versions.search(self._connection, model)

    def _upload(self, folder: Path, job: str) -> None:
        """Copy what is not there yet. What Azure ML's own job has written is left as it is."""
        target, run = _FOLDER.format(job=job), content_hash(job, length=32)
        present = {blob.path for blob in self._store.list(f"{target}/")}
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            path = f"{target}/{file.relative_to(folder).as_posix()}"
            if path not in present:
                writer = BlockWriter(self._store, path, run=run, content_type="application/octet-stream")
                with file.open("rb") as content:
                    while some := content.read(BLOCK_BYTES):
                        writer.write(some)
                writer.commit()

    def _create(self, model: str, job: str, tags: Mapping[str, str]) -> None:
        first = azureml_versions.next_number(azureml_versions.search(self._connection, model, archived=True))
        for number in range(first, first + _NUMBERS):
            try:
                models.register(self._connection, model, str(number), _FOLDER.format(job=job), tags)
            except PermanentError as error:
                if error.code != "ModelVersionTaken" or number == first + _NUMBERS - 1:
                    raise
            else:
                return

    def _mark(self, target: "Model", versions: "list[Model]", tags: Mapping[str, str]) -> None:
        """Make a version champion: from this one write on it is, whatever others say of themselves."""
        latest = 1 + max(azureml_versions.promotion(one) for one in versions)
        marks = {**tags, CHAMPION_TAG: TRUE, PROMOTION_TAG: str(latest)}
        azureml_versions.tag(self._connection, target, marks)

    def _unmark(self, versions: "list[Model]", keep: "Model | None") -> None:
        for one in versions:
            if one is not keep and azureml_versions.is_marked(one):
                azureml_versions.tag(self._connection, one, {CHAMPION_TAG: FALSE})


def _check(model: str) -> None:
    if not _NAME.fullmatch(model):
        msg = (
            f"Azure ML cannot have a model named {model!r}: a name is made of at most 255 letters, digits, dots, "
            "hyphens and underscores, and begins with a letter or a digit"
        )
        raise PermanentError("BadModelName", msg)


def _get(versions: "list[Model]", model: str, version: str) -> "Model":
    target = next((one for one in versions if one.version == version), None)
    if target is None:
        msg = f"model {model!r} has no version {version!r}; it has {[one.version for one in versions]}"
        raise PermanentError("ModelVersionNotFound", msg)
    return target


def _number(version: "Model | None") -> str | None:
    return None if version is None else str(version.version)
