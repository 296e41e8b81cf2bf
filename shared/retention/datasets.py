"""Which dataset versions and which files made on the way to them go."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from shared.contracts.conditioning import BlobArrival
from shared.contracts.retention import Expired
from shared.retention.expiry import expired


@dataclass(frozen=True)
class StoredVersion:
    """A dataset version's folder.

    Attributes:
        folder: In the data container, with `/` at its end.
        at: When its newest file was written.
        cell: Its labels; absent where the manifest is missing, and with it the version.
        files: The conditioned files that it was made of.
    """

    dataset: str
    version: str
    folder: str
    at: datetime
    cell: Mapping[str, str] | None = None
    files: tuple[str, ...] = ()


def expired_datasets(
    versions: Sequence[StoredVersion],
    now: datetime,
    days: Mapping[str, int],
    in_use: Collection[str],
    retired: Collection[str] = (),
) -> tuple[Expired, ...]:
    """Dataset versions that are too old.

    Never one that is in use, or the newest of its cell.

    Args:
        versions: All of them.
        now: The moment that their age is counted from.
        days: How long versions stay, of each dataset.
        in_use: Dataset versions that a model works with or was trained on, or that are present in the index.
        retired: Datasets that no fleet has any more: the newest of their cells go, too.
    """
    newest = _newest_of_each_cell(one for one in versions if one.dataset not in retired)
    return tuple(
        Expired(kind="dataset", name=one.folder, reason=_reason(one, days[one.dataset], one.dataset in retired))
        for one in versions
        if expired(one.at, now, days[one.dataset]) and one.version not in in_use and one.version not in newest
    )


def expired_files(
    kind: Literal["conditioned", "quarantine"],
    files: Iterable[BlobArrival],
    now: datetime,
    days: Mapping[str, int],
    needed: Collection[str] = (),
) -> tuple[Expired, ...]:
    """Files of sources that are too old, and that nothing needs.

    Args:
        kind: What they are.
        files: All of them, with paths `KIND/SOURCE/NAME`.
        now: The moment that their age is counted from.
        days: How long files stay, of each source.
        needed: Paths that a dataset version was made of, or will be.
    """
    return tuple(
        Expired(kind=kind, name=file.path, reason=f"It is more than {days[source_of(file.path)]} days old.")
        for file in files
        if file.path not in needed and expired(file.at, now, days[source_of(file.path)])
    )


def source_of(path: str) -> str:
    """The source that a conditioned or quarantined file belongs to."""
    return path.split("/")[1]


def _newest_of_each_cell(versions: Iterable[StoredVersion]) -> set[str]:
    newest: dict[tuple[str, frozenset[tuple[str, str]]], StoredVersion] = {}
    for one in versions:
        if one.cell is not None:
            key = (one.dataset, frozenset(one.cell.items()))
            newest[key] = max(newest.get(key, one), one, key=lambda version: (version.at, version.version))
    return {one.version for one in newest.values()}


def _reason(version: StoredVersion, days: int, retired: bool) -> str:
    if version.cell is None:
        return f"It has no manifest, so it is no version, and is more than {days} days old."
    why = "its dataset is in no fleet file any more" if retired else "it is not the newest of its cell"
    return f"It is more than {days} days old, {why}, and no model version was trained on it."
