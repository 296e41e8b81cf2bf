"""Registered versions as they are: their files."""

import tempfile
from pathlib import Path
from typing import Final

from functions import adapters
from functions.boundary import activity
from shared.blocking import run_blocking
from shared.contracts.registry import HashVersionInput, VersionOrigin
from shared.registry.artifact import artifact_sha256

#: Seconds; models of gigabytes take a while.
_DOWNLOAD_TIMEOUT: Final = 1200.0


@activity
async def hash_version(order: HashVersionInput) -> VersionOrigin:
    """What can be known of a version that was not registered here: the hash of its files as they are now."""
    artifact = await run_blocking(_hashed, order.model, order.version, timeout=_DOWNLOAD_TIMEOUT)
    return VersionOrigin(artifact_sha256=artifact)


def _hashed(model: str, version: str) -> str:
    with tempfile.TemporaryDirectory(prefix="signalbox-version-") as folder:
        adapters.registry().download(model, version, Path(folder))
        return artifact_sha256(Path(folder))
