"""Waiting for a job, without the waiting: when it is read next, what its budgets are, and how the wait ends. Pure.

Events of the platform wake the wait, and reads decide. Where no events come, reads are the net: ten seconds after the
first, then at twice the pause up to ten minutes. Once an event of this very job has come, the next ones are expected
too, and one read per hour is enough, unless what was told and what is read do not agree.

Without events the end of a job is seen at the next read: at most ten minutes late, which is a tenth of a job of a
hundred minutes, and less of a longer one. Of a shorter job the lag may be a larger share: at most five quarters of what
it has lasted since it was submitted, and eleven seconds.
"""

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from shared import names
from shared.contracts.jobs import FINAL, JobOutcome, JobState, JobWatch, JobWord, WatchJobInput

_FIRST_PAUSE: Final = timedelta(seconds=10)
_LAST_PAUSE: Final = timedelta(minutes=10)
#: When events come.
_RARE_PAUSE: Final = timedelta(hours=1)
#: Jobs that were submitted together are not read together: each pause is shorter or longer by up to this share.
_JITTER: Final = 0.1
_STEPS: Final = 6  # then the pause has its full length

#: A job that was submitted a moment ago may not be found everywhere yet.
_MISSING_READS: Final = 3
#: Unanswered reads after which nobody waits any more; each of them was tried for an hour.
OUTAGES: Final = 3
#: A run can leave NotResponding.
HUNG_AFTER: Final = timedelta(minutes=30)
_SILENT: Final = "NotResponding"
#: Before a job runs; whatever else is not final counts as running, also what the platform may say one day.
_QUEUED: Final = frozenset({"NotStarted", "Queued", "Preparing", "Provisioning", "Starting"})
_FINAL: Final = frozenset(status.casefold() for status in FINAL)

#: How long a job that was cancelled is looked at, until it has stopped, and how often at least.
STOP_BUDGET: Final = timedelta(minutes=15)
_STOP_PAUSE: Final = timedelta(minutes=1)
#: A word that a job is not wanted is said so often at most. The pauses between make two and a half hours: who waits for
#: the job begins after its submit and that of its baseline, and each of them is tried for up to an hour.
WORDS: Final = 21


class Ending(NamedTuple):
    """How a wait ends.

    Attributes:
        outcome: See `JobEnd`.
        reason: For a person.
        gives_up: Whether the job may go on, and only we do not wait any longer.
    """

    outcome: JobOutcome
    reason: str
    gives_up: bool = False


def begun(order: WatchJobInput, now: datetime) -> JobWatch:
    """A wait in its first moment, or as an earlier history left it."""
    return order.watch or JobWatch(since=order.since or now, unwanted=order.unwanted)


def is_due(watch: JobWatch, now: datetime) -> bool:
    """Whether the job is to be read now."""
    return watch.due is None or watch.due <= now


def after_read(order: WatchJobInput, watch: JobWatch, state: JobState | None, now: datetime) -> JobWatch:
    """The wait after a read.

    Args:
        order: What is waited for.
        watch: The wait before.
        state: What was read; `None` when the platform does not know the job.
        now: The moment of the read.
    """
    if state is None:
        read = watch.model_copy(update={"reads": watch.reads + 1, "missing": watch.missing + 1, "outages": 0})
    else:
        read = watch.model_copy(
            update={
                "reads": watch.reads + 1,
                "missing": 0,
                "outages": 0,
                "status": state.status,
                "error": state.error,
                "running_since": watch.running_since or _running_since(watch, state, now),
                "silent_since": (watch.silent_since or now) if state.status == _SILENT else None,
            }
        )
    expected = _trusts_events(read)
    return read.model_copy(
        update={
            "step": 0 if expected else watch.step + 1,
            "due": min([now + pause(order.name, read, hourly=expected), *_ends(order, read, now)]),
        }
    )


def after_outage(order: WatchJobInput, watch: JobWatch, now: datetime) -> JobWatch:
    """The wait after a read that the platform did not answer: the job may be well, so it goes on."""
    due = min([now + _LAST_PAUSE, *_ends(order, watch, now)])
    return watch.model_copy(update={"reads": watch.reads + 1, "outages": watch.outages + 1, "due": due})


def after_word(watch: JobWatch, word: JobWord) -> JobWatch:
    """The wait after an event: the job is read at once, unless the event tells only what was read already."""
    if word.unwanted is not None:
        return watch.model_copy(update={"unwanted": word.unwanted})
    if word.superseded is not None:  # what was read last may be minutes old, and a job that runs is left alone
        running = watch.running_since is not None
        return watch if running else watch.model_copy(update={"superseded": word.superseded, "due": None})
    heard = word.status.casefold() if word.status is not None else None
    known = heard is not None and watch.status is not None and heard == watch.status.casefold()
    return watch.model_copy(update={"told": True, "heard": heard, "step": 0, "due": watch.due if known else None})


