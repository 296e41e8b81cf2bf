"""What ``signalbox run`` asks the app for."""

import uuid
from collections.abc import Sequence
from typing import Any

import typer

from cli.asking import operator


def body_of(
    select: Sequence[str], *, fleet: str | None, as_of: str | None, again: bool, prefix: str | None = None
) -> dict[str, Any]:
    """The body of a run's request, with an id of its own: asking twice on the command line means two runs."""
    given = {"fleet": fleet, "select": read_selection(select), "as_of": as_of, "again": again or None}
    return {
        **{name: value for name, value in given.items() if value},
        **({"prefix": prefix} if prefix is not None else {}),  # an empty one is refused, not taken for none
        "request_id": uuid.uuid4().hex,
        "fail_on": "never",  # the exit code tells
        "requested_by": operator(),
    }


def retry_body() -> dict[str, Any]:
    """The body of a retry; its id is the app's usual one, so that asking twice retries once."""
    return {"request_id": "retry", "fail_on": "never", "requested_by": operator()}


def read_selection(texts: Sequence[str]) -> dict[str, list[str]]:
    """``origin=JFK,LGA`` and ``movement=fast`` as values per label.

    Raises:
        typer.BadParameter: A text is not of this form.
    """
    found: dict[str, list[str]] = {}
    for text in texts:
        label, equals, values = text.partition("=")
        given = [value.strip() for value in values.split(",") if value.strip()]
        if not (label.strip() and equals and given):
            raise typer.BadParameter(f"{text!r} selects nothing: write for example --select origin=JFK,LGA")
        found.setdefault(label.strip(), []).extend(given)
    return found
