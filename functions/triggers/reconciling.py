"""Beginning the search for lost events: on demand and by the clock alike."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

import azure.durable_functions as df
from durabletask.client import OrchestrationState, OrchestrationStatus
from pydantic import ValidationError

from functions import adapters, tracing
from functions.triggers.lost_slots import say_again
from functions.triggers.starting import signal_interlock, start_once
from shared import names
from shared.blocking import run_blocking
from shared.contracts.base import Contract
from shared.contracts.events import InterlockEvent
from shared.contracts.interlock import (
    ReleaseFinished,
    RetirementFinished,
    RollbackFinished,
    ScoringFinished,
    TrainingFinished,
    VersionEvaluated,
)
from shared.contracts.jobs import WatchJobInput
from shared.contracts.read_model import ModelRow, RunInFlight
from shared.contracts.reconciliation import ReconcileInput
from shared.contracts.release import ReleaseOutcome
from shared.contracts.retirement import RetirementOutcome
from shared.contracts.rollback import RollbackOutcome
from shared.contracts.scoring import ScoringOutcome
from shared.contracts.training import EvaluationOutcome, TrainingOutcome
from shared.settings import settings


async def begin_reconciliation(client: df.DurableFunctionsClient, at: datetime) -> str:
    """Start `reconcile_events`, end the runs that died without a word, and free what slots they had.

    Returns:
        The instance id of the search.
    """
    order = ReconcileInput(at=at, settle_seconds=settings().settle_seconds, trace=tracing.traceparent())
    instance = names.instance_id("reconcile", at.isoformat())
    # Started first: whatever a dead run's remains look like, they do not keep lost events from being found.
    await start_once(client, names.RECONCILE_EVENTS, order, instance)
    rows = await run_blocking(adapters.read_model().all)
    ended = await _end_dead_runs(client, rows, at)
    await say_again(client, rows, ended, at)
    return instance


async def _end_dead_runs(client: df.DurableFunctionsClient, rows: Iterable[ModelRow], at: datetime) -> set[str]:
    """Tell interlocks of runs that have ended and whose word has not come; the runs' instances.

    An orchestration that was terminated or purged, or that failed on something nobody thought of, cannot tell its
    interlock; the model would wait for ever. Telling twice is harmless: results carry their attempt.
    """
    settled = at - timedelta(seconds=settings().settle_seconds)  # what a younger row waits for may not have begun
    ended: set[str] = set()
    for row in rows:
        for run in row.in_flight if row.updated_at < settled else ():
            state = await client.get_orchestration_state(run.instance)
            event = how_it_ended(row, run, state, at)
            if event is not None:
                await _stop_jobs(client, run, state)  # first: nobody looks at a run of which the interlock knows
                await signal_interlock(client, event)
                ended.add(run.instance)
    return ended


async def _stop_jobs(client: df.DurableFunctionsClient, run: RunInFlight, state: OrchestrationState | None) -> None:
    """Have the jobs of a dead run cancelled: what was terminated cannot do it any more.

    Once, however often the run is found. One that completed has seen the end of its jobs.
    """
    if state is not None and state.runtime_status is OrchestrationStatus.COMPLETED:
        return
    for job in jobs_of(run):
        order = WatchJobInput(name=job, ours=True, unwanted=f"its {run.kind} {run.instance} has died")
        await start_once(client, names.WATCH_JOB, order, names.watcher(job, "reconcile"))


def jobs_of(run: RunInFlight) -> tuple[str, ...]:
    """The jobs that a run may have on the platform, by their names."""
    match run.kind:
        case "training" | "scoring" | "evaluation":
            return (run.instance,)
        case "release":
            return names.release_jobs(run.instance)
        case "rollback":
            return names.release_jobs(run.instance)[1:]
        case "retirement":
            return ()


def how_it_ended(  # noqa: PLR0911 - one return per kind of run
    row: ModelRow, run: RunInFlight, state: OrchestrationState | None, at: datetime
) -> InterlockEvent | None:
    """What the interlock must be told of a run; `None` while it goes on, waits for its slot, or may not be there yet.

    A run that completed has told it already, or its signal was lost: its own result is told again.
    """
    begun = run.turn > 0 or not run.waits_for_slot
    if not begun or (state is not None and state.runtime_status in _ALIVE):
        return None
    if state is None and at - row.updated_at < _GONE_AFTER:
        return None
    completed = state is not None and state.runtime_status is OrchestrationStatus.COMPLETED
    result = state.get_output() if state is not None and completed else None
    ended = "is gone" if state is None else f"ended as {state.runtime_status.name.lower()}"
    reason = f"Its run {run.instance} {ended} without a result."
    told: dict[str, Any] = {"model": row.model, "at": at, "trace": tracing.traceparent()}
    match run.kind:
        case "training":
            return TrainingFinished(**told, outcome=_read(result, _lost_training(row, run, reason)))
        case "scoring":
            return ScoringFinished(**told, outcome=_read(result, _lost_scoring(row, run, reason)))
        case "retirement":
            return RetirementFinished(**told, outcome=_read(result, _lost_retirement(row, run, reason)))
        case "release":
            return ReleaseFinished(**told, outcome=_read(result, _lost_release(row, run, reason)))
        case "rollback":
            return RollbackFinished(**told, outcome=_read(result, _lost_rollback(row, run, reason)))
        case "evaluation":
            return VersionEvaluated(**told, outcome=_read(result, _lost_evaluation(row, run, reason)))


def _lost_training(row: ModelRow, run: RunInFlight, reason: str) -> TrainingOutcome:
    return TrainingOutcome(model=row.model, attempt=run.attempt, outcome="failed", reason=reason)


def _lost_scoring(row: ModelRow, run: RunInFlight, reason: str) -> ScoringOutcome:
    return ScoringOutcome(
        model=row.model,
        attempt=run.attempt,
        outcome="failed",
        reason=reason,
        version=run.version or "",
        dataset=row.dataset or "",
    )


def _lost_retirement(row: ModelRow, run: RunInFlight, reason: str) -> RetirementOutcome:
    told = f"{reason} Ask again: what is gone already is fine."
    return RetirementOutcome(model=row.model, attempt=run.attempt, retired=False, reason=told)


def _lost_release(row: ModelRow, run: RunInFlight, reason: str) -> ReleaseOutcome:
    told = f"{reason} What it had done may be half done: compare the registry with what serves."
    return ReleaseOutcome(model=row.model, version=run.version or "", attempt=run.attempt, released=False, reason=told)


def _lost_rollback(row: ModelRow, run: RunInFlight, reason: str) -> RollbackOutcome:
    told = f"{reason} What it had done may be half done: compare the registry with what serves."
    return RollbackOutcome(model=row.model, attempt=run.attempt, outcome="failed", reason=told)


def _lost_evaluation(row: ModelRow, run: RunInFlight, reason: str) -> EvaluationOutcome:
    version = run.version or ""
    return EvaluationOutcome(model=row.model, version=version, attempt=run.attempt, outcome="failed", reason=reason)


def _read[C: Contract](result: Any, otherwise: C) -> C:
    """A run's own result; what older or newer code wrote and this code cannot read counts as none."""
    try:
        return type(otherwise).from_wire(result) if result is not None else otherwise
    except ValidationError:
        return otherwise


#: A run that cannot be found may be one whose start is still under way: a row's time is that of the event that led to
#: it, and a file that has just been conditioned arrived minutes ago. Only a purge leaves nothing to be found.
_GONE_AFTER: Final = timedelta(hours=1)
_ALIVE: Final = frozenset(
    {
        OrchestrationStatus.PENDING,
        OrchestrationStatus.RUNNING,
        OrchestrationStatus.SUSPENDED,
        OrchestrationStatus.CONTINUED_AS_NEW,
    }
)
