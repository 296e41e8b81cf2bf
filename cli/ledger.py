"""``signalbox why`` and ``signalbox ledger``. What is heavy is imported by what needs it."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from cli.options import APP, Json, Key, MaybeModel, Model, ModelOrVersion, Url

ledger = typer.Typer(help="What was done to a model, row by row, and whether it is as it was written.",
                     no_args_is_help=True)  # fmt: skip


def why(
    model: ModelOrVersion,
    *,
    every: Annotated[bool, typer.Option("--all", help="Every run and every raw file in full.")] = False,
    url: Url = APP,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Tell why a model is, or is not, in production: raw files, dataset, training, gates, release.

    MODEL@VERSION asks for one version, whether or not it serves.
    """
    from cli.ledger_telling import tell_why  # noqa: PLC0415 - --help must be quick

    sys.exit(tell_why(url, key, model, every=every, as_json=as_json))


@ledger.command("show")
def show(model: Model, *, url: Url = APP, key: Key = "", as_json: Json = False) -> None:
    """Show a model's rows, oldest first."""
    from cli.ledger_telling import tell_rows  # noqa: PLC0415 - as above

    sys.exit(tell_rows(url, key, model, as_json=as_json))


@ledger.command("verify")
def verify(
    model: MaybeModel = None,
    *,
    url: Url = APP,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Find every change, gap, cut and reorder; the exit code is 1 when there is one."""
    from cli.ledger_telling import tell_findings  # noqa: PLC0415 - as above

    sys.exit(tell_findings(url, key, model, as_json=as_json))


@ledger.command("export")
def export(
    model: Model,
    *,
    to: Annotated[Path, typer.Option("--to", metavar="FOLDER|FILE.zip", help="A new folder, or a new zip file.")],
    url: Url = APP,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Write an evidence pack: rows, heads, story, dataset manifests, and a script that verifies them by itself."""
    from cli.ledger_export import export_pack  # noqa: PLC0415 - as above

    sys.exit(export_pack(url, key, model, to, as_json=as_json))
