"""The rule of adoption: a version that served before Signalbox knew of it is the one in production from now on.

Nothing is tested and nothing moves: a person says what is so. What it came from is not known, and that is told. Until
the registry has been told, nothing else changes production: its word would come late, and turn that back.
"""

from datetime import datetime

from shared.contracts.interlock import AdoptionFinished, RequestAnswer
from shared.contracts.orders import AdoptOrdered
from shared.interlock.memory import Adopting, Champion
from shared.interlock.releasing import as_good
from shared.interlock.state import InterlockState
from shared.interlock.steps import Step, accept, adoption_end, cut, refuse, remember, sentence, unchanged
from shared.interlock.values import changed


def on_adoption(state: InterlockState, order: AdoptOrdered, now: datetime) -> Step:
    """A person says which version is in production; without its number, whether it could be is answered."""
    version, champion = order.version, state.champion
    if champion is not None and champion.version == version and champion.stands_in is None:
        return unchanged(state, f"Version {version} is in production since {champion.since.isoformat()}.")
    if (why := _in_the_way(state, now)) is not None:
        return refuse(state, why)
    if champion is not None and not order.replace:
        told = f"Version {champion.version} is in production: `--replace` puts {order.uri} in its place all the same"
        by_gates = f"; `signalbox release {state.model}@{version}` does so by the gates" if version else ""
        return refuse(state, f"{told}{by_gates}.")
    if version is None:
        reason = f"{order.by} adopts {order.uri}, which is registered as a version of the model first."
        told_so = RequestAnswer(decision="waiting", attempt=None, reason=reason)
        return Step(state, (), "waiting", reason, told_so)
    candidate = changed(
        state.candidate(version), registered=True, released=True, barred="", ended=None, ordered=None, wanted=False
    )
    previous = champion.version if champion is not None and champion.stands_in is None else None
    adopted = Champion(version=version, since=now, serving=None, previous=previous)
    told = f"{order.by} adopted version {version} ({order.uri}), whose lineage is unknown: {sentence(order.reason)}"
    reason = cut(told)
    after = changed(
        remember(state, candidate),
        champion=adopted,
        adopting=Adopting(version=version, request_id=order.request_id, at=now),
        last_good=as_good(state),
        health=(),
        drift=None,
        reason=reason,
    )
    return accept(after, reason)


def on_adopted(state: InterlockState, event: AdoptionFinished) -> Step:
    """The registry says it, too, or a person has read why not: what has waited for that may begin."""
    mine = state.adopting
    if mine is None or (mine.version, mine.request_id) != (event.version, event.request_id):
        return Step(state, (), "ignored", f"The adoption of version {event.version} is not in flight.")
    return Step(changed(state, adopting=None), (), "adopted", f"The adoption of version {event.version} has ended.")


def _in_the_way(state: InterlockState, now: datetime) -> str | None:
    """What changes production, or publishes what the version in production says."""
    if state.adopting is not None and adoption_end(state, now) is not None:
        return f"The adoption of version {state.adopting.version} is in flight: order it again when that has ended."
    if state.retirement is not None:
        return f"The model is {state.summary}: no version of it serves any more."
    if state.rollback is not None:
        return f"Rollback {state.rollback.attempt} is in flight: order it again when that has ended."
    if state.release is not None:
        release = state.release
        return (
            f"Release {release.attempt} of version {release.version} is in flight: order it again when that has ended."
        )
    if state.scoring is not None:
        return f"Scoring {state.scoring.attempt} is in flight: order it again when that has ended."
    return None
