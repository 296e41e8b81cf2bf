"""Waiting for a job on the engine: events wake it, reads decide, and what is given up has been stopped."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from functions.orchestrators import watch_job
from functions.triggers import reconciling
from local.testing.chaos import Chaos
from shared import names
from shared.contracts.jobs import JobEnd, WatchJobInput
from shared.contracts.read_model import RunInFlight
from shared.contracts.training import TrainingOutcome
from tests.functions.conftest import App
from tests.functions.test_train_model import ORDER

JOB = "train-1"
WATCH = WatchJobInput(name=JOB, queue_minutes=60, run_minutes=120, ours=True)


@dataclass
class Job:
    """A job on the platform, in virtual time: what it is read as from which minute on, and how it takes a cancel.

    Attributes:
        app: Whose activities are replaced.
        script: Status by minute; `None` when the platform does not know it.
        cancelled_as: What it is read as from the cancel on; nothing changes when absent.
        reads: The minutes at which it was read.
    """

    app: App
    script: dict[float, str | None]
    cancelled_as: str | None = "Canceled"
    refuses: bool = False
    reads: list[float] = field(default_factory=list)
    cancels: list[float] = field(default_factory=list)
    began: float = field(init=False)

    def __post_init__(self) -> None:
        self.began = self.app.engine.now / 60e6
        self.app.engine_functions |= {names.READ_JOB: self.read, names.CANCEL_JOB: self.cancel}

    @property
    def minute(self) -> float:
        """Since the beginning."""
        return self.app.engine.now / 60e6 - self.began

    def read(self, payload: dict[str, Any]) -> dict[str, Any]:
        """`read_job`."""
        self.reads.append(self.minute)
        return self._answer(payload)

    def cancel(self, payload: dict[str, Any]) -> dict[str, Any]:
        """`cancel_job`."""
        if self.refuses:
            return {"permanent": {"code": "AzureMlForbidden", "message": "no right to cancel"}}
        self.cancels.append(self.minute)
        if self.cancelled_as is not None:
            self.script = {0: self.cancelled_as}
        return self._answer(payload)

    def _answer(self, payload: dict[str, Any]) -> dict[str, Any]:
        status = [status for minute, status in self.script.items() if minute <= self.minute][-1]
        if status == "down":
            raise ConnectionError("the platform does not answer")
        if status is None:
            return {"permanent": {"code": "JobVanished", "message": f"no job {payload['name']}"}}
        return {"result": {"name": payload["name"], "status": status, "error": None}}


async def _watched(app: App, order: WatchJobInput = WATCH) -> JobEnd:
    state = await app.run(names.WATCH_JOB, order, "watch")
    assert state.runtime_status.name == "COMPLETED", state.failure_details
    return JobEnd.from_wire(state.get_output())


async def test_an_event_ends_the_wait_at_once(app: App) -> None:
    """Read when it was told, an hour before the next read would have been due."""
    job = Job(app, {0: "Running", 100: "Completed"})
    await app.client.schedule_new_orchestration(names.WATCH_JOB, input=WATCH.to_wire(), instance_id="watch")
    await app.engine.advance(timedelta(minutes=2))
    for minutes, status in ((0, "running"), (0, "running"), (98.5, "completed")):
        await app.engine.advance(timedelta(minutes=minutes))
        await app.client.raise_orchestration_event("watch", names.JOB_CHANGED, data={"status": status})
    end = JobEnd.from_wire((await app.finish("watch")).get_output())
    assert (end.outcome, end.stopped) == ("completed", True)
    assert 100 < job.reads[-1] < 101
    assert end.reads == len(job.reads) <= 9


@pytest.mark.parametrize("said", [None, "text", {"status": 5}, {"other": "thing"}])
async def test_whatever_an_event_says_the_read_decides(app: App, said: Any) -> None:
    """One that cannot be read still says that something has changed, and breaks nothing."""
    job = Job(app, {0: "Queued", 1.5: "Completed"})
    await app.client.schedule_new_orchestration(names.WATCH_JOB, input=WATCH.to_wire(), instance_id="watch")
    await app.engine.advance(timedelta(minutes=1.6))
    await app.client.raise_orchestration_event("watch", names.JOB_CHANGED, data=said)
    assert JobEnd.from_wire((await app.finish("watch")).get_output()).outcome == "completed"
    assert job.reads[-1] < 1.7


@pytest.mark.usefixtures("a_whole_hour")
async def test_an_outage_of_hours_ends_no_wait(app: App) -> None:
    """The job may be well meanwhile: it is read again when the platform answers, and its budgets go on."""
    job = Job(app, {0: "Running", 10: "down", 150: "Completed"})
    end = await _watched(app, WATCH.model_copy(update={"run_minutes": 600}))
    assert end.outcome == "completed"
    assert not job.cancels


@pytest.mark.usefixtures("a_whole_hour")
async def test_an_outage_of_a_day_ends_it(app: App) -> None:
    """Whoever waits is told that nobody knows how the job stands."""
    Job(app, {0: "Running", 10: "down"})
    end = await _watched(app, WATCH.model_copy(update={"run_minutes": 6000}))
    assert (end.outcome, end.stopped) == ("unreadable", False)


async def test_a_wait_of_days_keeps_a_short_history(app: App) -> None:
    """It goes on in new histories, with all that it knows: budgets and pauses do not begin anew."""
    Job(app, {0: "Queued", 2000: "Running", 5000: "Completed"})
    end = await _watched(app, WATCH.model_copy(update={"queue_minutes": 2100, "run_minutes": 4000}))
    assert end.outcome == "completed"
    assert end.reads > 400
    assert len(app.engine.history("watch")) < 12 * watch_job._TURNS_PER_HISTORY


@pytest.mark.parametrize(
    ("script", "outcome", "told"),
    [
        ({0: "Queued"}, "expired", "had not begun to run after 60 minutes, it was Queued, and was cancelled."),
        ({0: "Queued", 50: "Running"}, "expired", "was Running after 120 minutes, and was cancelled."),
        ({0: "Running", 5: "NotResponding"}, "hung", "minutes, and was cancelled."),
    ],
)
async def test_what_is_given_up_is_cancelled(app: App, script: dict[float, str], outcome: str, told: str) -> None:
    """A budget of the queue, one of the run, and a bound on silence; each says which it was."""
    job = Job(app, {**script})
    end = await _watched(app)
    assert (end.outcome, end.stopped) == (outcome, True)
    assert end.reason.endswith(told)
    assert len(job.cancels) == 1


async def test_a_job_that_does_not_stop_is_told(app: App) -> None:
    """Cancelled, read for a quarter of an hour, and still running: a person must know."""
    job = Job(app, {0: "Running"}, cancelled_as=None)
    end = await _watched(app)
    assert (end.outcome, end.stopped) == ("expired", False)
    assert "still Running 15 minutes later: a person must look" in end.reason
    assert 14 < job.reads[-1] - job.cancels[0] < 17


async def test_a_job_that_may_not_be_cancelled_is_told(app: App) -> None:
    """The platform's own words are in the reason."""
    Job(app, {0: "Running"}, refuses=True)
    end = await _watched(app)
    assert (end.outcome, end.stopped) == ("expired", False)
    assert "could not be cancelled. no right to cancel" in end.reason


