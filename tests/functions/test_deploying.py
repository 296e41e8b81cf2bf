"""A deployment is made, waited for, and scaled where it shall: the steps one by one, and the one that is new."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from durabletask import task

from functions import adapters
from functions.activities.deployment import create_deployment, scale_deployment
from functions.boundary import PermanentFailure
from functions.orchestrators.waiting import deploy_and_wait
from shared import names
from shared.contracts.deployments import DeploymentSpec, DeploymentState
from shared.errors import PermanentError
from tests.shared.interlock.builders import at

SPEC = DeploymentSpec(
    endpoint="departures", deployment="v2-1", model="departures", version="2", fleet="flights", definition="online.yml"
)


class Context:
    """As much of an orchestration's context as it takes: it notes what is called, and timers move its clock."""

    def __init__(self) -> None:
        self.called: list[str] = []
        self.orders: list[dict[str, Any]] = []
        self.current_utc_datetime: datetime = at()

    def call_activity(self, name: str, **options: Any) -> str:
        """An activity by its name."""
        self.called.append(name)
        self.orders.append(options["input"])
        return name

    def create_timer(self, pause: timedelta) -> None:
        """It has passed at once."""
        self.current_utc_datetime += pause


def _run(
    answer: Callable[[str], Any], spec: DeploymentSpec = SPEC, *, scaled: bool = True
) -> tuple[DeploymentState, list[str]]:
    """The state that comes of it, and the activities that were called."""
    state, context = _ran(answer, spec, scaled=scaled)
    return state, context.called


def _ran(answer: Callable[[str], Any], spec: DeploymentSpec, *, scaled: bool) -> tuple[DeploymentState, Context]:
    context = Context()
    steps = deploy_and_wait(cast("task.OrchestrationContext", context), spec, scaled=scaled)
    step = next(steps)
    while True:
        try:
            step = steps.send(None if step is None else answer(step))
        except StopIteration as end:
            return end.value, context


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


@pytest.mark.parametrize(
    ("definition", "scaled", "said"),
    [("online.yml", False, False), ("online.yml", True, None), (None, False, None), (None, True, None)],
    ids=["for tests", "for production", "plain, for tests", "plain, for production"],
)
def test_what_stays_as_it_begins_says_so(definition: str | None, scaled: bool, said: bool | None) -> None:
    """On the wire only where there is a definition that could let it scale: older histories replay."""
    _, context = _ran(lambda _: _state("Succeeded"), SPEC.model_copy(update={"definition": definition}), scaled=scaled)
    assert context.orders[0].get("scales") is said


def test_a_right_that_is_missing_ends_the_release() -> None:
    """Before any traffic: a model in production that cannot scale is not what was asked for."""
    refused = {"permanent": {"code": "AzureMlForbidden", "message": "Monitoring Contributor"}}
    with pytest.raises(PermanentFailure, match="Monitoring Contributor"):
        _run(lambda name: refused if name == names.SCALE_DEPLOYMENT else _state("Succeeded"))


class Platform:
    """One deployment, which is there or not, and those of other models."""

    def __init__(self) -> None:
        self.scaled: list[tuple[str, str, Path | None]] = []
        self.there = True
        self.known: list[DeploymentState] = []
        self.created: list[tuple[str, bool]] = []

    def list_deployments(self, endpoint: str) -> list[DeploymentState]:
        """Whatever the endpoint."""
        return self.known

    def create_deployment(
        self, endpoint: str, deployment: str, model: str, version: str, definition: Path | None, *, scales: bool
    ) -> DeploymentState:
        """Notes it."""
        self.created.append((deployment, scales))
        return DeploymentState(endpoint=endpoint, deployment=deployment, status="Creating", model=model)

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


def _there(*models: str | None) -> list[DeploymentState]:
    return [
        DeploymentState(endpoint="shared", deployment=f"v{number}", status="Succeeded", model=model)
        for number, model in enumerate(models)
    ]


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> Platform:
    """What the activities reach."""
    found = Platform()
    monkeypatch.setattr(adapters, "platform", lambda: found)
    monkeypatch.setattr(adapters, "fleet_file", lambda fleet, file: Path(fleet) / file)
    return found


@pytest.mark.parametrize(
    "models",
    [
        [f"m{number}" for number in range(5)],
        [*(f"m{number % 5}" for number in range(15)), "departures", None],
    ],
    ids=["five others", "five others, itself and somebody's"],
)
async def test_an_endpoint_with_room_takes_one_more(platform: Platform, models: list[str | None]) -> None:
    """Models count, not their deployments; what nobody knows the model of is not one."""
    platform.known = _there(*models)
    await create_deployment(SPEC)
    await create_deployment(SPEC.model_copy(update={"scales": False}))
    assert platform.created == [("v2-1", True), ("v2-1", False)]


async def test_a_full_endpoint_takes_no_seventh_model(platform: Platform) -> None:
    """Two fleets may have filled it: who is there, and what to do, is told, and nothing is deployed."""
    platform.known = _there(*(f"m{number}" for number in range(6)))
    with pytest.raises(
        PermanentError, match=r"departures answers for 6 models already: m0, m1, m2, m3, m4, m5"
    ) as caught:
        await create_deployment(SPEC)
    assert caught.value.code == "EndpointFull"
    assert "another endpoint for departures in `serve.online`" in caught.value.message
    assert platform.created == []
    platform.known += [DeploymentState(endpoint="shared", deployment="v2-1", status="Creating", model="departures")]
    await create_deployment(SPEC)
    assert platform.created == [("v2-1", True)], "once more, it is adopted"
