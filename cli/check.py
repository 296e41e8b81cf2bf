"""``signalbox check``: whether an existing Azure ML pipeline can be used as it is."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from cli.options import Json


def check(
    pipeline: Annotated[Path, typer.Argument(metavar="PIPELINE", help="Its Azure ML YAML.", dir_okay=False)],
    *,
    role: Annotated[
        Literal["train", "baseline", "score"] | None,
        typer.Option("--as", help="What it is for; guessed by its inputs and outputs unless given."),
    ] = None,
    evaluation: Annotated[
        Path | None,
        typer.Option("--evaluation", metavar="CSV", help="What it put out as `evaluation`: check that too."),
    ] = None,
    sdk: Annotated[
        bool, typer.Option("--sdk", help="Also let azure-ai-ml read it, as a laptop does before it runs it: 5 seconds.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Say whether a pipeline keeps the contract: each problem with file and line, and what would be right."""
    from cli.check_telling import tell  # noqa: PLC0415 - --help must be quick

    sys.exit(tell(pipeline, role, evaluation, sdk=sdk, as_json=as_json))
