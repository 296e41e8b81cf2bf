"""Other training code: the newest data is trained on again, if the fleet file wants that."""

from datetime import datetime

from shared.contracts.interlock import CodeChanged
from shared.interlock.precedence import why_not_trained
from shared.interlock.state import InterlockState
from shared.interlock.steps import Step, policy_of
from shared.interlock.training import train_on
from shared.interlock.values import changed


def on_code(state: InterlockState, event: CodeChanged, now: datetime) -> Step:
    """A commit is deployed: each is trained with once, on the newest data."""
    told = f"Commit {event.commit[:12]} is deployed."
    if event.commit == state.commit:
        return Step(state, (), "ignored", f"{told} It is known already.")
    if state.commit_at is not None and event.at < state.commit_at:
        return Step(state, (), "ignored", f"{told} A later one is known already.")
    after = changed(state, commit=event.commit, commit_at=event.at)
    dataset = event.dataset or state.queued or (state.trainings[-1].dataset if state.trainings else None)
    if dataset is None:
        return Step(after, (), "noted", f"{told} There is no dataset version yet to train it on.")
    blocked = why_not_trained(after, dataset)
    if "code" not in policy_of(state).retrain_when:
        blocked = "A schedule, other data or a person starts the training."
    if blocked is not None:
        return Step(after, (), "noted", f"{told} {blocked}")
    return train_on(after, dataset, now, event.trace, told, published=event.at)
