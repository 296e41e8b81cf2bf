"""Who waits to be told how a run ends: kept when the run is begun, and looked after until it is told.

Each address is a caller of its own. An activity that is run again comes with the same request and another address: it
follows the same run, and both are told, since nobody can know whether the first one still waits. An address at which
nobody waits any more refuses the callback: that is a dead letter only where no other address of the run is told.
"""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

import azure.durable_functions as df
import azure.functions as func
from durabletask.client import OrchestrationState, OrchestrationStatus
from pydantic import ValidationError

from functions import adapters, metering, tracing
from functions.callback_answers import CHANNEL, delivery_key, told_of
from functions.triggers.http import BadRequestError, answer, problem
from functions.triggers.starting import start_once, utc_now
from shared import names
from shared.blocking import run_blocking
from shared.contracts.callbacks import (
    AnswerCallbackInput,
    Callback,
    CallbackOperation,
    Follower,
    RunEnd,
    TrainingEnd,
)
from shared.contracts.deliveries import Outcome
from shared.contracts.fleet_runs import RunOutcome, RunRow
from shared.contracts.training import TrainingOutcome
from shared.errors import PermanentError, TransientError
from shared.fleet_runs.digest import is_failure

_LOG: Final = logging.getLogger(__name__)
#: Of one run; each is a durable wait of its own.
_MOST: Final = 20
#: How long the address of a dead letter is kept.
_KEPT: Final = timedelta(days=7)
#: A run that cannot be found may be one that is just being begun.
_GONE_AFTER: Final = timedelta(hours=1)
#: A name that cannot be resolved in time is resolved later.
_CHECKING: Final = 20.0
_ENDED: Final = {
    OrchestrationStatus.COMPLETED: "completed",
    OrchestrationStatus.FAILED: "failed",
    OrchestrationStatus.TERMINATED: "terminated",
}


async def check_callback(uri: str | None) -> None:
    """Refuse an address to which nothing may be sent, before anything begins.

    Raises:
        BadRequestError: It is on no list, or leads where only the app can reach.
    """
    if uri is None:
        return
    try:
        await run_blocking(adapters.caller_back().check, uri, timeout=_CHECKING)
    except TransientError:  # its host cannot be found in time; it is looked at again before anything is sent
        return
    except PermanentError as error:
        raise BadRequestError(400, "callback-not-allowed", error.message) from error


async def keep_callback(
    uri: str | None, run: str, operation: CallbackOperation, *, fleet: str | None = None, model: str | None = None
) -> Callback | None:
    """Keep an address until the run has ended; `None` where there is none, or it has been told already.

    Raises:
        BadRequestError: Too many wait for the end of that run.
    """
    if uri is None:
        return None
    reference = names.content_hash(uri, length=16)
    told = await run_blocking(adapters.inbox().get, CHANNEL, delivery_key(run, reference))
    if told is not None and told.outcome == "done":
        return None
    follower = Follower(
        run=run, callback=reference, operation=operation, fleet=fleet, model=model, trace=tracing.traceparent()
    )
    return await run_blocking(_add, Callback(follower=follower, uri=uri, asked_at=utc_now()))


def _add(callback: Callback) -> Callback:
    kept, follower = adapters.callbacks(), callback.follower
    there = kept.of(follower.run)
    known = next((one for one in there if one.follower.callback == follower.callback), None)
    if known is not None:
        return known
    if sum(one.state == "open" for one in there) >= _MOST:
        told = f"{_MOST} others wait already for the end of {follower.run}; no more are told."
        raise BadRequestError(409, "too-many-callbacks", told)
    kept.add(callback)
    return callback


async def follow(client: df.DurableFunctionsClient, callback: Callback) -> None:
    """Have somebody wait for the end of the run; of one that has ended it is told at once."""
    follower = callback.follower
    instance = names.follower(follower.run, follower.callback, callback.attempt)
    await start_once(client, names.ANSWER_CALLBACK, AnswerCallbackInput(follower=follower, at=utc_now()), instance)
    end = await _end_of(client, follower.run)
    if end is not None:
        await client.raise_orchestration_event(instance, names.RUN_ENDED, data=end.to_wire())


