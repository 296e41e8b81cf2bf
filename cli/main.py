"""``signalbox``: the command line. Each command imports what it needs when it runs, so that ``--help`` is quick."""

from typing import Annotated

import typer

from cli.adopt import adopt
from cli.check import check
from cli.datasets import datasets
from cli.explain import explain_event
from cli.fleet import fleet
from cli.host import host
from cli.init import init
from cli.ledger import ledger, why
from cli.local_stack import demo, up
from cli.models import model, models
from cli.orders import add_orders
from cli.quarantine import quarantine
from cli.recipe import recipe
from cli.reproduce import reproduce
from cli.retire import retention, retire
from cli.root import PANELS, Group, Root
from cli.runs import runs
from cli.trace import trace

LOOK, ORDER, DATA, BUILD, LOCAL = PANELS

app = typer.Typer(
    name="signalbox",
    cls=Root,
    help="Runs the life of machine-learning models.",
    epilog="It asks the stack that runs here, or --app URL (SIGNALBOX_APP). Begin with: signalbox demo",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("models", rich_help_panel=LOOK)(models)
app.command("model", rich_help_panel=LOOK)(model)
app.command("why", rich_help_panel=LOOK)(why)
app.command("explain-event", rich_help_panel=LOOK)(explain_event)
app.command("trace", rich_help_panel=LOOK)(trace)
app.add_typer(ledger, name="ledger", cls=Group, rich_help_panel=LOOK)
app.add_typer(runs, name="run", cls=Group, rich_help_panel=ORDER)
add_orders(app, ORDER)
app.command("adopt", rich_help_panel=ORDER)(adopt)
app.command("reproduce", rich_help_panel=ORDER)(reproduce)
app.command("retire", rich_help_panel=ORDER)(retire)
app.command("retention", rich_help_panel=ORDER)(retention)
app.add_typer(datasets, name="datasets", cls=Group, rich_help_panel=DATA)
app.add_typer(datasets, name="dataset", cls=Group, hidden=True)  # as it was called before
app.add_typer(quarantine, name="quarantine", cls=Group, rich_help_panel=DATA)
app.add_typer(recipe, name="recipe", cls=Group, rich_help_panel=DATA)
app.command("init", rich_help_panel=BUILD)(init)
app.command("check", rich_help_panel=BUILD)(check)
app.add_typer(fleet, name="fleet", cls=Group, rich_help_panel=BUILD)
app.command("up", rich_help_panel=LOCAL)(up)
app.command("demo", rich_help_panel=LOCAL)(demo)
app.add_typer(host, name="host", cls=Group, rich_help_panel=LOCAL)


def _say_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415 - --help must be quick

        typer.echo(f"signalbox {version('signalbox')}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def signalbox(
    ctx: typer.Context,
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Runs the life of machine-learning models."""
    del version
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())
