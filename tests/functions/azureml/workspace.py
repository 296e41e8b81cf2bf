"""A workspace of Azure ML for the running app: the double in the engine's time, and the app's own activities over it.

What is not Azure ML's, registry, ledger and published data, stays the world in memory.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from concurrent.futures import Future
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import azure.functions as func
import pytest

from functions import adapters
from functions.triggers.azureml_events import azureml_events
from shared import names
from shared.contracts.training import TrainingOutcome
from shared.platforms.azureml.connection import Connection, Workspace
from shared.platforms.azureml.platform import AzureMlPlatform
from tests.doubles.azure_ml import AzureMlDouble
from tests.doubles.azure_ml.events import events_of
from tests.functions.conftest import App, registered
from tests.functions.test_train_model import ORDER
from tests.shared.interlock.builders import MODEL

#: The training of the tests, and its job.
JOB: Final = "train-1"
_CONTAINER: Final = "signalbox"
_ACTIVITIES: Final = (
    names.SUBMIT_JOB, names.READ_JOB, names.CANCEL_JOB,
    names.CREATE_DEPLOYMENT, names.READ_DEPLOYMENT, names.SHIFT_TRAFFIC, names.DELETE_DEPLOYMENT,
)  # fmt: skip
_STEP: Final = """\
type: command
name: step
version: "1"
inputs: {data: {type: uri_folder}}
outputs: {result: {type: uri_folder}}
environment: azureml:any:1
command: echo ${{inputs.data}} ${{outputs.result}}
"""
TRAIN: Final = """\
type: pipeline
inputs:
  dataset: {type: uri_folder, path: azureml://datastores/signalbox/paths/example/}
outputs:
  model: {type: uri_folder}
settings: {default_compute: azureml:cpu-cluster}
jobs:
  train:
    type: command
    component: azureml:step:1
    inputs: {data: "${{parent.inputs.dataset}}"}
    outputs: {result: "${{parent.outputs.model}}"}
"""
_SCORE: Final = """\
type: pipeline
inputs:
  model: {type: mlflow_model, path: azureml://datastores/signalbox/paths/example/}
  data: {type: uri_folder, path: azureml://datastores/signalbox/paths/example/}
  rows: dataset
outputs:
  predictions: {type: uri_folder}
settings: {default_compute: azureml:cpu-cluster}
jobs:
  score:
    type: command
    component: azureml:step:1
    inputs: {data: "${{parent.inputs.data}}"}
    outputs: {result: "${{parent.outputs.predictions}}"}
"""

type Answers = list[tuple[str, dict[str, Any]]]


@dataclass
class Site:
    """The app on Azure ML.

    Attributes:
        folder: Of the fleet: what its policies name lies in it.
        answers: What the activities have answered, in order, by their names.
    """

    app: App
    double: AzureMlDouble
    connection: Connection
    platform: AzureMlPlatform
    folder: Path
    answers: Answers = field(default_factory=list)

    @property
    def pipeline(self) -> Path:
        """What is trained with."""
        return self.folder / ORDER.policy.train.pipeline

    @property
    def minutes(self) -> float:
        """The engine's time."""
        return self.app.engine.now / 60e6

    @property
    def codes(self) -> list[str]:
        """Of the permanent failures that activities have answered, in order."""
        return [answer["permanent"]["code"] for _, answer in self.answers if "permanent" in answer]

    def times(self, method: str, ending: str = "") -> int:
        """How often a job, or what is under it, was asked for."""
        return len(self.double.requests(method, f"/jobs/{JOB}{ending}"))

    def submitted(self, job: str = JOB) -> int:
        """How many jobs of a name the service has accepted; one that it did not get round to say counts, too."""
        puts = [one.status for one in self.double.requests("PUT", f"/jobs/{job}")]
        there = {one.name for one in self.connection.client.jobs.list()}
        return max(puts.count(201), int(job in there))

    async def begin(self) -> None:
        """Start the training."""
        await self.app.client.schedule_new_orchestration(names.TRAIN_MODEL, input=ORDER.to_wire(), instance_id=JOB)

    async def trained(self) -> tuple[TrainingOutcome, str]:
        """How the training ended, and what its status shows."""
        state = await self.app.finish(JOB)
        assert state.runtime_status.name == "COMPLETED", state.failure_details
        return TrainingOutcome.from_wire(state.get_output()), str(state.get_custom_status())


class EventGrid:
    """Carries the double's events about jobs to the app's trigger.

    Args:
        site: Whose.
        key: How the keys of the data are written.
    """

    def __init__(self, site: Site, key: Callable[[str], str] = str) -> None:
        self._site = site
        self._key = key
        self._loop = asyncio.get_running_loop()
        self._sent: list[Future[None]] = []
        site.double.on_change = self.tell

    def tell(self, job: str, status: str, tags: Mapping[str, str], **more: Any) -> None:
        """Send what Azure ML sends when a status has changed, from any thread."""
        for event in events_of(self._site.double.workspace_id, MODEL, job, status, tags):
            self._sent.append(asyncio.run_coroutine_threadsafe(self._deliver(event, more), self._loop))

    async def delivered(self) -> None:
        """Wait until the trigger has taken what was sent."""
        await asyncio.gather(*map(asyncio.wrap_future, self._sent))

    def _deliver(self, event: dict[str, Any], more: Mapping[str, Any]) -> Coroutine[Any, Any, None]:
        data = {self._key(key): value for key, value in (event["data"] | more).items()}
        received = func.EventGridEvent(
            id=event["id"],
            data=data,
            topic=event["topic"],
            subject=event["subject"],
            event_type=event["eventType"],
            event_time=None,
            data_version=event["dataVersion"],
        )
        return azureml_events(received, self._site.app.client)


@contextmanager
def azureml_site(app: App, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """The app with its own activities of jobs and deployments, and a workspace that knows the model's versions 1, 2."""
    (folder / "pipelines").mkdir()
    (folder / ORDER.policy.train.pipeline).write_text(TRAIN)
    (folder / "pipelines" / "score.yml").write_text(_SCORE)
    (folder / "step.yml").write_text(_STEP)
    with AzureMlDouble(data_container=_CONTAINER, clock=lambda: app.engine.now / 1e6) as double:
        # The SDK says in the last one which cloud it is in, and other tests' processes would inherit that.
        for name, value in {**double.environment, "AZUREML_CURRENT_CLOUD": "AzureCloud"}.items():
            monkeypatch.setenv(name, value)
        connection = Connection(
            Workspace.parse(double.workspace_id),
            url=double.url,
            ca=double.ca,
            datastore=_CONTAINER,
            container=_CONTAINER,
            storage="no files are read or written here",
        )
        with closing(AzureMlPlatform(connection)) as platform:
            site = Site(app, double, connection, platform, folder)
            _register_assets(site)
            monkeypatch.setattr(adapters, "platform", lambda: platform)
            monkeypatch.setattr(adapters, "fleet_file", lambda _fleet, relative: folder / relative)
            monkeypatch.setattr("functions.tracing._configure", lambda: None)
            monkeypatch.setattr("functions.routes.read_route", app.world.routes.get)
            app.engine_functions |= {name: _noted(name, site.answers) for name in _ACTIVITIES}
            yield site


def _register_assets(site: Site) -> None:
    """What the pipelines and the deployments name, as a team and a registration leave it."""
    from azure.ai.ml import load_component
    from azure.ai.ml.entities import Model

    client = site.connection.client
    client.components.create_or_update(load_component(site.folder / "step.yml"))
    for version in ("1", "2"):
        place = f"azureml://datastores/{_CONTAINER}/paths/models/{version}/"
        client.models.create_or_update(Model(name=MODEL, version=version, path=place, type="mlflow_model"))


def _noted(name: str, answers: Answers) -> Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]:
    """An activity of the app, whose answers are kept."""
    activity = registered().activities[name]

    async def run(payload: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = await activity(payload)
        answers.append((name, answer))
        return answer

    return run
