"""The client of the local services: what it sends, what it reads, and how it tells failures apart."""

import json
import math
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.contracts.jobs import FolderInput, JobInput, ModelInput
from shared.contracts.platform_models import RequestCounts
from shared.errors import PermanentError, TransientError
from shared.platforms.base import Platform
from shared.platforms.local import LocalPlatform
from shared.platforms.log_ends import ERROR_LIMIT

type Answer = Callable[[httpx.Request], httpx.Response]

_ABSENT = httpx.Response(404, json={"error": {"code": "NotFound", "message": "there is none"}})
_RUNNING = {
    "name": "train-1",
    "status": "Running",
    "started_at": "2026-01-02T03:04:05Z",
    "ended_at": None,
    "error": None,
}


class Service:
    """Answers by method and path, and remembers what was asked."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer one request; one that nothing is known of is a KeyError."""
        self.requests.append(request)
        answer = self.answers[f"{request.method} {request.url.raw_path.decode()}"]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)

    def body(self, number: int = -1) -> Any:
        """What was sent, as JSON."""
        return json.loads(self.requests[number].content)


def _platform(answers: dict[str, Any]) -> tuple[Platform, Service]:
    service = Service(answers)
    return LocalPlatform("http://jobs:1", "http://scoring:2/", "signalbox", httpx.MockTransport(service)), service


def test_a_job_is_submitted_in_azure_mls_words(tmp_path: Path) -> None:
    """Folders become datastore URIs, models registry URIs, scalars stay as they are; the pipeline path is absolute."""
    platform, service = _platform({"PUT /jobs/train-1": httpx.Response(201, json=_RUNNING)})
    inputs: dict[str, JobInput] = {
        "dataset": FolderInput(type="uri_folder", path="datasets/v1"),
        "model": ModelInput(model="departures-JFK", version="3"),
        "horizon": 4,
        "rate": 0.5,
        "regional": True,
        "name": "x",
    }
    state = platform.submit_job("train-1", tmp_path / "a" / ".." / "train.yml", "departures", inputs, {"k": "v"})
    assert service.body() == {
        "pipeline": str((tmp_path / "train.yml").resolve()),
        "experiment_name": "departures",
        "tags": {"k": "v"},
        "inputs": {
            "dataset": {"type": "uri_folder", "path": "azureml://datastores/signalbox/paths/datasets/v1"},
            "model": {"type": "mlflow_model", "path": "azureml:departures-JFK:3"},
            "horizon": 4,
            "rate": 0.5,
            "regional": True,
            "name": "x",
        },
    }
    assert (state.name, state.status, state.error) == ("train-1", "Running", None)
    assert state.started_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_a_job_that_exists_with_another_definition_is_permanent(tmp_path: Path) -> None:
    """The service's own code and message reach the ledger."""
    error = {"error": {"code": "JobExists", "message": "train-1 has another pipeline"}}
    platform, _ = _platform({"PUT /jobs/train-1": httpx.Response(409, json=error)})
    with pytest.raises(PermanentError, match="train-1 has another pipeline") as caught:
        platform.submit_job("train-1", tmp_path, "e", {}, {})
    assert caught.value.code == "JobExists"


def test_a_failed_job_tells_its_error_capped() -> None:
    """However long the service's message is, what travels stays small, and ends with the exception."""
    told = {"code": "StepFailed", "message": "x" * 10_000 + "\nValueError: no rows"}
    failed = _RUNNING | {"status": "Failed", "error": told}
    platform, _ = _platform({"GET /jobs/train-1": failed})
    state = platform.read_job("train-1")
    assert state is not None
    assert state.final
    assert state.error is not None
    assert state.error.startswith("StepFailed: xxx")
    assert state.error.endswith("\nValueError: no rows")
    assert len(state.error) == ERROR_LIMIT


def test_what_is_absent_is_none_or_nothing() -> None:
    """Asking for what is not there is an answer, and ending it is done already."""
    answers = dict.fromkeys(
        [
            "GET /jobs/j",
            "POST /jobs/j/cancel",
            "GET /endpoints/e",
            "GET /endpoints/e/deployments/d",
            "DELETE /endpoints/e/deployments/d",
        ],
        _ABSENT,
    )
    platform, service = _platform(answers)
    assert platform.read_job("j") is None
    platform.cancel_job("j")
    assert platform.read_traffic("e") == {}
    assert platform.read_deployment("e", "d") is None
    platform.delete_deployment("e", "d")
    assert len(service.requests) == 5


