"""Models that share an endpoint: each is released, undone and retired as if it were alone there."""

from typing import Any

import pytest

from shared import names
from shared.contracts.policy import ServePolicy
from shared.contracts.release import ReleaseModelInput, ReleaseOutcome, Serving
from shared.contracts.retirement import RetirementOutcome, RetireModelInput
from tests.functions.conftest import App
from tests.functions.world import Fault
from tests.shared.interlock.builders import POLICY, at, dataset

SHARED = ServePolicy(mode="online", endpoint="shared", shared=True)
ALONE = ServePolicy(mode="online", endpoint="shared")
STEPS = (names.CREATE_DEPLOYMENT, names.TEST_DEPLOYMENT, names.PROMOTE_VERSION, names.ROUTE_MODEL,
         names.APPEND_LEDGER)  # fmt: skip
FAULTS: tuple[Fault, ...] = ("permanent", "outage", "lost")


def _order(model: str, attempt: int = 1, **changes: Any) -> ReleaseModelInput:
    policy = POLICY.model_copy(update={"model": model, "serve": SHARED})
    order = ReleaseModelInput(
        model=model, version=str(attempt), attempt=attempt, policy=policy, dataset=dataset(), at=at(attempt * 60)
    )
    return order.model_copy(update=changes)


async def _release(app: App, order: ReleaseModelInput) -> ReleaseOutcome:
    state = await app.run(names.RELEASE_MODEL, order)
    assert state.runtime_status.name == "COMPLETED", state.failure_details
    return ReleaseOutcome.from_wire(state.get_output())


async def _released(app: App, order: ReleaseModelInput) -> Serving:
    outcome = await _release(app, order)
    assert outcome.serving is not None, outcome.reason
    return outcome.serving


def _routes(app: App) -> dict[str, str | None]:
    return {model: route.deployment for model, route in app.world.routes.items()}


async def test_two_models_of_one_version_serve_beside_each_other(app: App) -> None:
    """Each has a deployment and a route of its own, and no traffic is shifted; the row tells the route."""
    serving = await _released(app, _order("slow"))
    await _released(app, _order("fast"))
    assert serving == Serving(mode="online", endpoint="shared", deployment="v1-1-slow", route="serving/slow.json")
    assert _routes(app) == {"slow": "v1-1-slow", "fast": "v1-1-fast"}
    assert sorted(app.world.deployments) == ["v1-1-fast", "v1-1-slow"]
    assert not app.world.calls[names.SHIFT_TRAFFIC]
    assert app.world.effects[:7] == ["VersionVerified", "QaDeployed", "GoldenSetTested", "QaTornDown",
                                     "ProductionDeployed", "RouteSet", "VersionPromoted"]  # fmt: skip


async def test_a_second_version_takes_over_and_the_first_is_deleted(app: App) -> None:
    """The other model keeps its deployment and its route."""
    await _released(app, _order("fast"))
    before = await _released(app, _order("slow"))
    await _released(app, _order("slow", 2, replaces=before))
    assert _routes(app) == {"fast": "v1-1-fast", "slow": "v2-2-slow"}
    assert sorted(app.world.deployments) == ["v1-1-fast", "v2-2-slow"]


@pytest.mark.parametrize("first", [True, False], ids=["first release", "second release"])
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("step", STEPS)
async def test_any_step_may_fail(app: App, step: str, fault: Fault, first: bool) -> None:
    """What requests for the model find is as before, and the other model notices nothing."""
    await _released(app, _order("fast"))
    before = None if first else await _released(app, _order("slow"))
    app.world.faults = {step: fault}
    outcome = await _release(app, _order("slow", 2, replaces=before))
    assert not outcome.released
    assert "was undone" in outcome.reason
    assert app.world.routes["fast"].deployment == "v1-1-fast"
    assert ("slow" not in app.world.routes) or app.world.routes["slow"].deployment == (None if first else "v1-1-slow")
    assert sorted(app.world.deployments) == (["v1-1-fast"] if first else ["v1-1-fast", "v1-1-slow"])


async def test_a_model_that_had_the_endpoint_for_itself_begins_to_share_it(app: App) -> None:
    """Its old deployment loses the traffic before it is deleted."""
    alone = POLICY.model_copy(update={"model": "slow", "serve": ALONE})
    before = await _released(app, _order("slow", policy=alone))
    assert app.world.traffic == {"v1-1": 100}
    await _released(app, _order("slow", 2, replaces=before))
    assert (app.world.traffic, sorted(app.world.deployments)) == ({}, ["v2-2-slow"])
    assert app.world.effects[-1] == "ReplacedTornDown"


