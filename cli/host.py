"""``signalbox host``: the local Functions host. What is heavy is imported by what needs it."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from cli.failures import CommandError
from cli.options import APP, Json, Key

host = typer.Typer(help="The local Functions host, for any Durable Functions app.", no_args_is_help=True)


@host.command("start")
def start(
    more: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="More names for --functions.")] = None,
    *,
    directory: Annotated[
        Path, typer.Option("--directory", "--app", help="The app's folder.", file_okay=False)
    ] = Path(),
    port: Annotated[
        int | None, typer.Option("--port", "-p", help="HTTP port, 0 for a free one; 7071 unless set.")
    ] = None,
    functions: Annotated[list[str] | None, typer.Option("--functions", help="Load only these functions.")] = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="Log every turn, and what the libraries say.")] = False,
    enforce_auth: Annotated[bool, typer.Option("--enforce-auth", help="Ask for keys as Azure does.")] = False,
    keys: Annotated[Path | None, typer.Option("--keys", help="File with the keys.", dir_okay=False)] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Begin again when a file of the app changes.")] = False,
    state: Annotated[Path | None, typer.Option("--state", help="File of the durable state.", dir_okay=False)] = None,
    drain_seconds: Annotated[int, typer.Option("--drain-seconds", help="What runs gets so long at the end.")] = 10,
    max_payload_mb: Annotated[
        int, typer.Option("--max-payload-mb", min=0, help="Largest durable payload; 1 on Azure, 0 for any.")
    ] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON once it is ready; logs go to stderr.")] = False,
) -> None:
    """Run the function app in this folder, as ``func start`` does."""
    if more and not functions:
        raise typer.BadParameter(f"{more[0]!r} is not expected here: name functions behind --functions")
    from local.host.errors import HostError  # noqa: PLC0415 - the host is heavy, and --help must be quick
    from local.host.run import Command, run  # noqa: PLC0415 - as above

    # func takes names that blanks separate, in one argument or in several.
    names = [name for text in (*(functions or ()), *(more or ())) for name in text.replace(",", " ").split()]
    command = Command(
        app=directory,
        port=port,
        state=state,
        drain_seconds=drain_seconds,
        functions=tuple(names),
        enforce_auth=enforce_auth,
        keys=keys,
        max_payload_mb=max_payload_mb,
        watch=watch,
        verbose=verbose,
        as_json=as_json,
    )
    try:
        sys.exit(run(command))
    except HostError as error:
        raise CommandError("host-failed", str(error)) from error


@host.command("stuck")
def stuck(
    *,
    url: Annotated[
        str,
        typer.Option(
            "--app", "--url", metavar="URL", envvar="SIGNALBOX_APP", show_default=False,
            help="Where the host is; the stack that runs here unless given.",
        ),
    ] = APP,
    older_than: Annotated[
        float, typer.Option("--older-than", min=0, help="Seconds without a move that count as stuck.")
    ] = 300.0,
    key: Key = "",
    as_json: Json = False,
) -> None:  # fmt: skip
    """Tell which orchestrations do not move and what for, and which work was given up."""
    from cli.stuck import tell  # noqa: PLC0415 - as above

    sys.exit(tell(url, older_than, key, as_json=as_json))
