"""A workspace of Azure ML for a module's tests: the double, and our connection to it."""

import re
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from shared.platforms.azureml.connection import Connection, Workspace
from shared.platforms.azureml.endpoints import AzureMlEndpoints
from shared.platforms.azureml.jobs import AzureMlJobs
from tests.doubles.azure_ml import AzureMlDouble

#: Pipelines, and the components that they refer to.
PIPELINES = Path(__file__).with_name("golden") / "pipeline"
#: The data container of these tests.
CONTAINER = "azureml-adapter"
_NUMBERS = count(1)


@pytest.fixture(scope="module")
def double(azurite: str) -> Iterator[AzureMlDouble]:
    """An Azure ML that fails the module's last test where it was asked something that it does not know."""
    with AzureMlDouble(storage=azurite, data_container=CONTAINER) as double:
        double.add_datastore("signalbox", CONTAINER)  # a datastore may be named unlike its container
        yield double


@pytest.fixture(scope="module")
def connection(double: AzureMlDouble, azurite: str) -> Iterator[Connection]:
    """The way to it, as the managed identity that it serves."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in double.environment.items():
            patch.setenv(name, value)
        connection = Connection(
            Workspace.parse(double.workspace_id),
            url=double.url,
            ca=str(double.ca),
            datastore="signalbox",
            container=CONTAINER,
            storage=azurite,
        )
        yield connection
        connection.close()


@pytest.fixture(scope="module")
def assets(connection: Connection) -> None:
    """What the pipelines of `golden/pipeline` refer to, registered as a team does it: with the SDK."""
    from azure.ai.ml import load_component
    from azure.ai.ml.entities import Environment, Model

    client = connection.client
    client.environments.create_or_update(Environment(name="steps", version="1", image="registry.invalid/steps:1"))
    for name in ("multiply", "whole"):
        client.components.create_or_update(load_component(PIPELINES / f"{name}.yml"))
    place = "azureml://datastores/signalbox/paths/models/start/"
    client.models.create_or_update(Model(name="start", version="3", path=place, type="mlflow_model"))


@pytest.fixture(scope="module")
def jobs(connection: Connection, assets: None) -> AzureMlJobs:
    """The adapter under test, in a workspace where its pipelines' assets are."""
    return AzureMlJobs(connection)


@pytest.fixture(scope="module")
def endpoints(connection: Connection) -> AzureMlEndpoints:
    """The adapter of endpoints, in a workspace with a model."""
    from azure.ai.ml.entities import Model

    for version in ("1", "2"):
        path = f"azureml://datastores/signalbox/paths/jobs/train-{version}/model/"
        connection.client.models.create_or_update(
            Model(name="departures", version=version, path=path, type="mlflow_model")
        )
    return AzureMlEndpoints(connection)


@pytest.fixture
def name() -> str:
    """An endpoint that no other test uses."""
    return f"departures-{next(_NUMBERS)}"


@pytest.fixture
def asked(double: AzureMlDouble) -> Callable[..., list[Any]]:
    """The bodies of the requests of a test, by method and a pattern in the path."""
    start = len(double.log)

    def bodies(method: str, pattern: str) -> list[Any]:
        return [one.body for one in double.log[start:] if one.method == method and re.search(pattern, one.path)]

    return bodies
