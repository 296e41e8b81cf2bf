"""The scoring service as a process: what a client of its HTTP interface can rely on."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from local.services.scoring.__main__ import PRELOAD
from tests.local.services.live_service import LiveService, living
from tests.local.services.polling import eventually

pytestmark = pytest.mark.stack

HEADER = "azureml-model-deployment"
# The tests' registry is a SQLite file, which only a server would open otherwise.
MODULES = f"{PRELOAD},mlflow.store.tracking.sqlalchemy_store,mlflow.store.model_registry.sqlalchemy_store"


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An MLflow store with the versions of ``speaker``."""
    folder = tmp_path_factory.mktemp("registry")
    uri = f"sqlite:///{folder}/mlflow.db"
    program = Path(__file__).with_name("make_models.py")
    environment = os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true"}
    command = [sys.executable, str(program), uri, str(folder)]
    subprocess.run(command, check=True, timeout=100, cwd=folder, env=environment, capture_output=True)
    return uri


@pytest.fixture(scope="module")
def scoring(registry: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveService]:
    """A running scoring service; every test uses endpoints of its own."""
    folder = tmp_path_factory.mktemp("scoring")
    with living(LiveService("local.services.scoring", folder, "--mlflow", registry, "--preload", MODULES)) as service:
        yield service


