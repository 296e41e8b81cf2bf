"""A retirement takes what serves first and the alias last, and tells its interlock how it ended, whatever happens."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from shared import names
from shared.contracts.interlock import RetirementRequested
from shared.contracts.policy import ServePolicy
from shared.contracts.release import Serving
from shared.contracts.retirement import (
    BACK_IN_FLEET,
    DatasetRetired,
    RetireDatasetInput,
    RetirementOutcome,
    RetireModelInput,
)
from tests.functions.conftest import App
from tests.functions.world import Fault
from tests.shared.interlock.builders import MODEL, POLICY, at, published, registered

ONLINE = Serving(mode="online", endpoint=MODEL, deployment="v2-1")
ORDER = RetireModelInput(
    model=MODEL, attempt=1, policy=POLICY, requested_by="ana", at=at(), champion="2", serving=ONLINE
)
STEPS = (names.WITHDRAW_TRAFFIC, names.DELETE_DEPLOYMENT, names.DELETE_ENDPOINT, names.WITHDRAW_PREDICTIONS,
         names.RETIRE_CHAMPION)  # fmt: skip
FAULTS: tuple[Fault, ...] = ("permanent", "outage", "lost")


def _in_production(app: App) -> None:
    app.world.champion = "2"
    app.world.deployments, app.world.traffic = {"v2-1": "2", "qa-v2-1": "2"}, {"v2-1": 100}


async def _retire(app: App, order: RetireModelInput = ORDER, instance: str | None = None) -> RetirementOutcome:
    state = await app.run(names.RETIRE_MODEL, order, instance)
    assert state.runtime_status.name == "COMPLETED", state.failure_details
    return RetirementOutcome.from_wire(state.get_output())


async def test_nothing_of_the_model_serves_afterwards(app: App) -> None:
    """Deployments, endpoint and alias are gone; the ledger tells who asked, and what was taken away."""
    _in_production(app)
    outcome = await _retire(app)
    assert outcome.retired
    assert "ana" in outcome.reason
    assert (app.world.champion, app.world.deployments, app.world.endpoint_deleted) == (None, {}, True)
    assert app.world.effects == ["RetirementStarted", "ModelRetired"]
    taken = app.world.facts[app.world.ledger[-1]]
    assert taken["champion"] == "2"
    assert taken["endpoints"] == {MODEL: {"deployments": ["v2-1", "qa-v2-1"], "endpoint_deleted": True}}


async def test_an_endpoint_that_others_share_stays(app: App) -> None:
    """Only the model's own deployments go."""
    _in_production(app)
    app.world.other_deployments = {"other-v1": 0}
    assert (await _retire(app)).retired
    assert app.world.deployments == {}
    assert not app.world.endpoint_deleted


async def test_a_baseline_that_stands_in_goes_with_the_model(app: App) -> None:
    """Its deployment is of another registered model, and nobody else would take it away."""
    app.world.deployments, app.world.traffic = {"b1-3": "1"}, {"b1-3": 100}
    app.world.owners = {"b1-3": f"{MODEL}-baseline"}
    serving = ONLINE.model_copy(update={"deployment": "b1-3"})
    order = ORDER.model_copy(update={"champion": "1", "serving": serving, "stands_in": f"{MODEL}-baseline"})
    assert (await _retire(app, order)).retired
    assert (app.world.deployments, app.world.traffic, app.world.endpoint_deleted) == ({}, {}, True)


async def test_a_batch_model_has_no_endpoint(app: App) -> None:
    """Its published predictions are pointed to no more, and no endpoint is looked at."""
    app.world.champion, app.world.published = "2", "predictions/v2.csv"
    policy = POLICY.model_copy(update={"serve": ServePolicy(mode="batch", pipeline="s.yml")})
    serving = Serving(mode="batch", published="predictions/v2.csv")
    assert (await _retire(app, ORDER.model_copy(update={"policy": policy, "serving": serving}))).retired
    assert app.world.calls[names.WITHDRAW_PREDICTIONS] == 1
    assert app.world.facts[app.world.ledger[-1]]["predictions"] == "predictions/v2.csv"
    assert not app.world.calls[names.WITHDRAW_TRAFFIC]


async def test_where_it_served_and_where_the_file_says_are_both_left(app: App) -> None:
    """The file may have named another endpoint since the last release."""
    order = ORDER.model_copy(update={"serving": ONLINE.model_copy(update={"endpoint": "old"})})
    await _retire(app, order)
    assert list(app.world.facts[app.world.ledger[-1]]["endpoints"]) == ["old", MODEL]


@pytest.mark.parametrize("times", [1, 2])
async def test_a_withdrawal_that_was_begun_is_confirmed(app: App, times: int) -> None:
    """Deployments are deleted once the platform says that the traffic is gone, and the first call confirms nothing."""
    _in_production(app)
    asked = _begun(app, times)
    assert (await _retire(app)).retired
    assert asked == [False, *[True] * times]
    assert (app.world.deployments, app.world.endpoint_deleted) == ({}, True)


