"""``signalbox trace``. What is heavy is imported by what needs it."""

import sys
from typing import Annotated

import typer

from cli.completing import runs
from cli.options import APP, Json, Key, Url


def trace(
    wanted: Annotated[
        str,
        typer.Argument(
            metavar="ID", help="A run, an orchestration, a delivery's key, or a trace's id.", autocompletion=runs
        ),
    ],
    *,
    url: Url = APP,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Draw all that one event led to as a tree with times: what took how long, what waits, what failed and why."""
    from cli.trace_telling import tell_trace  # noqa: PLC0415 - --help must be quick

    sys.exit(tell_trace(url, key, wanted, as_json=as_json))
