"""``python -m local.services.jobs``: puts the parts together and serves them until SIGTERM."""

import argparse
import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette

from local.services.database import StateInUseError
from local.services.jobs.api import Api
from local.services.jobs.assets import AssetStore
from local.services.jobs.assets_api import AssetsApi
from local.services.jobs.azureml_yaml import Parser
from local.services.jobs.batch import BatchStore
from local.services.jobs.batch_api import BatchApi
from local.services.jobs.events import EventSender, events_of
from local.services.jobs.job_run import Machine
from local.services.jobs.outputs import Outputs
from local.services.jobs.runner import Runner
from local.services.jobs.slots import Slots
from local.services.jobs.store import JobStore
from local.services.jobs.submission import Submission
from local.services.warm import WarmPool
from local.services.web import ERROR_HANDLERS, LOOPBACK_ONLY, run

PRELOAD = (
    "azure.storage.blob,joblib,mlflow,mlflow.pyfunc,mlflow.sklearn,numpy,pandas,polars,pyarrow.parquet,sklearn.compose,"
    "sklearn.linear_model,sklearn.neural_network,sklearn.pipeline,sklearn.preprocessing"
)
"""What the steps of a training pipeline usually import."""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.services.jobs", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True, help="folder of the state; made if absent")
    parser.add_argument("--storage", required=True, help="connection string of the storage account with the datastores")
    parser.add_argument("--mlflow", required=True, help="URI of the MLflow server")
    parser.add_argument("--events-url", help="where Event Grid events go; without it there are none")
    parser.add_argument("--processes", type=int, default=2, help="steps at once")
    parser.add_argument("--fetch-timeout", type=float, default=300, help="seconds for the download of a job's inputs")
    parser.add_argument(
        "--step-timeout", type=float, default=3600, help="seconds for a step without a limit of its own"
    )
    parser.add_argument("--preload", default=PRELOAD, help="modules to import before any step, separated by commas")
    return parser.parse_args()


def _make_app(arguments: argparse.Namespace, stopping: threading.Event) -> Starlette:
    state: Path = arguments.state.resolve()
    try:
        store = JobStore(state / "jobs.sqlite", events_of if arguments.events_url else lambda _job: [])
    except StateInUseError as error:
        sys.exit(f"jobs: {error}")
    assets, batch = AssetStore(state / "assets.sqlite"), BatchStore(state / "batch.sqlite")
    pool, parser = WarmPool(arguments.preload.split(",")), Parser()
    machine = Machine(
        store=store,
        assets=assets,
        pool=pool,
        slots=Slots(arguments.processes),
        storage=arguments.storage,
        mlflow_uri=arguments.mlflow,
        fetch_timeout=arguments.fetch_timeout,
        step_timeout=arguments.step_timeout,
        stopping=stopping,
    )
    runner = Runner(machine, state / "jobs")
    sender = EventSender(store, arguments.events_url or "")

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        store.on_event = sender.wake
        background = [asyncio.create_task(pool.warm_up()), asyncio.create_task(sender.run())]
        runner.resume()
        yield
        await runner.stop()
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
        pool.close()
        parser.close()
        for one in (store, assets, batch):
            one.close()

    outputs, submission = Outputs(store, runner), Submission(parser, store, assets, runner)
    jobs = Api(store, runner, submission, outputs, arguments.mlflow)
    others = AssetsApi(assets, outputs), BatchApi(batch, store, submission, jobs.describe)
    routes = [*jobs.routes(), *(route for api in others for route in api.routes())]
    return Starlette(routes=routes, lifespan=lifespan, exception_handlers=ERROR_HANDLERS, middleware=[LOOPBACK_ONLY])


def main() -> None:
    """Serve."""
    arguments = _arguments()
    os.environ |= {  # inherited by all processes
        "OMP_NUM_THREADS": "1",  # the steps share the machine: more threads in each would only wait for one another
        "MLFLOW_TRACKING_URI": arguments.mlflow,
        "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    }
    stopping = threading.Event()
    run(lambda: _make_app(arguments, stopping), name="jobs", port=arguments.port, on_stop=stopping.set)


if __name__ == "__main__":
    main()
