"""``signalbox retire`` and ``signalbox retention``. What is heavy is imported by what needs it."""

import sys
from typing import Annotated

import typer

from cli.completing import models as model_names
from cli.failures import CommandError
from cli.options import APP, Json, Key, Url


def retire(
    models: Annotated[
        list[str] | None,
        typer.Argument(metavar="[MODEL]...", help="Models to retire.", autocompletion=model_names),
    ] = None,
    *,
    datasets: Annotated[
        list[str] | None, typer.Option("--dataset", metavar="FLEET/DATASET", help="A dataset to retire; repeatable.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; needed where nobody can answer.")] = False,
    url: Url = APP,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Take models and datasets out of service that no fleet file has any more; without names, list them."""
    from cli.asking import operator  # noqa: PLC0415 - --help must be quick
    from cli.retire_telling import begin_retirement, tell_retired, tell_what_goes  # noqa: PLC0415 - as above

    named = [*(models or ()), *(datasets or ())]
    if not named:
        sys.exit(tell_retired(url, key, as_json=as_json))
    if not yes:
        _require_somebody()
        tell_what_goes(url, key, named)
        _confirm(named)
    body = {"models": models or [], "datasets": datasets or [], "confirm": True, "requested_by": operator()}
    sys.exit(begin_retirement(url, key, body, as_json=as_json))


def retention(
    *,
    apply: Annotated[bool, typer.Option("--apply", help="Delete it.")] = False,
    url: Url = APP,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Tell what has expired by the fleets' policies, and why; with --apply, delete it, as happens every day."""
    from cli.asking import operator  # noqa: PLC0415 - as above
    from cli.retire_telling import begin_retention  # noqa: PLC0415 - as above

    body = {"dry_run": not apply, "requested_by": operator()}
    sys.exit(begin_retention(url, key, body, as_json=as_json))


def _confirm(named: list[str]) -> None:
    """Let each name be typed; whoever types another one retires nothing."""
    for name in named:
        if typer.prompt(f"Type {name} to take it out of service", default="", show_default=False, err=True) != name:
            raise CommandError("declined", "nothing was retired")


def _require_somebody() -> None:
    if not _somebody_is_here():
        raise typer.BadParameter("nobody is here to confirm it: look at `signalbox retire`, then add --yes")


def _somebody_is_here() -> bool:
    return sys.stdin.isatty()
