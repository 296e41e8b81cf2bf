"""Faults on the way, as the SDK meets them."""

import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.doubles.azure_ml import AzureMlDouble

if TYPE_CHECKING:
    from azure.ai.ml import MLClient


@pytest.fixture(scope="module", autouse=True)
def model(client: "MLClient") -> None:
    """Something to read."""
    from azure.ai.ml.entities import Model

    place = "azureml://datastores/signalbox/paths/m/"
    client.models.create_or_update(Model(name="m", version="1", path=place, type="mlflow_model"))


@pytest.mark.parametrize("status", [409, 429, 500, 503])
def test_a_status_is_answered_once(client: "MLClient", double: AzureMlDouble, status: int) -> None:
    """The next request of the kind meets it, the one after that does not."""
    from azure.core.exceptions import HttpResponseError

    double.fail_once("GET", "/models/m/versions/1$", status, headers={"Retry-After": "7"})
    with pytest.raises(HttpResponseError) as caught:
        client.models.get("m", "1")
    assert caught.value.status_code == status
    response: Any = caught.value.response
    assert response.headers["Retry-After"] == "7"
    assert client.models.get("m", "1").version == "1"


def test_a_fault_has_the_words_that_it_was_given(client: "MLClient", double: AzureMlDouble) -> None:
    """Code and message are the test's."""
    from azure.core.exceptions import HttpResponseError

    double.fail_once("GET", "/models/m/versions/1$", 403, code="AuthorizationFailed", message="No role here.")
    with pytest.raises(HttpResponseError, match=r"\(AuthorizationFailed\) No role here."):
        client.models.get("m", "1")


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_connection_is_dropped(client: "MLClient", double: AzureMlDouble, moment: str) -> None:
    """The caller gets no answer; what was asked for is done or not, as planned."""
    from azure.ai.ml.entities import Model
    from azure.core.exceptions import ServiceResponseError

    double.fail_once("PUT", f"/models/{moment}/versions/1$", drop=moment)
    wanted = Model(name=moment, version="1", path="azureml://datastores/signalbox/paths/m/", type="mlflow_model")
    with pytest.raises(ServiceResponseError):
        client.models.create_or_update(wanted)
    assert (double.resource(f"/models/{moment}/versions/1") is not None) == (moment == "after")
    assert double.faults_waiting == 0


def test_an_answer_comes_late(client: "MLClient", double: AzureMlDouble) -> None:
    """It takes as long as planned, and is the right one."""
    double.fail_once("GET", "/models/m/versions/1$", seconds=0.05)
    before = time.monotonic()
    assert client.models.get("m", "1").version == "1"
    assert time.monotonic() - before >= 0.05


def test_the_identity_wants_its_header(double: AzureMlDouble) -> None:
    """A token is given to the process that knows the secret of its environment only."""
    url = double.environment["IDENTITY_ENDPOINT"] + "?resource=https://ml.azure.com&api-version=2019-08-01"
    assert httpx.get(url).status_code == 401
    header = {"X-IDENTITY-HEADER": double.environment["IDENTITY_HEADER"]}
    assert httpx.get(url, headers=header).json()["token_type"] == "Bearer"
    assert double.identity_log[-1].query["resource"] == "https://ml.azure.com"
