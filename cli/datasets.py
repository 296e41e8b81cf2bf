"""``signalbox datasets``: versions, and what each was made of. What is heavy is imported by what needs it."""

import sys
from typing import Annotated

import typer

from cli.completing import dataset_versions
from cli.options import APP, Dataset, FleetName, Json, Key, Url
from cli.options import DatasetVersion as Version

datasets = typer.Typer(help="Versions of datasets, and what each was made of.", no_args_is_help=True)


@datasets.command("list")
def list_versions(
    name: Dataset = None,
    *,
    fleet: FleetName = None,
    every: Annotated[bool, typer.Option("--all", help="Also versions that others have replaced.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="At most so many of each dataset.")] = 20,
    url: Url = APP,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """List the present version of each cell, newest period first."""
    from cli.dataset_telling import tell_versions  # noqa: PLC0415 - --help must be quick

    sys.exit(tell_versions(url, key, name, fleet, limit, every=every, as_json=as_json))


@datasets.command("show")
def show(version: Version, *, url: Url = APP, key: Key = "", as_json: Json = False) -> None:
    """Show what a version was made of: files, recipes, counts, columns, and the profile of its values."""
    from cli.dataset_telling import tell_version  # noqa: PLC0415 - as above

    sys.exit(tell_version(url, key, version, as_json=as_json))


@datasets.command("diff")
def diff(
    first: Annotated[str, typer.Argument(metavar="A", help="A version.", autocompletion=dataset_versions)],
    second: Annotated[
        str, typer.Argument(metavar="B", help="Another one, the newer as a rule.", autocompletion=dataset_versions)
    ],
    *,
    url: Url = APP,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Tell how version B differs from version A: files, recipes, columns, counts, and figures of the profile."""
    from cli.dataset_telling import tell_difference  # noqa: PLC0415 - as above

    sys.exit(tell_difference(url, key, first, second, as_json=as_json))
