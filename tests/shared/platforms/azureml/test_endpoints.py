"""Online endpoints, through the unmodified SDK, against the double: what is asked, and what its answers become."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared.contracts.deployments import DEPLOYMENT_TAKEN
from shared.errors import PermanentError, TransientError
from shared.platforms.azureml.definitions import DEFINITION_TAG
from shared.platforms.azureml.endpoints import AzureMlEndpoints
from tests.doubles.azure_ml import AzureMlDouble
from tests.shared.platforms.azureml.endpoint_calls import deployed, later
from tests.shared.platforms.azureml.golden_bodies import compare_golden

pytestmark = pytest.mark.stack


def test_the_endpoint_is_made_first(endpoints: AzureMlEndpoints, name: str, asked: Callable[..., list[Any]]) -> None:
    """While the endpoint is in the making, the answer is to ask again; then the deployment is started, once."""
    with pytest.raises(TransientError, match="is Creating"):
        endpoints.create_deployment(name, "v1-1", "departures", "1")
    state = later(lambda: endpoints.create_deployment(name, "v1-1", "departures", "1"))
    assert (state.endpoint, state.deployment, state.model, state.version) == (name, "v1-1", "departures", "1")
    assert state.status == "Creating"
    assert state.created_at is not None
    assert len(asked("PUT", f"/{name}$")) == 1
    assert len(asked("PUT", f"/{name}/deployments/v1-1$")) == 1
    compare_golden("endpoint", asked("PUT", f"/{name}$")[0])
    compare_golden("deployment", asked("PUT", "/deployments/")[0])


def test_no_thread_is_left_behind(endpoints: AzureMlEndpoints, name: str) -> None:
    """What takes minutes is started and read; nothing polls for it in the app's process."""
    deployed(endpoints, name, "v1-1")
    endpoints.set_traffic(name, {"v1-1": 100})
    assert not [one.name for one in threading.enumerate() if one.name.startswith("LROPoller")]


def test_the_same_deployment_is_adopted(
    endpoints: AzureMlEndpoints, name: str, asked: Callable[..., list[Any]]
) -> None:
    """Asked twice, it is there once."""
    deployed(endpoints, name, "v1-1")
    state = endpoints.create_deployment(name, "v1-1", "departures", "1")
    assert state.status == "Succeeded"
    assert len(asked("PUT", "/deployments/")) == 1


def test_another_deployment_of_the_name_is_refused(endpoints: AzureMlEndpoints, name: str, tmp_path: Path) -> None:
    """Another version, or the same one with another definition, does not replace what is there."""
    deployed(endpoints, name, "v1-1")
    file = tmp_path / "online.yml"
    file.write_text("instance_type: Standard_DS3_v2\ninstance_count: 3\n")
    for version, definition in (("2", None), ("1", file)):
        with pytest.raises(PermanentError, match="exists already, with another") as caught:
            endpoints.create_deployment(name, "v1-1", "departures", version, definition)
        assert caught.value.code == DEPLOYMENT_TAKEN


def test_a_deployment_that_failed_says_why(endpoints: AzureMlEndpoints, double: AzureMlDouble, name: str) -> None:
    """The reason is the operation's, capped, however long it is."""
    double.plan_provisioning(f"{name}/v1-1", end="Failed", error=f"ResourceNotReady: {'crashed ' * 1000}")
    deployed(endpoints, name, "v1-1")
    state = endpoints.read_deployment(name, "v1-1")
    assert state is not None
    assert state.status == "Failed"
    assert state.error is not None
    assert "ResourceNotReady: crashed" in state.error
    assert len(state.error) <= 500


def test_an_endpoint_that_failed_is_told(endpoints: AzureMlEndpoints, double: AzureMlDouble, name: str) -> None:
    """Nothing can be deployed to it, and asking again does not help."""
    double.plan_provisioning(name, end="Failed", error="OutOfQuota: no public IP left")
    with pytest.raises(PermanentError, match="OutOfQuota: no public IP left") as caught:
        later(lambda: endpoints.create_deployment(name, "v1-1", "departures", "1"))
    assert caught.value.code == "EndpointFailed"


