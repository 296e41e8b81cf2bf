"""Registered versions as they are: their files."""

from typing import Final

from functions.boundary import activity
from functions.origins import origin_of_others
from shared.blocking import run_blocking
from shared.contracts.registry import HashVersionInput, VersionOrigin

#: Seconds; models of gigabytes take a while.
_DOWNLOAD_TIMEOUT: Final = 1200.0


@activity
async def hash_version(order: HashVersionInput) -> VersionOrigin:
    """What can be known of a version that was not registered here: its files' hash, and what it is evaluated on."""
    return await run_blocking(origin_of_others, order, timeout=_DOWNLOAD_TIMEOUT)
