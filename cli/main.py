"""``signalbox``: the command line. Each command imports what it needs when it runs, so that ``--help`` is quick."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from cli.dataset import dataset
from cli.fleet import fleet
from cli.ledger import ledger, why
from cli.models import model, models
from cli.orders import add_orders
from cli.quarantine import quarantine
from cli.recipe import recipe
from cli.reproduce import reproduce
from cli.retire import retention, retire
from cli.runs import runs

app = typer.Typer(
    name="signalbox", help="Runs the life of machine-learning models.", no_args_is_help=True, add_completion=False
)
host = typer.Typer(help="The local Functions host.", no_args_is_help=True)
app.add_typer(host, name="host")
app.add_typer(fleet, name="fleet")
app.add_typer(runs, name="run")
app.add_typer(dataset, name="dataset")
app.add_typer(quarantine, name="quarantine")
app.add_typer(recipe, name="recipe")
app.add_typer(ledger, name="ledger")
app.command("why")(why)
app.command("models")(models)
app.command("model")(model)
add_orders(app)
app.command("reproduce")(reproduce)
app.command("retire")(retire)
app.command("retention")(retention)


@app.callback()
def signalbox() -> None:
    """Keep the commands in groups, also while there is only one."""


@host.command("start")
def start(
    more: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="More names for --functions.")] = None,
    *,
    directory: Annotated[Path, typer.Option("--app", help="The app's directory.", file_okay=False)] = Path(),
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
) -> None:
    """Run the function app in this folder, as ``func start`` does."""
    if more and not functions:
        raise typer.BadParameter(f"{more[0]!r} is not expected here: name functions behind --functions")
    from local.host.run import Command, run  # noqa: PLC0415 - the host is heavy, and --help must be quick

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
    )
    sys.exit(run(command))


@host.command("stuck")
def stuck(
    *,
    url: Annotated[str, typer.Option("--url", help="Where the host is.")] = "http://localhost:7071",
    older_than: Annotated[
        float, typer.Option("--older-than", min=0, help="Seconds without a move that count as stuck.")
    ] = 300.0,
    key: Annotated[str, typer.Option("--key", help="The master key, of a host with --enforce-auth.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Tell which orchestrations do not move and what for, and which work was given up."""
    from cli.stuck import tell  # noqa: PLC0415 - as above

    sys.exit(tell(url, older_than, key, as_json=as_json))
