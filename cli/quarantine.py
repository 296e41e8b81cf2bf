"""``signalbox quarantine``: reads back the rows that were rejected. What is heavy is imported by what needs it."""

import sys
from typing import Annotated

import typer

from cli.options import APP, Json, Key, Url

quarantine = typer.Typer(help="Rows that were rejected, and why.", no_args_is_help=True)


@quarantine.command("show")
def show(
    path: Annotated[
        str | None,
        typer.Argument(
            metavar="[PATH]", help="A file in quarantine, or a raw file that landed; lists all unless given."
        ),
    ] = None,
    *,
    source: Annotated[str | None, typer.Option("--source", help="List only what is of this source.")] = None,
    rule: Annotated[str | None, typer.Option("--rule", help="Only rows that break this rule.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="At most so many.")] = 20,
    url: Url = APP,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Show rejected rows with their place, rule and reason; without a path, list what is in quarantine."""
    from cli.quarantine_telling import tell_quarantine, tell_rows  # noqa: PLC0415 - --help must be quick

    if path is None:
        sys.exit(tell_quarantine(url, key, source, rule, min(limit, 200), as_json=as_json))
    if source is not None:
        raise typer.BadParameter("it lists; leave out the path, or --source", param_hint="--source")
    sys.exit(tell_rows(url, key, path, rule, limit, as_json=as_json))