async def test_a_withdrawal_that_is_never_done_deletes_nothing(app: App) -> None:
    """It is begun three times in all, and told; a second request goes on."""
    _in_production(app)
    asked = _begun(app, 3)
    outcome = await _retire(app)
    assert not outcome.retired
    assert f"The endpoint {MODEL} was told 3 times to route its traffic otherwise" in outcome.reason
    assert len(asked) == 3
    assert app.world.calls[names.DELETE_DEPLOYMENT] == 0
    assert (await _retire(app, ORDER.model_copy(update={"attempt": 2}))).retired


def _begun(app: App, times: int) -> list[bool]:
    """Let as many calls begin the change and find no end of it; of each call, whether it confirms."""
    asked: list[bool] = []
    really = app.engine_functions[names.WITHDRAW_TRAFFIC]

    def withdraw(payload: dict[str, Any]) -> Any:
        asked.append(payload.get("confirming", False))
        if len(asked) > times:
            return really(payload)
        begun = {"endpoint": payload["endpoint"], "deployments": list(app.world.deployments), "others": 0}
        return {"result": begun | {"begun": True}}

    app.engine_functions[names.WITHDRAW_TRAFFIC] = withdraw
    return asked


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("step", STEPS)
async def test_any_step_may_fail_and_is_repeated_on_request(app: App, step: str, fault: Fault) -> None:
    """What comes later is not taken away, so nothing serves unexplained; a second request ends it."""
    _in_production(app)
    app.world.faults = {step: fault}
    failed = await _retire(app)
    assert not failed.retired
    assert step in failed.reason
    assert app.world.champion == "2" or step == names.RETIRE_CHAMPION
    assert app.world.effects == ["RetirementStarted", "RetirementFailed"]

    app.world.faults = {}
    assert (await _retire(app, ORDER.model_copy(update={"attempt": 2}))).retired
    assert (app.world.champion, app.world.deployments, app.world.traffic) == (None, {}, {})
    assert app.world.effects[-1] == "ModelRetired"


@pytest.mark.parametrize(("code", "back"), [(BACK_IN_FLEET, True), ("EndpointLocked", False)])
async def test_a_model_that_is_back_is_told_as_such(app: App, code: str, back: bool) -> None:
    """So that its interlock goes on with what the retirement has kept it from."""
    _in_production(app)
    app.engine_functions[names.WITHDRAW_TRAFFIC] = lambda _: {"permanent": {"code": code, "message": "It stays."}}
    outcome = await _retire(app)
    assert (outcome.retired, outcome.back) == (False, back)


async def test_without_a_ledger_nothing_is_taken_away(app: App) -> None:
    """Whoever finds something missing must be able to read why."""
    _in_production(app)
    app.world.faults = {names.APPEND_LEDGER: "permanent"}
    assert not (await _retire(app)).retired
    assert app.world.traffic == {"v2-1": 100}


async def test_the_interlock_is_told(app: App) -> None:
    """Also of a retirement that failed at its first step."""
    app.world.faults = {names.APPEND_LEDGER: "permanent"}
    await _retire(app)
    async with asyncio.timeout(20):  # it is signalled while the retirement goes on
        while not (decisions := (await app.interlock()).decisions):
            await app.engine.advance(timedelta(seconds=1))
    assert [note.event for note in decisions] == ["retirement_finished"]


@pytest.mark.parametrize(("waiting", "calls"), [(0, 1), (100, 1), (250, 3)])
async def test_a_dataset_waits_for_nothing_any_more(app: App, waiting: int, calls: int) -> None:
    """However many cells there are, they are concluded a few at a time, and it is written down."""
    app.world.cells_waiting = waiting
    order = RetireDatasetInput(fleet="flights", dataset="departures", requested_by="ana", at=at())
    state = await app.run(names.RETIRE_DATASET, order)
    assert DatasetRetired.from_wire(state.get_output()) == DatasetRetired(dataset="flights/departures", cells=waiting)
    assert app.world.calls[names.CONCLUDE_WAITING_CELLS] == calls
    assert app.world.concluded == {"flights/departures": "done"}


async def test_from_a_request_to_a_retired_model(app: App) -> None:
    """The interlock starts it when nothing runs, twice asked is once done, and the row says `retired`."""
    await app.tell(published())
    await app.tell(registered("1", minutes=1))
    await app.until_summary("released")
    for _ in range(2):
        request = RetirementRequested(model=MODEL, at=at(9000), requested_by="ana", request_id="r1")
        await app.tell(request)
    state = await app.until_summary("retired")
    assert state.champion is None
    assert (app.world.champion, app.world.traffic, app.world.deployments) == (None, {}, {})
    assert app.world.effects.count("ModelRetired") == 1