async def test_a_job_that_completes_before_its_cancel_has_completed(app: App) -> None:
    """What it made is there, so it is used."""
    Job(app, {0: "Running"}, cancelled_as="Completed")
    end = await _watched(app)
    assert (end.outcome, end.stopped) == ("completed", True)


async def test_a_job_that_vanished_is_told_from_one_that_failed(app: App) -> None:
    """It was there, and is not found any more, three times in a row."""
    job = Job(app, {0: "Running", 30: None})
    end = await _watched(app)
    assert (end.outcome, end.stopped) == ("vanished", True)
    assert "it was Running, and has vanished" in end.reason
    assert job.cancels == []


async def test_a_job_of_others_goes_on(app: App) -> None:
    """Only the wait ends with its budget: we did not submit it, so we do not cancel it."""
    job = Job(app, {0: "Running"})
    end = await _watched(app, WATCH.model_copy(update={"ours": False}))
    assert (end.outcome, end.stopped) == ("expired", False)
    assert "It is not ours: it goes on" in end.reason
    assert job.cancels == []


async def test_one_that_nobody_wants_is_cancelled(app: App) -> None:
    """Said by an event while it runs."""
    job = Job(app, {0: "Running"})
    await app.client.schedule_new_orchestration(names.WATCH_JOB, input=WATCH.to_wire(), instance_id="watch")
    await app.engine.advance(timedelta(minutes=1))
    await app.client.raise_orchestration_event("watch", names.JOB_CHANGED, data={"unwanted": "newer data"})
    end = JobEnd.from_wire((await app.finish("watch")).get_output())
    assert (end.outcome, end.stopped) == ("unwanted", True)
    assert end.reason == f"The job {JOB} is not wanted any more: newer data, and was cancelled."
    assert job.cancels[0] < 2


