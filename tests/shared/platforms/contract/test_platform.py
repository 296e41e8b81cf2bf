"""What every Platform does; today the real local services, with real storage and a real registry behind them."""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.contracts.jobs import FolderInput, JobInput, JobState, ModelInput
from shared.errors import PermanentError, TransientError
from shared.platforms.base import Platform
from shared.platforms.local import LocalPlatform
from shared.registry.mlflow import MlflowRegistry
from shared.storage.blobs import AzureBlobStore

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]

_PIPELINES = Path(__file__).with_name("pipelines")
_CONTAINER = "platform-contract"
_DATASET = FolderInput(type="uri_folder", path="datasets/v1")


@pytest.fixture(scope="module", params=["local"])
def platform(
    request: pytest.FixtureRequest, azurite: str, job_service: str, scoring_service: str
) -> Iterator[Platform]:
    """Each implementation in turn, with a dataset in its store."""
    AzureBlobStore(azurite, _CONTAINER).write(f"{_DATASET.path}/factor.txt", b"3")
    makers = {"local": lambda: LocalPlatform(job_service, scoring_service, _CONTAINER)}
    with closing(makers[request.param]()) as platform:
        yield platform


@pytest.fixture(scope="module")
def trained(platform: Platform) -> str:
    """The name of a completed training."""
    name = f"train-{uuid.uuid4().hex[:8]}"
    platform.submit_job(name, _PIPELINES / "train.yml", "contract", _training(), {"signalbox.instance": "i"})
    state = _ended(platform, name)
    assert state.status == "Completed", state
    return name


