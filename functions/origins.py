"""What a model version came from, as far as this app can know it when it registers the version. All of it blocks."""

import hashlib
import tempfile
from pathlib import Path, PurePosixPath
from typing import Any

from functions import adapters
from shared.code_digest import deployed_commit
from shared.contracts.datasets import DatasetRef
from shared.contracts.registry import HashVersionInput, RegisterVersionInput, VersionOrigin
from shared.errors import PermanentError
from shared.lineage.environments import environments_of
from shared.registry.artifact import artifact_sha256
from shared.registry.choice import is_workspaces
from shared.settings import settings


def origin_of(order: RegisterVersionInput, artifact: str | None) -> VersionOrigin:
    """What is known; what is not known is left out, and keeps no version from being registered."""
    environments = _environments(order)
    manifest, manifest_sha256 = _manifest(order.dataset)
    return VersionOrigin(
        artifact_sha256=artifact,
        git_commit=deployed_commit() or None,
        platform=settings().platform,
        environments=environments,
        images=adapters.platform().read_images(environments),
        manifest=manifest,
        manifest_sha256=manifest_sha256,
    )


def origin_of_others(order: HashVersionInput) -> VersionOrigin:
    """What is known of a version that was not registered here: its files, and what it is evaluated on.

    Raises:
        PermanentError: Its files cannot be read.
    """
    manifest, manifest_sha256 = (None, None) if order.dataset is None else _manifest(order.dataset)
    artifact = hash_of_version(order.model, order.version)
    return VersionOrigin(artifact_sha256=artifact, manifest=manifest, manifest_sha256=manifest_sha256)


def hash_of_blob(path: str) -> str | None:
    """SHA-256 of what lies in the data container; `None` when nothing does."""
    try:
        return hashlib.sha256(adapters.data().read(path)).hexdigest()
    except PermanentError as error:
        if error.code != "BlobNotFound":
            raise
        return None


def hash_of_version(model: str, version: str) -> str:
    """Over a version's files as the registry has them now.

    Raises:
        PermanentError: They cannot be read.
    """
    with tempfile.TemporaryDirectory(prefix="signalbox-version-") as folder:
        adapters.registry().download(model, version, Path(folder))
        return artifact_sha256(Path(folder))


def hash_of_copy(model: str, version: str) -> str | None:
    """Over the files that the platform deploys and gives to jobs; `None` where those are the registry's own.

    They are where the platform has none of the version, and where both are one Azure ML workspace: then whoever has
    read the registry's, see `hash_of_version`, has read these, and gigabytes are not read twice.

    Raises:
        PermanentError: It has a copy of the version that cannot be read.
    """
    if settings().platform == "azureml" and is_workspaces(settings().registry_uri):
        return None
    with tempfile.TemporaryDirectory(prefix="signalbox-copy-") as folder:
        there = adapters.platform().download_model(model, version, Path(folder))
        return artifact_sha256(Path(folder)) if there else None


def _manifest(dataset: DatasetRef) -> tuple[str | None, str | None]:
    """Where a dataset version's manifest lies, and its hash; nothing of one that is gone."""
    path = f"{dataset.path}manifest.json"
    found = hash_of_blob(path)
    return (None, None) if found is None else (path, found)


def _environments(order: RegisterVersionInput) -> tuple[str, ...]:
    """As the fleet's files say it; none when the fleet file has changed since the training began."""
    import yaml  # noqa: PLC0415 - loaded at first use

    policy = adapters.fleets().model(order.model)
    if policy is None or policy.revision != order.revision:
        return ()
    pipeline = adapters.fleet_file(order.fleet, policy.train.pipeline)

    def read(path: PurePosixPath) -> Any:
        return yaml.safe_load(Path(path).read_bytes())

    try:
        return environments_of(PurePosixPath(pipeline.as_posix()), read)
    except (OSError, yaml.YAMLError):  # the platform has run it all the same: it said so itself if it could not
        return ()
