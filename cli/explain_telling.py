"""How ``signalbox explain-event`` reads its file, and prints what the app tells of it."""

import json
import sys
from pathlib import Path
from typing import Any, Final

import httpx
from rich.text import Text

from cli.asking import fetch, said_when_slow
from cli.failures import CommandError
from cli.files import require_file
from cli.printing import cell, console, printable, say, table
from cli.showing import show_answer

_EXAMPLE: Final = (
    '{"entity": "model_version", "action": "created", "data": {"name": "MODEL", "version": "3"}} is what MLflow sends; '
    "docs/events.md shows the others"
)
#: As large as the app reads.
_MOST: Final = 1_000_000
#: A little more than what the app gives itself to look, `functions.triggers.explaining`.
_SECONDS: Final = 210.0
_SLOW: Final = "the app looks what the event would start; with many files and models this may take three minutes"
_STYLES: Final = {"begin": "green", "tell": "green", "wait": "cyan", "refuse": "yellow"}


def tell_explanation(url: str, key: str, file: str, *, as_json: bool) -> int:
    """Print what the events of a file would start; gives the exit code.

    Args:
        url: Where the app is.
        key: A function key.
        file: A path, or `-` for stdin.
        as_json: Whether to print what the app answers as it is.

    Raises:
        CommandError: There is no such file, or it holds no JSON.
    """
    content = _read(file)

    def explain(client: httpx.Client) -> dict[str, Any]:
        """What the app tells of each event."""
        headers = {"content-type": "application/json"}
        with said_when_slow(_SLOW):
            return fetch(
                client, "POST", "/api/events/explain",
                changes=False, content=content, headers=headers, timeout=_SECONDS,
            )  # fmt: skip

    return show_answer(url, key, explain, _print_all, as_json=as_json)


def _read(file: str) -> bytes:
    """The file's bytes, which are JSON; no app is asked about others."""
    try:
        content = sys.stdin.buffer.read(_MOST + 1) if file == "-" else _of_path(Path(file))
    except OSError as error:
        told = f"{file} cannot be read: {error.strerror or error}"
        raise CommandError("unreadable-file", told, "name a file with an event, or - to read it from stdin") from error
    if len(content) > _MOST:
        told = f"{_named(file)} has more than {_MOST} bytes; events are smaller: references travel, data does not"
        raise CommandError("too-large", told, "give the event alone")
    try:
        json.loads(content)
    except json.JSONDecodeError as error:
        told = f"{_named(file)} is no JSON: {error.msg} in line {error.lineno}, column {error.colno}"
        raise CommandError("not-json", told, _EXAMPLE) from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise CommandError("not-json", f"{_named(file)} is no JSON: {error}", _EXAMPLE) from error
    return content


def _of_path(path: Path) -> bytes:
    require_file(path)
    with path.open("rb") as opened:
        return opened.read(_MOST + 1)


def _named(file: str) -> str:
    return "what came by stdin" if file == "-" else file


def _print_all(found: dict[str, Any]) -> None:
    for position, event in enumerate(found["events"], 1):
        if len(found["events"]) > 1:
            say(f"{position} of {len(found['events'])}")
        _print(event)


def _print(event: dict[str, Any]) -> None:
    out = console()
    taken = ("would be accepted", "green") if event["accepted"] else ("would not be accepted", "yellow")
    out.print(Text(f"{event['channel']}: {printable(event['what'])}", style="bold"), Text(taken[0], style=taken[1]))
    say(event["summary"])
    for title in ("sources", "datasets"):
        if event[title]:
            say(f"  {title}: {', '.join(event[title])}")
    if event["cells"]:
        shown = table("cell", "would", "why", whole="cell")
        for one in event["cells"]:
            shown.add_row(cell(one["name"]), cell(one["would"]), cell(one["reason"]))
        out.print(shown)
    if event["models"]:
        shown = table("model", "would", "what", "why", whole="model")
        for one in event["models"]:
            what = "; ".join((*(f"begin {run}" for run in one["begins"]), *one["tells"]))
            style = _STYLES.get(one["would"], "")
            shown.add_row(cell(one["model"]), cell(one["would"], style), cell(what), cell(one["reason"]))
        out.print(shown)
    for note in event["notes"]:
        say(f"  {note}")
    say("Nothing was done: this is what would be.")