@pytest.mark.parametrize("chaos", [Chaos(seed=seed) for seed in range(2)], ids=["seed 0", "seed 1"])
@pytest.mark.parametrize(("minutes", "outcome"), [(90, "completed"), (500, "expired")])
async def test_lost_and_doubled_results_change_nothing(app: App, minutes: float, outcome: str) -> None:
    """Turns and reads that are done again lead to the same end, and what is given up has been cancelled."""
    job = Job(app, {0: "Running", minutes: "Completed"})
    end = await _watched(app)
    assert (end.outcome, end.stopped, bool(job.cancels)) == (outcome, True, outcome == "expired")


class TestTraining:
    """What a training makes of it."""

    async def test_events_find_the_child_that_waits(self, app: App) -> None:
        """Its id follows from the job and from the tag that names the training, and nothing else."""
        job = Job(app, {0: "Running", 60: "Completed"})
        await app.client.schedule_new_orchestration(names.TRAIN_MODEL, input=ORDER.to_wire(), instance_id=JOB)
        await app.engine.advance(timedelta(minutes=61))
        assert app.world.jobs[JOB]["tags"]["signalbox.instance"] == JOB
        await app.client.raise_orchestration_event(names.watcher(JOB, JOB), names.JOB_CHANGED, data=None)
        outcome = TrainingOutcome.from_wire((await app.finish(JOB)).get_output())
        assert outcome.outcome == "passed"
        assert job.reads[-1] < 62

    @pytest.mark.parametrize(
        ("script", "told"),
        [
            ({0: "Running", 9: None}, "has vanished"),
            ({0: "Running", 9: "Canceled"}, "Signalbox did not ask for that"),
            ({0: "Running", 9: "NotResponding"}, "was NotResponding for 30 minutes, and was cancelled"),
            ({0: "Queued"}, "had not begun to run after 1440 minutes"),
        ],
    )
    async def test_each_way_to_fail_has_its_own_reason(
        self, app: App, script: dict[float, str | None], told: str
    ) -> None:
        """The outcome says it, and so does the orchestration's status."""
        Job(app, script)
        state = await app.run(names.TRAIN_MODEL, ORDER, JOB)
        outcome = TrainingOutcome.from_wire(state.get_output())
        assert outcome.outcome == "failed"
        assert told in outcome.reason
        assert told in str(state.get_custom_status())

    async def test_a_child_that_was_ended_leaves_no_job_behind(self, app: App) -> None:
        """The training fails, and cancels its job itself."""
        job = Job(app, {0: "Running"})
        await app.client.schedule_new_orchestration(names.TRAIN_MODEL, input=ORDER.to_wire(), instance_id=JOB)
        await app.engine.advance(timedelta(minutes=5))
        await app.client.terminate_orchestration(names.watcher(JOB, JOB))
        outcome = TrainingOutcome.from_wire((await app.finish(JOB)).get_output())
        assert outcome.outcome == "failed"
        assert len(job.cancels) == 1


class TestTerminated:
    """Runs that were terminated cannot cancel their jobs; the search for dead runs does it."""

    async def test_the_job_of_a_dead_run_is_cancelled(self, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
        """Once, however often the run is found, and seen to have stopped."""
        job = Job(app, {0: "Running"})
        monkeypatch.setattr(reconciling, "start_once", _start_once)
        run = RunInFlight(kind="training", instance=JOB, attempt=1)
        for _ in range(2):
            await reconciling._stop_jobs(app.client, run, None)
        end = JobEnd.from_wire((await app.finish(names.watcher(JOB, "reconcile"))).get_output())
        assert (end.outcome, end.stopped) == ("unwanted", True)
        assert len(job.cancels) == 1

    async def test_a_job_that_is_not_there_needs_no_cancel(self, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
        """The run died before it submitted it; nothing is waited for."""
        job = Job(app, {0: None})
        monkeypatch.setattr(reconciling, "start_once", _start_once)
        await reconciling._stop_jobs(app.client, RunInFlight(kind="scoring", instance=JOB, attempt=1), None)
        end = JobEnd.from_wire((await app.finish(names.watcher(JOB, "reconcile"))).get_output())
        assert (end.outcome, len(job.reads), job.cancels) == ("vanished", 1, [])

    @pytest.mark.parametrize(
        ("kind", "jobs"),
        [("training", ("i",)), ("scoring", ("i",)), ("release", ("i-golden", "i-period")), ("retirement", ())],
    )
    def test_every_kind_of_run_has_its_jobs(self, kind: Any, jobs: tuple[str, ...]) -> None:
        """By the names under which they are submitted."""
        assert reconciling.jobs_of(RunInFlight(kind=kind, instance="i", attempt=1)) == jobs


async def _start_once(client: Any, name: str, order: WatchJobInput, instance: str) -> bool:
    """As `start_once`, without the record of what was started and purged long ago."""
    if await client.get_orchestration_state(instance) is None:
        await client.schedule_new_orchestration(name, input=order.to_wire(), instance_id=instance)
    return True
