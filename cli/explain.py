"""``signalbox explain-event``. What is heavy is imported by what needs it."""

import sys
from typing import Annotated

import typer

from cli.options import APP, Json, Key, Url


def explain_event(
    file: Annotated[str, typer.Argument(metavar="FILE", help="The event as it comes over the wire; - is stdin.")],
    *,
    url: Url = APP,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Tell what an event would start, and why, without doing it."""
    from cli.explain_telling import tell_explanation  # noqa: PLC0415 - --help must be quick

    sys.exit(tell_explanation(url, key, file, as_json=as_json))
