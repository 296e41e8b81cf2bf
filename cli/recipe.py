"""``signalbox recipe``: tries recipes, and drafts them. What is heavy is imported by what needs it."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from cli.options import Json

recipe = typer.Typer(help="Recipes: try them on a file, and draft them from one.", no_args_is_help=True)


@recipe.command("check")
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The recipe.", dir_okay=False)],
    *,
    sample: Annotated[
        Path | None, typer.Option("--sample", metavar="DATA", help="A raw file; all of it is read.", dir_okay=False)
    ] = None,
    rows: Annotated[int, typer.Option("--rows", min=1, max=100, help="First rows to show, before and after.")] = 5,
    beside: Annotated[
        Path | None,
        typer.Option(
            "--beside",
            metavar="FOLDER",
            file_okay=False,
            help="What the recipe's files are relative to: the folder of the fleet file; looked for unless given.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Say all that is wrong with a recipe; with a sample, show what it makes of it, and what each rule rejects."""
    from cli.recipe_telling import tell_check  # noqa: PLC0415 - --help must be quick

    sys.exit(tell_check(file, sample, rows, beside, as_json=as_json))


@recipe.command("infer")
def infer(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="A raw file.", dir_okay=False)],
    *,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The recipe to write; standard output unless given.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Draft a recipe from the beginning of a raw file, with a comment wherever something was guessed."""
    from cli.recipe_telling import tell_draft  # noqa: PLC0415 - as above

    sys.exit(tell_draft(data, out, as_json=as_json))
