"""Which records of fleet runs go."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from shared.contracts.fleet_runs import RunRow
from shared.contracts.retention import Expired
from shared.retention.expiry import expired

#: A run that was ended from outside never tells its end; after so many days without a word it counts as ended.
_SILENT_DAYS: Final = 30


def expired_fleet_runs(rows: Iterable[RunRow], now: datetime, days: Mapping[str, int]) -> tuple[Expired, ...]:
    """Runs that ended too long ago.

    Args:
        rows: All of them.
        now: The moment that their age is counted from.
        days: How long runs stay, of each fleet.
    """
    return tuple(
        Expired(kind="fleet_run", name=f"{row.fleet}/{row.run}", reason=_reason(row, days[row.fleet]))
        for row in rows
        if (expired(row.ended_at, now, days[row.fleet]) if row.ended_at else is_silent(row, now, days[row.fleet]))
    )


def is_silent(row: RunRow, now: datetime, days: int = 0) -> bool:
    """Whether a run that has told no end will not tell one any more."""
    return row.ended_at is None and expired(row.updated_at, now, max(days, _SILENT_DAYS))


def _reason(row: RunRow, days: int) -> str:
    if row.ended_at is None:
        return f"It has told no end, and nothing at all for more than {max(days, _SILENT_DAYS)} days."
    return f"It ended more than {days} days ago."