def test_cancelling_and_deleting_that_the_service_takes_up() -> None:
    """202 with or without a body."""
    platform, service = _platform(
        {
            "POST /jobs/j/cancel": httpx.Response(202, json={}),
            "DELETE /endpoints/e/deployments/d": httpx.Response(202),
        }
    )
    platform.cancel_job("j")
    platform.delete_deployment("e", "d")
    assert len(service.requests) == 2


def test_names_are_quoted_in_paths() -> None:
    """A name with a slash is one part of the path, not two."""
    platform, service = _platform({"GET /jobs/a%2Fb%3F": _RUNNING})
    assert platform.read_job("a/b?") is not None
    assert len(service.requests) == 1


_OUTPUTS = {
    "outputs": {
        "model": {
            "type": "uri_folder",
            "files": [{"path": "MLmodel", "size": 3}, {"path": "code/w ü.bin", "size": 4}],
        },
        "evaluation": {"type": "uri_file", "files": [{"path": "evaluation.json", "size": 2}]},
        "empty": {"type": "uri_folder", "files": []},
    }
}


def test_an_output_file_is_read() -> None:
    """The bytes of the one file of that output."""
    platform, _ = _platform(
        {
            "GET /jobs/j/outputs": _OUTPUTS,
            "GET /jobs/j/outputs/evaluation/evaluation.json": httpx.Response(200, content=b"{}"),
        }
    )
    assert platform.read_job_file("j", "evaluation") == b"{}"


@pytest.mark.parametrize("output", ["model", "empty", "unknown"])
def test_an_output_that_is_not_one_file_is_permanent(output: str) -> None:
    """Many files, none, or no such output at all."""
    platform, _ = _platform({"GET /jobs/j/outputs": _OUTPUTS})
    with pytest.raises(PermanentError) as caught:
        platform.read_job_file("j", output)
    assert caught.value.code == "OutputNotFound"


def test_an_output_folder_is_copied(tmp_path: Path) -> None:
    """With its folders, and any names."""
    platform, _ = _platform(
        {
            "GET /jobs/j/outputs": _OUTPUTS,
            "GET /jobs/j/outputs/model/MLmodel": httpx.Response(200, content=b"abc"),
            "GET /jobs/j/outputs/model/code/w%20%C3%BC.bin": httpx.Response(200, content=b"\x00\x01\x02\x03"),
        }
    )
    platform.download_job_folder("j", "model", tmp_path)
    assert (tmp_path / "MLmodel").read_bytes() == b"abc"
    assert (tmp_path / "code" / "w ü.bin").read_bytes() == b"\x00\x01\x02\x03"


@pytest.mark.parametrize("path", ["../evil", "/evil", "a/../../evil", "a\\..\\evil"])
def test_a_file_that_would_land_elsewhere_is_refused(tmp_path: Path, path: str) -> None:
    """Nothing is written at all, whatever the service says."""
    listing = {"outputs": {"model": {"type": "uri_folder", "files": [{"path": "good"}, {"path": path}]}}}
    platform, service = _platform({"GET /jobs/j/outputs": listing})
    with pytest.raises(PermanentError) as caught:
        platform.download_job_folder("j", "model", tmp_path)
    assert caught.value.code == "UnsafePath"
    assert len(service.requests) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_download_that_is_refused_is_told_like_any_other(tmp_path: Path) -> None:
    """Streaming answers go through the same mapping of errors."""
    platform, _ = _platform(
        {
            "GET /jobs/j/outputs": {"outputs": {"model": {"type": "uri_folder", "files": [{"path": "a"}]}}},
            "GET /jobs/j/outputs/model/a": httpx.Response(409, json={"error": {"code": "Gone", "message": "purged"}}),
        }
    )
    with pytest.raises(PermanentError, match="purged"):
        platform.download_job_folder("j", "model", tmp_path)


def test_a_deployment_makes_its_endpoint_first() -> None:
    """Both calls may be repeated; the state says which version it serves."""
    made = {"name": "green", "model": "models:/departures/JFK/3", "provisioning_state": "Creating", "error": None}
    platform, service = _platform(
        {
            "PUT /endpoints/e": {},
            "GET /models/departures%2FJFK/versions/3": _ABSENT,
            "PUT /endpoints/e/deployments/green": httpx.Response(201, json=made),
        }
    )
    state = platform.create_deployment("e", "green", "departures/JFK", "3")
    assert service.body() == {"model": "models:/departures/JFK/3", "folder": None, "tags": {}}
    assert (state.endpoint, state.deployment, state.status) == ("e", "green", "Creating")
    assert (state.model, state.version) == ("departures/JFK", "3")


