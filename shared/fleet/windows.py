"""Which landed files belong to a cell: those of its window, of each source, and why some are not there yet."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from os.path import commonprefix

from shared.contracts.conditioning import BlobArrival
from shared.fleet.data import Source
from shared.fleet.periods import Period, read_period, value_of, values_overlapping, values_required

#: Names of missing periods in one reason; more are counted.
_SHOWN = 3


@dataclass(frozen=True)
class Gathered:
    """What is there of a source for a cell.

    Attributes:
        files: In the order of their paths.
        lacks: Why the source has not arrived; empty when it has.
        gaps: Periods before the cell's own of which there is no file.
        earlier: Whether the files are of an earlier period.
        begun: Whether a file of the cell's own period is there.
    """

    files: tuple[BlobArrival, ...]
    lacks: str = ""
    gaps: tuple[str, ...] = ()
    earlier: bool = False
    begun: bool = False


@dataclass(frozen=True)
class _Landed:
    """A file of the source, with the value of its period label; empty where it has none."""

    file: BlobArrival
    value: str


def prefix_of(source: Source, cell: Mapping[str, str], period: Period | None) -> str:
    """What the paths of all files that may belong to a cell begin with; one listing finds them."""
    labels = {label: cell[label] for label in source.files.labels if label in cell and label != source.period}
    prefix = source.files.prefix(labels)
    if source.period is None or period is None:
        return prefix
    window = source.window(period)
    values = (value_of(source.period, day) for day in (window.first, window.last))
    prefixes = [source.files.prefix({**labels, source.period: value}) for value in values]
    return commonprefix(prefixes)  # noqa: RUF071 - of characters: `raw/2013-` is one


def gather(
    source: Source, cell: Mapping[str, str], period: Period | None, landed: Iterable[BlobArrival], at: datetime
) -> Gathered:
    """The files of a source for a cell.

    Args:
        source: Whose files.
        cell: The cell's labels.
        period: The cell's days, if it has any.
        landed: At least all files under `prefix_of`.
        at: When it is asked; the source's `max_age` counts from here.
    """
    found = _agreeing(source, cell, landed)
    gaps: tuple[str, ...] = ()
    lacks, begun = "" if found else "no file has landed", bool(found)
    if source.period is not None and period is not None:
        window = source.window(period)
        found = [one for one in found if read_period(source.period, one.value).overlaps(window)]
        lacks = _lacking(source.period, period, found)
        gaps = _gaps(source.period, window, period, found)
        begun = any(read_period(source.period, one.value).overlaps(period) for one in found)
    files = _taken(source, found)
    old = _too_old(source, files, at)
    return Gathered(() if old else files, lacks or old, gaps, begun=begun)


def gather_earlier(
    source: Source, cell: Mapping[str, str], period: Period | None, landed: Iterable[BlobArrival]
) -> Gathered:
    """The files of the newest period before a cell's own, in place of those that did not come.

    Args:
        source: Whose files.
        cell: The cell's labels.
        period: The cell's days; without them, whatever has landed.
        landed: All files of the source with the cell's labels, whatever their period.
    """
    found = _agreeing(source, cell, landed)
    if source.period is not None and period is not None:
        found = [one for one in found if read_period(source.period, one.value).last < period.first]
        newest = max((one.value for one in found), default="")
        found = [one for one in found if one.value == newest]
    return Gathered(_taken(source, found), "" if found else "no earlier file has landed", earlier=True)


def _agreeing(source: Source, cell: Mapping[str, str], landed: Iterable[BlobArrival]) -> list[_Landed]:
    """The files of a source whose labels do not contradict the cell's; empty files are not there yet."""
    found = []
    for file in landed:
        labels = source.files.read(file.path) if file.size else None
        if labels is None:
            continue
        value = labels.pop(source.period) if source.period else ""
        if all(cell.get(label, text) == text for label, text in labels.items()):
            found.append(_Landed(file, value))
    return found


def _lacking(label: str, period: Period, found: list[_Landed]) -> str:
    there = {one.value for one in found}
    missing = [value for value in values_required(label, period) if value not in there]
    if not missing:
        return ""
    more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
    return f"no file of {', '.join(missing[:_SHOWN])}{more}"


def _gaps(label: str, window: Period, period: Period, found: list[_Landed]) -> tuple[str, ...]:
    there = {one.value for one in found}
    wanted = values_overlapping(label, window)
    return tuple(value for value in wanted if value not in there and read_period(label, value).last < period.first)


def _taken(source: Source, found: list[_Landed]) -> tuple[BlobArrival, ...]:
    """All files, or of each period the one that landed last; of two at the same moment the later path."""
    if source.take == "newest":
        newest: dict[str, _Landed] = {}
        for one in sorted(found, key=lambda one: (one.file.at, one.file.path)):
            newest[one.value] = one
        found = list(newest.values())
    return tuple(sorted((one.file for one in found), key=lambda file: file.path))


def _too_old(source: Source, files: tuple[BlobArrival, ...], at: datetime) -> str:
    if source.max_age_days is None or not files:
        return ""
    newest = max(file.at for file in files)
    if at - newest <= timedelta(days=source.max_age_days):
        return ""
    return f"its newest file is of {newest:%Y-%m-%d}, older than {source.max_age_days} days"
