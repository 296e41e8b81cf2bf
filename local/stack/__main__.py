"""``python -m local.stack up``: run the whole stack until Ctrl-C."""

import argparse
import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from local.services.process import LocalServiceError
from local.stack.options import add_azureml
from local.stack.ports import Ports
from local.stack.stack import DEFAULT_STATE, Change, ServiceName, Stack
from shared.errors import ConfigurationError

CHECK_SECONDS = 0.5
_AZUREML = (
    "The app works with a double of Azure ML, over azure-ai-ml: the local services run its jobs and models. "
    "What it is asked, and what shall go wrong: {}"
)


def main() -> int:
    """Run the command; return the exit code: 0 after Ctrl-C or SIGTERM, 1 if something is wrong."""
    arguments = _parse_arguments()
    console = Console()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        settings = {"SIGNALBOX_FLEET": str(arguments.fleet.resolve())} if arguments.fleet else {}
        stack = Stack(
            arguments.state,
            ports=Ports.free() if arguments.free_ports else None,
            webhooks=not arguments.no_webhooks,
            settings=settings,
            azureml=bool(arguments.azureml),
            on_event=_Progress(console),
        )
        with stack:
            console.print(_overview(stack))
            if arguments.azureml:
                console.print(_AZUREML.format(stack.azureml_door_url), highlight=False, soft_wrap=True)
            console.print("Stop with Ctrl-C. What was done is kept, and the next start goes on from there.")
            _run_until_interrupted(stack)
    except KeyboardInterrupt:
        console.print("Stopped.")
        return 0
    except (LocalServiceError, ConfigurationError) as error:
        console.print(f"[red]{escape(str(error))}[/red]", soft_wrap=True)
        return 1
    return 0


def _run_until_interrupted(stack: Stack) -> None:
    while True:
        time.sleep(CHECK_SECONDS)
        stack.check()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the orderly end has begun
    raise KeyboardInterrupt


class _Progress:
    """Prints a line for each change of a service, with the seconds since the first."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._start = time.monotonic()
        self._lock = threading.Lock()

    def __call__(self, name: ServiceName, change: Change) -> None:
        with self._lock:
            self._console.print(f"{time.monotonic() - self._start:6.1f} s  {name:<12} {change}")


def _overview(stack: Stack) -> Table:
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
    table = Table("service", "address", "process", "log", title=f"Signalbox, state in {stack.state.root}")
    for name, address in addresses.items():
        running = stack.service(name)
        log = running.service.log.relative_to(stack.state.root)
        table.add_row(name, address, str(running.pid), str(log))
    return table


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.stack", description=__doc__)
    parser.add_argument("command", choices=["up"])
    parser.add_argument("--state", type=Path, default=DEFAULT_STATE, help="state directory (%(default)s)")
    parser.add_argument("--fleet", type=Path, help="fleet file of the app (default: the flights example)")
    parser.add_argument("--free-ports", action="store_true", help="a new state directory takes any free ports")
    parser.add_argument("--no-webhooks", action="store_true", help="MLflow tells the app nothing")
    add_azureml(parser)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
