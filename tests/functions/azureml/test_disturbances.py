"""What goes wrong on the way to Azure ML ends no training and submits no second job."""

from datetime import timedelta
from typing import Any

import pytest

from local.testing.chaos import Chaos
from shared import names
from shared.contracts.scoring import ScoringOutcome
from shared.platforms.azureml import connection
from tests.functions.azureml.workspace import JOB, Site
from tests.functions.test_score_model import ORDER as SCORING
from tests.shared.interlock.builders import batch

#: A second is long where an answer may take half of one.
_ANSWER_SECONDS = 0.5
FAULTS: dict[str, dict[str, Any]] = {
    "429": {"status": 429, "headers": {"Retry-After": "3600"}},
    "503": {"status": 503},
    "dropped before": {"drop": "before"},
    "dropped after": {"drop": "after"},
    "slow": {"seconds": 2 * _ANSWER_SECONDS},
}
each_fault = pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)


@pytest.fixture
def impatient(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers may take as long as the test can wait."""
    monkeypatch.setitem(connection._OPTIONS, "read_timeout", _ANSWER_SECONDS)
    site.connection.close()  # what it opens next knows of it


@each_fault
@pytest.mark.usefixtures("impatient")
async def test_a_submit_that_goes_wrong_is_made_good(site: Site, fault: dict[str, Any]) -> None:
    """Whether or not the service has got round to do it: there is one job, and its training passes."""
    site.double.fail_once("PUT", f"/jobs/{JOB}$", **fault)
    await site.begin()
    outcome, _ = await site.trained()
    assert outcome.outcome == "passed"
    assert site.double.faults_waiting == 0
    assert site.submitted() == 1


async def test_a_pipeline_that_changed_before_the_submit_was_repeated(site: Site) -> None:
    """The job of the lost answer is the training's own: it is waited for as it was submitted, and no other begun."""
    site.double.plan(JOB, queue_seconds=60, run_seconds=600)
    site.double.fail_once("PUT", f"/jobs/{JOB}$", drop="after")
    changed = "type: pipeline\ninputs: {dataset: another}\n"

    def deploy(*_: object) -> None:
        site.pipeline.write_text(changed)

    site.double.on_change = deploy
    await site.begin()
    outcome, _ = await site.trained()
    assert outcome.outcome == "passed"
    assert site.submitted() == 1
    assert site.times("POST", "/cancel") == 0
    assert site.pipeline.read_text() == changed


@each_fault
@pytest.mark.usefixtures("impatient")
async def test_a_read_that_goes_wrong_is_made_good(site: Site, fault: dict[str, Any]) -> None:
    """In the middle of the wait, which it neither ends nor makes longer: a `Retry-After` of an hour holds no thread."""
    site.double.plan(JOB, queue_seconds=60, run_seconds=3600)
    await site.begin()
    began = site.minutes
    await site.app.engine.advance(timedelta(minutes=20))
    for _ in range(3):
        site.double.fail_once("GET", f"/jobs/{JOB}$", **fault)
    site.double.fail_once("GET", "/history/", **fault)
    outcome, _ = await site.trained()
    assert outcome.outcome == "passed"
    assert site.double.faults_waiting == 0
    assert 61 <= site.minutes - began < 73
    assert site.submitted() == 1


async def test_a_cancel_that_goes_wrong_is_made_good(site: Site) -> None:
    """The budget is over, and the service is busy just then: what was given up is stopped none the less."""
    site.double.plan(JOB, queue_seconds=0, run_seconds=1e9)
    for fault in FAULTS.values():
        site.double.fail_once("POST", f"/jobs/{JOB}/cancel$", **fault | {"seconds": 0})
    await site.begin()
    outcome, _ = await site.trained()
    assert "was Running after 120 minutes, and was cancelled" in outcome.reason
    assert site.double.faults_waiting == 0
    assert site.double.job_status(JOB) == "Canceled"


@pytest.mark.parametrize("chaos", [Chaos(seed=seed) for seed in range(2)], ids=["seed 0", "seed 1"])
async def test_what_is_done_again_submits_no_second_job(site: Site) -> None:
    """Turns and activities whose results were lost or came twice; one request is lost as well."""
    site.double.plan(JOB, queue_seconds=60, run_seconds=3600)
    site.double.fail_once("PUT", f"/jobs/{JOB}$", drop="after")
    await site.begin()
    outcome, _ = await site.trained()
    assert outcome.outcome == "passed"
    assert site.submitted() == 1


async def test_an_outage_is_told_as_one(site: Site) -> None:
    """An hour without an answer to the submit: the status has the service's own words, and no job is there."""
    for _ in range(64):
        site.double.fail_once("GET", f"/jobs/{JOB}$", 503, message="The service is being repaired.")
    await site.begin()
    outcome, status = await site.trained()
    assert outcome.outcome == "failed"
    assert "TransientError" in outcome.reason
    assert "The service is being repaired. (503 ServiceUnavailable)" in status
    assert site.submitted() == 0


@pytest.mark.parametrize("fault", [FAULTS["503"], FAULTS["dropped after"]], ids=["503", "dropped after"])
async def test_a_scoring_is_disturbed_no_more_than_a_training(site: Site, fault: dict[str, Any]) -> None:
    """Its submit and its wait are the same."""
    site.double.fail_once("PUT", "/jobs/score-1$", **fault)
    site.double.fail_once("GET", "/jobs/score-1$", **fault)
    order = SCORING.model_copy(update={"policy": batch(), "version": "2"})
    state = await site.app.run(names.SCORE_MODEL, order, "score-1")
    outcome = ScoringOutcome.from_wire(state.get_output())
    assert (outcome.outcome, site.submitted("score-1")) == ("scored", 1)
    assert site.double.faults_waiting == 0
