"""One dataset version: its quality report, its files, and the rows that were rejected. All of it blocks."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from functions import adapters
from functions.dashboard import wording
from functions.dashboard.seen import Sight
from functions.quarantined import read_page, shown
from shared.contracts.datasets import IndexedDataset
from shared.errors import PermanentError
from shared.storage.base import present_versions

#: Rejected rows that are shown of one blob, and blobs of one source that are looked into.
_ROWS: Final = 10
_BLOBS: Final = 3
#: Versions of one dataset that a list shows.
LISTED: Final = 50
#: Frequent values that are shown of a column.
_TOP: Final = 3
_COUNTS: Final = {
    "rows_in": "rows read", "rows_out": "rows written", "rejected": "rejected", "filtered": "filtered",
    "deduplicated": "deduplicated", "aggregated": "merged into groups", "custom": "left out by custom steps",
}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """A column of a source, as its profile tells it; texts."""

    name: str
    type: str
    nulls: str
    least: str
    median: str
    greatest: str
    distinct: str
    top: str


@dataclass(frozen=True)
class Rejected:
    """Rows of one blob in quarantine: the first few.

    Attributes:
        more: Whether there are others.
    """

    path: str
    rows: tuple[Mapping[str, Any], ...]
    more: bool


@dataclass(frozen=True)
class Source:
    """What one source gave.

    Attributes:
        counts: What became of its rows, in words.
        rules: Each rule that was broken: what came of it, its name, and how often.
        files: As the manifest has them.
        gaps: Periods of which nothing has landed.
        rejected: Rejected rows.
        unread: Blobs in quarantine that are not shown here.
    """

    name: str
    recipe: str
    counts: tuple[tuple[str, int], ...]
    rules: tuple[tuple[str, str, int], ...]
    files: tuple[Mapping[str, Any], ...]
    columns: tuple[Column, ...]
    gaps: tuple[str, ...]
    earlier: bool
    rejected: tuple[Rejected, ...]
    unread: int


@dataclass(frozen=True)
class DatasetPage:
    """All that the page shows.

    Attributes:
        published: Fleets in which it was published, when, and whether it is the present version of its cell.
        models: Models that work with it.
    """

    name: str
    version: str
    cell: str
    rows: int
    rejected: int
    warnings: tuple[str, ...]
    made_by: str
    sources: tuple[Source, ...]
    published: tuple[tuple[str, Any, bool], ...]
    models: tuple[str, ...]


@dataclass(frozen=True)
class Listed:
    """Versions of one dataset of a fleet: the present ones, the newest period first.

    Attributes:
        more: Whether there are others that the caller may see.
    """

    fleet: str
    dataset: str
    entries: tuple[IndexedDataset, ...]
    more: bool


def list_datasets(sight: Sight, fleet: str = "", name: str = "", first: int = 0) -> tuple[Listed, ...]:
    """The datasets that a caller's models work with, each with its present versions.

    Args:
        sight: What the caller may see.
        fleet: Of this one only, unless it is empty.
        name: Of this dataset only, likewise.
        first: How many versions are passed over.
    """
    wanted = (one for one in sorted(sight.datasets()) if fleet in ("", one[0]) and name in ("", one[1]))
    return tuple(_listed(sight, *one, first) for one in wanted)


def read_dataset(sight: Sight, name: str, version: str) -> DatasetPage | None:
    """A version; `None` where there is none, or none that the caller may see."""
    if any("/" in part or part in (".", "..") for part in (name, version)):
        return None
    places = sorted(fleet for fleet, dataset in sight.datasets() if dataset == name)
    published = tuple(_published(sight, places, name, version))
    if not published and not sight.whole:
        return None
    try:
        manifest = json.loads(adapters.data().read(f"datasets/{name}/{version}/manifest.json"))
    except PermanentError as error:
        if error.code != "BlobNotFound":
            raise
        return None
    models = (one.name for one in sight.models if one.row is not None and one.row.dataset == version)
    made_by = ", ".join(f"{what} {which}" for what, which in manifest.get("made_by", {}).items())
    return DatasetPage(
        name=name,
        version=version,
        cell=wording.labels(manifest["cell"]),
        rows=manifest["rows"],
        rejected=manifest["rejected"],
        warnings=tuple(manifest.get("warnings", ())),
        made_by=made_by,
        sources=tuple(_source(source) for source in manifest["sources"]),
        published=published,
        models=tuple(models),
    )


def _listed(sight: Sight, fleet: str, name: str, first: int) -> Listed:
    """Some of those that may be seen, however many others lie between them."""
    every = present_versions(adapters.dataset_index(), fleet, name)
    seen = (entry for entry in every if sight.may_see(fleet, name, entry.dataset.cell))
    found = tuple(islice(seen, first, first + LISTED + 1))
    return Listed(fleet, name, found[:LISTED], len(found) > LISTED)


def _published(sight: Sight, fleets: Sequence[str], name: str, version: str) -> Iterator[tuple[str, Any, bool]]:
    index = adapters.dataset_index()
    for fleet in fleets:
        entry = index.get(fleet, name, version)
        if entry is not None and sight.may_see(fleet, name, entry.dataset.cell):
            newest = index.newest(fleet, name, entry.dataset.cell, entry.dataset.ends)
            yield fleet, entry.at, newest is not None and newest.version == version


def _source(source: Mapping[str, Any]) -> Source:
    whole = (source.get("table") or {}).get("quarantine")
    paths = [file["quarantine"] for file in source["files"] if file.get("quarantine")] + ([whole] if whole else [])
    return Source(
        name=source["source"],
        recipe=source["recipe_sha256"],
        counts=tuple(
            (said, source.get(name, 0)) for name, said in _COUNTS.items() if source.get(name) or name == "rows_in"
        ),
        rules=tuple(_rules(source)),
        files=tuple(source["files"]),
        columns=tuple(_columns(source)),
        gaps=tuple(source.get("gaps", ())),
        earlier=bool(source.get("earlier")),
        rejected=tuple(one for path in paths[:_BLOBS] if (one := _rejected(path, source["source"])) is not None),
        unread=max(0, len(paths) - _BLOBS),
    )


def _rules(source: Mapping[str, Any]) -> Iterator[tuple[str, str, int]]:
    """Rules that rows have broken, what came of it, and how often: the most frequent first."""
    for key, what in (("reasons", "rejected"), ("warned", "warned only"), ("failed", "failed")):
        for rule, times in sorted((source.get(key) or {}).items(), key=lambda one: (-one[1], one[0])):
            yield what, rule, times


def _rejected(path: str, source: str) -> Rejected | None:
    try:
        page = read_page(path, 0, _ROWS, None)
    except PermanentError as error:
        if error.code != "BlobNotFound":
            raise
        return None
    return Rejected(path, tuple(shown(page.rows, source)), page.next is not None)


def _columns(source: Mapping[str, Any]) -> Iterator[Column]:
    of = (source.get("profile") or {}).get("columns", {})
    for name, kind in source["columns"].items():
        told = of.get(name)
        if told is None:
            yield Column(name, kind, "", "", "", "", "", "")
        elif told.get("personal"):
            yield Column(name, kind, f"{told['nulls']:,}", "personal", "", "", "", "")
        else:
            median = (told.get("quantiles") or {}).get("p50")
            distinct = f"{'about ' if told.get('distinct_error') else ''}{told['distinct']:,}"
            top = ", ".join(f"{_value(one['value'])} ({one['count']:,})" for one in told.get("top", ())[:_TOP])
            least, greatest = _value(told["min"]), _value(told["max"])
            yield Column(name, kind, f"{told['nulls']:,}", least, _value(median), greatest, distinct, top)


def _value(value: Any) -> str:
    known = wording.number(value)
    text = "" if value is None else wording.short(known) if known is not None else str(value)
    return wording.cut(text, 32)
