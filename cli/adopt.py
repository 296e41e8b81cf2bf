"""``signalbox adopt``: a version that served before Signalbox knew of it."""

import sys
from typing import Annotated

import typer

from cli.completing import models
from cli.options import APP, Json, Key, Url


def adopt(
    uri: Annotated[
        str,
        typer.Argument(metavar="MODEL_URI", help="models:/NAME/VERSION, models:/NAME@ALIAS or azureml:NAME:VERSION."),
    ],
    *,
    reason: Annotated[str, typer.Option("--reason", "-r", help="Why: it shows wherever this shows.")],
    as_model: Annotated[
        str | None,
        typer.Option(
            "--as",
            metavar="MODEL",
            autocompletion=models,
            help="The fleet's model that it is to be; the one of its own name unless given.",
        ),
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Also where another version is in production.")] = False,
    url: Url = APP,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Take a registered version for the one in production, as it is; what it came from is told as unknown."""
    from cli.order_telling import give_order  # noqa: PLC0415 - --help must be quick
    from shared.registry.uris import read_model_uri  # noqa: PLC0415 - as above

    try:
        found = read_model_uri(uri)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="MODEL_URI") from error
    fields = {"uri": uri, "reason": reason, "replace": replace or None}
    sys.exit(give_order(url, key, as_model or found.name, "adopt", fields, as_json=as_json))
