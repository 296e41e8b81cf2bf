"""Registered versions as they are: their files."""

from typing import Final

from functions.boundary import activity
from functions.origins import hash_of_version
from shared.blocking import run_blocking
from shared.contracts.registry import HashVersionInput, VersionOrigin

#: Seconds; models of gigabytes take a while.
_DOWNLOAD_TIMEOUT: Final = 1200.0


@activity
async def hash_version(order: HashVersionInput) -> VersionOrigin:
    """What can be known of a version that was not registered here: the hash of its files as they are now."""
    artifact = await run_blocking(hash_of_version, order.model, order.version, timeout=_DOWNLOAD_TIMEOUT)
    return VersionOrigin(artifact_sha256=artifact)
