"""``signalbox init``: a fleet for one's own file."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from cli.options import Json


def init(
    *,
    data: Annotated[Path, typer.Option("--data", metavar="FILE", help="Your data: a CSV with a header.")],
    target: Annotated[str | None, typer.Option("--target", metavar="COLUMN", help="The column to forecast.")] = None,
    time: Annotated[str | None, typer.Option("--time", metavar="COLUMN", help="The column with the date.")] = None,
    by: Annotated[
        list[str] | None,
        typer.Option("--by", metavar="COLUMNS", help="The columns that name a series, with commas between them."),
    ] = None,
    into: Annotated[
        Path | None,
        typer.Option("--into", metavar="FOLDER", help="Where to write it; named after the file unless given."),
    ] = None,
    every: Annotated[
        Literal["day", "week", "month", "quarter", "year"] | None,
        typer.Option("--every", help="One value per what; as the data has it unless given."),
    ] = None,
    horizon: Annotated[int | None, typer.Option("--horizon", min=1, help="How many periods ahead.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="Of the fleet; the file's unless given.")] = None,
    run: Annotated[
        bool, typer.Option("--run", help="Then train, judge and release it on this machine, and show how it did.")
    ] = False,
    keep: Annotated[bool, typer.Option("--keep", help="With --run: leave everything up until Ctrl-C.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
    as_json: Json = False,
) -> None:
    """Draft recipe, pipelines, baseline and fleet file for your own data; with --run, try all of it at once.

    With --run and without --target, a fleet that was drafted before is run as it is now.
    """
    from cli.init_draft import Wish, fleet_name  # noqa: PLC0415 - --help must be quick
    from cli.init_telling import tell_draft, tell_run  # noqa: PLC0415 - as above

    folder = into or Path(fleet_name(data, name))
    if target is not None or time is not None or not run:
        if target is None or time is None:
            missing = "--target" if target is None else "--time"
            raise typer.BadParameter(f"it is missing: name a column of {data}", param_hint=missing)
        columns = [one for text in by or () for one in text.split(",") if one.strip()]
        wish = Wish(data, time, target, columns, every, horizon, name, folder, force)
        tell_draft(wish, run=run, as_json=as_json)
    if run:
        sys.exit(tell_run(folder, data, keep=keep, as_json=as_json))
