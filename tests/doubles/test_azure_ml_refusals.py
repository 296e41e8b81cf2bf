"""Wrong requests: the double refuses what the service would, or must not take silently."""

import ssl
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.doubles.azure_ml import AzureMlDouble
from tests.doubles.azure_ml.tokens import make_token
from tests.doubles.wire import (
    COMPONENT,
    DEPLOYMENT,
    ENDPOINT,
    JOB,
    MODEL,
    WS,
    Change,
    Wire,
    changed,
    with_properties,
    without,
)


@pytest.fixture(scope="module")
def wire(double: AzureMlDouble) -> Iterator[Wire]:
    """A way to the double, with a component, a model, and endpoints that are ready: `flights` and `on-k8s`."""
    wire = Wire(double)
    assert wire.put("/components/train/versions/1", COMPONENT).status_code == 201
    assert wire.put("/models/m/versions/1", MODEL).status_code == 201
    on_k8s = changed(ENDPOINT, lambda body: body["properties"].update(compute=f"{WS}/computes/k8s"))
    for endpoint, body in (("flights", ENDPOINT), ("on-k8s", on_k8s)):
        assert wire.put(f"/onlineEndpoints/{endpoint}", body).status_code == 201
        wire.settle(f"/onlineEndpoints/{endpoint}")
    for deployment in ("blue", "green"):
        assert wire.put(f"/onlineEndpoints/flights/deployments/{deployment}", DEPLOYMENT).status_code == 201
        wire.settle(f"/onlineEndpoints/flights/deployments/{deployment}")
    kubernetes = changed(DEPLOYMENT, lambda body: body["properties"].update(endpointComputeType="Kubernetes"))
    for deployment in ("blue", "green"):
        assert wire.put(f"/onlineEndpoints/on-k8s/deployments/{deployment}", kubernetes).status_code == 201
        wire.settle(f"/onlineEndpoints/on-k8s/deployments/{deployment}")
    yield wire
    wire.close()


def test_the_bodies_of_these_tests_are_taken_as_they_are(wire: Wire) -> None:
    """What the wrong ones are made of is right: each is refused for its one change."""
    assert wire.put("/jobs/right", JOB).status_code == 201


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(lambda body: body.update(kind="x"), "kind is not known", id="unknown field"),
        pytest.param(with_properties(experiment_name="x"), "properties.experiment_name is not known", id="snake case"),
        pytest.param(with_properties(jobType="Pipelines"), "jobType is 'Pipelines'", id="unknown kind of job"),
        pytest.param(with_properties(tags={"rows": 3}), "tags.rows is 3, not of type str", id="tag that is no text"),
        pytest.param(with_properties(status="Done"), "status is 'Done', not one of", id="unknown status"),
        pytest.param(
            with_properties(inputs={"day": {"jobInputType": "literal"}}),
            "inputs.day lacks value",
            id="input without value",
        ),
        pytest.param(with_properties(jobs={}), "A pipeline needs jobs", id="nothing to run"),
        pytest.param(
            with_properties(jobs={"train": {"componentId": f"{WS}/components/train/versions/2"}}),
            "the component components/train/versions/2 was not found",
            id="component that is not there",
        ),
        pytest.param(
            with_properties(settings={"default_compute": f"{WS}/computes/gpu"}),
            "the compute computes/gpu was not found",
            id="compute that is not there",
        ),
        pytest.param(
            with_properties(settings={"default_compute": "cpu-cluster"}),
            "is not the ARM id of a compute",
            id="bare name",
        ),
        pytest.param(
            with_properties(
                inputs={"data": {"jobInputType": "uri_folder", "uri": "azureml://datastores/elsewhere/paths/raw/"}}
            ),
            "the datastore elsewhere was not found",
            id="datastore that is not there",
        ),
        pytest.param(
            with_properties(inputs={"model": {"jobInputType": "mlflow_model", "uri": f"{WS}/models/m/versions/9"}}),
            "the model models/m/versions/9 was not found",
            id="model that is not there",
        ),
    ],
)
def test_a_wrong_job_is_refused(wire: Wire, change: Change, words: str) -> None:
    """Each is answered 400 with the place of the mistake, and there is no such job afterwards."""
    answer = wire.put("/jobs/wrong", changed(JOB, change))
    assert answer.status_code == 400
    assert words in answer.json()["error"]["message"]
    assert wire.double.job_status("wrong") is None


def test_a_job_needs_the_users_token(wire: Wire) -> None:
    """A pipeline without a token for Azure ML, or with one for another audience, is refused."""
    assert wire.put("/jobs/no-token", JOB, job_token=None).status_code == 401
    assert wire.put("/jobs/no-token", JOB, job_token=wire.double.url).status_code == 401


