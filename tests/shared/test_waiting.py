"""When a job is read, and how a wait for it ends: the rules alone, without an engine."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import waiting
from shared.contracts.jobs import FINAL, JobState, JobWatch, JobWord, WatchJobInput

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
ORDER = WatchJobInput(name="train-1", queue_minutes=60, run_minutes=120, ours=True)
STATUSES = ("NotStarted", "Queued", "Preparing", "Running", "Finalizing", "CancelRequested", "NotResponding", "New")


def _at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def _read(watch: JobWatch, status: str | None, minutes: float, **changes: Any) -> JobWatch:
    state = JobState(name="train-1", status=status, **changes) if status else None
    return waiting.after_read(ORDER, watch, state, _at(minutes))


def _outcome(watch: JobWatch, minutes: float, order: WatchJobInput = ORDER) -> str | None:
    ending = waiting.ending(order, watch, _at(minutes))
    return ending.outcome if ending else None


def _polled(order: WatchJobInput, length: timedelta, *, told: bool) -> tuple[int, timedelta]:
    """Reads of a job of that length, and the time from its end to the read that sees it."""
    now, watch = START, waiting.begun(order, START)
    while True:
        over = now >= START + length
        status = "Completed" if over else "Running"
        watch = waiting.after_read(order, watch, JobState(name=order.name, status=status), now)
        if over:
            return watch.reads, now - START - length
        if told:
            watch = waiting.after_word(watch, JobWord(status="Running"))
        assert watch.due is not None
        now = watch.due


@given(st.text(min_size=1, max_size=20))
def test_ten_hours_without_events_are_at_most_seventy_reads(name: str) -> None:
    """Whatever the job's name, and the end is seen within ten minutes."""
    order = WatchJobInput(name=name, run_minutes=2000)
    reads, lag = _polled(order, timedelta(hours=10), told=False)
    assert reads <= 70
    assert lag <= timedelta(minutes=10)


@given(st.text(min_size=1, max_size=20), st.floats(0, 36_000))
def test_without_events_the_lag_is_a_share_of_the_length(name: str, seconds: float) -> None:
    """At most five quarters and eleven seconds of a short job, and ten minutes of any, wherever its end falls."""
    _, lag = _polled(WatchJobInput(name=name, run_minutes=2000), timedelta(seconds=seconds), told=False)
    assert lag <= min(timedelta(minutes=10), timedelta(seconds=1.25 * seconds + 11))


@given(st.text(min_size=1, max_size=20))
def test_with_events_there_is_a_read_per_hour(name: str) -> None:
    """Ten hours, should the last event be lost, are a dozen reads or so."""
    order = WatchJobInput(name=name, run_minutes=2000)
    reads, lag = _polled(order, timedelta(hours=10), told=True)
    assert 10 <= reads <= 14
    assert lag <= timedelta(hours=1)


def test_pauses_double_from_ten_seconds_to_ten_minutes() -> None:
    """Each within a tenth of its length, never longer than ten minutes, and the same when asked again."""
    pauses = [waiting.pause("j", JobWatch(since=START, step=step), hourly=False).total_seconds() for step in range(9)]
    for found, nominal in zip(pauses, (10, 20, 40, 80, 160, 320, 600, 600, 600), strict=True):
        assert nominal * 0.89 <= found <= min(nominal * 1.11, 600)
    again = waiting.pause("j", JobWatch(since=START), hourly=False)
    assert again == waiting.pause("j", JobWatch(since=START), hourly=False)
    assert again != waiting.pause("k", JobWatch(since=START), hourly=False)


@given(st.lists(st.tuples(st.sampled_from(STATUSES), st.integers(1, 300)), max_size=12), st.booleans())
def test_a_wait_always_goes_on_or_ends(steps: list[tuple[str, int]], told: bool) -> None:
    """Whatever is read, the next read is in the future and not after the end of a budget, or the wait is over."""
    watch, minutes = waiting.begun(ORDER, START), 0
    for status, passed in steps:
        watch = _read(watch, status, minutes)
        if waiting.ending(ORDER, watch, _at(minutes)) is not None:
            return
        assert watch.due is not None
        assert _at(minutes) < watch.due <= _at(minutes) + timedelta(hours=1)
        since, budget = (watch.running_since, 120) if watch.running_since else (watch.since, 60)
        assert watch.due <= since + timedelta(minutes=budget)
        watch = waiting.after_word(watch, JobWord(status=status)) if told else watch
        minutes += passed
    assert waiting.ending(ORDER, _read(watch, "Running", minutes + 200), _at(minutes + 400)) is not None


