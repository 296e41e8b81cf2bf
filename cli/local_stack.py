"""``signalbox up`` and ``signalbox demo``: the local stack. What is heavy is imported by what needs it."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from cli.options import Json

State = Annotated[
    Path | None, typer.Option("--state", metavar="FOLDER", help="Where it keeps everything.", file_okay=False)
]
AzureMl = Annotated[
    Literal["double"] | None,
    typer.Option("--azureml", envvar="AZUREML", help="Let the app talk to Azure ML's double, over azure-ai-ml."),
]
NoWebhooks = Annotated[bool, typer.Option("--no-webhooks", help="The registry tells the app nothing.")]


def up(
    *,
    fleet: Annotated[
        Path | None,
        typer.Option("--fleet", metavar="FILE", help="The fleet file; the example's unless given.", dir_okay=False),
    ] = None,
    state: State = None,
    free_ports: Annotated[bool, typer.Option("--free-ports", help="A new state takes any free ports.")] = False,
    no_webhooks: NoWebhooks = False,
    azureml: AzureMl = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Start the local stack, and say where everything is; Ctrl-C ends it, and what was done is kept."""
    from cli.files import require_file  # noqa: PLC0415 - --help must be quick
    from local.stack.__main__ import main  # noqa: PLC0415 - as above

    if fleet is not None:
        require_file(fleet)
    options: dict[str, object] = {"--state": state, "--fleet": fleet, "--azureml": azureml}
    flags = {"--free-ports": free_ports, "--no-webhooks": no_webhooks, "--json": as_json}
    sys.exit(main(["up", *_written(options), *(name for name, on in flags.items() if on)]))


def demo(
    *,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the stack up at the end.")] = False,
    environment: Annotated[
        str | None, typer.Option("--environment", "-e", help="One of the fleet file's; dev has two models.")
    ] = None,
    timeout: Annotated[float, typer.Option("--timeout", min=1, help="Seconds until it gives up.")] = 300.0,
    state: State = None,
    no_webhooks: NoWebhooks = False,
    no_reconcile: Annotated[
        bool, typer.Option("--no-reconcile", help="No search for lost events by the clock.")
    ] = False,
    azureml: AzureMl = None,
    as_json: Json = False,
) -> None:
    """Raw data to released models on this machine, and a proof of what came out."""
    from local.demo.__main__ import main  # noqa: PLC0415 - as above

    options: dict[str, object] = {
        "--state": state,
        "--environment": environment,
        "--timeout": timeout,
        "--azureml": azureml,
    }
    flags = {"--keep": keep, "--no-webhooks": no_webhooks, "--no-reconcile": no_reconcile, "--json": as_json}
    sys.exit(main([*_written(options), *(name for name, on in flags.items() if on)]))


def _written(options: dict[str, object]) -> list[str]:
    """Options that were given, as a command line."""
    return [part for name, value in options.items() if value is not None for part in (name, str(value))]