@pytest.fixture(scope="module")
def model(platform: Platform, trained: str, mlflow_server: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A registered model: version 1 and version 2 are alike."""
    folder = tmp_path_factory.mktemp("model")
    platform.download_job_folder(trained, "model", folder)
    name = f"multiplies-{uuid.uuid4().hex[:8]}"
    for job in ("job-1", "job-2"):
        MlflowRegistry(mlflow_server).register(name, job, folder, {}, {})
    return name


def _training(times: int = 2) -> dict[str, JobInput]:
    return {"dataset": _DATASET, "times": times}


def _until[T](read: Callable[[], T], holds: Callable[[T], bool]) -> T:
    """Read again and again until it holds; the last reading after a minute and a half."""
    deadline = time.monotonic() + 90
    while not holds(value := read()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return value


def _ended(platform: Platform, name: str) -> JobState:
    state = _until(lambda: platform.read_job(name), lambda state: state is None or state.final)
    assert state is not None
    return state


def _deploy(platform: Platform, endpoint: str, deployment: str, model: str, version: str) -> None:
    platform.create_deployment(endpoint, deployment, model, version)
    state = _until(
        lambda: platform.read_deployment(endpoint, deployment),
        lambda state: state is None or state.status in ("Succeeded", "Failed"),
    )
    assert state is not None
    assert (state.status, state.model, state.version) == ("Succeeded", model, version)


def test_what_is_absent_is_none_or_nothing(platform: Platform) -> None:
    """Asking for what is not there is an answer, and ending it is done already."""
    assert platform.read_job("unknown") is None
    platform.cancel_job("unknown")
    assert platform.read_traffic("unknown") == {}
    assert platform.read_deployment("unknown", "blue") is None
    platform.delete_deployment("unknown", "blue")
    assert platform.list_deployments("unknown") == []
    platform.delete_endpoint("unknown")


def test_a_job_reads_its_dataset_and_gives_its_outputs(platform: Platform, trained: str, tmp_path: Path) -> None:
    """The dataset came from blob storage, the parameter from the call, and both outputs can be had."""
    assert json.loads(platform.read_job_file(trained, "evaluation")) == {"factor": 6}
    platform.download_job_folder(trained, "model", tmp_path)
    assert (tmp_path / "MLmodel").is_file()
    state = platform.read_job(trained)
    assert state is not None
    assert state.started_at is not None
    assert state.ended_at is not None
    assert state.started_at <= state.ended_at


def test_the_same_job_is_adopted_and_another_of_its_name_refused(platform: Platform, trained: str) -> None:
    """A repeated activity starts nothing; a name clash is permanent."""
    tags = {"signalbox.instance": "i"}
    again = platform.submit_job(trained, _PIPELINES / "train.yml", "contract", _training(), tags)
    assert again == platform.read_job(trained)
    with pytest.raises(PermanentError):
        platform.submit_job(trained, _PIPELINES / "train.yml", "contract", _training(times=7), tags)


def test_a_registered_model_can_be_a_jobs_input(platform: Platform, model: str) -> None:
    """That is how batch scoring gets its champion."""
    name = f"score-{uuid.uuid4().hex[:8]}"
    inputs: dict[str, JobInput] = {"model": ModelInput(model=model, version="1")}
    platform.submit_job(name, _PIPELINES / "score.yml", "contract", inputs, {})
    assert _ended(platform, name).status == "Completed"
    assert platform.read_job_file(name, "found").strip() == b"MLmodel"


@pytest.mark.parametrize("pipeline", ["missing.yml", "steps/train.py"])
def test_a_pipeline_that_cannot_be_read_is_permanent(platform: Platform, pipeline: str) -> None:
    """Nothing is started, and the message names the file."""
    name = f"bad-{uuid.uuid4().hex[:8]}"
    with pytest.raises(PermanentError, match=Path(pipeline).name):
        platform.submit_job(name, _PIPELINES / pipeline, "contract", {}, {})
    assert platform.read_job(name) is None


def test_a_failed_job_tells_why_and_has_no_outputs(platform: Platform) -> None:
    """The step's own words are part of the error."""
    name = f"fails-{uuid.uuid4().hex[:8]}"
    platform.submit_job(name, _PIPELINES / "fails.yml", "contract", {}, {})
    state = _ended(platform, name)
    assert state.status == "Failed"
    assert state.error is not None
    assert "no such carrier" in state.error
    with pytest.raises(PermanentError):
        platform.read_job_file(name, "evaluation")


def test_a_running_job_can_be_cancelled(platform: Platform) -> None:
    """Twice is once, and a final job stays as it is."""
    name = f"waits-{uuid.uuid4().hex[:8]}"
    platform.submit_job(name, _PIPELINES / "waits.yml", "contract", {}, {})
    platform.cancel_job(name)
    platform.cancel_job(name)
    assert _ended(platform, name).status == "Canceled"
    platform.cancel_job(name)
    state = platform.read_job(name)
    assert state is not None
    assert state.status == "Canceled"


def test_a_version_goes_from_no_traffic_to_all_and_back_to_nothing(platform: Platform, model: str) -> None:
    """The life of a blue/green release, each call twice."""
    endpoint, rows = f"e-{uuid.uuid4().hex[:8]}", [{"x": 1.0}, {"x": 2.5}]
    for _ in range(2):
        _deploy(platform, endpoint, "blue", model, "1")
    assert platform.score(endpoint, rows, "blue") == [6.0, 15.0]
    with pytest.raises(TransientError):  # without traffic nobody answers, until it is shifted
        platform.score(endpoint, rows)
    for _ in range(2):
        platform.set_traffic(endpoint, {"blue": 100})
    assert platform.read_traffic(endpoint) == {"blue": 100}
    assert platform.score(endpoint, rows) == [6.0, 15.0]

    _deploy(platform, endpoint, "green", model, "2")
    assert platform.read_traffic(endpoint).get("green", 0) == 0
    with pytest.raises(PermanentError):  # it carries traffic
        platform.delete_deployment(endpoint, "blue")
    platform.set_traffic(endpoint, {"blue": 0, "green": 100})
    for _ in range(2):
        platform.delete_deployment(endpoint, "blue")
    assert platform.read_deployment(endpoint, "blue") is None
    assert platform.score(endpoint, rows) == [6.0, 15.0]


def test_a_deployment_of_another_version_is_not_adopted(platform: Platform, model: str) -> None:
    """A deployment's name belongs to one version."""
    endpoint = f"e-{uuid.uuid4().hex[:8]}"
    platform.create_deployment(endpoint, "blue", model, "1")
    with pytest.raises(PermanentError):
        platform.create_deployment(endpoint, "blue", model, "2")


def test_traffic_that_makes_no_sense_is_permanent(platform: Platform, model: str) -> None:
    """Not 100 percent, or to a deployment that is not there: nothing changes."""
    endpoint = f"e-{uuid.uuid4().hex[:8]}"
    platform.create_deployment(endpoint, "blue", model, "1")
    for traffic in ({"blue": 50}, {"green": 100}):
        with pytest.raises(PermanentError):
            platform.set_traffic(endpoint, traffic)
    assert sum(platform.read_traffic(endpoint).values()) == 0


def test_an_endpoint_tells_what_it_has_and_goes_when_it_is_empty(platform: Platform, model: str) -> None:
    """Deployments come with model, version and age; an endpoint with deployments is not deleted."""
    endpoint = f"e-{uuid.uuid4().hex[:8]}"
    for deployment, version in (("green", "2"), ("blue", "1")):
        platform.create_deployment(endpoint, deployment, model, version)
    blue, green = platform.list_deployments(endpoint)
    assert (blue.deployment, blue.model, blue.version) == ("blue", model, "1")
    assert green.created_at is not None
    assert blue.created_at is not None
    assert abs(datetime.now(UTC) - green.created_at) < timedelta(minutes=5)
    assert green.created_at <= blue.created_at
    with pytest.raises(PermanentError, match="blue, green"):
        platform.delete_endpoint(endpoint)
    for deployment in ("blue", "green"):
        platform.delete_deployment(endpoint, deployment)
    for _ in range(2):
        platform.delete_endpoint(endpoint)
    platform.create_deployment(endpoint, "blue", model, "2")
    (again,) = platform.list_deployments(endpoint)
    assert again.created_at is not None
    assert again.created_at > green.created_at
