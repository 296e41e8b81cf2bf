"""``signalbox models`` and ``signalbox model``. What is heavy is imported by what needs it."""

import sys
from typing import Annotated

import typer

from cli.completing import fleets, selections, states
from cli.options import APP, Json, Key, Model, Url


def models(
    *,
    fleet: Annotated[
        str | None, typer.Option("--fleet", help="Only those of this fleet.", autocompletion=fleets)
    ] = None,
    select: Annotated[
        list[str] | None,
        typer.Option(
            "--select",
            metavar="LABEL=VALUE,…",
            help="Only those with these labels; repeatable.",
            autocompletion=selections,
        ),
    ] = None,
    state: Annotated[
        str | None,
        typer.Option("--state", help="Only those in this state: rejected, parked …", autocompletion=states),
    ] = None,
    url: Url = APP,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """List the models with their state, figures and reasons; what needs a person comes first."""
    from cli.model_telling import tell_models  # noqa: PLC0415 - --help must be quick
    from cli.run_requests import read_selection  # noqa: PLC0415 - as above

    sys.exit(tell_models(url, key, fleet, read_selection(select or []), state, as_json=as_json))


def model(
    name: Model,
    *,
    url: Url = APP,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Show one model: state, figures against gates, what serves, what waits, and its last decisions."""
    from cli.model_telling import tell_model  # noqa: PLC0415 - as above

    sys.exit(tell_model(url, key, name, as_json=as_json))