def test_an_endpoint_that_failed_in_a_shift_goes_back(
    endpoints: AzureMlEndpoints, double: AzureMlDouble, name: str
) -> None:
    """The shift that made it fail stays refused, and the one that undoes it is begun."""
    for deployment in ("v1-1", "v2-1"):
        deployed(endpoints, name, deployment)
    later(lambda: endpoints.set_traffic(name, {"v1-1": 100}))
    double.plan_provisioning(name, end="Failed", error="InternalError: no gateway")
    later(lambda: endpoints.set_traffic(name, {"v2-1": 100}))
    with pytest.raises(PermanentError, match="InternalError: no gateway") as caught:
        later(lambda: endpoints.set_traffic(name, {"v2-1": 100}))
    assert caught.value.code == "EndpointFailed"
    double.plan_provisioning(name)
    for _ in range(2):
        later(lambda: endpoints.set_traffic(name, {"v1-1": 100}))
    assert endpoints.read_traffic(name)["v1-1"] == 100


def test_a_shift_that_was_not_done_is_begun_anew(endpoints: AzureMlEndpoints, double: AzureMlDouble, name: str) -> None:
    """Where Azure ML has ended it with the traffic as it was, that is told; where it was done, nothing is begun."""
    for deployment in ("v1-1", "v2-1"):
        deployed(endpoints, name, deployment)
    begun: list[bool] = []

    def shift(deployment: str) -> None:
        later(lambda: begun.append(endpoints.set_traffic(name, {deployment: 100})))

    shift("v1-1")
    double.plan_provisioning(name, end="Failed", error="InternalError: no gateway", keeps_traffic=True)
    shift("v2-1")
    double.plan_provisioning(name)
    shift("v2-1")
    shift("v2-1")
    assert begun == [True, True, True, False]
    assert endpoints.read_traffic(name)["v2-1"] == 100