def test_a_model_that_a_job_made_is_deployed_from_its_files(tmp_path: Path) -> None:
    """The scoring service is told where they are, and which YAML the deployment has."""
    made = {"name": "green", "model": "models:/m/3", "provisioning_state": "Creating"}
    platform, service = _platform(
        {"PUT /endpoints/e": {}, "GET /models/m/versions/3": _MODEL, "PUT /endpoints/e/deployments/green": made}
    )
    platform.create_deployment("e", "green", "m", "3", tmp_path / "a" / ".." / "online.yml")
    assert service.body()["folder"] == "/state/model"
    assert service.body()["definition"] == str((tmp_path / "online.yml").resolve())


_MODEL = {
    "name": "m",
    "version": "3",
    "path": "azureml://jobs/j/outputs/model",
    "folder": "/state/model",
    "tags": {"dataset": "v1"},
}


def test_a_jobs_output_is_registered_as_a_model() -> None:
    """What is asked for names job and output; what is known of it comes back."""
    platform, service = _platform({"PUT /models/m/versions/3": _MODEL, "GET /models/m/versions/3": _MODEL})
    made = platform.register_model("m", "3", "j", "model", {"dataset": "v1"})
    assert service.body() == {"job": "j", "output": "model", "tags": {"dataset": "v1"}}
    assert (made.model, made.version, made.path) == ("m", "3", "azureml://jobs/j/outputs/model")
    assert made.tags == {"dataset": "v1"}
    assert platform.read_model("m", "3") == made


def test_a_data_asset_is_a_folder_of_the_data_container() -> None:
    """It is registered as a datastore URI, and read back as a path inside the container."""
    reference = "azureml://datastores/signalbox/paths/datasets/v1"
    platform, service = _platform({"PUT /data/d/versions/1": {}, "GET /data/d/versions/1": {"path": reference}})
    platform.register_data("d", "1", "/datasets/v1/", {"k": "v"})
    assert service.body() == {"path": reference, "tags": {"k": "v"}}
    assert platform.read_data("d", "1") == "datasets/v1"


def test_a_data_asset_of_another_container_is_told() -> None:
    """A path of a container that is not ours would be read in the wrong one."""
    other = {"path": "azureml://datastores/landing/paths/datasets/v1"}
    platform, _ = _platform({"GET /data/d/versions/1": other})
    with pytest.raises(PermanentError) as caught:
        platform.read_data("d", "1")
    assert caught.value.code == "NotInDataContainer"


def test_metrics_are_numbers() -> None:
    """NaN and infinity come as text, since JSON has none."""
    metrics = {"mape": 12, "rmse": "nan", "r2": "-inf"}
    platform, _ = _platform({"GET /jobs/j/metrics": {"metrics": metrics}})
    found = platform.read_job_metrics("j")
    assert (found["mape"], found["r2"]) == (12.0, -math.inf)
    assert math.isnan(found["rmse"])


def test_metrics_of_an_unknown_job_are_permanent() -> None:
    """None at all would look like a job that has logged nothing."""
    platform, _ = _platform({"GET /jobs/j/metrics": _ABSENT})
    with pytest.raises(PermanentError) as caught:
        platform.read_job_metrics("j")
    assert caught.value.code == "JobNotFound"


def test_a_batch_endpoint_scores_a_folder_of_the_data_container() -> None:
    """The job is put under its name, so that asking twice starts one."""
    platform, service = _platform({"PUT /batch-endpoints/b/jobs/score-1": _RUNNING | {"name": "score-1"}})
    assert platform.invoke_batch("b", "score-1", "batches/today/", "monthly").name == "score-1"
    data = "azureml://datastores/signalbox/paths/batches/today"
    assert service.body() == {"data": data, "deployment": "monthly"}


def test_what_is_mirrored_is_sent_only_when_it_is_said() -> None:
    """Without it the service leaves the mirror as it is, with an empty one it ends it."""
    platform, service = _platform({"PUT /endpoints/e/traffic": {}})
    platform.set_traffic("e", {"blue": 100}, {"green": 20})
    assert service.body() == {"traffic": {"blue": 100}, "mirror": {"green": 20}}
    platform.set_traffic("e", {"blue": 100}, {})
    assert service.body() == {"traffic": {"blue": 100}, "mirror": {}}


def test_traffic_is_read_and_set() -> None:
    """Percent by deployment."""
    endpoint = {"traffic": {"blue": 90, "green": 10}, "deployments": {}, "provisioning_state": "Succeeded"}
    platform, service = _platform({"GET /endpoints/e": endpoint, "PUT /endpoints/e/traffic": {}})
    assert platform.read_traffic("e") == {"blue": 90, "green": 10}
    platform.set_traffic("e", {"green": 100})
    assert service.body() == {"traffic": {"green": 100}}