class TestEvents:
    """What an event changes."""

    @pytest.mark.parametrize("status", ["running", "RUNNING", "Running"])
    def test_what_is_known_is_not_read_again(self, status: str) -> None:
        """An event that comes twice, or after the read that saw it, costs no read; but events come."""
        watch = waiting.after_word(_read(waiting.begun(ORDER, START), "Running", 0), JobWord(status=status))
        assert not waiting.is_due(watch, _at(0))
        assert watch.told

    @pytest.mark.parametrize("status", ["Completed", "queued", "something new", None])
    def test_what_is_new_is_read_at_once(self, status: str | None) -> None:
        """Also when it does not say what it is."""
        watch = waiting.after_word(_read(waiting.begun(ORDER, START), "Running", 0), JobWord(status=status))
        assert waiting.is_due(watch, _at(0))

    def test_the_end_that_an_event_tells_is_no_end_until_it_is_read(self) -> None:
        """The read decides; while it lags behind the event, it is repeated soon and not in an hour."""
        watch = waiting.after_word(_read(waiting.begun(ORDER, START), "Running", 0), JobWord(status="completed"))
        assert _outcome(watch, 1) is None
        watch = _read(watch, "Running", 1)
        assert watch.due is not None
        assert watch.due < _at(1) + timedelta(seconds=25)
        assert _outcome(_read(watch, "Completed", 2), 2) == "completed"


class TestEnds:
    """The ways in which a wait ends, each told from the others."""

    @pytest.mark.parametrize("status", sorted(FINAL))
    def test_as_the_job_did(self, status: str) -> None:
        """Nothing is given up, so nothing is cancelled; a message is told."""
        watch = _read(waiting.begun(ORDER, START), status, 1, error="boom")
        ending = waiting.ending(ORDER, watch, _at(1))
        assert ending is not None
        assert (ending.outcome, ending.gives_up) == (status.lower(), False)
        assert status == "Completed" or "boom" in ending.reason

    def test_one_that_somebody_cancelled_says_so(self) -> None:
        """We cancel only what we give up, so this one was somebody else's doing."""
        ending = waiting.ending(ORDER, _read(waiting.begun(ORDER, START), "Canceled", 1), _at(1))
        assert ending is not None
        assert "Signalbox did not ask for that" in ending.reason

    def test_the_queue_has_its_own_budget(self) -> None:
        """Waiting for compute does not use up the time to run, and the other way round."""
        watch = _read(waiting.begun(ORDER, START), "Queued", 0)
        assert (_outcome(watch, 59), _outcome(watch, 60)) == (None, "expired")
        watch = _read(watch, "Running", 59)
        assert (_outcome(watch, 178), _outcome(watch, 179)) == (None, "expired")

    def test_a_budget_is_told_in_words(self) -> None:
        """One minute is one, and not several."""
        order = ORDER.model_copy(update={"queue_minutes": 1, "run_minutes": 1})
        for status, told in (("Queued", "begun to run after 1 minute, it"), ("Running", "was Running after 1 minute")):
            state = JobState(name=order.name, status=status)
            watch = waiting.after_read(order, waiting.begun(order, START), state, START)
            ending = waiting.ending(order, watch, _at(1))
            assert ending is not None
            assert told in ending.reason
            assert "minutes" not in ending.reason

    def test_the_platform_knows_better_since_when_it_runs(self) -> None:
        """A read that came late does not give the job more time, nor does a clock that is ahead."""
        queued = _read(waiting.begun(ORDER, START), "Queued", 0)
        assert _read(queued, "Running", 9, started_at=_at(4)).running_since == _at(4)
        assert _read(queued, "Running", 9, started_at=_at(30)).running_since == _at(9)
        assert _read(queued, "Running", 9, started_at=_at(-30)).running_since == START

    def test_one_that_does_not_respond_may_come_back(self) -> None:
        """Half an hour of silence is the end, and an answer in between begins it anew."""
        watch = _read(_read(waiting.begun(ORDER, START), "Running", 0), "NotResponding", 1)
        assert (_outcome(watch, 30), _outcome(watch, 31)) == (None, "hung")
        watch = _read(_read(watch, "Running", 20), "NotResponding", 21)
        assert (_outcome(watch, 31), _outcome(watch, 51)) == (None, "hung")

    def test_one_that_is_not_found_is_looked_for_again(self) -> None:
        """A job of a moment ago may not be everywhere yet; at the third time it has vanished."""
        watch = waiting.begun(ORDER, START)
        for minute in range(2):
            watch = _read(watch, None, minute)
            assert _outcome(watch, minute) is None
        assert _outcome(_read(watch, "Running", 2), 2) is None
        assert _outcome(_read(watch, None, 2), 2) == "vanished"

    def test_one_that_vanished_was_there(self) -> None:
        """A job that was read before is told from one that never was."""
        watch = _read(waiting.begun(ORDER, START), "Running", 0)
        for minute in range(1, 4):
            watch = _read(watch, None, minute)
        ending = waiting.ending(ORDER, watch, _at(4))
        assert ending is not None
        assert "it was Running, and has vanished" in ending.reason

    def test_one_that_is_not_wanted_any_more(self) -> None:
        """Said by an event, or from the beginning, by whoever no longer waits."""
        watch = _read(waiting.begun(ORDER, START), "Running", 0)
        assert _outcome(waiting.after_word(watch, JobWord(unwanted="newer data")), 1) == "unwanted"
        order = ORDER.model_copy(update={"unwanted": "newer data"})
        assert _outcome(_read(waiting.begun(order, START), "Running", 0), 0, order) == "unwanted"
        assert _outcome(_read(waiting.begun(order, START), None, 0), 0, order) == "vanished"


