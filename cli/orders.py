"""``signalbox hold``, ``release``, ``approve`` …: what people order of models. Each imports what it needs."""

import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer

from cli.completing import fleets, models, selections
from cli.confirming import confirm
from cli.options import APP, Json, Key, Model, Url, Version
from cli.versions import split

Many = Annotated[
    str | None,
    typer.Argument(
        metavar="[MODEL]", help="The model; without it, --fleet or --select says which.", autocompletion=models
    ),
]
Reason = Annotated[str, typer.Option("--reason", "-r", help="Why: it shows wherever this shows.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask; needed where nobody can answer.")]
Until = Annotated[str, typer.Option("--until", metavar="DATE|TIME", help="When it ends: 2027-01-31, or with a time.")]
MaybeUntil = Annotated[
    str | None,
    typer.Option("--until", metavar="DATE|TIME", help="When it ends; else somebody resumes it."),
]
FleetName = Annotated[str | None, typer.Option("--fleet", help="All models of this fleet.", autocompletion=fleets)]
Select = Annotated[
    list[str] | None,
    typer.Option(
        "--select",
        metavar="LABEL=VALUE,…",
        help="Of the fleet, those with these labels; repeatable.",
        autocompletion=selections,
    ),
]


def add_orders(app: typer.Typer, panel: str) -> None:
    """Add the commands, under one title of the help."""
    for name, command in _COMMANDS.items():
        app.command(name, rich_help_panel=panel)(command)


def hold(
    model: Many = None,
    *,
    reason: Reason,
    until: MaybeUntil = None,
    fleet: FleetName = None,
    select: Select = None,
    url: Url = APP,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Start no training and no release by itself, until it is resumed; nothing that happens meanwhile is lost."""
    _order_some("hold", model, fleet, select, {"reason": reason, "until": until}, url, key, as_json=as_json)


def resume(
    model: Many = None,
    *,
    reason: Reason,
    fleet: FleetName = None,
    select: Select = None,
    url: Url = APP,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Lift a hold, as it was given: of a model, of labels, or of a fleet; a model that was parked goes on, too."""
    _order_some("resume", model, fleet, select, {"reason": reason}, url, key, as_json=as_json)


def park(model: Model, *, reason: Reason, url: Url = APP, key: Key = "", as_json: Json = False) -> None:
    """Let a model do nothing by itself until a person has looked and resumed it; it goes on to serve and to score."""
    _order("park", model, {"reason": reason}, url, key, as_json=as_json)


def release(version: Version, *, reason: Reason, url: Url = APP, key: Key = "", as_json: Json = False) -> None:
    """Bring a version that passed its gates into production, at every level, also an older one."""
    _order_version("release", version, {"reason": reason}, url, key, as_json=as_json)


def rollback(
    model: Model, *, reason: Reason, yes: Yes = False, url: Url = APP, key: Key = "", as_json: Json = False
) -> None:
    """Go back to the last good version, at once; the one in production is barred until somebody releases it."""
    if not yes:
        confirm(f"Roll back {model}?")
    _order("rollback", model, {"reason": reason}, url, key, as_json=as_json)


def forget(
    model: Model, *, reason: Reason, yes: Yes = False, url: Url = APP, key: Key = "", as_json: Json = False
) -> None:
    """Forget a model's past trainings and versions; what is in production, and its ledger, stay."""
    if not yes:
        confirm(f"Forget the past of {model}?")
    _order("forget", model, {"reason": reason}, url, key, as_json=as_json)


def override(
    version: Version,
    *,
    gate: Annotated[str, typer.Option("--gate", help="The gate that it failed, as the fleet file names it.")],
    reason: Reason,
    until: Until,
    url: Url = APP,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Let a version pass a gate that it failed; name, reason and end show wherever the model shows."""
    _order_version("override", version, {"reason": reason, "gate": gate, "until": until}, url, key, as_json=as_json)


def approve(
    version: Version, *, reason: Reason, yes: Yes = False, url: Url = APP, key: Key = "", as_json: Json = False
) -> None:
    """Say yes to a release that waits for it: to exactly the files and figures that are shown."""
    _answer("approve", version, reason, url, key, yes=yes, as_json=as_json)


def reject(
    version: Version, *, reason: Reason, yes: Yes = False, url: Url = APP, key: Key = "", as_json: Json = False
) -> None:
    """Say no to a release that waits for approval."""
    _answer("reject", version, reason, url, key, yes=yes, as_json=as_json)


def retrain(model: Model, *, url: Url = APP, key: Key = "", as_json: Json = False) -> None:
    """Train a model on its newest dataset version, also if it was trained on that before."""
    from cli.order_telling import begin_training  # noqa: PLC0415 - --help must be quick

    sys.exit(begin_training(url, key, model, as_json=as_json))


_COMMANDS: dict[str, Callable[..., None]] = {
    "hold": hold,
    "resume": resume,
    "park": park,
    "retrain": retrain,
    "release": release,
    "approve": approve,
    "reject": reject,
    "rollback": rollback,
    "override": override,
    "forget": forget,
}


# ── How ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _order(verb: str, model: str, fields: dict[str, Any], url: str, key: str, *, as_json: bool) -> None:
    from cli.order_telling import give_order  # noqa: PLC0415 - as above

    sys.exit(give_order(url, key, model, verb, fields, as_json=as_json))


def _order_version(verb: str, version: str, fields: dict[str, Any], url: str, key: str, *, as_json: bool) -> None:
    model, number = split(version)
    _order(verb, model, {**fields, "version": number}, url, key, as_json=as_json)


def _order_some(  # noqa: PLR0917 - as above
    verb: str,
    model: str | None,
    fleet: str | None,
    select: list[str] | None,
    fields: dict[str, Any],
    url: str,
    key: str,
    *,
    as_json: bool,
) -> None:
    from cli.order_telling import order_many  # noqa: PLC0415 - as above
    from cli.run_requests import read_selection  # noqa: PLC0415 - as above

    if (model is None) == (fleet is None):
        raise typer.BadParameter(
            f"name one of two: `signalbox {verb} MODEL`, or `--fleet FLEET` with or without --select"
        )
    if model is not None:
        if select:
            raise typer.BadParameter("--select goes with --fleet: a model has its labels already")
        _order(verb, model, fields, url, key, as_json=as_json)
    body = {**fields, "fleet": fleet, "select": read_selection(select or [])}
    sys.exit(order_many(url, key, verb, body, as_json=as_json))


def _answer(verb: str, version: str, reason: str, url: str, key: str, *, yes: bool, as_json: bool) -> None:
    from cli.order_telling import answer_approval  # noqa: PLC0415 - as above

    model, number = split(version)
    sys.exit(answer_approval(url, key, model, number, verb, reason, ask=not yes, as_json=as_json))
