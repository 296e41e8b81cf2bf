"""Which image a step runs in: an environment's, with its version as it is resolved."""

import pytest

from shared.platforms.azureml.connection import Connection
from shared.platforms.azureml.jobs import AzureMlJobs
from tests.doubles.azure_ml import AzureMlDouble

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]

_CONDA = {"channels": ["conda-forge"], "dependencies": ["python=3.13"]}


def test_an_environment_is_told_by_image_version_and_packages(connection: Connection) -> None:
    """By its version, and by the label under which the newest one goes."""
    from azure.ai.ml.entities import Environment

    environments = connection.client.environments
    for version in ("1", "2"):
        image = f"registry.invalid/base:{version}"
        environments.create_or_update(Environment(name="forecast", version=version, image=image, conda_file=_CONDA))
    jobs = AzureMlJobs(connection)
    first, newest, plain = jobs.read_images(["azureml:forecast:1", "azureml:forecast@latest", "azureml:any:1"])
    assert first.startswith("registry.invalid/base:1 (environment forecast version 1, conda sha256 ")
    assert newest.startswith("registry.invalid/base:2 (environment forecast version 2, ")
    assert plain == "example.invalid/image:1 (environment any version 1)"


def test_what_the_workspace_cannot_tell_is_unknown(connection: Connection, double: AzureMlDouble) -> None:
    """An environment that is not there, another registry's, one that is written out, and one that nobody may read."""
    named = ["azureml:none:1", "azureml://registries/azureml/environments/x/versions/1", "image:1 (definition 12ab)"]
    jobs = AzureMlJobs(connection)
    assert jobs.read_images(named) == ("unknown",) * 3
    double.fail_once("GET", "/environments/any/versions/1", 403)
    assert jobs.read_images(["azureml:any:1"]) == ("unknown",)
