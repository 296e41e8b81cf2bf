"""What somebody asked for: remembered until it has an end, and for a while after it, so that the asker can look."""

from typing import Any, Final, Literal

from shared.contracts.interlock import RequestAnswer
from shared.contracts.read_model import RequestNote, RunInFlight
from shared.interlock.memory import Request
from shared.interlock.state import REMEMBERED, InterlockState
from shared.interlock.steps import Step, shown
from shared.interlock.values import changed, made

_REASON_LIMIT: Final = 240
#: So many travel with every row of the read model, each with so many bytes of its reason: the newest, as far as their
#: ids leave room.
_SHOWN: Final = 10
_SHOWN_REASON: Final = 240
_SHOWN_IDS: Final = 2500

type _Kind = Literal["training", "scoring"]


def known_request(state: InterlockState, kind: _Kind, request_id: str) -> Request | None:
    """A request that came before under the same id."""
    return next((one for one in state.requests if (one.kind, one.request_id) == (kind, request_id)), None)


def note(state: InterlockState, request: Request) -> InterlockState:
    """Remember a request as it stands; of those that do not wait, the oldest is forgotten first."""
    request = changed(request, reason=request.reason[:_REASON_LIMIT])
    known = known_request(state, request.kind, request.request_id)
    if known is not None:
        return changed(state, requests=tuple(request if one is known else one for one in state.requests))
    settled = [one for one in state.requests if not one.waits]
    forgotten = settled[: max(0, len(state.requests) + 1 - 2 * REMEMBERED)]
    return changed(state, requests=(*(one for one in state.requests if one not in forgotten), request))


def settle(state: InterlockState, kind: _Kind, attempt: int, outcome: str, reason: str) -> InterlockState:
    """An attempt has ended, and with it every request that it answers."""
    for request in state.requests:
        if request.kind == kind and request.attempt == attempt and request.outcome is None:
            state = note(state, changed(request, outcome=outcome, reason=reason))
    return state


def refuse_waiting(state: InterlockState, reason: str) -> InterlockState:
    """Nothing will be started for what waits."""
    for request in state.requests:
        if request.waits:
            state = note(state, changed(request, outcome="refused", reason=reason))
    return state


def answered(state: InterlockState, request: Request, decision: Any, reason: str) -> Step:
    """Note a request, and tell who asked."""
    told = RequestAnswer(decision=decision, attempt=request.attempt, reason=reason)
    return Step(note(state, changed(request, reason=reason)), (), decision, reason, told)


def refused(state: InterlockState, request: Request, reason: str) -> Step:
    """Note that a request is refused, and say why."""
    return answered(state, changed(request, outcome="refused"), "refused", reason)


def answered_again(state: InterlockState, known: Request) -> Step:
    """The same request once more: it is told how it stands, and nothing is started."""
    match known.outcome:
        case "refused" | "unchanged" as decision:
            return answered(state, known, decision, known.reason)
        case _ if known.attempt is not None:
            # What it came to, or why it was started, stays in the note.
            reason = f"{known.kind.capitalize()} {known.attempt} answers this request."
            return Step(
                state, (), "joined", reason, RequestAnswer(decision="joined", attempt=known.attempt, reason=reason)
            )
        case _:
            return answered(state, known, "waiting", known.reason)


def request_notes(state: InterlockState, in_flight: tuple[RunInFlight, ...], share: int = 1) -> tuple[RequestNote, ...]:
    """How the last few requests stand, with reasons of so large a share of what they may have."""
    last = list(state.requests[-_SHOWN:])
    while sum(len(one.request_id.encode()) for one in last) > _SHOWN_IDS:
        del last[0]
    queued = {run.key for run in in_flight if run.waits_for_slot}
    return tuple(
        made(
            RequestNote,
            request_id=one.request_id,
            kind=one.kind,
            outcome=one.outcome or ("waiting" if one.waits or f"{one.kind}-{one.attempt}" in queued else "running"),
            reason=shown(one.reason, _SHOWN_REASON // share),
            attempt=one.attempt,
        )
        for one in last
    )
