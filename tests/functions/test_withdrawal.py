"""A training that is not wanted any more, from the interlock's word to the platform's cancel, in virtual time."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from local.testing.chaos import Chaos
from shared import names, waiting
from shared.contracts.jobs import FINAL, JobWithdrawal, JobWord, WithdrawJobInput
from shared.contracts.training import TrainingOutcome, TrainOnRequestInput
from shared.interlock.state import InterlockState
from tests.functions.conftest import App
from tests.functions.test_train_model import COMPARED
from tests.shared.interlock.builders import MODEL, POLICY, at, published, registered, retirement

FIRST = names.instance_id(f"train {MODEL}", "d1", POLICY.revision, attempt=1)
SECOND = names.instance_id(f"train {MODEL}", "d2", POLICY.revision, attempt=2)


@dataclass
class Jobs:
    """The platform's jobs by their names: one that was cancelled stays so, and one that nobody scripted completes."""

    app: App
    statuses: dict[str, str] = field(default_factory=dict)
    reads: Counter[str] = field(default_factory=Counter)
    cancelled: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.app.engine_functions |= {names.READ_JOB: self.read, names.CANCEL_JOB: self.cancel}

    def read(self, payload: dict[str, Any]) -> dict[str, Any]:
        """`read_job`."""
        self.reads[payload["name"]] += 1
        return {"result": {"name": payload["name"], "status": self.statuses.get(payload["name"], "Completed")}}

    def cancel(self, payload: dict[str, Any]) -> dict[str, Any]:
        """`cancel_job`."""
        self.cancelled.append(payload["name"])
        if self.statuses.get(payload["name"], "Completed") not in FINAL:
            self.statuses[payload["name"]] = "Canceled"
        return {"result": {"name": payload["name"], "status": self.statuses.get(payload["name"], "Completed")}}


async def _said(app: App, job: str, **word: str) -> JobWithdrawal:
    """The end of `withdraw_job` for a training's job."""
    order = WithdrawJobInput(job=job, instance=job, word=JobWord(**word))
    state = await app.run(names.WITHDRAW_JOB, order)
    assert state.runtime_status.name == "COMPLETED", state.failure_details
    return JobWithdrawal.from_wire(state.get_output())


async def _trainings(app: App, outcomes: list[str]) -> InterlockState:
    """Let time pass until the trainings of the model have come to this."""
    async with asyncio.timeout(20):
        while True:
            state = await app.interlock()
            if [one.outcome for one in state.trainings] == outcomes:
                return state
            await app.engine.advance(timedelta(minutes=1))


async def _in_the_queue(app: App, status: str = "Queued") -> Jobs:
    """A training whose job was read some minutes ago."""
    jobs = Jobs(app, {FIRST: status})
    await app.tell(published("d1"))
    await app.engine.advance(timedelta(minutes=5))
    assert jobs.reads[FIRST] > 2
    return jobs


@pytest.mark.parametrize("chaos", [None, Chaos(seed=0), Chaos(seed=1)], ids=["no chaos", "seed 0", "seed 1"])
async def test_a_job_in_the_queue_gives_way_to_newer_data(app: App) -> None:
    """Cancelled and seen to have stopped, then one training on the newest data; the ledger tells why."""
    jobs = await _in_the_queue(app)
    await app.tell(published("d2", 6))
    state = await _trainings(app, ["superseded", "passed"])
    assert [one.dataset.version for one in state.trainings] == ["d1", "d2"]
    assert "was still Queued and is superseded by dataset version d2, and was cancelled." in state.trainings[0].reason
    assert set(jobs.cancelled) == {FIRST}
    assert set(app.world.jobs) == {FIRST, SECOND}
    assert app.world.versions == [SECOND]
    assert f"{FIRST}/TrainingSuperseded" in app.world.ledger
    assert f"{FIRST}/TrainingFailed" not in app.world.ledger
    assert "failed" not in {row["state"] for row in app.world.rows}


async def test_a_job_that_runs_goes_on(app: App) -> None:
    """Whatever has come: the newer data follows it, as if nothing had been said."""
    jobs = await _in_the_queue(app, "Running")
    await app.tell(published("d2", 6))
    await app.engine.advance(timedelta(minutes=30))
    assert (jobs.cancelled, (await app.interlock()).summary) == ([], "training")
    jobs.statuses[FIRST] = "Completed"
    await _trainings(app, ["passed", "passed"])
    assert jobs.cancelled == []
    assert app.world.versions == [FIRST, SECOND]


async def test_a_job_that_begins_to_run_just_before_goes_on(app: App) -> None:
    """What was read minutes ago does not count: the wait reads it anew before it gives up."""
    jobs = await _in_the_queue(app)
    jobs.statuses[FIRST] = "Running"
    await app.client.raise_orchestration_event(
        names.watcher(FIRST, FIRST), names.JOB_CHANGED, data=JobWord(superseded="dataset version d2").to_wire()
    )
    await app.engine.advance(timedelta(minutes=30))
    assert jobs.cancelled == []
    jobs.statuses[FIRST] = "Completed"
    await _trainings(app, ["passed"])


async def test_newer_data_that_comes_before_the_job_is_submitted_supersedes_it(app: App) -> None:
    """Nobody waits for the job at the first word; it is said again."""
    jobs = Jobs(app, {FIRST: "Queued"})
    app.world.faults = {names.SUBMIT_JOB: "outage"}
    await app.tell(published("d1"))
    await app.engine.run_until_idle()
    await app.tell(published("d2", 1))
    await app.engine.advance(timedelta(seconds=20))
    app.world.faults = {}
    await _trainings(app, ["superseded", "passed"])
    assert jobs.cancelled == [FIRST]


