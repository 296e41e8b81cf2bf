"""A version is made again beside the one that is registered, and leaves nothing behind but its job."""

import pytest

from shared import names
from shared.contracts.reproduction import ReproduceVersionInput, Reproduction
from tests.functions.conftest import App
from tests.functions.world import Fault
from tests.shared.interlock.builders import MODEL, POLICY, at

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
