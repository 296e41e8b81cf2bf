"""What a model version came from, as far as this app can know it when it registers the version. All of it blocks."""

import hashlib
import tempfile
from pathlib import Path, PurePosixPath
from typing import Any

from functions import adapters
from shared.contracts.registry import RegisterVersionInput, VersionOrigin
from shared.errors import PermanentError
from shared.lineage.environments import environments_of
from shared.registry.artifact import artifact_sha256
from shared.settings import settings


def origin_of(order: RegisterVersionInput, artifact: str | None) -> VersionOrigin:
    """What is known; what is not known is left out, and keeps no version from being registered."""
    manifest = f"{order.dataset.path}manifest.json"
    manifest_sha256 = hash_of_blob(manifest)
    return VersionOrigin(
        artifact_sha256=artifact,
        git_commit=settings().git_commit.lower() or None,
        platform=settings().platform,
        environments=_environments(order),
        manifest=manifest if manifest_sha256 else None,
        manifest_sha256=manifest_sha256,
    )


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