def test_scoring_asks_by_traffic_or_from_one_deployment() -> None:
    """The header picks the deployment; a model's `null` is NaN."""
    platform, service = _platform({"POST /endpoints/e/score": {"predictions": [1, 2.5, None]}})
    rows = [{"a": 1}, {"a": 2}, {"a": 3}]
    first, second, third = platform.score("e", rows)
    assert (first, second) == (1.0, 2.5)
    assert math.isnan(third)
    assert service.body() == {"dataframe_records": rows}
    assert "azureml-model-deployment" not in service.requests[0].headers
    platform.score("e", rows, "green")
    assert service.requests[1].headers["azureml-model-deployment"] == "green"


@pytest.mark.parametrize(
    "answer", [{}, {"predictions": [1.0]}, {"predictions": ["a", 1]}, {"predictions": [True, [1]]}]
)
def test_answers_that_are_not_one_number_per_row_are_permanent(answer: dict[str, Any]) -> None:
    """Predictions are never matched to the wrong rows."""
    platform, _ = _platform({"POST /endpoints/e/score": answer})
    with pytest.raises(PermanentError) as caught:
        platform.score("e", [{"a": 1}, {"a": 2}])
    assert caught.value.code == "BadPredictions"


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(500, text="boom"),
        httpx.Response(503, json={"error": {"code": "Busy", "message": "boom"}}),
        httpx.Response(429, text="boom"),
        httpx.Response(200, text="boom"),
        httpx.ConnectError("boom"),
        httpx.ReadTimeout("boom"),
        httpx.RemoteProtocolError("boom"),
    ],
)
def test_a_service_that_is_down_or_broken_is_transient(answer: object) -> None:
    """The message names the service, its URL and how to start it."""
    platform, _ = _platform({"GET /jobs/j": answer})
    with pytest.raises(TransientError, match=r"job service at http://jobs:1.*make up"):
        platform.read_job("j")


def test_a_refusal_in_another_form_is_still_told_and_capped() -> None:
    """A proxy's or a crash page's text instead of the agreed JSON."""
    platform, _ = _platform({"GET /jobs/j": httpx.Response(400, text="no " * 5000)})
    with pytest.raises(PermanentError) as caught:
        platform.read_job("j")
    assert caught.value.code == "Http400"
    assert len(caught.value.message) == 2048


def test_nobody_listening_is_transient() -> None:
    """Without a fake transport: a closed port."""
    platform = LocalPlatform("http://127.0.0.1:9", "http://127.0.0.1:9", "signalbox")
    with (
        closing(platform),
        pytest.raises(TransientError, match=r"scoring service at http://127\.0\.0\.1:9 does not answer"),
    ):
        platform.score("e", [{}])


def test_requests_are_read_in_the_services_own_figures() -> None:
    """Moments travel as seconds since 1970; a deployment that is absent is told as that."""
    figures = {"requests": 9, "failed": 1, "seconds_p95": None}
    path = "/endpoints/e/deployments/blue/requests?since=0.0&until=1767225600.0"
    platform, _ = _platform({f"GET {path}": figures})
    since, until = datetime(1970, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
    assert platform.read_requests("e", "blue", since, until) == RequestCounts(requests=9, failed=1)
    platform, _ = _platform({f"GET {path}": _ABSENT})
    with pytest.raises(PermanentError, match="there is none"):
        platform.read_requests("e", "blue", since, until)


def test_what_becomes_of_each_request_is_an_answer() -> None:
    """A model that fails and one that is not up end the request, and not the probe."""
    answers = iter(
        [
            httpx.Response(200, json={"predictions": [1.5]}),
            httpx.Response(400, json={"error": {"code": "BAD_REQUEST", "message": "no column x"}}),
            httpx.Response(503, json={"error": {"code": "NotReady", "message": "not running"}}),
            httpx.Response(200, json={"predictions": [None]}),
        ]
    )
    asked: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers.get("azureml-model-deployment"))
        return next(answers)

    platform = LocalPlatform("http://jobs:1", "http://scoring:2/", "signalbox", httpx.MockTransport(answer))
    found = platform.probe("e", [[{"x": 1}]] * 4, "blue")
    assert [one.predictions for one in found] == [(1.5,), (None,), (None,), (None,)]
    assert [(one.error is not None, one.may_heal) for one in found] == [
        (False, False),
        (True, False),
        (True, True),
        (False, False),
    ]
    assert asked == ["blue"] * 4
