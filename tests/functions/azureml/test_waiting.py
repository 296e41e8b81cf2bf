"""A training waits for a job of Azure ML: whatever becomes of it, the outcome says so and nothing is left running."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from shared import names
from shared.contracts.jobs import JobEnd, WatchJobInput
from tests.functions.azureml.workspace import JOB, EventGrid, Site


class TestTold:
    """By events, or by none."""

    @pytest.mark.parametrize("key", [str, str.upper, str.capitalize], ids=["camel", "upper", "capital"])
    async def test_an_event_ends_the_wait_at_once(self, site: Site, key: Callable[[str], str]) -> None:
        """`RunCompleted`, however its keys are written, is acted on long before the next read would have been due."""
        site.double.plan(JOB, statuses=["Queued"])
        grid = EventGrid(site, key)
        await site.begin()
        await site.app.engine.advance(timedelta(minutes=2))
        site.double.set_job(JOB, "Running")
        await grid.delivered()
        await site.app.engine.advance(timedelta(minutes=30))
        reads, told_at = site.times("GET"), site.minutes
        site.double.set_job(JOB, "Completed")
        await grid.delivered()
        outcome, _ = await site.trained()
        assert outcome.outcome == "passed"
        assert site.minutes - told_at < 5
        assert site.times("GET") - reads <= 2
        assert site.submitted() == 1

    async def test_a_step_of_the_pipeline_wakes_nobody(self, site: Site) -> None:
        """It has the tags of the run that it is part of, and says whose part it is."""
        site.double.plan(JOB, statuses=["Running"])
        grid = EventGrid(site)
        await site.begin()
        await site.app.engine.advance(timedelta(minutes=2))
        site.double.set_job(JOB, "NotResponding")
        await grid.delivered()
        await site.app.engine.run_until_idle()
        reads = site.times("GET")
        grid.tell("step-7", "Completed", {"signalbox.instance": JOB}, parentRunId=JOB)
        grid.tell(JOB, "Completed", {"signalbox.instance": JOB}, parentRunId="above")
        await grid.delivered()
        await site.app.engine.run_until_idle()
        assert site.times("GET") == reads

    async def test_without_events_reads_find_the_end(self, site: Site) -> None:
        """Half an hour in the queue and an hour and a half of running are seen within ten minutes, by few reads."""
        site.double.plan(JOB, queue_seconds=1800, run_seconds=5400)
        await site.begin()
        began = site.minutes
        outcome, _ = await site.trained()
        assert outcome.outcome == "passed"
        assert 120 <= site.minutes - began < 132
        assert site.times("GET") < 25
        assert site.submitted() == 1


class TestGivenUp:
    """What is given up is cancelled, and was seen to have stopped."""

    @pytest.mark.parametrize(
        ("plan", "told"),
        [
            ({"queue_seconds": 1e9}, "had not begun to run after 1440 minutes, it was Queued, and was cancelled"),
            ({"queue_seconds": 3000, "run_seconds": 1e9}, "was Running after 120 minutes, and was cancelled"),
            ({"hang": "NotResponding"}, "was NotResponding for 30 minutes, and was cancelled"),
        ],
        ids=["queue", "run", "silent"],
    )
    async def test_a_budget_that_is_over(self, site: Site, plan: dict[str, Any], told: str) -> None:
        """The training says which; a job that takes its time to stop is looked at until it has."""
        site.double.plan(JOB, cancel=3, **plan)
        await site.begin()
        outcome, status = await site.trained()
        assert outcome.outcome == "failed"
        assert told in outcome.reason
        assert told in status
        assert site.double.job_status(JOB) == "Canceled"
        assert site.submitted() == 1

    async def test_a_job_that_does_not_stop_is_told(self, site: Site) -> None:
        """It is asked to, goes on, and a person has to look."""
        site.double.plan(JOB, hang="Running", stubborn=True)
        await site.begin()
        outcome, _ = await site.trained()
        assert "still CancelRequested 15 minutes later: a person must look" in outcome.reason
        assert site.double.job_status(JOB) == "CancelRequested"

    async def test_a_job_of_others_goes_on(self, site: Site) -> None:
        """Whoever waits for it gives up alone."""
        site.double.plan(JOB, queue_seconds=0, run_seconds=1e9)
        site.platform.submit_job(JOB, site.pipeline, "theirs", {}, {})
        state = await site.app.run(names.WATCH_JOB, WatchJobInput(name=JOB, run_minutes=60))
        end = JobEnd.from_wire(state.get_output())
        assert (end.outcome, end.stopped) == ("expired", False)
        assert site.double.job_status(JOB) == "Running"
        assert site.times("POST", "/cancel") == 0


class TestEnded:
    """By somebody or something else."""

    async def test_one_that_vanished_is_not_waited_for(self, site: Site) -> None:
        """Three reads in a row have not found it."""
        site.double.plan(JOB, statuses=["Running"], vanish_after=3)
        await site.begin()
        outcome, status = await site.trained()
        assert "it was Running, and has vanished" in outcome.reason
        assert "has vanished" in status

    async def test_one_that_a_person_cancelled_is_told_from_ours(self, site: Site) -> None:
        """The status says that it was not Signalbox."""
        site.double.plan(JOB, statuses=["Running"])
        await site.begin()
        await site.app.engine.advance(timedelta(minutes=5))
        site.double.set_job(JOB, "Canceled")
        outcome, status = await site.trained()
        assert outcome.outcome == "failed"
        assert "Signalbox did not ask for that" in outcome.reason
        assert "Signalbox did not ask for that" in status
        assert site.submitted() == 1

    async def test_a_long_message_is_cut(self, site: Site) -> None:
        """Beginning and end are in the outcome and in the status; a history does not grow by a stack trace."""
        site.double.plan(JOB, end="Failed", error="the step ran out of memory; " * 500 + "MemoryError: 2 GiB")
        await site.begin()
        outcome, status = await site.trained()
        assert "UserError: the step ran out of memory; the step ran" in outcome.reason
        assert "the step ran out of memory" in status
        assert outcome.reason.endswith("MemoryError: 2 GiB")
        assert len(outcome.reason) <= 500