class TestSuperseded:
    """Something newer has come for what a job was to make; only a job that has not begun to run gives way."""

    WORD = JobWord(superseded="dataset version d2")

    @pytest.mark.parametrize("status", ["NotStarted", "Queued", "Preparing", "Provisioning", "Starting"])
    def test_one_in_the_queue_gives_way(self, status: str) -> None:
        """Once it was read anew; the reason tells how it stood, and what has come."""
        watch = waiting.after_word(_read(waiting.begun(ORDER, START), status, 0), self.WORD)
        assert waiting.is_due(watch, _at(0))
        ending = waiting.ending(ORDER, _read(watch, status, 1), _at(1))
        assert ending == (
            "superseded", f"The job train-1 was still {status} and is superseded by dataset version d2", True
        )  # fmt: skip

    def test_one_that_runs_costs_no_read(self) -> None:
        """Nothing is changed by the word."""
        watch = _read(waiting.begun(ORDER, START), "Running", 0)
        assert waiting.after_word(watch, self.WORD) == watch

    @pytest.mark.parametrize("status", ["Running", "Finalizing", "NotResponding", "Unknown"])
    def test_one_that_began_to_run_meanwhile_goes_on(self, status: str) -> None:
        """The read after the word decides, also when the platform puts the job into the queue again later."""
        watch = waiting.after_word(_read(waiting.begun(ORDER, START), "Queued", 0), self.WORD)
        watch = _read(watch, status, 1)
        assert _outcome(watch, 1) is None
        assert _outcome(_read(watch, "Queued", 2), 2) is None

    def test_what_is_not_known_is_not_cancelled(self) -> None:
        """After an outage, or when the job is not found, the next read that knows it decides."""
        watch = waiting.after_word(_read(waiting.begun(ORDER, START), "Queued", 0), self.WORD)
        blind = waiting.after_outage(ORDER, watch, _at(1))
        assert _outcome(blind, 1) is None
        missing = _read(watch, None, 1)
        assert _outcome(missing, 1) is None
        assert _outcome(_read(blind, "Queued", 2), 2) == "superseded"
        assert _outcome(_read(missing, "Running", 2), 2) is None

    @given(st.sampled_from([*STATUSES, *sorted(FINAL)]), st.booleans())
    def test_a_word_is_said_while_it_can_be_heeded(self, status: str, unwanted: bool) -> None:
        """Whatever the job does: exactly while the wait would end by it, or does not know the job yet."""
        word = JobWord(unwanted="retired") if unwanted else self.WORD
        watch = _read(waiting.after_word(waiting.begun(ORDER, START), word), status, 0)
        given_up = _outcome(watch, 0) in ("unwanted", "superseded")
        assert waiting.can_heed(word, JobState(name="train-1", status=status)) == given_up
        assert waiting.can_heed(word, None)
