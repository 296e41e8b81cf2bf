"""What a model version came from, as far as this app can know it when it registers the version. All of it blocks."""

import hashlib
from pathlib import Path, PurePosixPath
from typing import Any

from functions import adapters
from shared.contracts.datasets import DatasetRef
from shared.contracts.registry import RegisterVersionInput, VersionOrigin
from shared.errors import PermanentError
from shared.lineage.environments import environments_of
from shared.settings import settings


def origin_of(order: RegisterVersionInput, artifact_sha256: str | None) -> VersionOrigin:
    """What is known; what is not known is left out, and keeps no version from being registered."""
    manifest, manifest_sha256 = _manifest(order.dataset)
    return VersionOrigin(
        artifact_sha256=artifact_sha256,
        git_commit=settings().git_commit.lower() or None,
        platform=settings().platform,
        environments=_environments(order),
        manifest=manifest,
        manifest_sha256=manifest_sha256,
    )


def _manifest(dataset: DatasetRef) -> tuple[str | None, str | None]:
    """The manifest and the hash of its bytes, which never change."""
    path = f"{dataset.path}manifest.json"
    try:
        content = adapters.data().read(path)
    except PermanentError as error:
        if error.code != "BlobNotFound":
            raise
        return None, None
    return path, hashlib.sha256(content).hexdigest()


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
