"""A deployment is made, waited for, and scaled where it shall: the steps one by one, and the one that is new."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from durabletask import task

from functions import adapters
from functions.activities.deployment import scale_deployment
from functions.boundary import PermanentFailure
from functions.orchestrators.waiting import deploy_and_wait
from shared import names
from shared.contracts.release import DeploymentSpec, DeploymentState
from shared.errors import PermanentError
from tests.shared.interlock.builders import at

SPEC = DeploymentSpec(
    endpoint="departures", deployment="v2-1", model="departures", version="2", fleet="flights", definition="online.yml"
)


class Context:
    """As much of an orchestration's context as it takes: it notes what is called, and timers move its clock."""

    def __init__(self) -> None:
        self.called: list[str] = []
        self.current_utc_datetime: datetime = at()

    def call_activity(self, name: str, **_options: Any) -> str:
        """An activity by its name."""
        self.called.append(name)
        return name

    def create_timer(self, pause: timedelta) -> None:
        """It has passed at once."""
        self.current_utc_datetime += pause


def _run(
    answer: Callable[[str], Any], spec: DeploymentSpec = SPEC, *, scaled: bool = True
) -> tuple[DeploymentState, list[str]]:
    """The state that comes of it, and the activities that were called."""
    context = Context()
    steps = deploy_and_wait(cast("task.OrchestrationContext", context), spec, scaled=scaled)
    step = next(steps)
    while True:
        try:
            step = steps.send(None if step is None else answer(step))
        except StopIteration as end:
            return end.value, context.called


def _state(status: str) -> dict[str, Any]:
    return {"result": {"endpoint": "departures", "deployment": "v2-1", "status": status}}


def test_what_shall_scale_does_once_it_is_provisioned() -> None:
    """The last step, after the deployment has succeeded; what Azure does from then on does not change that."""
    answers = {
        names.CREATE_DEPLOYMENT: "Creating",
        names.READ_DEPLOYMENT: "Succeeded",
        names.SCALE_DEPLOYMENT: "Updating",
    }
    state, called = _run(lambda name: _state(answers[name]))
    assert called == [names.CREATE_DEPLOYMENT, names.READ_DEPLOYMENT, names.SCALE_DEPLOYMENT]
    assert state.status == "Succeeded"


@pytest.mark.parametrize(
    ("definition", "scaled", "status"),
    [("online.yml", False, "Succeeded"), (None, True, "Succeeded"), ("online.yml", True, "Failed")],
    ids=["stays as it begins", "has no definition", "has failed"],
)
def test_nothing_else_scales(definition: str | None, scaled: bool, status: str) -> None:
    """A history without this step stays as it was: of QA, of a plain deployment, and of one that failed."""
    spec = SPEC.model_copy(update={"definition": definition})
    state, called = _run(lambda _: _state(status), spec, scaled=scaled)
    assert called == [names.CREATE_DEPLOYMENT]
    assert state.status == status


def test_a_right_that_is_missing_ends_the_release() -> None:
    """Before any traffic: a model in production that cannot scale is not what was asked for."""
    refused = {"permanent": {"code": "AzureMlForbidden", "message": "Monitoring Contributor"}}
    with pytest.raises(PermanentFailure, match="Monitoring Contributor"):
        _run(lambda name: refused if name == names.SCALE_DEPLOYMENT else _state("Succeeded"))


class Platform:
    """One deployment, which is there or not."""

    def __init__(self) -> None:
        self.scaled: list[tuple[str, str, Path | None]] = []
        self.there = True

    def scale_deployment(self, endpoint: str, deployment: str, definition: Path | None) -> None:
        """Notes it."""
        self.scaled.append((endpoint, deployment, definition))

    def read_deployment(self, endpoint: str, deployment: str) -> DeploymentState | None:
        """As Azure ML tells it while it adds instances."""
        return DeploymentState(endpoint=endpoint, deployment=deployment, status="Updating") if self.there else None


async def test_the_platform_reads_the_fleets_own_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """The definition's path is relative to the fleet file; a deployment that is gone since is told."""
    platform = Platform()
    monkeypatch.setattr(adapters, "platform", lambda: platform)
    monkeypatch.setattr(adapters, "fleet_file", lambda fleet, file: Path(fleet) / file)
    assert (await scale_deployment(SPEC)).status == "Updating"
    assert platform.scaled == [("departures", "v2-1", Path("flights/online.yml"))]
    platform.there = False
    with pytest.raises(PermanentError) as caught:
        await scale_deployment(SPEC)
    assert caught.value.code == "DeploymentVanished"
