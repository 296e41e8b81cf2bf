"""Conditioning writes down how it ended; the search for lost events goes on whatever it finds."""

from collections import Counter
from typing import Any

import pytest

from local.durable.records import InstanceQuery
from shared import names
from shared.contracts.conditioning import ConditionDatasetInput
from shared.contracts.datasets import ConcernedModels
from shared.contracts.reconciliation import LostArrivals, LostVersion, LostVersions, ReconcileInput, ReconcileOutcome
from shared.contracts.registry import RegisteredVersion
from tests.functions.conftest import App
from tests.functions.world import Fault
from tests.shared.interlock.builders import MODEL, POLICY, at, policy


def _order(year: str = "2013") -> ConditionDatasetInput:
    return ConditionDatasetInput(
        fleet="flights", dataset="departures", cell={"origin": "JFK", "year": year}, cause="landing/f@1", at=at()
    )


SUBJECT = "departures origin=JFK year=2013"


async def test_a_published_dataset_is_done(app: App) -> None:
    """The delivery of the arrival says so."""
    state = await app.run(names.CONDITION_DATASET, _order())
    assert state.runtime_status.name == "COMPLETED"
    assert app.world.concluded == {SUBJECT: "done"}


async def test_a_missing_source_is_waited_for(app: App) -> None:
    """Nothing is conditioned, and a person can see what is missing."""
    app.world.missing = ["holidays"]
    state = await app.run(names.CONDITION_DATASET, _order())
    assert state.get_output()["waiting_for"] == ["holidays"]
    assert app.world.concluded == {SUBJECT: "waiting"}
    assert not app.world.calls[names.CONDITION_SOURCE]


@pytest.mark.parametrize(("fault", "outcome"), [("permanent", "dead"), ("outage", "failed"), ("lost", "failed")])
async def test_a_failure_is_written_down(app: App, fault: Fault, outcome: str) -> None:
    """What can never be conditioned is dead; what failed for now is tried again by the search."""
    app.world.faults = {names.CONDITION_SOURCE: fault}
    state = await app.run(names.CONDITION_DATASET, _order())
    assert state.runtime_status.name == "FAILED"
    assert app.world.concluded == {SUBJECT: outcome}


async def test_one_bad_file_does_not_stop_the_search(app: App) -> None:
    """A lost file that cannot be conditioned is told as failed; the others and the lost versions are acted on."""
    version = RegisteredVersion(model=MODEL, version="7")
    functions = app.engine_functions
    functions[names.FIND_LOST_VERSIONS] = lambda _: {
        "result": LostVersions(versions=(LostVersion(version=version, policy=POLICY),)).to_wire()
    }
    functions[names.FIND_LOST_ARRIVALS] = lambda _: {
        "result": LostArrivals(orders=(_order("1999"), _order("2013"))).to_wire()
    }
    functions[names.RECORD_DELIVERY] = lambda _: {"result": {"new": True}}
    real = functions[names.FIND_SOURCE_FILES]
    functions[names.FIND_SOURCE_FILES] = lambda payload: (
        {"permanent": {"code": "Broken", "message": "no"}} if payload["cell"]["year"] == "1999" else real(payload)
    )
    state = await app.run(names.RECONCILE_EVENTS, ReconcileInput(at=at()))
    outcome = ReconcileOutcome.from_wire(state.get_output())
    assert outcome.failed == ("departures origin=JFK year=1999",)
    assert outcome.versions == (f"{MODEL}@7",)
    assert app.world.concluded == {"departures origin=JFK year=1999": "dead", SUBJECT: "done"}
    known = await app.interlock()
    assert known.candidate("7").registered


@pytest.mark.parametrize("models", [0, 1, 10, 123])
async def test_every_model_is_told_once_and_no_history_grows_with_the_fleet(app: App, models: int) -> None:
    """Children tell five pages each: the last of many models costs what the first one does."""
    asked: Counter[int] = Counter()
    pages = -(-models // 10)

    def concerned(payload: dict[str, Any]) -> dict[str, Any]:
        asked[payload["page"]] += 1
        first = payload["page"] * 10
        policies = [policy(model=f"m{number}", level=1) for number in range(models)][first : first + 10]
        return {"result": ConcernedModels(policies=tuple(policies), pages=pages).to_wire()}

    app.engine_functions[names.FIND_CONCERNED_MODELS] = concerned
    state = await app.run(names.CONDITION_DATASET, _order())
    assert state.get_output()["told"] == models
    assert asked == Counter({0: 1}) + Counter(range(pages))  # the first one also says how many there are
    run = [
        one
        for one in app.engine.query(InstanceQuery()).items
        if one.name in (names.CONDITION_DATASET, names.TELL_MODELS)
    ]
    assert len(run) == 1 + -(-pages // 5)
    assert max([len(await app.client.get_orchestration_history(one.id)) for one in run]) < 100


async def test_what_a_late_cell_lacks_is_told(app: App) -> None:
    """A cell that the fleet file gives up is dead, another one waits; the reason says since when it is late."""
    looked = {
        "listing": None,
        "present": [],
        "missing": [{"source": "weather", "reason": "no file of 2013-11"}],
        "late_since": "2013-12-02T14:00:00Z",
        "give_up": True,
    }
    app.engine_functions[names.FIND_SOURCE_FILES] = lambda _: {"result": looked}
    state = await app.run(names.CONDITION_DATASET, _order())
    assert state.runtime_status.name == "FAILED"
    assert "Late since 2013-12-02 14:00 UTC. Waiting for weather: no file of 2013-11." in str(state.failure_details)
    assert app.world.concluded == {SUBJECT: "dead"}
    looked["give_up"] = False
    await app.run(names.CONDITION_DATASET, _order())
    assert app.world.concluded == {SUBJECT: "waiting"}
