"""Figures, times and states in words, the same on every page."""

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Literal

from shared.contracts.metrics import kind_of

#: How something stands, which the page shows in colour and in words.
type Tone = Literal["good", "busy", "warn", "bad", "plain"]

_STATES: Final[Mapping[str, tuple[str, Tone]]] = {
    "released": ("in production", "good"),
    "registered": ("registered", "good"),
    "awaiting_approval": ("awaits approval", "warn"),
    "parked": ("parked", "bad"),
    "failed": ("failed", "bad"),
    "release_failed": ("release failed", "bad"),
    "failed_over": ("baseline stands in", "bad"),
    "rolled_back": ("rolled back", "warn"),
    "rejected": ("rejected by a gate", "warn"),
    "refused": ("refused", "warn"),
    "held": ("held", "warn"),
    "superseded": ("superseded", "plain"),
    "waiting": ("nothing yet", "plain"),
    "retired": ("retired", "plain"),
    "queued": ("queued", "busy"),
    "training": ("training", "busy"),
    "evaluating": ("being evaluated", "busy"),
    "releasing": ("being released", "busy"),
    "rolling_back": ("rolling back", "busy"),
    "retiring": ("being retired", "busy"),
}
_TONES: Final[Mapping[str, Tone]] = {
    "accepted": "good", "done": "good", "passed": "good", "scored": "good", "published": "good", "ok": "good",
    "unchanged": "plain", "ignored": "plain", "skipped": "plain", "asked": "plain",
    "waiting": "busy", "running": "busy",
    "rejected": "warn", "incomplete": "warn",
    "failed": "bad", "dead": "bad", "refused": "bad",
}  # fmt: skip
_LONGEST: Final = 48
_STEPS: Final = ((timedelta(days=1), "d"), (timedelta(hours=1), "h"), (timedelta(minutes=1), "min"))


def state(name: str) -> str:
    """A model's state in words; one that is not known here as it is written."""
    return _STATES[name][0] if name in _STATES else name.replace("_", " ")


def state_tone(name: str) -> Tone:
    """How good or bad a model's state is."""
    return _STATES[name][1] if name in _STATES else "plain"


def tone(outcome: str) -> Tone:
    """How good or bad an outcome of a delivery, a cell, a run or a step is."""
    return _TONES.get(outcome, "plain")


def percent(value: float | None) -> str:
    """A share: 0.2137 as `21.4 %`."""
    return "–" if value is None or not math.isfinite(value) else f"{value * 100:.1f} %"


def figure(metric: str, value: Any) -> str:
    """A metric's figure with its unit; a dash where there is none."""
    known = number(value)
    if known is None:
        return "–"
    return percent(known) if kind_of(metric).unit == "share" else short(known)


def number(value: Any) -> float | None:
    """A finite number, or `None` for everything else that a row may hold."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def short(value: float) -> str:
    """A number in few digits: 1234567.0 as `1,234,567`, 12.3456 as `12.35`."""
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.2f}" if 0.1 <= abs(value) < 1e9 else f"{value:.4g}"


def count(number_: int, one: str, many: str = "") -> str:
    """`1 model`, `1,000 models`."""
    return f"{number_:,} {one if number_ == 1 else many or one + 's'}"


def minute(at: datetime | None) -> str:
    """A moment in UTC, to the minute."""
    if at is None:
        return "–"
    return _in_utc(at).strftime("%Y-%m-%d %H:%M")


def day(at: datetime | date | None) -> str:
    """A day in UTC."""
    if isinstance(at, datetime):
        at = _in_utc(at).date()
    return at.isoformat() if at is not None else "–"


def _in_utc(at: datetime) -> datetime:
    """At the very ends of the calendar as it is written: there is no such day in UTC."""
    try:
        return at.astimezone(UTC)
    except OverflowError:
        return at


def read_instant(text: Any) -> datetime | None:
    """A moment that was written down as text; `None` for anything else."""
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


def ago(at: datetime, now: datetime) -> str:
    """How long since: `3 min ago`, `in 2 d`."""
    gone = now - at
    told = _largest(abs(gone))
    if not told:
        return "just now"
    return f"{told} ago" if gone > timedelta() else f"in {told}"


def labels(cell: Mapping[str, str]) -> str:
    """`origin=JFK format=mainline`."""
    return " ".join(f"{name}={value}" for name, value in cell.items()) or "without labels"


def cut(text: str, length: int = _LONGEST) -> str:
    """A text that is no longer than that."""
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _largest(gone: timedelta) -> str:
    return next((f"{gone // unit} {name}" for unit, name in _STEPS if gone >= unit), "")
