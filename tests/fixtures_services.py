"""Real services for tests marked `stack`, started once per session and ended with it, however it ends."""

import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.services.azurite import AzuritePorts, azurite_service, connection_string
from local.services.mlflow_server import finish_start, mlflow_service, tracking_uri
from local.services.process import HOST, Port, RunningService, Service
from shared.settings import APP_ROOT


def free_port() -> Port:
    """A port that nobody listens on at this moment."""
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        return Port(int(taken.getsockname()[1]), "nothing: tests take a free one, so run them again")


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The connection string of an Azurite of this session; take containers and tables of your own in it."""
    folder = tmp_path_factory.mktemp("azurite")
    ports = AzuritePorts(blob=free_port(), queue=free_port(), table=free_port())
    service = azurite_service(folder, ports, folder / "azurite.log")
    with_address = connection_string(ports.blob.number, ports.queue.number, ports.table.number)
    yield from _running(service, with_address)


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The tracking URI of an MLflow server of this session; take models with names of your own in it."""
    folder = tmp_path_factory.mktemp("mlflow")
    port = free_port()
    for uri in _running(mlflow_service(folder, port, folder / "mlflow.log"), tracking_uri(port.number)):
        finish_start(folder, uri, "tests")
        yield uri


@pytest.fixture(scope="session")
def job_service(azurite: str, mlflow_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a job service of this session, over its Azurite and its MLflow."""
    options = ["--storage", azurite, "--mlflow", mlflow_server, "--preload", "mlflow.pyfunc,pandas"]
    yield from _module("local.services.jobs", tmp_path_factory.mktemp("jobs"), options)


@pytest.fixture(scope="session")
def scoring_service(mlflow_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a scoring service of this session, over its MLflow."""
    options = ["--mlflow", mlflow_server, "--preload", "mlflow.pyfunc.scoring_server,pandas,uvicorn"]
    yield from _module("local.services.scoring", tmp_path_factory.mktemp("scoring"), options)


def _module(module: str, folder: Path, options: list[str]) -> Iterator[str]:
    port = free_port()
    address = f"http://{HOST}:{port.number}"
    service = Service(
        name=module.rpartition(".")[2],
        argv=(sys.executable, "-m", module, "--port", str(port.number), "--state", str(folder / "state"), *options),
        log=folder / "service.log",
        health=f"{address}/health",
        ports=(port,),
        cwd=APP_ROOT,
    )
    yield from _running(service, address)


def _running(service: Service, address: str) -> Iterator[str]:
    running = RunningService(service)
    running.start()
    try:
        running.wait_ready()
        yield address
    finally:
        running.stop()
