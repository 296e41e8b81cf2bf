"""Conditioning writes down how it ended; the search for lost events goes on whatever it finds."""

import pytest

from shared import names
from shared.contracts.datasets import ConditionDatasetInput
from shared.contracts.reconciliation import LostArrivals, LostVersion, LostVersions, ReconcileInput, ReconcileOutcome
from shared.contracts.registry import RegisteredVersion
from tests.functions.conftest import App
from tests.functions.world import Fault
from tests.shared.interlock.builders import MODEL, POLICY, at


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
