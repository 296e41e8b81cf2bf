"""A hold of a whole fleet reaches the models that come into it later, with real interlocks and the app's own doors."""

import json
from datetime import timedelta
from typing import Any

import azure.functions as func
import pytest

from functions import adapters
from functions.boundary import on_the_wire
from functions.registration import load
from functions.triggers.orders import order_models
from shared import names
from shared.contracts.holds import FleetHold, replacing
from shared.contracts.policy import ModelPolicy
from shared.interlock.state import InterlockState
from tests.functions.conftest import App
from tests.shared.interlock.builders import POLICY, at, published


class Holds:
    """What is kept of holds, in memory; a `Holds`."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], FleetHold] = {}
        self.down = False

    def put(self, order: FleetHold) -> None:
        """Keep the latest order of a scope."""
        key = (order.fleet, order.scope)
        self.kept[key] = replacing(self.kept.get(key), order) or self.kept[key]

    def of(self, fleet: str) -> list[FleetHold]:
        """The orders of a fleet."""
        if self.down:
            raise ConnectionError("the table is down")
        return [one for (name, _), one in self.kept.items() if name == fleet]


class Fleet:
    """A fleet file."""

    def __init__(self) -> None:
        self.models: tuple[ModelPolicy, ...] = (POLICY.model_copy(update={"model": "known"}),)


@pytest.fixture
def fleet(monkeypatch: pytest.MonkeyPatch) -> Fleet:
    """It has one model, and not the one of which nothing was heard."""
    found = Fleet()
    monkeypatch.setattr(adapters, "fleet", lambda name: found)
    return found


@pytest.fixture
def holds(app: App, monkeypatch: pytest.MonkeyPatch) -> Holds:
    """In the place of the table; the activity that looks is the app's own."""
    kept = Holds()
    monkeypatch.setattr(adapters, "holds", lambda: kept)
    monkeypatch.setattr("functions.tracing._configure", lambda: None)
    app.engine_functions[names.FIND_HOLDS] = on_the_wire(load("functions.activities.policies", names.FIND_HOLDS))
    return kept


async def _order(app: App, verb: str, **body: Any) -> None:
    said = {"fleet": "flights", "reason": "an audit", "by": "eve", **body}
    request = func.HttpRequest(
        "POST", f"http://app/api/orders/{verb}", route_params={"order": verb}, body=json.dumps(said).encode()
    )
    answer = await order_models(request, app.client)
    assert answer.status_code == 202, answer.get_body()
    await app.engine.run_until_idle()


async def _hears_its_first_event(app: App) -> InterlockState:
    app.world.job_status = "Running"
    await app.tell(published("d1"))
    return await _settled(app)


async def _settled(app: App) -> InterlockState:
    await app.engine.run_until_idle()
    return await app.interlock()


@pytest.mark.parametrize(
    ("select", "scope"), [({}, "fleet:flights"), ({"select": {"origin": ["JFK"]}}, "label:origin=JFK")]
)
async def test_it_is_held_and_lifted_with_all_others(
    app: App, fleet: Fleet, holds: Holds, select: dict[str, Any], scope: str
) -> None:
    """Its data waits meanwhile, and is trained on when the hold is lifted; what comes later still is not held."""
    await _order(app, "hold", **select)
    state = await _hears_its_first_event(app)
    assert (state.summary, [(one.scope, one.by) for one in state.holds]) == ("held", [(scope, "eve")])
    assert (state.trainings, state.queued and state.queued.version) == ((), "d1")
    fleet.models = (*fleet.models, POLICY)
    await _order(app, "resume", **select)
    state = await _settled(app)
    assert (state.holds, state.summary) == ((), "training")
    assert not await _on(holds)


async def _on(holds: Holds) -> list[str]:
    return [one.scope for one in holds.of("flights") if not one.lifted]


@pytest.mark.parametrize("select", [{"origin": ["EWR"]}, {"model": ["known"]}])
async def test_a_hold_of_others_does_not_hold_it(
    app: App, fleet: Fleet, holds: Holds, select: dict[str, list[str]]
) -> None:
    """It begins as soon as it knows that."""
    other = POLICY.model_copy(update={"model": "known", "labels": {"origin": "EWR"}})
    fleet.models = (other,)
    await _order(app, "hold", select=select)
    state = await _hears_its_first_event(app)
    assert (state.holds, state.summary) == ((), "training")


async def test_a_hold_that_is_over_does_not_hold_it(app: App, fleet: Fleet, holds: Holds) -> None:
    """It ended by itself before the model came, by the time of its first event."""
    holds.put(
        FleetHold(fleet="flights", scope="fleet:flights", select={}, by="eve", reason="r", at=at(-9), until=at(-1))
    )
    assert (await _hears_its_first_event(app)).summary == "training"


async def test_nothing_begins_while_nobody_can_look(app: App, fleet: Fleet, holds: Holds) -> None:
    """The reason says so; nothing is lost, and it begins when the table is there again."""
    holds.down = True
    app.world.job_status = "Running"
    await app.tell(published("d1"))
    await app.engine.advance(timedelta(hours=3))
    state = await app.interlock()
    assert (state.trainings, state.queued and state.queued.version) == ((), "d1")
    assert "looked up whether somebody holds its fleet" in state.decisions[0].reason
    assert "nobody could look up yet who holds its fleet. " in state.reason
    assert "the table is down" in state.reason
    holds.down = False
    await app.engine.advance(timedelta(hours=1))
    assert (await app.interlock()).summary == "training"


async def test_a_retried_order_does_not_undo_a_later_one(app: App, fleet: Fleet, holds: Holds) -> None:
    """A model that comes later sees a hold as the others do, whose second order under one id is the first one."""
    await _order(app, "hold", request_id="h1")
    await _order(app, "resume", request_id="r1")
    await _order(app, "hold", request_id="h1")
    assert await _on(holds) == []
    await _order(app, "hold", request_id="h2")
    await _order(app, "resume", request_id="r1")
    assert await _on(holds) == ["fleet:flights"]


async def test_a_hold_is_lifted_when_no_model_is_left_of_it(app: App, fleet: Fleet, holds: Holds) -> None:
    """Else nobody could, and it held the next model that has the label; what nobody holds is an unknown selection."""
    await _order(app, "hold", select={"origin": ["JFK"]})
    fleet.models = (POLICY.model_copy(update={"labels": {"origin": "EWR"}}),)
    await _order(app, "resume", select={"origin": ["JFK"]})
    assert await _on(holds) == []
    with pytest.raises(AssertionError, match="unknown-selection"):
        await _order(app, "resume", select={"origin": ["JFK"]})