def put(service: LiveService, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
    """A PUT on the control plane."""
    return service.http.put(f"/endpoints/{path}", json=body or {})


def route(service: LiveService, endpoint: str, traffic: dict[str, Any], **more: Any) -> httpx.Response:
    """Set the traffic, and perhaps what is mirrored."""
    return put(service, f"{endpoint}/traffic", {"traffic": traffic, **more})


def get(service: LiveService, path: str) -> dict[str, Any]:
    """A GET on the control plane."""
    return dict(service.http.get(f"/endpoints/{path}").json())


def state(service: LiveService, endpoint: str, deployment: str) -> str:
    """The deployment's provisioning state."""
    return str(get(service, f"{endpoint}/deployments/{deployment}")["provisioning_state"])


def becomes(service: LiveService, endpoint: str, deployment: str, wanted: str) -> bool:
    """Whether the deployment reaches the state ``wanted``."""
    return eventually(lambda: state(service, endpoint, deployment) == wanted)


def deploy(service: LiveService, endpoint: str, **versions: int) -> None:
    """An endpoint with deployments that are ready."""
    put(service, endpoint)
    for name, version in versions.items():
        put(service, f"{endpoint}/deployments/{name}", {"model": f"models:/speaker/{version}"})
    for name in versions:
        assert becomes(service, endpoint, name, "Succeeded"), get(service, endpoint)


def score(service: LiveService, endpoint: str, text: str = "you", deployment: str | None = None) -> httpx.Response:
    """One row, asked of an endpoint or of one of its deployments."""
    headers = {HEADER: deployment} if deployment else {}
    body = {"dataframe_split": {"columns": ["text"], "data": [[text]]}}
    return service.http.post(f"/endpoints/{endpoint}/score", json=body, headers=headers)


def effects(service: LiveService, endpoint: str) -> list[tuple[str, str | None]]:
    """What was done to one endpoint."""
    done = service.http.get("/log").json()["effects"]
    return [(one["action"], one["deployment"]) for one in done if one["endpoint"] == endpoint]


def test_versions_with_modules_of_one_name_do_not_mix(scoring: LiveService) -> None:
    """Two versions bring different code as ``speech.py``, and each answers with its own."""
    deploy(scoring, "own-code", blue=1, green=2)
    assert score(scoring, "own-code", deployment="blue").json() == {"predictions": ["hello you"]}
    answer = score(scoring, "own-code", deployment="green")
    assert answer.json() == {"predictions": ["goodbye you"]}
    assert answer.headers[HEADER] == "green"
    assert get(scoring, "own-code")["deployments"]["green"]["requests"] == 1


@pytest.mark.parametrize(
    "body",
    [
        {"dataframe_split": {"columns": ["text"], "data": [["a"]]}},
        {"dataframe_records": [{"text": "a"}]},
        {"instances": ["a"]},
        {"inputs": ["a"]},
    ],
)
def test_every_form_of_the_scoring_protocol_passes(scoring: LiveService, body: dict[str, Any]) -> None:
    """MLflow's four forms of a request reach the model."""
    deploy(scoring, "protocol", blue=1)
    answer = scoring.http.post("/endpoints/protocol/score", json=body, headers={HEADER: "blue"})
    assert (answer.status_code, answer.json()) == (200, {"predictions": ["hello a"]})


def test_errors_of_the_model_pass_through(scoring: LiveService) -> None:
    """A request that the model's server refuses comes back with that server's status and words."""
    deploy(scoring, "errors", blue=1)
    answer = scoring.http.post("/endpoints/errors/score", json={"nonsense": 1}, headers={HEADER: "blue"})
    assert answer.status_code == 400
    assert "BAD_REQUEST" in answer.text or "error_code" in answer.text


def test_traffic_is_split_by_its_shares(scoring: LiveService) -> None:
    """Nothing answers without traffic; with it, deployments answer in proportion."""
    deploy(scoring, "split", blue=1, green=2)
    nobody = score(scoring, "split")
    assert (nobody.status_code, nobody.json()["error"]["code"]) == (503, "NoTraffic")
    assert route(scoring, "split", {"blue": 50, "green": 50}).json()["traffic"] == {"blue": 50, "green": 50}
    answered = {score(scoring, "split").headers[HEADER] for _ in range(40)}
    assert answered == {"blue", "green"}  # wrong by chance once in 2^39
    route(scoring, "split", {"blue": 0, "green": 100})
    assert {score(scoring, "split").headers[HEADER] for _ in range(10)} == {"green"}
    assert get(scoring, "split")["traffic"] == {"blue": 0, "green": 100}
    assert get(scoring, "split")["scoring_uri"] == f"http://127.0.0.1:{scoring.port}/endpoints/split/score"


@pytest.mark.parametrize(
    ("traffic", "words"),
    [
        ({"blue": 60}, "sum to 0 or 100"),
        ({"blue": 100, "green": 100}, "sum to 0 or 100"),
        ({"red": 100}, "no deployment 'red'"),
        ({"bad": 100}, "not Succeeded"),
        ({"blue": 50.5, "green": 49.5}, "whole number"),
        ({"blue": True}, "whole number"),
        ({"blue": -1}, "whole number"),
    ],
)
def test_impossible_traffic_is_refused(scoring: LiveService, traffic: dict[str, Any], words: str) -> None:
    """Shares must be whole percentages of ready deployments, and sum to all or nothing."""
    deploy(scoring, "refused", blue=1)
    put(scoring, "refused/deployments/bad", {"model": "models:/speaker/3"})
    assert eventually(lambda: state(scoring, "refused", "bad") == "Failed")
    answer = route(scoring, "refused", traffic)
    assert answer.status_code == 400
    assert words in answer.json()["error"]["message"]
    assert get(scoring, "refused")["traffic"] == {}


def test_only_what_was_carried_out_is_logged(scoring: LiveService) -> None:
    """Every request twice: the second changes nothing and is no effect; what must not be is refused."""
    assert [put(scoring, "twice").status_code for _ in range(2)] == [201, 200]
    blue = {"model": "models:/speaker/1", "tags": {"run": "7"}}
    assert [put(scoring, "twice/deployments/blue", blue).status_code for _ in range(2)] == [201, 200]
    same = put(scoring, "twice/deployments/blue", {"model": "azureml:speaker:1"})
    assert (same.status_code, same.json()["tags"]) == (200, {"run": "7"})
    assert put(scoring, "twice/deployments/blue", {"model": "models:/speaker/2"}).status_code == 409
    assert eventually(lambda: state(scoring, "twice", "blue") == "Succeeded")
    for _ in range(2):
        assert route(scoring, "twice", {"blue": 100}).status_code == 200
    assert scoring.http.delete("/endpoints/twice/deployments/blue").status_code == 409
    assert scoring.http.delete("/endpoints/twice").status_code == 409
    for _ in range(2):
        assert route(scoring, "twice", {"blue": 0}).status_code == 200
    codes = [scoring.http.delete("/endpoints/twice/deployments/blue").status_code for _ in range(2)]
    assert codes == [202, 204]
    assert scoring.http.get("/endpoints/twice/deployments/blue").status_code == 404
    assert [scoring.http.delete("/endpoints/twice").status_code for _ in range(2)] == [202, 204]
    assert effects(scoring, "twice") == [
        ("endpoint_created", None),
        ("deployment_created", "blue"),
        ("traffic_changed", None),
        ("traffic_changed", None),
        ("deployment_deleted", "blue"),
        ("endpoint_deleted", None),
    ]


def test_failed_deployment_says_why(scoring: LiveService) -> None:
    """A model that cannot be loaded, or that is not there, is Failed with a code and a message, and answers 503."""
    put(scoring, "failing")
    put(scoring, "failing/deployments/broken", {"model": "models:/speaker/3"})
    put(scoring, "failing/deployments/absent", {"model": "models:/speaker/99"})
    for name in ("broken", "absent"):
        assert becomes(scoring, "failing", name, "Failed")
    deployments = get(scoring, "failing")["deployments"]
    assert deployments["broken"]["error"] == {
        "code": "ModelLoadFailed",
        "message": "RuntimeError: the weights are not there",
    }
    assert deployments["absent"]["error"]["code"] == "ModelNotFound"
    assert score(scoring, "failing", deployment="broken").status_code == 503


def test_copies_of_requests_are_counted(scoring: LiveService) -> None:
    """Of requests by traffic some are copied; a copy that fails is counted too, and no answer comes from one."""
    deploy(scoring, "mirrored", blue=1, green=2)
    answer = route(scoring, "mirrored", {"blue": 100}, mirror={"green": 50})
    assert answer.json() == {"traffic": {"blue": 100}, "mirror": {"green": 50}}
    assert {score(scoring, "mirrored").headers[HEADER] for _ in range(40)} == {"blue"}

    def counts() -> tuple[int, int, int]:
        green = get(scoring, "mirrored/deployments/green")
        return green["requests"], green["mirrored"], green["mirror_failures"]

    assert eventually(lambda: counts()[1] > 0)  # wrong by chance once in 2^40
    before = get(scoring, "mirrored/deployments/blue")
    assert (before["requests"], before["mirrored"], counts()[0]) == (40, 0, 0)
    scoring.http.post("/endpoints/mirrored/score", json={"nonsense": 1}, headers={HEADER: "blue"})
    assert counts()[2] == 0  # a request for one deployment is not copied
    for _ in range(40):
        scoring.http.post("/endpoints/mirrored/score", json={"nonsense": 1})
    assert eventually(lambda: counts()[2] > 0)
    told = get(scoring, "mirrored/deployments/blue/requests?since=0&until=9e9")
    assert (told["requests"], told["failed"], told["seconds_p95"] > 0) == (81, 41, True)
    green = "mirrored/deployments/green/requests?since=0&until=9e9"
    assert eventually(lambda: get(scoring, green)["failed"] == counts()[2])
    assert get(scoring, "mirrored/deployments/blue/requests?since=0&until=1")["requests"] == 0
    assert scoring.http.get("/endpoints/mirrored/deployments/blue/requests?since=noon").status_code == 400
    assert scoring.http.delete("/endpoints/mirrored/deployments/green").status_code == 409
    route(scoring, "mirrored", {"green": 100})
    assert get(scoring, "mirrored")["mirror"] == {}


def test_model_files_on_this_machine_are_served(scoring: LiveService, tmp_path: Path) -> None:
    """A folder goes before the registry; one that is gone is a model that is not there."""
    put(scoring, "files")
    put(scoring, "files/deployments/gone", {"model": "models:/speaker/1", "folder": str(tmp_path / "gone")})
    assert becomes(scoring, "files", "gone", "Failed")
    error = get(scoring, "files/deployments/gone")["error"]
    assert (error["code"], str(tmp_path / "gone") in error["message"]) == ("ModelNotFound", True)
    relative = put(scoring, "files/deployments/bad", {"model": "models:/speaker/1", "folder": "here"})
    assert (relative.status_code, relative.json()["error"]["code"]) == (400, "InvalidRequest")


@pytest.mark.parametrize("model", ["models:/speaker@champion", "speaker", "models:/speaker/latest", "", "/etc/passwd"])
def test_model_must_be_one_version(scoring: LiveService, model: str) -> None:
    """An alias could mean another version tomorrow: only a name with a number is deployed."""
    put(scoring, "models")
    assert put(scoring, "models/deployments/blue", {"model": model}).status_code == 400


def test_names_follow_azures_rule(scoring: LiveService) -> None:
    """A name that Azure would refuse is refused here too."""
    for name in ("ab", "a" * 33, "1st", "under_score", "end-"):
        assert put(scoring, name).status_code == 400, name


def test_unknown_things_are_404(scoring: LiveService) -> None:
    """Endpoints and deployments that do not exist."""
    put(scoring, "known")
    for path in ("unknown", "unknown/deployments/blue", "known/deployments/blue"):
        assert scoring.http.get(f"/endpoints/{path}").status_code == 404
    assert put(scoring, "unknown/deployments/blue", {"model": "models:/speaker/1"}).status_code == 404
    assert score(scoring, "unknown").status_code == 404
    assert score(scoring, "known", deployment="blue").status_code == 404


def test_long_body_is_refused(scoring: LiveService) -> None:
    """More than 10 MB is answered with 413 and reaches no model."""
    deploy(scoring, "long", blue=1)
    answer = scoring.http.post("/endpoints/long/score", content=b" " * 10_000_001, headers={HEADER: "blue"})
    assert answer.status_code == 413
    assert get(scoring, "long")["deployments"]["blue"]["requests"] == 0


def test_crashed_process_is_started_again(scoring: LiveService) -> None:
    """A request that ends the process gets 503; the state shows the restart, and the deployment comes back."""
    deploy(scoring, "crash", blue=1)
    crashed = score(scoring, "crash", "crash", deployment="blue")
    assert (crashed.status_code, crashed.json()["error"]["code"]) == (503, "NotReady")
    assert eventually(lambda: score(scoring, "crash", deployment="blue").status_code == 200)
    assert becomes(scoring, "crash", "blue", "Succeeded")
    assert get(scoring, "crash")["deployments"]["blue"]["restarts"] == 1
    assert effects(scoring, "crash") == [("endpoint_created", None), ("deployment_created", "blue")]


def test_deployments_come_back_after_kill(registry: str, tmp_path: Path) -> None:
    """SIGKILL takes the deployments' processes along; the next life serves them again, without the registry."""
    service = LiveService("local.services.scoring", tmp_path, "--mlflow", registry, "--preload", MODULES)
    with living(service):
        deploy(service, "kept", blue=1, green=2)
        route(service, "kept", {"blue": 100})
        family = service.family()
        assert len(family) >= 3
        service.kill()
        assert eventually(lambda: not any(_lives(process) for process in family), 10)
    again = LiveService("local.services.scoring", tmp_path, "--mlflow", "sqlite:////nowhere/mlflow.db")
    with living(again):
        assert eventually(lambda: score(again, "kept").status_code == 200)
        assert score(again, "kept").json() == {"predictions": ["hello you"]}
        assert eventually(lambda: state(again, "kept", "green") == "Succeeded")
        assert len(effects(again, "kept")) == 4
        family = again.family()
        assert again.stop() == 0
        assert eventually(lambda: not any(_lives(process) for process in family), 10)


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
