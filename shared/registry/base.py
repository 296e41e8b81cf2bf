"""What Signalbox asks of a model registry."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from shared.contracts.registry import Promotion, RegisteredVersion, VersionNote


class Registry(Protocol):
    """Versions, tags, aliases and stages. Every call is blocking, has a deadline, and may be repeated.

    Raises:
        PermanentError: The registry refuses: an unknown version, a bad name.
        TransientError: The registry is down, busy or slow.
    """

    def find_by_job(self, model: str, job: str) -> RegisteredVersion | None:
        """The version that a job made, if it is registered already."""
        ...

    def register(
        self, model: str, job: str, folder: Path, tags: Mapping[str, str], metrics: Mapping[str, float]
    ) -> RegisteredVersion:
        """Register the MLflow model in `folder` as the version made by `job`; a version of that job is adopted."""
        ...

    def download(self, model: str, version: str, folder: Path) -> None:
        """Copy a version's files, as they are now, into an existing, empty folder."""
        ...

    def versions(self, model: str) -> list[RegisteredVersion]:
        """All versions of a model, oldest first; empty when the model is unknown."""
        ...

    def restore(self, model: str, version: str) -> str | None:
        """Undo a promotion that may have been done in part: alias and stage as they were; the champion afterwards."""
        ...

    def promote(self, model: str, version: str, *, archive: bool = True) -> Promotion:
        """Alias `champion` and stage Production to this version; the previous one is archived, or has no stage."""
        ...

    def retire(self, model: str) -> str | None:
        """Take alias `champion` and stage Production away; the version that had them, which stays registered."""
        ...

    def describe(self, model: str, version: str, note: VersionNote) -> bool:
        """Keep a note beside a version, and beside its run where that is known; whether anything was another before.

        What people have written there, before the note and after it, stays. A note of fewer rows of the ledger than
        the one that is there, as its tag tells, changes nothing.
        """
        ...

    def delete_version(self, model: str, version: str) -> None:
        """Remove a version; nothing happens when it is absent, and one that has an alias or serves is refused."""
        ...
