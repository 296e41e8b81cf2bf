"""Telling those who look into the registry why a version is, or is not, in production."""

from typing import Final

from functions import adapters
from functions.boundary import activity
from functions.ledgers import manifest_for
from functions.telling import link_to
from shared.blocking import run_blocking
from shared.contracts.registry import NoteVersionsInput, VersionsNoted
from shared.lineage.note import version_note

#: Seconds; a few requests to the registry for each version.
_TIMEOUT: Final = 120.0


@activity
async def note_versions(order: NoteVersionsInput) -> VersionsNoted:
    """Bring descriptions and tags up to date with the ledger; repeated, it finds them so and writes nothing."""
    return await run_blocking(_note, order, timeout=_TIMEOUT)


def _note(order: NoteVersionsInput) -> VersionsNoted:
    rows, registry = adapters.ledger().rows(order.model), adapters.registry()
    changed = []
    for version in order.versions:
        manifest, _ = manifest_for(version, rows)
        note = version_note(order.model, version, rows, manifest, link_to(order.model))
        if registry.describe(order.model, version, note):
            changed.append(version)
    return VersionsNoted(model=order.model, changed=tuple(changed))
