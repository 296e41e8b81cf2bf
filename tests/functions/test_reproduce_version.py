"""A version is made again beside the one that is registered, and leaves nothing behind but its job."""

from typing import Any

import pytest

from functions import adapters
from functions.activities.reproduction import find_recorded_version
from shared import names
from shared.contracts.evaluation import Evaluation, Figures
from shared.contracts.ledger import LedgerEntry
from shared.contracts.reproduction import RecordedVersionKey, ReproduceVersionInput, Reproduction
from shared.errors import PermanentError
from tests.functions.conftest import App
from tests.functions.world import Fault
from tests.shared.interlock.builders import MODEL, POLICY, at
from tests.shared.lineage.chains import Ledgers

ORDER = ReproduceVersionInput(policy=POLICY, version="2", requested_by="ana", at=at())
STEPS = (names.FIND_RECORDED_VERSION, names.FIND_DATASET, names.SUBMIT_JOB, names.COMPARE_REPRODUCTION)


async def test_the_same_data_is_trained_on_by_the_same_pipeline(app: App) -> None:
    """Under a name of its own, so that neither registry nor model hears of it."""
    state = await app.run(names.REPRODUCE_VERSION, ORDER, "again")
    told = Reproduction.from_wire(state.get_output())
    assert (told.job, told.figures_same, told.bytes_same) == ("again", True, False)
    job = app.world.jobs["again"]
    assert (job["pipeline"], job["tags"]["signalbox.reproduces"]) == (POLICY.train.pipeline, f"{MODEL}@2")
    assert (app.world.versions, app.world.ledger) == ([], [])


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("fault", ["permanent", "outage"])
async def test_what_cannot_be_made_again_is_a_failure(app: App, step: str, fault: Fault) -> None:
    """The instance fails with the reason, and nothing else has changed."""
    app.world.faults = {step: fault}
    state = await app.run(names.REPRODUCE_VERSION, ORDER)
    assert state.runtime_status.name == "FAILED"
    assert step in str(state.failure_details)
    assert app.world.versions == []


async def test_a_job_that_fails_is_no_reproduction(app: App) -> None:
    """Its own words are the reason."""
    app.world.job_status = "Failed"
    state = await app.run(names.REPRODUCE_VERSION, ORDER)
    assert state.runtime_status.name == "FAILED"
    assert "boom" in str(state.failure_details)


def _written(ledger: Ledgers, effect: str, job: str) -> None:
    """A row with figures of version 2."""
    facts: dict[str, Any] = {"version": "2", "run": "run-1", "job": job, "dataset": "d1", "fleet_revision": "abc123"}
    facts["evaluation"] = Evaluation(model=Figures(rows=2, zeros=0, mape=0.2)).to_wire()
    row = LedgerEntry(model=MODEL, effect=effect, key=effect, at=at(), by=job, reason="", facts=facts)
    ledger.append(row)


async def test_a_version_that_was_trained_elsewhere_is_not_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The job that evaluated it has made nothing, and that of a version of our own that was evaluated again neither."""
    ledger, key = Ledgers(), RecordedVersionKey(model=MODEL, version="2")
    monkeypatch.setattr(adapters, "ledger", lambda: ledger)
    _written(ledger, "VersionEvaluated", "evaluate-1")
    with pytest.raises(PermanentError, match=r"evaluated here, but trained elsewhere, so the ledger") as caught:
        await find_recorded_version(key)
    assert caught.value.code == "NotMadeHere"
    ledger = Ledgers()
    _written(ledger, "ModelRegistered", "train-1")
    _written(ledger, "VersionEvaluated", "evaluate-1")
    assert (await find_recorded_version(key)).job == "train-1"