def test_code_and_environment_travel_along(
    endpoints: AzureMlEndpoints, name: str, tmp_path: Path, asked: Callable[..., list[Any]]
) -> None:
    """A model with a scoring script is deployed with its code, its environment and its network as the file says."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "score.py").write_text("def init():\n    pass\n\n\ndef run(data):\n    return []\n")
    (tmp_path / "conda.yml").write_text("dependencies: [python=3.13]\n")
    file = tmp_path / "online.yml"
    file.write_text(
        "instance_type: Standard_F4s_v2\ninstance_count: 2\negress_public_network_access: disabled\n"
        "code_configuration: {code: src, scoring_script: score.py}\n"
        'environment: {name: serving, version: "1", image: "registry/base:1", conda_file: conda.yml}\n'
    )
    later(lambda: endpoints.create_deployment(name, "v1-1", "departures", "1", file))
    compare_golden("environment", asked("PUT", "/environments/serving/versions/1$")[0])
    compare_golden("deployment_with_code", asked("PUT", "/deployments/")[0], (r"codes/[^\"]+", "codes/{code}"))


def test_a_cluster_serves_too(
    endpoints: AzureMlEndpoints, name: str, tmp_path: Path, asked: Callable[..., list[Any]]
) -> None:
    """A Kubernetes endpoint is made on its cluster, its deployments scale, and traffic is not mirrored there."""
    (tmp_path / "endpoint.yml").write_text("compute: azureml:k8s\nauth_mode: key\n")
    file = tmp_path / "online.yml"
    file.write_text(
        "type: kubernetes\ninstance_count: 1\nresources: {requests: {cpu: '0.5', memory: 1Gi}}\n"
        "scale_settings: {type: target_utilization, min_instances: 1, max_instances: 4}\n"
    )
    for deployment in ("v1-1", "v1-2"):
        later(lambda one=deployment: endpoints.create_deployment(name, one, "departures", "1", file))  # type: ignore[misc]
        while endpoints.list_deployments(name)[-1].status == "Creating":
            continue
    compare_golden("kubernetes_endpoint", asked("PUT", f"/{name}$")[0])
    compare_golden("kubernetes_deployment", asked("PUT", "/deployments/v1-1")[0])
    later(lambda: endpoints.set_traffic(name, {"v1-1": 100}))
    with pytest.raises(PermanentError, match="on Kubernetes") as caught:
        later(lambda: endpoints.set_traffic(name, {"v1-1": 100}, {"v1-2": 10}))
    assert caught.value.code == "InvalidTraffic"


def test_traffic_and_mirror_travel_together(
    endpoints: AzureMlEndpoints, name: str, asked: Callable[..., list[Any]]
) -> None:
    """Each change sends both maps: what is not said stays, and who takes traffic is mirrored to no more."""
    deployed(endpoints, name, "blue", "green")
    later(lambda: endpoints.set_traffic(name, {"blue": 100}))
    later(lambda: endpoints.set_traffic(name, {"blue": 100}, {"green": 10}))
    later(lambda: endpoints.set_traffic(name, {"blue": 100, "green": 0}))
    later(lambda: endpoints.set_traffic(name, {"blue": 90, "green": 10}))
    later(lambda: endpoints.set_traffic(name, {"blue": 90, "green": 10}))
    _made, first, mirrored, shared = asked("PUT", f"/{name}$")
    compare_golden("traffic", first)
    compare_golden("mirror", mirrored)
    assert shared["properties"]["traffic"] == {"blue": 90, "green": 10}
    assert shared["properties"]["mirrorTraffic"] == {}
    assert endpoints.read_traffic(name) == {"blue": 90, "green": 10}


def test_traffic_waits_for_an_earlier_change(endpoints: AzureMlEndpoints, double: AzureMlDouble, name: str) -> None:
    """An endpoint that is being changed is asked again later, whether we see it or the service says so."""
    deployed(endpoints, name, "blue")
    endpoints.set_traffic(name, {"blue": 100})
    with pytest.raises(TransientError, match="is Updating"):
        endpoints.set_traffic(name, {})
    endpoints.read_traffic(name)
    double.fail_once("PUT", f"/{name}$", 409, message="Already running method PutEndpoint")
    with pytest.raises(TransientError, match=r"Already running method .* \(an earlier change is under way\)"):
        endpoints.set_traffic(name, {})


@pytest.mark.parametrize(
    ("traffic", "mirror", "said"),
    [
        ({"blue": 90}, None, "sum to 90"),
        ({"blue": 50, "red": 50}, None, "no deployment 'red'"),
        ({"blue": 101, "green": -1}, None, "whole number"),
        ({"blue": 100}, {"green": 60}, "at most 50 %"),
        ({"blue": 100}, {"blue": 10}, "traffic of its own"),
        ({"blue": 100}, {"green": 10, "grey": 10}, "to one deployment only"),
    ],
)
def test_traffic_that_cannot_be_is_refused(traffic: dict[str, int], mirror: dict[str, int] | None, said: str) -> None:
    """Shares that Azure ML would refuse are refused with the remedy."""
    from shared.platforms.azureml.traffic import require_traffic

    with pytest.raises(PermanentError, match=said) as caught:
        require_traffic(traffic, mirror or {}, {"blue", "green", "grey"}, "departures")
    assert caught.value.code == "InvalidTraffic"


def test_what_carries_traffic_is_not_deleted(endpoints: AzureMlEndpoints, name: str) -> None:
    """Neither a deployment that answers, nor an endpoint that has one; without traffic both go."""
    deployed(endpoints, name, "blue", "green")
    later(lambda: endpoints.set_traffic(name, {"blue": 100}, {"green": 10}))
    for deployment, share in (("blue", "100 % of the traffic"), ("green", "10 % of the mirrored")):
        with pytest.raises(PermanentError, match=share) as caught:
            later(lambda one=deployment: endpoints.delete_deployment(name, one))  # type: ignore[misc]
        assert caught.value.code == "HasTraffic"
    with pytest.raises(PermanentError, match="still has blue, green") as caught:
        endpoints.delete_endpoint(name)
    assert caught.value.code == "EndpointInUse"
    later(lambda: endpoints.set_traffic(name, {}, {}))
    for deployment in ("blue", "green"):
        later(lambda one=deployment: endpoints.delete_deployment(name, one))  # type: ignore[misc]
    assert endpoints.list_deployments(name) == []
    assert endpoints.read_deployment(name, "blue") is None
    later(lambda: endpoints.delete_endpoint(name))


def test_what_is_absent_is_absent(endpoints: AzureMlEndpoints, name: str) -> None:
    """Reads of what is not there say so, deleting it does nothing, and using it is a mistake."""
    assert endpoints.read_deployment(name, "blue") is None
    assert endpoints.list_deployments(name) == []
    assert endpoints.read_traffic(name) == {}
    endpoints.delete_deployment(name, "blue")
    endpoints.delete_endpoint(name)
    for call in (lambda: endpoints.set_traffic(name, {}), lambda: endpoints.score(name, [{"a": 1}])):
        with pytest.raises(PermanentError) as caught:
            call()
        assert caught.value.code == "NotFound"


def test_an_unknown_model_is_refused_in_the_services_words(endpoints: AzureMlEndpoints, name: str) -> None:
    """A version that nobody registered cannot be deployed."""
    with pytest.raises(PermanentError, match="departures"):
        later(lambda: endpoints.create_deployment(name, "v9-1", "departures", "9"))


def test_a_wrong_name_is_refused_before_anything_is_asked(
    endpoints: AzureMlEndpoints, asked: Callable[..., list[Any]]
) -> None:
    """Names that Azure ML would refuse cost no call."""
    for endpoint, deployment in (("Departures", "v1-1"), ("departures", "v1_1")):
        with pytest.raises(PermanentError) as caught:
            endpoints.create_deployment(endpoint, deployment, "departures", "1")
        assert caught.value.code == "InvalidName"
    assert asked("GET", ".") == []


def test_a_wrong_definition_makes_no_endpoint(
    endpoints: AzureMlEndpoints, name: str, tmp_path: Path, asked: Callable[..., list[Any]]
) -> None:
    """The file is read before anything is made for it."""
    file = tmp_path / "online.yml"
    file.write_text("instance_type: Standard_DS3_v2\ninstances: 2\n")
    with pytest.raises(PermanentError, match=r"online\.yml.*instances") as caught:
        endpoints.create_deployment(name, "v1-1", "departures", "1", file)
    assert caught.value.code == "InvalidDefinition"
    assert asked("PUT", ".") == []


def test_a_scoring_script_that_is_missing_is_told(endpoints: AzureMlEndpoints, name: str, tmp_path: Path) -> None:
    """Code that the file names and that is not there ends in the file's mistake, not in a failed deployment."""
    file = tmp_path / "online.yml"
    file.write_text(
        "instance_type: Standard_DS3_v2\ninstance_count: 1\nenvironment: azureml:any:1\n"
        "code_configuration: {code: src, scoring_script: score.py}\n"
    )
    with pytest.raises(PermanentError, match="score"):
        later(lambda: endpoints.create_deployment(name, "v1-1", "departures", "1", file))


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"status": 429, "headers": {"Retry-After": "30"}, "message": "slow down"}, TransientError),
        ({"status": 403, "code": "AuthorizationFailed", "message": "may not"}, PermanentError),
        ({"status": 400, "code": "OutOfQuota", "message": "not enough cores"}, PermanentError),
        ({"drop": "before"}, TransientError),
    ],
)
def test_refusals_keep_the_services_words(
    endpoints: AzureMlEndpoints, double: AzureMlDouble, name: str, fault: dict[str, Any], kind: type[Exception]
) -> None:
    """Busy and gone are transient, forbidden and out of quota are permanent."""
    deployed(endpoints, name, "v1-1")
    double.fail_once("PUT", f"/{name}/deployments/v1-2$", **fault)
    with pytest.raises(kind, match=fault.get("message", "did not answer")):
        endpoints.create_deployment(name, "v1-2", "departures", "1")


