"""Time spans as .NET writes them in host.json: ``hh:mm:ss``, ``d.hh:mm:ss``, with a fraction of a second or without."""

import re
from datetime import timedelta

_SPAN = re.compile(r"(?:(\d+)\.)?(\d{1,2}):([0-5]?\d)(?::([0-5]?\d)(?:\.(\d{1,7}))?)?")


def parse_span(text: str) -> timedelta:
    """Read a time span; a bare number is days, as .NET reads it.

    Raises:
        ValueError: the text is not one.
    """
    if text.isdecimal():
        return timedelta(days=int(text))
    found = _SPAN.fullmatch(text.strip())
    if found is None or int(found[2]) > 23:
        raise ValueError(f"{text!r} is not a time span: write hh:mm:ss, such as 00:05:00")
    days, hours, minutes, seconds, fraction = found.groups(default="0")
    micros = int(fraction.ljust(6, "0")[:6])
    return timedelta(days=int(days), hours=int(hours), minutes=int(minutes), seconds=int(seconds), microseconds=micros)


def show_span(span: timedelta) -> str:
    """A time span in the form that the real host prints, such as ``00:05:00``."""
    hours, rest = divmod(span.seconds, 3600)
    days = f"{span.days}." if span.days else ""
    fraction = f".{span.microseconds:06}0" if span.microseconds else ""
    return f"{days}{hours:02}:{rest // 60:02}:{rest % 60:02}{fraction}"
