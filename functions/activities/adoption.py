"""Finding a version that somebody else has trained, so that a model can begin with it."""

import tempfile
from pathlib import Path
from typing import Final

from functions import adapters
from functions.boundary import activity
from functions.origins import hash_of_version
from shared.blocking import run_blocking
from shared.contracts.adoption import AdoptedVersion, FindAdoptedInput
from shared.contracts.registry import RegisteredVersion
from shared.errors import PermanentError
from shared.names import content_hash
from shared.registry.uris import ModelUri, read_model_uri

#: Seconds; models of gigabytes take a while.
_TIMEOUT: Final = 1200.0
_SHOWN: Final = 10


@activity
async def find_adopted(order: FindAdoptedInput) -> AdoptedVersion:
    """Find a version in the registry; one of another model is registered under the model's name, if asked, once."""
    return await run_blocking(_find, order, timeout=_TIMEOUT)


def _find(order: FindAdoptedInput) -> AdoptedVersion:
    uri = read_model_uri(order.uri)
    found = _version(uri, adapters.registry().versions(uri.name))
    source = f"{uri.name}@{found.version}"
    copied = uri.name != order.model
    version = _copy(order, uri.name, found) if copied else found
    return AdoptedVersion(
        model=order.model,
        version=None if version is None else version.version,
        source=source,
        copied=copied,
        artifact_sha256=None if version is None else hash_of_version(order.model, version.version),
    )


def _version(uri: ModelUri, known: list[RegisteredVersion]) -> RegisteredVersion:
    """The version that is meant.

    Raises:
        PermanentError: The registry does not have it; the message says what it has.
    """
    if not known:
        raise PermanentError("VersionAbsent", f"The registry has no model {uri.name}, or no version of it.")
    for one in known:
        if one.version == uri.version or (uri.alias is not None and uri.alias in one.aliases):
            return one
    if uri.alias is not None:
        aliases = sorted({alias for one in known for alias in one.aliases})
        has = f"its aliases are {', '.join(aliases)}" if aliases else "it has no alias; name the version"
        raise PermanentError("VersionAbsent", f"{uri.name} has no alias {uri.alias}: {has}.")
    numbers = ", ".join(one.version for one in known[-_SHOWN:])
    raise PermanentError("VersionAbsent", f"{uri.name} has no version {uri.version}; its latest are {numbers}.")


def _copy(order: FindAdoptedInput, name: str, found: RegisteredVersion) -> RegisteredVersion | None:
    """The version under the fleet's name; its key is where it came from, so that it is registered once."""
    registry, key = adapters.registry(), f"adopt-{content_hash(name, found.version)}"
    known = registry.find_by_job(order.model, key)
    if known is not None or not order.register_it:
        return known
    tags = {
        "signalbox.adopted_from": f"{name}@{found.version}",
        "signalbox.adopted_by": order.by,
        "signalbox.lineage": "unknown",
    }
    with tempfile.TemporaryDirectory(prefix="signalbox-adopt-") as folder:
        registry.download(name, found.version, Path(folder))
        return registry.register(order.model, key, Path(folder), tags, {})
