"""``python -m local.services.scoring``: puts the parts together and serves them until SIGTERM."""

import argparse
import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette

from local.services.database import StateInUseError
from local.services.scoring.api import Api
from local.services.scoring.asking import make_client
from local.services.scoring.control import Control
from local.services.scoring.mirror import Mirror
from local.services.scoring.store import ScoringStore
from local.services.scoring.supervisor import Supervisor
from local.services.warm import WarmPool
from local.services.web import ERROR_HANDLERS, LOOPBACK_ONLY, run

PRELOAD = (
    "joblib,mlflow,mlflow.artifacts,mlflow.pyfunc,mlflow.pyfunc.scoring_server,mlflow.sklearn,numpy,pandas,sklearn.compose,"
    "sklearn.linear_model,sklearn.neural_network,sklearn.pipeline,sklearn.preprocessing,uvicorn"
)
"""What models and the server around them usually import."""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.services.scoring", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True, help="folder of the state; made if absent")
    parser.add_argument("--mlflow", required=True, help="URI of the MLflow server")
    parser.add_argument("--start-timeout", type=float, default=120, help="seconds until a deployment must be ready")
    parser.add_argument("--preload", default=PRELOAD, help="modules to import before any model, separated by commas")
    return parser.parse_args()


def _make_app(arguments: argparse.Namespace) -> Starlette:
    state: Path = arguments.state.resolve()
    try:
        store = ScoringStore(state / "scoring.sqlite")
    except StateInUseError as error:
        sys.exit(f"scoring: {error}")
    pool, to_deployments = WarmPool(arguments.preload.split(",")), make_client()
    supervisor = Supervisor(store, pool, state, arguments.start_timeout)
    control = Control(store, supervisor)
    mirror = Mirror(store, control, supervisor)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        warming = asyncio.create_task(pool.warm_up())
        supervisor.resume()
        async with to_deployments:
            yield
            await mirror.stop()
        await supervisor.stop()
        await asyncio.gather(warming, return_exceptions=True)
        pool.close()
        store.close()

    routes = Api(store, control, supervisor, mirror, to_deployments).routes()
    return Starlette(routes=routes, lifespan=lifespan, exception_handlers=ERROR_HANDLERS, middleware=[LOOPBACK_ONLY])


def main() -> None:
    """Serve."""
    arguments = _arguments()
    os.environ |= {  # inherited by all processes
        "OMP_NUM_THREADS": "1",
        "MLFLOW_TRACKING_URI": arguments.mlflow,
        "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    }
    run(lambda: _make_app(arguments), name="scoring", port=arguments.port)


if __name__ == "__main__":
    main()
