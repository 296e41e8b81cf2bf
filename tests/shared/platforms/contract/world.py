"""What the contract suite needs besides a platform: a world in which its jobs come to an end as a test says.

A new implementation of `Platform` gets a `World` of its own and a line in `conftest.WORLDS`.
"""

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from shared.contracts.deployments import DeploymentState
from shared.contracts.jobs import INSTANCE_TAG, FolderInput, JobInput, JobState
from shared.errors import TransientError
from shared.platforms.base import Platform

PIPELINES: Final = Path(__file__).with_name("pipelines")
TRAINING: Final = PIPELINES / "train.yml"
#: The container that the world's data is in, and what is in it before any test.
CONTAINER: Final = "platform-contract"
DATASET: Final = FolderInput(type="uri_folder", path="datasets/v1")
BATCH: Final = FolderInput(type="uri_folder", path="batches/today")
FILES: Final = {f"{DATASET.path}/factor.txt": b"3", f"{BATCH.path}/rows.csv": b"x\n1.0\n2.5\n"}
EVALUATION: Final = {"factor": 6}
METRICS: Final = {"factor": 6.0, "mape": 12.5}
#: What the model of a training with `times: 2` is asked, and what it answers: six times `x`.
ROWS: Final = [{"x": 1.0}, {"x": 2.5}]
PREDICTIONS: Final = [6.0, 15.0]


@dataclass(frozen=True)
class Left:
    """What a completed job leaves: the files of each output, and its metrics."""

    outputs: Mapping[str, Mapping[str, bytes]]
    metrics: Mapping[str, float]


#: Of `train.yml`, of `score.yml`, and of a batch endpoint.
TRAINED: Final = Left(
    {"evaluation": {"evaluation": b'{"factor": 6}'}, "model": {"MLmodel": b"flavors: {}\n"}}, metrics=METRICS
)
FOUND: Final = Left({"found": {"found": b"MLmodel\n"}}, metrics={})
SCORED: Final = Left({"score": {"predictions.csv": b"0,6.0,rows.csv\n1,15.0,rows.csv\n"}}, metrics={})


class World(Protocol):
    """An implementation of `Platform`, with `FILES` in its data container, and what stands behind it."""

    @property
    def platform(self) -> Platform:
        """The implementation under test."""
        ...

    def verdict(self, job: str) -> str:
        """The pipeline's input `verdict`, by which a job learns how it shall end; any text where jobs only pretend."""
        ...

    def finish(self, job: str, left: Left = TRAINED) -> JobState:
        """Let a job that was submitted complete; its state then.

        Where jobs only pretend, they leave what is said. Where they really run, they leave their own: at least these
        files, and these metrics.
        """
        ...

    def fail(self, job: str, message: str) -> JobState:
        """Let a job that was submitted fail with this message; its state then."""
        ...

    def add_batch_endpoint(self, endpoint: str, deployment: str, model: str, version: str) -> None:
        """Make a batch endpoint, whose only and default deployment scores with a registered model."""
        ...


def new(prefix: str) -> str:
    """A name that nothing has yet."""
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


def training(world: World, job: str, times: int = 2) -> dict[str, JobInput]:
    """The inputs of a training."""
    return {"dataset": DATASET, "times": times, "verdict": world.verdict(job)}


def submit(world: World, job: str, times: int = 2, *, run: str | None = "i", pipeline: Path = TRAINING) -> JobState:
    """Start a training of a run, or of several where there is none, or adopt it."""
    tags = {} if run is None else {INSTANCE_TAG: run}
    return world.platform.submit_job(job, pipeline, "contract", training(world, job, times), tags)


def until[T](read: Callable[[], T], holds: Callable[[T], bool], seconds: float = 90) -> T:
    """Read again and again until it holds; the last reading when the time is up."""
    deadline = time.monotonic() + seconds
    while not holds(value := read()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return value


def ended(platform: Platform, job: str) -> JobState:
    """The state of a job once it is final."""
    state = until(lambda: platform.read_job(job), lambda state: state is None or state.final)
    assert state is not None, f"job {job} has vanished"
    return state


def patiently[T](call: Callable[[], T], seconds: float = 90) -> T:
    """Ask again while the platform is busy with what was asked before."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return call()
        except TransientError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def deploy(platform: Platform, endpoint: str, deployment: str, model: str, version: str = "1") -> DeploymentState:
    """Deploy a version; its state once it is neither made nor changed any more."""
    patiently(lambda: platform.create_deployment(endpoint, deployment, model, version))
    return settled(platform, endpoint, deployment)


def settled(platform: Platform, endpoint: str, deployment: str) -> DeploymentState:
    """The state of a deployment once it is neither made nor changed any more."""
    state = until(
        lambda: platform.read_deployment(endpoint, deployment),
        lambda state: state is None or state.status in {"Succeeded", "Failed"},
    )
    assert state is not None, f"deployment {deployment} has vanished"
    return state