def test_a_token_has_to_be_one_for_resource_manager(wire: Wire) -> None:
    """Nobody gets in without a token, or with one for something else."""
    assert wire.send("GET", "/jobs/right", token="").status_code == 401
    assert wire.send("GET", "/jobs/right", token="a.b.c").status_code == 401
    assert wire.send("GET", "/jobs/right", token=make_token("https://storage.azure.com")).status_code == 401


def test_a_request_says_which_version_of_the_api_it_speaks(wire: Wire) -> None:
    """A missing api-version is refused, and one that the SDK does not speak."""
    missing, unknown = (
        wire.send("GET", "/jobs/right", version=None),
        wire.send("GET", "/jobs/right", version="2019-01-01"),
    )
    assert missing.json()["error"]["code"] == "MissingApiVersionParameter"
    assert unknown.json()["error"]["code"] == "InvalidApiVersionParameter"


@pytest.mark.parametrize("name", ["a", "ab", "a" * 33, "1st", "with_underscore", "ends-", "with.dot"])
def test_a_bad_name_is_refused(wire: Wire, name: str) -> None:
    """Endpoints and deployments have names of 3 to 32 characters, beginning with a letter."""
    assert wire.put(f"/onlineEndpoints/{name}", ENDPOINT).status_code == 400
    assert wire.put(f"/onlineEndpoints/flights/deployments/{name}", DEPLOYMENT).status_code == 400
    assert wire.put(f"/batchEndpoints/{name}", ENDPOINT).status_code == 400


@pytest.mark.parametrize(
    ("traffic", "mirror", "words"),
    [
        ({"blue": 90}, {}, "must sum to 0 or 100"),
        ({"blue": 60, "green": 60}, {}, "must sum to 0 or 100"),
        ({"blue": 150, "green": -50}, {}, "must sum to 0 or 100"),
        ({"blue": 50, "red": 50}, {}, "red: there is no such deployment"),
        ({"blue": 100}, {"green": 51}, "At most 50 %"),
        ({"blue": 100}, {"green": 10, "red": 10}, "to one deployment, not to 2"),
        ({"blue": 100}, {"red": 10}, "red: there is no such deployment"),
        ({"blue": 100}, {"blue": 10}, "blue has traffic"),
    ],
)
def test_wrong_traffic_is_refused(wire: Wire, traffic: dict[str, int], mirror: dict[str, int], words: str) -> None:
    """Shares sum to 0 or 100 and go to what is there; a mirror is one, of at most half, that has none itself."""
    answer = wire.put(
        "/onlineEndpoints/flights", changed(ENDPOINT, with_properties(traffic=traffic, mirrorTraffic=mirror))
    )
    assert answer.status_code == 400
    assert words in answer.json()["error"]["message"]


def test_nothing_is_mirrored_on_kubernetes(wire: Wire) -> None:
    """A mirror that a managed endpoint would take is refused there."""
    body = changed(
        ENDPOINT,
        with_properties(compute=f"{WS}/computes/k8s", traffic={"blue": 100}, mirrorTraffic={"green": 10}),
    )
    answer = wire.put("/onlineEndpoints/on-k8s", body)
    assert (answer.status_code, "Kubernetes" in answer.json()["error"]["message"]) == (400, True)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (with_properties(model=f"{WS}/models/m/versions/7"), "the model models/m/versions/7 was not found"),
        (with_properties(environmentId=f"{WS}/environments/e/versions/1"), "the environment environments/e/versions/1"),
        (without("instanceType"), "instanceType is required"),
        (without("endpointComputeType"), "endpointComputeType is None"),
        (with_properties(endpointComputeType="Kubernetes"), "cannot be made on an endpoint that is managed"),
        (lambda body: body.pop("location"), "lacks location"),
        (lambda body: body["sku"].update(capacity=0), "sku.capacity must be 1 at least"),
        (with_properties(requestSettings={"requestTimeout": 90}), "requestTimeout is 90, not of type timedelta"),
    ],
)
def test_a_wrong_deployment_is_refused(wire: Wire, change: Change, words: str) -> None:
    """Each is answered 400, and nothing is made."""
    answer = wire.put("/onlineEndpoints/flights/deployments/wrong", changed(DEPLOYMENT, change))
    assert answer.status_code == 400
    assert words in answer.json()["error"]["message"]
    assert wire.send("GET", "/onlineEndpoints/flights/deployments/wrong").status_code == 404


def test_a_deployment_needs_an_endpoint(wire: Wire) -> None:
    """There is nothing to deploy to where there is no endpoint."""
    assert wire.put("/onlineEndpoints/nowhere/deployments/blue", DEPLOYMENT).status_code == 404


def test_a_deployment_with_traffic_is_not_deleted(wire: Wire) -> None:
    """It has to lose its traffic, and what is mirrored to it, first."""
    routed = changed(ENDPOINT, with_properties(traffic={"blue": 100}, mirrorTraffic={"green": 10}))
    assert wire.put("/onlineEndpoints/flights", routed).status_code == 200
    wire.settle("/onlineEndpoints/flights")
    for name in ("blue", "green"):
        assert wire.send("DELETE", f"/onlineEndpoints/flights/deployments/{name}").status_code == 400
    assert wire.put("/onlineEndpoints/flights", ENDPOINT).status_code == 200
    wire.settle("/onlineEndpoints/flights")


