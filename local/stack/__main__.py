"""``python -m local.stack up``: run the whole stack until Ctrl-C."""

import argparse
import json
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from local.services.process import LocalServiceError
from local.stack.ending import OrderlyEnd
from local.stack.options import add_azureml
from local.stack.ports import Ports
from local.stack.stack import DEFAULT_STATE, NAMES, Change, ServiceName, Stack
from shared.errors import ConfigurationError

CHECK_SECONDS = 0.5
_NEXT: Final = (
    "The dashboard: {0}/api/dashboard\n"
    "In another terminal, in this folder: signalbox models (elsewhere: export SIGNALBOX_APP={0})\n"
    "Stop with Ctrl-C. What was done is kept, and the next start goes on from there."
)
_NO_HOST: Final = (
    "No host: what lands is told at {0} once there is one. docs/settings.md says how to run the app there.\n"
    "Stop with Ctrl-C. What was done is kept, and the next start goes on from there."
)
_AZUREML = (
    "The app works with a double of Azure ML, over azure-ai-ml: the local services run its jobs and models. "
    "What it is asked, and what shall go wrong: {}"
)


def main(given: Sequence[str] | None = None) -> int:
    """Run the command; return the exit code: 130 after Ctrl-C, 0 after SIGTERM, 1 if something is wrong.

    Args:
        given: The command line; that of this process unless given.
    """
    arguments = _parse_arguments(given)
    console = Console(stderr=arguments.json)
    with OrderlyEnd() as ending:
        try:
            _run(arguments, console)
        except KeyboardInterrupt:
            console.print("Stopped: nothing goes on. What was done is kept, and the next start goes on from there.")
            return ending.code
        except (LocalServiceError, ConfigurationError) as error:
            if arguments.json:
                told = {"code": "stack-failed", "detail": str(error), "remedy": "", "exit_code": 1}
                sys.stdout.write(json.dumps({"error": told}, indent=2) + "\n")
            console.print(f"[red]{escape(str(error))}[/red]", soft_wrap=True)
            return 1
    return 0


def _run(arguments: argparse.Namespace, console: Console) -> None:
    settings = {"SIGNALBOX_FLEET": str(arguments.fleet.resolve())} if arguments.fleet else {}
    stack = Stack(
        arguments.state,
        ports=Ports.free() if arguments.free_ports else None,
        webhooks=not arguments.no_webhooks,
        settings=settings,
        azureml=bool(arguments.azureml),
        only=[name for name in NAMES if name != "host" or not arguments.no_host],
        on_event=_Progress(console),
    )
    with stack:
        if arguments.json:
            sys.stdout.write(json.dumps(_places(stack), indent=2) + "\n")
            sys.stdout.flush()
        console.print(_overview(stack))
        if arguments.azureml:
            console.print(_AZUREML.format(stack.azureml_door_url), highlight=False, soft_wrap=True)
        console.print(
            (_NEXT if stack.has("host") else _NO_HOST).format(stack.host_url), highlight=False, soft_wrap=True
        )
        _run_until_interrupted(stack)


def _run_until_interrupted(stack: Stack) -> None:
    while True:
        time.sleep(CHECK_SECONDS)
        stack.check()


class _Progress:
    """Prints a line for each change of a service, with the seconds since the first."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._start = time.monotonic()
        self._lock = threading.Lock()

    def __call__(self, name: ServiceName, change: Change) -> None:
        with self._lock:
            self._console.print(f"{time.monotonic() - self._start:6.1f} s  {name:<12} {change}")


def _places(stack: Stack) -> dict[str, Any]:
    """Where everything is, for a program."""
    return {
        "app": stack.host_url,
        "dashboard": f"{stack.host_url}/api/dashboard",
        "state": str(stack.state.root),
        "processes": {name: stack.service(name).pid for name in _addresses(stack)},
        "addresses": _addresses(stack),
    }


def _overview(stack: Stack) -> Table:
    table = Table("service", "address", "process", "log", title=f"Signalbox, state in {stack.state.root}")
    for name, address in _addresses(stack).items():
        running = stack.service(name)
        log = running.service.log.relative_to(stack.state.root)
        table.add_row(name, address, str(running.pid), str(log))
    return table


def _addresses(stack: Stack) -> dict[ServiceName, str]:
    addresses: dict[ServiceName, str] = {
        "host": stack.host_url,
        "mlflow": stack.mlflow_url,
        "azurite": stack.blob_url,
        "jobs": stack.jobs_url,
        "scoring": stack.scoring_url,
        "blob_events": stack.blob_events_url,
    }
    if stack.azureml_url is not None:
        addresses["azureml"] = stack.azureml_url
    return {name: address for name, address in addresses.items() if stack.has(name)}


def _parse_arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.stack", description=__doc__)
    parser.add_argument("command", choices=["up"])
    parser.add_argument("--state", type=Path, default=DEFAULT_STATE, help="state directory (%(default)s)")
    parser.add_argument("--fleet", type=Path, help="fleet file of the app (default: the flights example)")
    parser.add_argument("--free-ports", action="store_true", help="a new state directory takes any free ports")
    parser.add_argument("--no-webhooks", action="store_true", help="MLflow tells the app nothing")
    parser.add_argument("--no-host", action="store_true", help="leave the host's port to another one: Core Tools' host")
    parser.add_argument("--json", action="store_true", help="print JSON once it is ready; all else to stderr")
    add_azureml(parser)
    return parser.parse_args(given)


if __name__ == "__main__":
    sys.exit(main())
