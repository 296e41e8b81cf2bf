"""Whom an event of Azure ML wakes, and with what."""

from contextlib import nullcontext
from typing import Any

import azure.functions as func
import grpc
import pytest

from functions import tracing
from functions.triggers import azureml_events
from functions.triggers.azureml_events import told, waiting_instance
from shared import names

OURS, OTHERS = names.watcher("j", "i"), names.watcher("j")
CHANGED = "Microsoft.MachineLearningServices.RunStatusChanged"


@pytest.mark.parametrize(
    ("data", "instance"),
    [
        ({"runId": "j", "runTags": {"signalbox.instance": "i"}}, OURS),
        ({"RunId": "j", "RunTags": {"Signalbox.Instance": "i"}}, OURS),
        ({"RUNID": "j", "RUNTAGS": {"SIGNALBOX.INSTANCE": "i"}}, OURS),
        ({"runId": "j", "runTags": {}}, OTHERS),
        ({"runId": "j", "runTags": "x", "runProperties": None}, OTHERS),
        ({"runId": "j", "runProperties": {"azureml.rootpipelinerunid": "j"}}, OTHERS),
        ({"runId": "step", "parentRunId": "j", "runTags": {"signalbox.instance": "i"}}, None),
        ({"runId": "step", "RunProperties": {"azureml.PipelineRunId": "j"}}, None),
        ({"runId": 5}, None),
        ({}, None),
        (None, None),
        ([], None),
    ],
)
def test_a_run_tells_who_waits_for_it(data: Any, instance: str | None) -> None:
    """Keys in any casing; a job of others wakes whoever watches it, and a step of a pipeline nobody."""
    assert waiting_instance(data) == instance


@pytest.mark.parametrize(
    ("subject", "instance"),
    [("experiments/e/runs/j", OTHERS), ("experiments/e/runs/", None), ("/runs/j", None), ("j", None), (None, None)],
)
def test_the_subject_names_the_run_where_the_data_does_not(subject: str | None, instance: str | None) -> None:
    """As `experiments/{id}/runs/{run}`; anything else is not understood, and wakes nobody."""
    assert waiting_instance({}, subject) == instance


@pytest.mark.parametrize(
    ("data", "status"),
    [({"RunStatus": "completed"}, "completed"), ({"runStatus": None}, None), ({"runStatus": 5}, None), ("x", None)],
)
def test_the_status_travels_along(data: Any, status: str | None) -> None:
    """It saves reads of what is known; where there is none, the job is read."""
    assert told(data) == {"status": status}


class _Client:
    """Takes events, or refuses them as the engine does."""

    def __init__(self, refusal: grpc.StatusCode | None = None) -> None:
        self.raised: list[tuple[str, str, Any]] = []
        self._refusal = refusal

    async def raise_orchestration_event(self, instance: str, name: str, *, data: Any = None) -> None:
        if self._refusal is not None:
            raise grpc.aio.AioRpcError(self._refusal, grpc.aio.Metadata(), grpc.aio.Metadata())
        self.raised.append((instance, name, data))


def _grid(kind: str = CHANGED) -> func.EventGridEvent:
    data: dict[str, object] = {"runId": "j", "runStatus": "Running", "runTags": {"signalbox.instance": "i"}}
    return func.EventGridEvent(
        id="1", data=data, topic="t", subject="experiments/e/runs/j", event_type=kind, event_time=None, data_version="2"
    )


def _cloud() -> Any:
    class CloudEvent:
        """What the worker gives for a body with `specversion`."""

        type, subject = CHANGED, "experiments/e/runs/j"

        def get_json(self) -> Any:
            return _grid().get_json()

    return CloudEvent()


@pytest.fixture(autouse=True)
def _untraced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "span", lambda *_args, **_more: nullcontext())


@pytest.mark.parametrize("event", [_grid(), _cloud()], ids=["Event Grid", "CloudEvents"])
async def test_both_schemas_wake_the_wait(event: Any) -> None:
    """With the status that was told."""
    client: Any = _Client()
    await azureml_events.azureml_events(event, client)
    assert client.raised == [(OURS, names.JOB_CHANGED, {"status": "Running"})]


async def test_other_kinds_of_events_wake_nobody() -> None:
    """A registered model is the webhook's business."""
    client: Any = _Client()
    await azureml_events.azureml_events(_grid("Microsoft.MachineLearningServices.ModelRegistered"), client)
    assert client.raised == []


async def test_where_nobody_waits_nothing_is_wrong() -> None:
    """Event Grid need not repeat it; an engine that is down is another thing."""
    for code in (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.FAILED_PRECONDITION):
        client: Any = _Client(code)
        await azureml_events.azureml_events(_grid(), client)
    down: Any = _Client(grpc.StatusCode.UNAVAILABLE)
    with pytest.raises(grpc.aio.AioRpcError):
        await azureml_events.azureml_events(_grid(), down)
