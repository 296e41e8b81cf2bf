"""Asking a person whether a version may go to production."""

from datetime import timedelta
from typing import Final

from functions import adapters
from functions.boundary import activity
from functions.telling import chart_of, link_to, tell
from shared.blocking import run_blocking
from shared.contracts.approval import ApprovalAsked, AskApprovalInput
from shared.contracts.fleet_runs import RunRow
from shared.contracts.notification import Message
from shared.fleet_runs.places import waiting_path
from shared.release.question import difference, question

#: A few channels, each with its attempts.
_TIMEOUT: Final = 240.0
#: Who has less than this to answer is asked at once.
_PATIENT_MINUTES: Final = timedelta(days=1) // timedelta(minutes=1)


@activity
async def ask_approval(order: AskApprovalInput) -> ApprovalAsked:
    """Ask on every channel of the fleet, or in the digest of the run that the version comes from.

    A channel that cannot be reached is left out, and told of in the log: the release waits all the same, and shows it.
    """
    return ApprovalAsked(told=await run_blocking(_ask, order, timeout=_TIMEOUT))


def _ask(order: AskApprovalInput) -> tuple[str, ...]:
    if not order.policy.notify:
        return ()
    rows = adapters.ledger().rows(order.model)
    against = difference(order.version, rows, order.policy.gates, order.champion)
    message = question(order, against, link_to(order.model), chart_of(order.model))
    run = _run_of(order)
    if run is not None and _kept_for_digest(run, message):
        return (f"digest:{run.run}",)
    return tell(order.policy.notify, message)


def _run_of(order: AskApprovalInput) -> RunRow | None:
    """The run of the fleet that the version was trained in, while that goes on: its end tells of all its versions."""
    policy = order.policy.release.approval
    if order.why == "inconclusive" or policy is None or policy.within_minutes < _PATIENT_MINUTES:
        return None
    row = adapters.read_model().get(order.model)
    asked = [note.request_id for note in row.requests if note.kind == "training"] if row else []
    run = adapters.runs().get(asked[-1]) if asked else None
    return run if run is not None and run.ended_at is None else None


def _kept_for_digest(run: RunRow, message: Message) -> bool:
    """Keep the message, and look again whether the run still goes on.

    The run ends first and reads what was kept afterwards, so one of the two sees the other.
    """
    path = waiting_path(run.fleet, run.run, message.key)
    adapters.data().write_once(path, message.model_dump_json().encode(), content_type="application/json")
    now = adapters.runs().get(run.run)
    return now is not None and now.ended_at is None