async def call_back_again(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """Call back once more whoever was to be told how a run ended, and was not; answers 202.

    Those that were refused, or that nobody took for a day, are kept for a week.
    """
    run = req.route_params["id"]
    dead = [one for one in await run_blocking(adapters.callbacks().of, run) if one.state == "dead"]
    if not dead:
        told = f"Nobody is left to be told how {run} ended: `GET /api/deliveries?channel={CHANNEL}` tells who was."
        return problem(404, "nobody-to-tell", told)
    with tracing.span("call_back_again", None):
        again = [one.model_copy(update={"state": "open", "attempt": one.attempt + 1, "refused": False}) for one in dead]
        for one in again:  # before the first is called: once it is told, those that still have refused are forgotten
            await run_blocking(adapters.callbacks().replace, one)
        for one in again:
            await follow(client, one)
    return answer(202, {"id": run, "callbacks": len(dead)})


async def look_after_callbacks(client: df.DurableFunctionsClient, at: datetime) -> None:
    """Tell those who wait of runs that ended without a word, and forget old dead letters.

    A run that is terminated tells nobody, and one that was begun before anybody followed it does not know of them. One
    that cannot be looked after now keeps no other one from it.
    """
    for callback in await run_blocking(adapters.callbacks().all):
        try:
            await _look_after(client, callback, at)
        except Exception:  # noqa: BLE001 - whatever it raises, the others are told
            follower = callback.follower
            _LOG.exception("the callback %s of %s cannot be looked after", follower.callback, follower.run)


async def _look_after(client: df.DurableFunctionsClient, callback: Callback, at: datetime) -> None:
    if callback.state == "dead":
        if at - (callback.dead_at or callback.asked_at) > _KEPT:
            await run_blocking(_forget, callback, at)
        return
    follower = callback.follower
    instance = names.follower(follower.run, follower.callback, callback.attempt)
    state = await client.get_orchestration_state(instance)
    if state is None:
        await follow(client, callback)
        return
    if state.runtime_status in _ENDED:
        await run_blocking(_settle, callback, state, at)
        return
    status = state.get_custom_status()
    if not isinstance(status, dict) or status.get("step") != "waiting":
        return
    end = await _end_of(client, follower.run, gone=at - callback.asked_at > _GONE_AFTER)
    if end is not None:
        await client.raise_orchestration_event(instance, names.RUN_ENDED, data=end.to_wire())


def _settle(callback: Callback, state: OrchestrationState, at: datetime) -> None:
    """What becomes of an address whose follower has ended without writing down how."""
    follower, kept = callback.follower, adapters.callbacks()
    told = adapters.inbox().get(CHANNEL, delivery_key(follower.run, follower.callback))
    if told is not None and told.outcome == "done":
        kept.remove(follower.run, follower.callback)
        return
    known = "may have been told" if callback.unsure else "was not told"
    _write_down(
        callback,
        "dead",
        f"Whoever waited {known}: {state.instance_id} ended as {state.runtime_status.name.lower()}.",
        at,
    )
    kept.replace(callback.model_copy(update={"state": "dead", "dead_at": at}))


def _forget(callback: Callback, at: datetime) -> None:
    """Delete an address that nobody had called once more; what needed a person needs nobody any more."""
    told = adapters.inbox().get(CHANNEL, delivery_key(callback.follower.run, callback.follower.callback))
    if told is None or told.outcome == "dead":
        why = f" {told.reason}" if told is not None else ""
        _write_down(callback, "ignored", f"Its address was forgotten after a week.{why}", at)
    adapters.callbacks().remove(callback.follower.run, callback.follower.callback)


def _write_down(callback: Callback, outcome: Outcome, reason: str, at: datetime) -> None:
    delivery = told_of(callback.follower, outcome, reason, at)
    adapters.inbox().conclude(delivery)
    metering.count_delivery(delivery)


async def _end_of(client: df.DurableFunctionsClient, run: str, *, gone: bool = False) -> RunEnd | None:
    """How a run has ended; `None` while it goes on.

    Of one that was deleted after its time its row is left for a while; of one without either, only time tells that it
    is not just being begun (`gone`).
    """
    state = await client.get_orchestration_state(run)
    if state is not None:
        return how_it_ended(state)
    row = await run_blocking(adapters.runs().get, run)
    if row is not None and row.ended_at is not None:
        return _end_in(row)
    told = f"The run {run} was deleted before it could be told how it ended."
    return RunEnd(state="gone", reason=told) if gone else None


def _end_in(row: RunRow) -> RunEnd:
    """How a run ended by its row; one without cells could not be planned, and failed whatever `fail_on` says."""
    outcome = RunOutcome(run=row.run, state=row.state, reason=row.reason, counts=row.counts)
    failed = is_failure(outcome, row.fail_on) or not row.counts
    return RunEnd(state="failed" if failed else "completed", reason=row.reason[:1000])


def how_it_ended(state: OrchestrationState | None) -> RunEnd | None:
    """How a run has ended, as the durable backend tells it; `None` while it goes on."""
    if state is None or state.runtime_status not in _ENDED:
        return None
    failure = state.failure_details
    reason = failure.message if failure is not None else f"It ended as {_ENDED[state.runtime_status]}."
    told = {"state": _ENDED[state.runtime_status], "reason": reason[:1000], "training": _training(state)}
    return RunEnd.model_validate(told)


def _training(state: OrchestrationState) -> TrainingEnd | None:
    """What became of a single training: it is in the result, or in the status of one that did not pass."""
    if state.name != names.TRAIN_ON_REQUEST:
        return None
    status = state.get_custom_status()
    for told in _tellings(state, status if isinstance(status, dict) else {}):
        try:
            return TrainingEnd.from_wire(told)
        except ValidationError:
            continue
    return None


def _tellings(state: OrchestrationState, status: dict[str, Any]) -> Iterable[dict[str, Any]]:
    if state.runtime_status is OrchestrationStatus.COMPLETED:
        try:
            outcome = TrainingOutcome.from_wire(state.get_output())
        except ValidationError:
            return
        yield {"outcome": outcome.outcome, "attempt": outcome.attempt, "version": outcome.version}
    yield {"outcome": status.get("step"), "attempt": status.get("attempt")}