def test_what_is_being_made_cannot_be_changed(wire: Wire) -> None:
    """A second change before the first has ended is a conflict."""
    assert wire.put("/onlineEndpoints/twice", ENDPOINT).status_code == 201
    assert wire.put("/onlineEndpoints/twice", ENDPOINT).status_code == 409
    assert wire.put("/onlineEndpoints/twice/deployments/blue", DEPLOYMENT).status_code == 409


def test_traffic_goes_to_nothing_that_is_not_ready(wire: Wire) -> None:
    """A deployment that is still being made, or that failed, gets no traffic."""
    wire.double.plan_provisioning("flights/late", hang=True)
    assert wire.put("/onlineEndpoints/flights/deployments/late", DEPLOYMENT).status_code == 201
    answer = wire.put("/onlineEndpoints/flights", changed(ENDPOINT, with_properties(traffic={"late": 100})))
    assert answer.status_code == 400


def test_there_are_at_most_100_endpoints_and_20_deployments(wire: Wire) -> None:
    """One more of either is refused by the quota."""
    with AzureMlDouble() as double:
        own = Wire(double)
        own.put("/models/m/versions/1", MODEL)
        made = [own.put(f"/onlineEndpoints/endpoint-{number}", ENDPOINT).status_code for number in range(101)]
        assert made == [201] * 100 + [400]
        own.settle("/onlineEndpoints/endpoint-0")
        place = "/onlineEndpoints/endpoint-0/deployments/number"
        answers = [own.put(f"{place}-{number}", DEPLOYMENT) for number in range(21)]
        assert [answer.status_code for answer in answers] == [201] * 20 + [400]
        assert answers[-1].json()["error"]["code"] == "QuotaExceeded"
        own.close()


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("/models/x/versions/1", {"modelUri": "azureml://jobs/nobody/outputs/model"}, "the job nobody"),
        ("/models/x/versions/1", {"modelUri": "azureml://jobs/right/outputs/model"}, "has no output 'model'"),
        ("/models/x/versions/1", {"modelUri": "models/1"}, "is not the ARM id"),
        ("/models/x/versions/a b", {"modelUri": MODEL["properties"]["modelUri"]}, "is not a name and version"),
        ("/data/x/versions/1", {"dataUri": "azureml://datastores/signalbox/paths/x/"}, "dataType is None"),
        ("/codes/x/versions/1", {"codeUri": "http://127.0.0.1/never/uploaded"}, "nothing was uploaded"),
        ("/components/x/versions/1", {"componentSpec": {"type": "command", "code": "./steps"}}, "componentSpec.code"),
    ],
)
def test_a_wrong_asset_is_refused(wire: Wire, path: str, body: dict[str, Any], words: str) -> None:
    """Each is answered 400 with the place of the mistake."""
    wire.put("/jobs/right", JOB)
    answer = wire.put(path, {"properties": body})
    assert answer.status_code == 400
    assert words in answer.json()["error"]["message"]


def test_what_the_double_does_not_know_fails_the_test() -> None:
    """An unknown route is answered 501, and the end of the double raises it."""
    double = AzureMlDouble().__enter__()
    wire = Wire(double)
    assert wire.send("GET", "/schedules").status_code == 501
    wire.close()
    with pytest.raises(AssertionError, match=r"GET .*/schedules"):
        double.__exit__(None, None, None)


def test_another_workspace_is_not_there(wire: Wire) -> None:
    """The double is one workspace, and answers for no other."""
    trusted = ssl.create_default_context(cafile=wire.double.ca)
    other = wire.double.url + wire.double.workspace_id + "-2/jobs/right?api-version=2024-01-01-preview"
    headers = {"Authorization": f"Bearer {make_token(wire.double.url)}"}
    assert httpx.get(other, headers=headers, verify=trusted).status_code == 404


def test_what_is_made_becomes_ready_by_being_read(wire: Wire) -> None:
    """Nobody has to poll the operation: reads of the deployment, or of the list that it is in, move it too."""
    path = "/onlineEndpoints/flights/deployments/slow"
    wire.double.plan_provisioning("flights/slow", reads=2)
    assert wire.put(path, DEPLOYMENT).json()["properties"]["provisioningState"] == "Creating"
    wire.send("GET", "/onlineEndpoints/flights/deployments")
    states = [wire.send("GET", path).json()["properties"]["provisioningState"] for _ in range(2)]
    assert states == ["Creating", "Succeeded"]
    assert wire.send("DELETE", path).status_code == 202
    assert [wire.send("GET", path).status_code for _ in range(2)] == [200, 404]
