"""What ``signalbox hold``, ``release``, ``approve`` … ask the app, and how its answers are printed."""

import uuid
from datetime import UTC, date, datetime, time
from typing import Any

import httpx
import typer
from rich.text import Text

from cli.asking import fetch, operator
from cli.confirming import confirm
from cli.failures import CommandError
from cli.paths import api_path
from cli.printing import console, printable, say
from cli.showing import show_answer

type Answer = dict[str, Any]


def give_order(url: str, key: str, model: str, verb: str, fields: dict[str, Any], *, as_json: bool) -> int:
    """Order something of a model; gives the exit code: 1 when it was refused."""
    path, body = api_path("models", model, verb), _body(fields)
    return show_answer(
        url,
        key,
        lambda client: fetch(client, "POST", path, json=body),
        lambda found: say(f"{model}: {_told(model, found)}"),
        as_json=as_json,
    )


def order_many(url: str, key: str, verb: str, fields: dict[str, Any], *, as_json: bool) -> int:
    """Order something of all models of a fleet, or of those with some labels; gives the exit code."""
    body = _body(fields)
    return show_answer(
        url,
        key,
        lambda client: fetch(client, "POST", f"/api/orders/{verb}", json=body),
        lambda found: say(f"{verb} was ordered of {len(found['models'])} models: {', '.join(found['models'])}"),
        as_json=as_json,
    )


def answer_approval(  # noqa: PLR0917 - an answer, field by field
    url: str, key: str, model: str, version: str, verb: str, reason: str, *, ask: bool, as_json: bool
) -> int:
    """Answer what a release waits for, after showing what exactly that is; gives the exit code."""

    def give(client: httpx.Client) -> Answer:
        """The app's answer to it."""
        row = fetch(client, "GET", api_path("models", model))
        waits = row.get("evidence") or {}
        if waits.get("version") != version:
            told = f"version {waits['version']} waits for a word" if waits else "no version of it does"
            remedy = f"signalbox model {model} shows what waits; signalbox models --state awaiting_approval, where"
            raise CommandError("nothing-waits", f"{model}@{version} waits for no approval; {told}", remedy)
        if ask:
            _show_evidence(row, waits)
            confirm(f"{verb.capitalize()} version {version} of {model}?")
        fields = {
            "reason": reason,
            "version": version,
            "artifact_sha256": waits["artifact_sha256"],
            "report_sha256": waits["report_sha256"],
        }
        return fetch(client, "POST", api_path("models", model, verb), json=_body(fields))

    return show_answer(url, key, give, lambda found: say(f"{model}@{version}: {_told(model, found)}"), as_json=as_json)


def begin_training(url: str, key: str, model: str, *, as_json: bool) -> int:
    """Ask for a training; gives the exit code: 1 when it was refused at once."""
    body = {"model": model, "request_id": uuid.uuid4().hex, "requested_by": operator()}
    return show_answer(
        url,
        key,
        lambda client: fetch(client, "POST", "/api/datafactory/train", json=body),
        lambda _: say(f"{model}: a training is asked for; `signalbox model {model}` shows how it stands"),
        as_json=as_json,
    )


def read_until(text: str) -> str:
    """A day, whose end is meant, or a time; in UTC where it has no zone.

    Raises:
        typer.BadParameter: It is neither.
    """
    try:
        if len(text) == len("2027-01-31"):
            return datetime.combine(date.fromisoformat(text), time.max, UTC).isoformat()
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"--until {text!r} is no time: write 2027-01-31, or 2027-01-31T18:00+01:00") from error
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).isoformat()


def _told(model: str, found: dict[str, Any]) -> str:
    """The answer; where it takes longer than the app waits, where to look."""
    reason: str | None = found.get("reason")
    return reason or f"asked; `signalbox model {model}` tells what came of it"


def _body(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields that were given, with who asks, and an id: what is sent twice is one order.

    The app takes the name from the token where there is one.
    """
    given = {name: value for name, value in fields.items() if value not in (None, {}, ())}
    until = {"until": read_until(given["until"])} if "until" in given else {}
    return {**given, **until, "by": operator(), "request_id": uuid.uuid4().hex}


def _show_evidence(row: dict[str, Any], waits: dict[str, Any]) -> None:
    shown = console(stderr=True)
    shown.print(Text(f"Version {waits['version']} instead of {row.get('champion') or 'none'}", style="bold"))
    for gate in row.get("gates", ()):
        shown.print(Text(f"  {printable(gate)}"))
    for name in ("artifact_sha256", "report_sha256", "author", "deadline"):
        if waits.get(name):
            shown.print(Text(f"  {name}: {printable(str(waits[name]))}"))