def pause(job: str, watch: JobWatch, *, hourly: bool) -> timedelta:
    """The time until the next read; the same for the same job and read."""
    draw = int(names.content_hash(job, watch.reads, length=8), 16) / 0xFFFFFFFF
    factor = 1 - _JITTER + 2 * _JITTER * draw
    if hourly:
        return min(_RARE_PAUSE * factor, _RARE_PAUSE)
    return min(_doubled(watch.step) * factor, _LAST_PAUSE)


def ending(order: WatchJobInput, watch: JobWatch, now: datetime) -> Ending | None:
    """How the wait ends now; `None` while it goes on."""
    if watch.missing >= (1 if order.unwanted else _MISSING_READS):
        return Ending("vanished", _vanished(order, watch))
    if watch.status in FINAL:
        return _ended(order, watch)
    if watch.unwanted is not None:
        return Ending("unwanted", f"The job {order.name} is not wanted any more: {watch.unwanted}", gives_up=True)
    if watch.superseded is not None and _waits(watch):
        told = f"The job {order.name} was still {watch.status} and is superseded by {watch.superseded}"
        return Ending("superseded", told, gives_up=True)
    if watch.silent_since is not None and now - watch.silent_since >= HUNG_AFTER:
        told = f"The job {order.name} was {_SILENT} for {_minutes(_whole(now - watch.silent_since))}"
        return Ending("hung", told, gives_up=True)
    return _expired(order, watch, now)


def can_heed(word: JobWord, state: JobState | None) -> bool:
    """Whether a word that a job is not wanted can still change anything.

    Args:
        word: What whoever waits for the job is told.
        state: The job as just read; `None` when the platform does not know it, perhaps only not yet.
    """
    if state is None:
        return True
    return not state.final if word.unwanted is not None else state.status in _QUEUED


def stop_pause(step: int) -> timedelta:
    """The time between two looks at a job that was cancelled."""
    return min(_doubled(step), _STOP_PAUSE)


def word_pause(step: int) -> timedelta:
    """The time until a word that a job is not wanted is said again."""
    return min(_doubled(step), _LAST_PAUSE)


def _ended(order: WatchJobInput, watch: JobWatch) -> Ending:
    if watch.status == "Completed":
        return Ending("completed", f"The job {order.name} completed.")
    told = f"The job {order.name} ended as {watch.status}: {watch.error or 'no message'}"
    if watch.status == "Failed":
        return Ending("failed", told)
    return Ending("canceled", f"{told}. Signalbox did not ask for that: a person or the platform did.")


def _expired(order: WatchJobInput, watch: JobWatch, now: datetime) -> Ending | None:
    status = watch.status or "not found"
    if watch.running_since is None:
        if now < watch.since + timedelta(minutes=order.queue_minutes):
            return None
        told = f"The job {order.name} had not begun to run after {_minutes(order.queue_minutes)}, it was {status}"
    else:
        if now < watch.running_since + timedelta(minutes=order.run_minutes):
            return None
        told = f"The job {order.name} was {status} after {_minutes(order.run_minutes)}"
    return Ending("expired", told, gives_up=True)


def _vanished(order: WatchJobInput, watch: JobWatch) -> str:
    if watch.status is None:
        return f"The platform does not know the job {order.name}: it was never submitted, or has been deleted."
    return f"The platform does not know the job {order.name} any more: it was {watch.status}, and has vanished."


def _waits(watch: JobWatch) -> bool:
    """Whether the job waits for its compute, as just read and not as read before an outage."""
    return watch.status in _QUEUED and watch.running_since is None and not watch.outages and not watch.missing


def _running_since(watch: JobWatch, state: JobState, now: datetime) -> datetime | None:
    """Since when it runs, as the platform tells, else as we have seen; never before the wait, nor after now."""
    if state.status in _QUEUED:
        return None
    seen = now if watch.reads else watch.since
    return max(watch.since, min(state.started_at or seen, now))


def _trusts_events(watch: JobWatch) -> bool:
    """Whether the next event can be waited for: some have come, and none has told of an end that cannot be read."""
    return watch.told and watch.heard not in _FINAL and watch.silent_since is None and not watch.missing


def _ends(order: WatchJobInput, watch: JobWatch, now: datetime) -> list[datetime]:
    """When a budget ends, so that the job is read once more just then."""
    if watch.running_since is None:
        ends = [watch.since + timedelta(minutes=order.queue_minutes)]
    else:
        ends = [watch.running_since + timedelta(minutes=order.run_minutes)]
    if watch.silent_since is not None:
        ends.append(watch.silent_since + HUNG_AFTER)
    return [end for end in ends if end > now]


def _doubled(step: int) -> timedelta:
    return _FIRST_PAUSE * (1 << min(step, _STEPS))


def _whole(time: timedelta) -> int:
    return round(time.total_seconds() / 60)


def _minutes(count: int) -> str:
    return f"{count} minute{'' if count == 1 else 's'}"
