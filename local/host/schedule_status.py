"""Remembers when each timer ran last and is due next, so that an occurrence missed while the host was down is noticed.

The real host keeps the same three times in its storage account (ScheduleMonitor in azure-webjobs-sdk-extensions); here
it is a JSON file for each function.
"""

import json
import logging
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from local.host.schedule import Schedule

NEVER = datetime(1, 1, 1, tzinfo=UTC)
"""What ``last`` is for a timer that has not run yet: .NET's first moment."""

log = logging.getLogger("local.host.timers")


@dataclass(frozen=True)
class ScheduleStatus:
    """When a timer ran ``last``, is due ``next``, and when that was written."""

    last: datetime
    next: datetime
    updated: datetime

    def shown(self) -> dict[str, str]:
        """As the function sees it, and as it is kept."""
        return {"Last": _text(self.last), "Next": _text(self.next), "LastUpdated": _text(self.updated)}


class StatusStore(Protocol):
    """Keeps the status of each timer."""

    def read(self, function: str) -> ScheduleStatus | None:
        """The status of a function; None when there is none, or none that can be read."""

    def write(self, function: str, status: ScheduleStatus) -> None:
        """Keep a function's status."""


class StatusFiles:
    """A StatusStore in a directory, which is made with the first file.

    Args:
        directory: where.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def read(self, function: str) -> ScheduleStatus | None:
        """The status of a function; None when there is none, or none that can be read."""
        try:
            kept = json.loads(self._path(function).read_text(encoding="utf-8"))
            return ScheduleStatus(*(datetime.fromisoformat(kept[name]) for name in ("Last", "Next", "LastUpdated")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("%s: its schedule status cannot be read and begins anew: %s", function, error)
            return None

    def write(self, function: str, status: ScheduleStatus) -> None:
        """Keep a function's status; the file is replaced as a whole, so that a crash leaves no half of one."""
        path = self._path(function)
        fresh = path.with_suffix(".new")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_text(json.dumps(status.shown()), encoding="utf-8")
            os.replace(fresh, path)  # noqa: PTH105 - the same, and says that it replaces
        except OSError as error:
            log.warning("%s: its schedule status cannot be kept: %s", function, error)

    def _path(self, function: str) -> Path:
        return self._directory / f"{function}.json"


def check_past_due(known: ScheduleStatus | None, schedule: Schedule, now: datetime) -> tuple[ScheduleStatus, bool]:
    """The status to go on with at the start of a host, and whether an occurrence was missed.

    A schedule that changed since counts as missed only if its old occurrence has passed.
    """
    if known is None:
        return ScheduleStatus(NEVER, schedule.next_after(now), now), False
    base = known.updated if known.last == NEVER else known.last
    expected = schedule.next_after(base)
    if known.next != expected:
        if now < known.next:
            expected = schedule.next_after(now)
        known = ScheduleStatus(NEVER, expected, now)
    return known, now > known.next


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat() if moment != NEVER else "0001-01-01T00:00:00+00:00"