@pytest.mark.usefixtures("a_whole_hour")
async def test_a_word_outlasts_a_platform_that_takes_no_jobs(app: App) -> None:
    """The job is submitted at last after half an hour, and then still learns that it is superseded."""
    jobs = Jobs(app, {FIRST: "Queued"})
    app.world.faults = {names.SUBMIT_JOB: "outage"}
    await app.tell(published("d1"))
    await app.engine.run_until_idle()
    await app.tell(published("d2", 1))
    await app.engine.advance(timedelta(minutes=30))
    assert FIRST not in app.world.jobs
    app.world.faults = {}
    await _trainings(app, ["superseded", "passed"])
    assert jobs.cancelled == [FIRST]


async def test_a_word_that_comes_twice_and_late_has_no_effect(app: App) -> None:
    """Neither on the training that was given up, nor on the one that came after it, nor on what it has led to."""
    jobs = await _in_the_queue(app)
    await app.tell(published("d2", 6))
    word = JobWord(superseded="dataset version d2").to_wire()
    for _ in range(2):
        await app.client.raise_orchestration_event(names.watcher(FIRST, FIRST), names.JOB_CHANGED, data=word)
    await _trainings(app, ["superseded", "passed"])
    ended = JobWithdrawal(job=FIRST, words=0, status="Canceled")
    assert await _said(app, FIRST, superseded="dataset version d2") == ended
    assert (await _said(app, SECOND, unwanted="retired")).words == 0
    await app.tell(registered("1", 9))
    state = await app.until_summary("released")
    assert jobs.cancelled == [FIRST]
    assert [one.outcome for one in state.trainings] == ["superseded", "passed"]


async def test_a_word_to_nobody_ends(app: App) -> None:
    """Said for a few hours, since the wait may not have begun, and then no more."""
    Jobs(app, {"nobody": "Queued"})
    ended = JobWithdrawal(job="nobody", words=waiting.WORDS, status="Queued")
    assert await _said(app, "nobody", superseded="dataset version d2") == ended


async def test_a_platform_that_cannot_be_asked_keeps_no_word_back(app: App) -> None:
    """The wait reads for itself."""
    app.world.faults = {names.READ_JOB: "permanent"}
    ended = JobWithdrawal(job="nobody", words=waiting.WORDS, status=None)
    assert await _said(app, "nobody", unwanted="retired") == ended


async def test_a_job_that_cannot_be_cancelled_is_a_failed_training(app: App) -> None:
    """It may go on to run, so a person must look; the newer data is trained on all the same."""
    jobs = await _in_the_queue(app)
    app.world.faults = {names.CANCEL_JOB: "permanent"}
    app.engine_functions |= {names.CANCEL_JOB: app.world.activities()[names.CANCEL_JOB]}
    await app.tell(published("d2", 6))
    state = await _trainings(app, ["failed", "passed"])
    assert "may go on: it could not be cancelled" in state.trainings[0].reason
    assert jobs.statuses[FIRST] == "Queued"


async def test_one_that_completes_before_its_cancel_is_used(app: App) -> None:
    """What it has made is there; the newer data follows."""
    jobs = await _in_the_queue(app)
    cancel = jobs.cancel

    def completed(payload: dict[str, Any]) -> dict[str, Any]:
        jobs.statuses[payload["name"]] = "Completed"
        return cancel(payload)

    app.engine_functions |= {names.CANCEL_JOB: completed}
    await app.tell(published("d2", 6))
    await _trainings(app, ["passed", "passed"])
    assert app.world.versions == [FIRST, SECOND]


async def test_the_baseline_of_a_superseded_training_goes_on(app: App) -> None:
    """Other models wait for it."""
    jobs = Jobs(app, {FIRST: "Queued"})
    await app.tell(published("d1", says=COMPARED))
    await app.engine.advance(timedelta(minutes=5))
    await app.tell(published("d2", 6, says=COMPARED))
    await _trainings(app, ["superseded", "passed"])
    assert jobs.cancelled == [FIRST]
    assert len(app.world.jobs) == 4


async def test_who_asked_after_the_word_gets_the_training(app: App) -> None:
    """While the first job is being cancelled: the orchestration follows its request to the next training."""
    jobs = await _in_the_queue(app)
    app.engine_functions |= {names.CANCEL_JOB: jobs.read}  # it takes a while
    await app.tell(published("d2", 6))
    order = TrainOnRequestInput(policy=POLICY, dataset="d1", requested_by="ana", request_id="r1", at=at(7))
    asked = await app.client.schedule_new_orchestration(names.TRAIN_ON_REQUEST, input=order.to_wire())
    async with asyncio.timeout(20):
        while not (await app.interlock()).requests:
            await app.engine.advance(timedelta(seconds=10))
    assert (await app.interlock()).requests[0].attempt == 1
    jobs.statuses[FIRST] = "Canceled"
    state = await app.finish(asked)
    outcome = TrainingOutcome.from_wire(state.get_output())
    assert (outcome.attempt, outcome.outcome) == (2, "passed")
    trainings = (await _trainings(app, ["superseded", "passed", "passed"])).trainings
    assert [one.dataset.version for one in trainings] == ["d1", "d1", "d2"]


@pytest.mark.parametrize("status", ["Queued", "Running"])
async def test_retirement_gives_up_the_training_in_flight(app: App, status: str) -> None:
    """Whatever its job does: it is cancelled, and then the model goes out of service."""
    jobs = await _in_the_queue(app, status)
    await app.tell(retirement(6))
    state = await app.until_summary("retired")
    assert jobs.cancelled == [FIRST]
    assert app.world.versions == []
    assert f"{FIRST}/TrainingUnwanted" in app.world.ledger
    assert app.world.effects.index("TrainingUnwanted") < app.world.effects.index("ModelRetired")
    assert state.trainings == ()
