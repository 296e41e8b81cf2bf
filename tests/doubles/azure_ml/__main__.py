"""``python -m tests.doubles.azure_ml``: Azure ML on a laptop, over the local stack, until SIGTERM."""

import argparse
import contextlib
import json
import signal
import sys
import threading
from pathlib import Path

from tests.doubles.azure_ml.double import AzureMlDouble
from tests.doubles.azure_ml.events import EventSender
from tests.doubles.azure_ml.local_backends import LocalJobs, LocalScoring


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.doubles.azure_ml", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="of Resource Manager and Azure ML, https")
    parser.add_argument(
        "--identity-port", type=int, required=True, help="of the managed identity, /health and /double/, http"
    )
    parser.add_argument("--state", type=Path, required=True, help="folder of the certificate and the world")
    parser.add_argument("--storage", required=True, help="connection string of the storage account")
    parser.add_argument("--data-container", default="signalbox", help="the container that Signalbox keeps its data in")
    parser.add_argument("--jobs-url", help="the local job service, to really run jobs; they go a plan without it")
    parser.add_argument("--scoring-url", help="the local scoring service, to really serve models")
    parser.add_argument("--events-url", help="where Event Grid events about jobs go; without it there are none")
    parser.add_argument("--queue-seconds", type=float, default=1.0, help="of a planned job")
    parser.add_argument("--run-seconds", type=float, default=3.0, help="of a planned job")
    return parser.parse_args()


def _experiment(double: AzureMlDouble, job: str) -> str:
    resource = double.resource(f"/jobs/{job}")
    return str(resource["properties"]["experimentName"]) if resource else "Default"


def _serve(arguments: argparse.Namespace, stopping: threading.Event) -> None:
    with contextlib.ExitStack() as stack:
        jobs = LocalJobs(arguments.jobs_url) if arguments.jobs_url else None
        scoring = LocalScoring(arguments.scoring_url, jobs) if arguments.scoring_url else None
        double = AzureMlDouble(
            arguments.storage,
            arguments.data_container,
            port=arguments.port,
            identity_port=arguments.identity_port,
            folder=arguments.state.resolve(),
            engine=jobs,
            serving=scoring,
        )
        for backend in (jobs, scoring):
            if backend is not None:
                stack.callback(backend.close)
        stack.enter_context(double)
        if arguments.events_url:
            sender = EventSender(arguments.events_url, double.workspace_id, lambda job: _experiment(double, job))
            stack.callback(sender.close)
            double.on_change = sender.send
        if jobs is None:
            double.plan("*", queue_seconds=arguments.queue_seconds, run_seconds=arguments.run_seconds)
        settings = {
            "SIGNALBOX_AZUREML_WORKSPACE": double.workspace_id,
            "SIGNALBOX_AZUREML_URL": double.url,
            "SIGNALBOX_AZUREML_CA": double.ca,
            **double.environment,
        }
        sys.stdout.write(json.dumps(settings, indent=1) + "\n")
        sys.stdout.flush()
        stopping.wait()


def main() -> None:
    """Serve."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stopping.set())
    try:
        _serve(_arguments(), stopping)
    except AssertionError as unknown:  # what the double was asked for in vain, at its end
        sys.exit(f"azureml: {unknown}")


if __name__ == "__main__":
    main()