async def test_a_model_that_shared_an_endpoint_gets_it_for_itself(app: App) -> None:
    """Requests go by traffic then, and the route sends nobody to what is deleted."""
    before = await _released(app, _order("slow"))
    alone = POLICY.model_copy(update={"model": "slow", "serve": ALONE})
    after = await _released(app, _order("slow", 2, policy=alone, replaces=before))
    assert after == Serving(mode="online", endpoint="shared", deployment="v2-2")
    assert (app.world.traffic, _routes(app)) == ({"v2-2": 100}, {"slow": None})
    assert list(app.world.deployments) == ["v2-2"]


async def test_what_a_route_may_lead_to_is_not_torn_down(app: App) -> None:
    """Where the route cannot be withdrawn the former deployment stays, and the ledger says why; QA goes."""
    before = await _released(app, _order("slow"))
    alone = POLICY.model_copy(update={"model": "slow", "serve": ALONE})
    app.world.faults = {names.ROUTE_MODEL: "permanent"}
    after = await _released(app, _order("slow", 2, policy=alone, replaces=before))
    assert sorted(app.world.deployments) == ["v1-1-slow", "v2-2"]
    assert app.world.effects[-1] == "TearDownFailed"

    app.world.faults = {}
    order = RetireModelInput(
        model="slow", attempt=1, policy=alone, requested_by="ana", at=at(600), champion="2", serving=after
    )
    state = await app.run(names.RETIRE_MODEL, order)
    assert RetirementOutcome.from_wire(state.get_output()).retired, "the route that was left over is withdrawn, too"
    assert (_routes(app), app.world.deployments) == ({"slow": None}, {})


@pytest.mark.parametrize("landed", [True, False])
async def test_a_route_that_cannot_be_brought_back_keeps_its_deployment(app: App, landed: bool) -> None:
    """Its write may have landed, so production stays until a person has looked; QA goes."""
    before = await _released(app, _order("slow"))
    app.world.faults = {names.ROUTE_MODEL: "lost" if landed else "permanent", names.RESTORE_ROUTE: "permanent"}
    outcome = await _release(app, _order("slow", 2, replaces=before))
    assert "v2-2-slow stays, since clients may be sent there" in outcome.reason
    assert "a person has to look" in outcome.reason
    assert sorted(app.world.deployments) == ["v1-1-slow", "v2-2-slow"]
    assert app.world.calls[names.DELETE_DEPLOYMENT] == 2


async def test_undoing_gives_a_routed_deployment_no_traffic(app: App) -> None:
    """It had none: were it given some, nobody could delete it later."""
    before = await _released(app, _order("slow"))
    alone = POLICY.model_copy(update={"model": "slow", "serve": ALONE})
    app.world.faults = {names.SHIFT_TRAFFIC: "lost"}
    assert not (await _release(app, _order("slow", 2, policy=alone, replaces=before))).released
    assert (app.world.traffic, _routes(app)) == ({}, {"slow": "v1-1-slow"})


async def test_one_of_two_is_retired(app: App) -> None:
    """Its route and deployments go; the other one, and the endpoint, stay until that is retired, too."""
    serving = {model: await _released(app, _order(model)) for model in ("slow", "fast")}
    gone = []
    for number, model in enumerate(serving, start=1):
        policy = POLICY.model_copy(update={"model": model, "serve": SHARED})
        order = RetireModelInput(
            model=model, attempt=1, policy=policy, requested_by="ana", at=at(600), serving=serving[model]
        )
        state = await app.run(names.RETIRE_MODEL, order)
        assert RetirementOutcome.from_wire(state.get_output()).retired
        gone.append((_routes(app), sorted(app.world.deployments), app.world.endpoint_deleted))
        assert app.world.effects.count("ModelRetired") == number
    assert gone == [
        ({"slow": None, "fast": "v1-1-fast"}, ["v1-1-fast"], False),
        ({"slow": None, "fast": None}, [], True),
    ]
    taken = app.world.facts[app.world.ledger[-1]]
    assert taken["route"] == {"endpoint": "shared", "deployment": "v1-1-fast", "version": "1"}
