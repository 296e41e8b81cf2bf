"""``signalbox fleet``: what a fleet file says, and how its fleet stands. What is heavy is imported by what needs it."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from cli.options import APP, Json, Key, Url

fleet = typer.Typer(help="Fleets: check their files, see what they say, and how they stand.", no_args_is_help=True)

Files = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[FILE]...", help="Fleet files; those of SIGNALBOX_FLEET, or the example's, unless given."),
]
File = Annotated[Path | None, typer.Option("--file", "-f", help="The fleet file.", dir_okay=False)]
Environment = Annotated[
    str | None, typer.Option("--environment", "-e", help="The environment that is laid over the file.")
]


@fleet.command("check")
def check(files: Files = None, *, as_json: Json = False) -> None:
    """Say all that is wrong with fleet files and their recipes, in every environment, each with file and line."""
    from cli.fleet_check import tell  # noqa: PLC0415 - --help must be quick

    sys.exit(tell(files or [], as_json=as_json))


@fleet.command("show")
def show(
    model: Annotated[str | None, typer.Argument(metavar="[MODEL]", help="All models unless given.")] = None,
    *,
    effective: Annotated[
        bool, typer.Option("--effective", help="Where each value of the model comes from: a line, or a default.")
    ] = False,
    file: File = None,
    environment: Environment = None,
    as_json: Json = False,
) -> None:
    """Show the models that the matrix makes, or all that holds for one of them."""
    from cli.fleet_show import tell_model, tell_models  # noqa: PLC0415 - as above

    if model is None:
        if effective:
            raise typer.BadParameter("name a model: `signalbox fleet show` lists them", param_hint="--effective")
        sys.exit(tell_models(file, environment, as_json=as_json))
    sys.exit(tell_model(file, model, environment, origins=effective, as_json=as_json))


@fleet.command("status")
def status(*, url: Url = APP, key: Key = "", as_json: Json = False) -> None:
    """Show how the fleets of a running app stand: models by state, what runs and waits, what is held, what is next."""
    from cli.fleet_status import tell_status  # noqa: PLC0415 - as above

    sys.exit(tell_status(url, key, as_json=as_json))


@fleet.command("graph")
def graph(
    *,
    out: Annotated[Path, typer.Option("--out", "-o", help="The SVG to write; - for standard output.")] = Path(
        "fleet.svg"
    ),
    file: File = None,
    environment: Environment = None,
    as_json: Json = False,
) -> None:
    """Draw sources, datasets and models as an SVG that any browser shows."""
    from cli.fleet_graph import write  # noqa: PLC0415 - as above

    sys.exit(write(file, environment, out, as_json=as_json))