def test_an_answer_that_was_lost_is_adopted(
    endpoints: AzureMlEndpoints, double: AzureMlDouble, name: str, asked: Callable[..., list[Any]]
) -> None:
    """The deployment was started although the connection broke: asking again finds it, and starts no other."""
    deployed(endpoints, name, "v1-1")
    double.fail_once("PUT", f"/{name}/deployments/v1-2$", drop="after")
    with pytest.raises(TransientError):
        endpoints.create_deployment(name, "v1-2", "departures", "1")
    assert endpoints.create_deployment(name, "v1-2", "departures", "1").deployment == "v1-2"
    assert len(asked("PUT", "/v1-2$")) == 1


def test_predictions_come_by_traffic_or_from_one_deployment(
    endpoints: AzureMlEndpoints, double: AzureMlDouble, name: str
) -> None:
    """One number per row; the header picks a deployment for one call only."""
    deployed(endpoints, name, "blue", "green")
    later(lambda: endpoints.set_traffic(name, {"blue": 100}))
    rows = [{"hour": hour, "origin": "JFK"} for hour in range(3)]
    assert len(endpoints.score(name, rows, "green")) == 3
    assert len(endpoints.score(name, rows)) == 3
    picked, free = [one for one in double.log if one.method == "POST" and one.headers.get("content-length")][-3::2]
    compare_golden("score", free.body)
    assert picked.headers.get("azureml-model-deployment") == "green"
    assert "azureml-model-deployment" not in free.headers


def test_the_two_halves_of_the_platform_share_no_name() -> None:
    """The platform is both classes in one object: nothing of the one may stand for something of the other."""
    from shared.platforms.azureml.jobs import AzureMlJobs

    own, other = ({name for name in vars(one) if not name.startswith("__")} for one in (AzureMlEndpoints, AzureMlJobs))
    assert not own & other


def test_the_tag_is_the_definition(endpoints: AzureMlEndpoints, name: str, asked: Callable[..., list[Any]]) -> None:
    """What is adopted is recognized by a tag that a person can see."""
    deployed(endpoints, name, "v1-1")
    tags = asked("PUT", "/deployments/")[0]["tags"]
    assert len(tags[DEFINITION_TAG]) == 32
    assert tags["signalbox.model"] == "departures"
