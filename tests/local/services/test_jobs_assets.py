"""Registered models and data, metrics and batch endpoints of the job service: the parts, and their HTTP interface."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.services.jobs import metrics
from local.services.jobs.assets import Asset, AssetStore, Kind, VersionTakenError
from local.services.jobs.azureml_yaml import read_pipeline
from local.services.jobs.batch import BatchConflictError, BatchNotFoundError, BatchStore, request_of
from local.services.jobs.definitions import Data, JobError, JobRequest
from local.services.jobs.fetch import Wanted, fetch_all
from local.services.jobs.planning import make_plan
from local.services.process import LocalServiceError
from tests.local.services.live_service import LiveService, living
from tests.local.services.polling import eventually

PIPELINES = Path(__file__).with_name("pipelines")
PATH = "azureml://datastores/landing/paths/v1"
FOLDER = Data(type="uri_folder", path="azureml:flights:1")
MODEL = Data(type="mlflow_model", path="azureml:departures:3")


@pytest.fixture
def assets(tmp_path: Path) -> Iterator[AssetStore]:
    """An empty store."""
    store = AssetStore(tmp_path / "assets.sqlite")
    yield store
    store.close()


@pytest.fixture
def batch(tmp_path: Path) -> Iterator[BatchStore]:
    """An empty store."""
    store = BatchStore(tmp_path / "batch.sqlite")
    yield store
    store.close()


def test_versions_are_found_by_kind_name_and_version(assets: AssetStore) -> None:
    """A model and data of one name are two things."""
    model = assets.create(Kind.MODEL, Asset("a", "1", "azureml://jobs/j/outputs/o", "/o", {"k": "v"}))
    data = assets.create(Kind.DATA, Asset("a", "1", PATH, None, {}))
    assert (assets.find(Kind.MODEL, "a", "1"), assets.find(Kind.DATA, "a", "1")) == (model, data)
    assert assets.find(Kind.DATA, "a", "2") is None


def test_a_version_is_adopted_or_taken(assets: AssetStore) -> None:
    """The same reference is the same version; another one names what is there."""
    assert assets.adopt(Kind.DATA, "a", "1", PATH) is None
    made = assets.create(Kind.DATA, Asset("a", "1", PATH, None, {}))
    assert assets.adopt(Kind.DATA, "a", "1", PATH) == made
    with pytest.raises(VersionTakenError, match=PATH) as caught:
        assets.adopt(Kind.DATA, "a", "1", f"{PATH}/other")
    assert caught.value.code == "DataVersionTaken"


@pytest.mark.parametrize(
    ("kind", "name", "version", "code"),
    [
        (Kind.MODEL, "a/b", "1", "InvalidName"),
        (Kind.DATA, "", "1", "InvalidName"),
        (Kind.DATA, "a" * 256, "1", "InvalidName"),
        (Kind.MODEL, "a", "v1", "InvalidVersion"),
        (Kind.DATA, "a", "1/2", "InvalidVersion"),
    ],
)
def test_names_that_nothing_could_refer_to_are_refused(
    assets: AssetStore, kind: Kind, name: str, version: str, code: str
) -> None:
    """A reference has one form only, so that none is taken for another."""
    with pytest.raises(JobError) as caught:
        assets.create(kind, Asset(name, version, PATH, None, {}))
    assert caught.value.code == code


def test_references_are_located(assets: AssetStore) -> None:
    """A registered version stands for its place; a model that only MLflow knows stays a reference."""
    assert assets.locate(MODEL) == MODEL
    assets.create(Kind.MODEL, Asset("departures", "3", "azureml://jobs/j/outputs/o", "/files", {}))
    assets.create(Kind.DATA, Asset("flights", "1", PATH, None, {}))
    assert assets.locate(MODEL) == Data(type="mlflow_model", path="/files")
    assert assets.locate(FOLDER) == Data(type="uri_folder", path=PATH)
    assert assets.locate(Data(type="uri_folder", path=PATH)).path == PATH


def test_a_plan_that_reads_unknown_data_is_refused(assets: AssetStore) -> None:
    """Before anything runs; the plan itself keeps the reference, for lineage."""
    file = PIPELINES / "remote_data.yml"
    plan = make_plan(read_pipeline(file), JobRequest(pipeline=str(file), inputs={"folder": FOLDER}))
    assert FOLDER in plan.data
    with pytest.raises(JobError, match="no version 1 of the data 'flights'") as caught:
        assets.require(plan)
    assert caught.value.code == "DataNotFound"
    assets.create(Kind.DATA, Asset("flights", "1", PATH, None, {}))
    assets.require(plan)


def test_a_registered_models_files_are_copied(tmp_path: Path) -> None:
    """The job gets files of its own; those that are gone are told with one line."""
    (source := tmp_path / "model").mkdir()
    (source / "MLmodel").write_text("m")
    (parent := tmp_path / "inputs").mkdir()
    fetch_all([Wanted(Data(type="mlflow_model", path=str(source)), parent / "data")], "", "")
    assert (parent / "data" / "MLmodel").read_text() == "m"
    gone = Data(type="mlflow_model", path=str(tmp_path / "gone"))
    with pytest.raises(SystemExit, match="are gone from"):
        fetch_all([Wanted(gone, parent / "other")], "", "")


class Mlflow:
    """Answers as MLflow's server does, two runs to a page."""

    def __init__(self, runs: list[list[dict[str, Any]]]) -> None:
        self.runs = [{"data": {"metrics": found} if found else {}} for found in runs]
        self.searches: list[dict[str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        if request.method == "GET":
            known = request.url.params["experiment_name"] == "e"
            absent = {"error_code": "RESOURCE_DOES_NOT_EXIST"}
            found = {"experiment": {"experiment_id": "7"}}
            return httpx.Response(200 if known else 404, json=found if known else absent)
        self.searches.append(json.loads(request.content))
        start = int(self.searches[-1].get("page_token", 0))
        page: dict[str, Any] = {"runs": self.runs[start : start + 2]} if self.runs else {}
        return httpx.Response(200, json=page | ({"next_page_token": str(start + 2)} if self.runs[start + 2 :] else {}))


def _read(monkeypatch: pytest.MonkeyPatch, answer: Any, experiment: str = "e") -> dict[str, float | str]:
    def client(uri: str) -> httpx.Client:
        return httpx.Client(base_url=uri, transport=httpx.MockTransport(answer))

    monkeypatch.setattr(metrics, "mlflow_client", client)
    return metrics.read_metrics("http://mlflow", experiment, "train-1")


def _logged(key: str, value: object, at: int) -> dict[str, Any]:
    return {"key": key, "value": value, "timestamp": at, "step": 0}


def test_the_last_value_of_all_runs_of_a_job_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the time that it was logged, over all pages; what JSON has no number for is a text."""
    runs = [
        [_logged("mape", 9.0, 30)],
        [_logged("mape", 20.0, 10), _logged("rmse", "NaN", 5)],
        [],
        [_logged("n", 3, 1)],
    ]
    mlflow = Mlflow(runs)
    assert _read(monkeypatch, mlflow) == {"mape": 9.0, "rmse": "nan", "n": 3.0}
    assert len(mlflow.searches) == 2
    assert mlflow.searches[0]["experiment_ids"] == ["7"]
    assert mlflow.searches[0]["filter"] == "tags.`azureml.root_run_id` = 'train-1'"


def test_a_job_without_runs_has_no_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether its experiment is there or not."""
    assert _read(monkeypatch, Mlflow([])) == {}
    assert _read(monkeypatch, Mlflow([[_logged("mape", 1.0, 1)]]), "unknown") == {}


def test_metrics_that_cannot_be_read_are_not_taken_for_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that is down, or that fails."""

    def down(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("down")

    for answer in (down, lambda _request: httpx.Response(500, json={"error_code": "INTERNAL_ERROR"})):
        with pytest.raises(LocalServiceError):
            _read(monkeypatch, answer)


def test_the_first_deployment_of_a_batch_endpoint_is_its_default(batch: BatchStore) -> None:
    """Until another one is made that; the default goes last, and the endpoint with it."""
    assert batch.default("scores") is None
    blue, is_new = batch.put("scores", "blue", "azureml:m:1", None)
    green, _ = batch.put("scores", "green", "azureml:m:2", None)
    assert (is_new, batch.put("scores", "blue", "azureml:m:1", None)) == (True, (blue, False))
    assert (batch.chosen("scores", None), batch.chosen("scores", "green")) == (blue, green)
    with pytest.raises(BatchConflictError, match="default"):
        batch.delete("scores", "blue")
    batch.set_default("scores", "green")
    assert batch.chosen("scores", None) == green
    assert [batch.delete("scores", name) for name in ("blue", "blue", "green")] == [True, False, True]
    with pytest.raises(BatchNotFoundError, match="does not exist"):
        batch.chosen("scores", None)


def test_a_batch_deployment_stays_what_it_is(batch: BatchStore) -> None:
    """Another model under its name is refused."""
    batch.put("scores", "blue", "azureml:m:1", None)
    with pytest.raises(BatchConflictError, match="azureml:m:1"):
        batch.put("scores", "blue", "azureml:m:2", None)
    with pytest.raises(BatchNotFoundError, match="it has blue"):
        batch.chosen("scores", "green")


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (("ab", "blue", "azureml:m:1", None), "InvalidName"),
        (("scores", "a_b", "azureml:m:1", None), "InvalidName"),
        (("scores", "blue", None, None), "InvalidRequest"),
        (("scores", "blue", "azureml:m:1", "p.yml"), "InvalidRequest"),
        (("scores", "blue", "m@champion", None), "InvalidModel"),
    ],
)
def test_a_batch_deployment_that_could_not_run_is_refused(
    batch: BatchStore, asked: tuple[str, str, str | None, str | None], code: str
) -> None:
    """By its names, or by what it would run."""
    with pytest.raises(JobError) as caught:
        batch.put(*asked)
    assert caught.value.code == code
    assert batch.deployments(asked[0]) == []


def test_a_batch_job_of_a_model_can_be_planned(batch: BatchStore) -> None:
    """Its pipeline is ours; model and folder are its inputs, and its tags say what started it."""
    deployment, _ = batch.put("scores", "blue", "azureml:m:1", None)
    request = request_of(deployment, PATH, {})
    plan = make_plan(read_pipeline(Path(request.pipeline)), request)
    assert plan.experiment_name == "scores"
    assert plan.inputs == {
        "model": Data(type="mlflow_model", path="azureml:m:1"),
        "data": Data(type="uri_folder", path=PATH),
    }
    assert plan.tags == {"azureml.batch_endpoint": "scores", "azureml.batch_deployment": "blue"}
    assert set(plan.outputs) == {"score"}


@pytest.mark.parametrize("inputs", [{}, {"a": "uri_file"}, {"a": "uri_folder", "b": "uri_folder"}])
def test_a_batch_pipeline_takes_one_folder(batch: BatchStore, inputs: dict[str, str]) -> None:
    """With none or several it is not clear where the data goes."""
    deployment, _ = batch.put("scores", "blue", None, "/p.yml")
    with pytest.raises(JobError, match=r"/p\.yml: a batch endpoint's pipeline takes one folder"):
        request_of(deployment, PATH, inputs)
    one = request_of(deployment, PATH, {"a": "uri_folder", "b": "uri_file"})
    assert one.inputs == {"a": Data(type="uri_folder", path=PATH)}


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveService]:
    """A running job service, without storage and without MLflow."""
    folder = tmp_path_factory.mktemp("jobs")
    storage = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;BlobEndpoint=http://127.0.0.1:9/a;"
    options = ["--storage", storage, "--mlflow", "http://127.0.0.1:9", "--preload", "json"]
    with living(LiveService("local.services.jobs", folder, *options)) as service:
        yield service


def _refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


@pytest.mark.stack
def test_only_an_mlflow_model_that_is_complete_is_registered(jobs: LiveService) -> None:
    """Not the output of an unknown job, nor one without MLmodel, nor one that the job does not have."""
    place = "/models/m/versions/1"
    assert _refusal(jobs.http.put(place, json={"job": "unknown", "output": "text"})) == (404, "NotFound")
    jobs.http.put("/jobs/made", json={"pipeline": str(PIPELINES / "shell.yml"), "inputs": {"word": "a"}})
    assert eventually(lambda: jobs.http.get("/jobs/made").json()["status"] == "Completed"), jobs.log.read_text()
    assert _refusal(jobs.http.put(place, json={"job": "made", "output": "text"})) == (400, "NotAnMlflowModel")
    assert _refusal(jobs.http.put(place, json={"job": "made", "output": "unknown"})) == (404, "NotFound")
    assert _refusal(jobs.http.put(place, json={"job": "made"})) == (400, "InvalidRequest")
    assert jobs.http.get(place).status_code == 404


@pytest.mark.stack
def test_registered_data_outlives_the_service(jobs: LiveService) -> None:
    """After a kill the version is there, and still refuses to become another folder."""
    place = "/data/flights/versions/1"
    answers = [jobs.http.put(place, json={"path": PATH, "tags": {"k": "v"}}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    assert answers[0].json() == answers[1].json()
    jobs.kill()
    jobs.start()
    assert jobs.http.get(place).json() == answers[0].json()
    assert _refusal(jobs.http.put(place, json={"path": f"{PATH}/x"})) == (409, "DataVersionTaken")
    assert _refusal(jobs.http.put("/data/d/versions/1", json={"path": "/elsewhere/x"})) == (400, "InvalidRequest")


@pytest.mark.stack
def test_metrics_without_mlflow_are_unavailable(jobs: LiveService) -> None:
    """503 says that a later attempt may succeed; an unknown job is 404."""
    jobs.http.put("/jobs/measured", json={"pipeline": str(PIPELINES / "shell.yml"), "inputs": {"word": "a"}})
    assert _refusal(jobs.http.get("/jobs/measured/metrics")) == (503, "MlflowUnavailable")
    assert _refusal(jobs.http.get("/jobs/unknown/metrics")) == (404, "NotFound")


@pytest.mark.stack
def test_a_batch_job_is_adopted_though_the_default_has_changed(jobs: LiveService) -> None:
    """What was started without naming a deployment stays what it was; another endpoint's job is another job."""
    for name, version in (("blue", 1), ("green", 2)):
        made = jobs.http.put(f"/batch-endpoints/scores/deployments/{name}", json={"model": f"azureml:m:{version}"})
        assert made.status_code == 201
    start = {"data": PATH}
    assert jobs.http.put("/batch-endpoints/scores/jobs/b-1", json=start).status_code == 201
    changed = jobs.http.put("/batch-endpoints/scores/default", json={"deployment": "green"})
    assert changed.json()["default"] == "green"
    again = jobs.http.put("/batch-endpoints/scores/jobs/b-1", json=start)
    assert (again.status_code, again.json()["tags"]["azureml.batch_deployment"]) == (200, "blue")
    named = jobs.http.put("/batch-endpoints/scores/jobs/b-1", json=start | {"deployment": "green"})
    assert _refusal(named) == (409, "UserError")
    other = jobs.http.put("/batch-endpoints/scores/jobs/b-1", json={"data": f"{PATH}/other"})
    assert _refusal(other) == (409, "UserError")
    unknown = jobs.http.put("/batch-endpoints/unknown/jobs/b-2", json=start)
    assert _refusal(unknown) == (404, "NotFound")
    jobs.http.post("/jobs/b-1/cancel")


@pytest.mark.stack
def test_a_batch_job_is_adopted_though_its_pipeline_has_changed(jobs: LiveService, tmp_path: Path) -> None:
    """As Azure ML's batch jobs it is known by endpoint and folder, not by what it runs."""
    pipeline = tmp_path / "pipeline.yml"
    pipeline.write_text((PIPELINES / "remote_data.yml").read_text())
    made = jobs.http.put("/batch-endpoints/piped/deployments/blue", json={"pipeline": str(pipeline)})
    assert made.status_code == 201, made.text
    start = {"data": PATH}
    assert jobs.http.put("/batch-endpoints/piped/jobs/p-1", json=start).status_code == 201
    pipeline.write_text("type: pipeline")
    assert jobs.http.put("/batch-endpoints/piped/jobs/p-1", json=start).status_code == 200
    assert _refusal(jobs.http.put("/batch-endpoints/piped/jobs/p-2", json=start))[0] == 400
    jobs.http.post("/jobs/p-1/cancel")
