"""Days of a fleet's time zone as moments."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo


def start_of(day: date, timezone: str) -> datetime:
    """The moment at which a local day begins, with the zone's offset alone, as it is read back from the wire."""
    midnight = datetime.combine(day, datetime.min.time(), ZoneInfo(timezone))
    return datetime.fromisoformat(midnight.isoformat())


def end_of(day: date, timezone: str) -> datetime:
    """The moment at which a local day is over: the instant before it shows that day."""
    return start_of(day + timedelta(days=1), timezone)
