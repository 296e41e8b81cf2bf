"""Sources and datasets of a fleet, as they are once its file has been found right."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from shared.fleet.patterns import PathPattern
from shared.fleet.periods import Period, period_label, read_period, value_of
from shared.fleet.schedule import parse_schedule

_DAY: Final = timedelta(days=1)

#: Whether several files of one period are joined, or the one that landed last replaces the others.
type Take = Literal["all", "newest"]
#: What becomes of a cell that is not complete at its deadline.
type Otherwise = Literal["alert", "fail", "use_last"]


@dataclass(frozen=True)
class Claim:
    """Whose file a landed path is.

    Attributes:
        fleet: The fleet's name.
        source: The source's name in it.
        cell: The labels read from the path, with their case: `{"origin": "JFK", "year": "2013"}`.
    """

    fleet: str
    source: str
    cell: dict[str, str]


@dataclass(frozen=True)
class Source:
    """Raw files that land, and their recipe.

    Attributes:
        recipe: Relative to the fleet file; may hold labels.
        since: The day from which on all periods belong to every cell; only the cell's own when absent.
        max_age_days: An older newest file counts as missing.
    """

    name: str
    files: PathPattern
    recipe: str
    since: date | None = None
    take: Take = "all"
    max_age_days: int | None = None

    @property
    def period(self) -> str | None:
        """The label of its path that is a period."""
        return period_label(self.files.labels)

    def window(self, period: Period) -> Period:
        """The days whose files belong to a cell with this period."""
        first = period.first if self.since is None else min(self.since, period.first)
        return Period(first, period.last)


@dataclass(frozen=True)
class Wait:
    """How long a cell waits, and for what.

    Attributes:
        sources: Those without which there is no version; of the others is taken what there is.
        until: The deadline, as weekday and time after the end of the cell's period; absent for ever.
    """

    sources: tuple[str, ...]
    until: str | None = None
    otherwise: Otherwise = "alert"


@dataclass(frozen=True)
class Quality:
    """What must hold of a version before it is published.

    Attributes:
        max_rejected: The largest share of rows in quarantine.
        rows_vs_last: How far the number of rows may be from that of the last version, as a share of it.
        complete: A CSV, relative to the fleet file, each row of which must be in the dataset.
    """

    max_rejected: float | None = None
    rows_vs_last: float | None = None
    complete: str | None = None


@dataclass(frozen=True)
class Dataset:
    """What is published as one version per cell."""

    name: str
    sources: tuple[str, ...]
    per: tuple[str, ...]
    wait: Wait
    quality: Quality

    @property
    def period(self) -> str | None:
        """The label of its cells that is a period."""
        return period_label(self.per)

    def period_of(self, cell: Mapping[str, str]) -> Period | None:
        """The days of a cell; `None` where the dataset has no periods.

        Raises:
            ValueError: The cell's value is no period.
        """
        return read_period(self.period, cell[self.period]) if self.period else None

    def late(self, at: datetime, timezone: str) -> dict[str, datetime]:
        """The periods whose cells are late at a moment, each with its deadline: those of the last deadline before it.

        Cells of earlier periods are of the past. They wait, but nobody is told: ten years that are loaded at once
        would all be late.
        """
        late: dict[str, datetime] = {}
        if self.wait.until is None or self.period is None:
            return late
        until, day = parse_schedule(self.wait.until), at.astimezone(ZoneInfo(timezone)).date()
        while True:
            value = value_of(self.period, day)
            period = read_period(self.period, value)
            deadline = until.next_after(datetime.combine(period.last, time.max, ZoneInfo(timezone)), timezone)
            if late and deadline not in late.values():
                return late
            if deadline <= at:
                late[value] = deadline
            day = period.first - _DAY
