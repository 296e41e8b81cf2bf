"""What comes first in training: newer data before older, what was asked for before what merely arrived."""

from datetime import date, datetime
from typing import Final

from shared.contracts.datasets import DatasetRef
from shared.contracts.training import NOT_WANTED
from shared.interlock.runs import Training
from shared.interlock.state import InterlockState
from shared.interlock.steps import policy_of

#: Why data alone leads to no training.
WATCHES_ONLY: Final = "Level 1 watches only: ask for the training, or set `level: 2` or more in the fleet file."
#: Ends that leave a dataset version untrained.
_NOT_TRAINED: Final = NOT_WANTED | {"failed"}


def past_training(state: InterlockState, version: str) -> Training | None:
    """The last training on a dataset version that has not failed, and was not given up."""
    found = [one for one in state.trainings if one.dataset.version == version and one.outcome not in _NOT_TRAINED]
    return found[-1] if found else None


def why_not_trained(state: InterlockState, dataset: DatasetRef) -> str | None:
    """What keeps a dataset from being trained on without anybody asking."""
    if state.retirement is not None:
        return f"The model is {state.summary}."
    if policy_of(state).level < 2:
        return WATCHES_ONLY
    if (newer := _superseding(state, dataset)) is not None:
        return (
            f"Training {newer.attempt} on {newer.dataset.version} superseded it: ask for the training if it is wanted."
        )
    newest = _newest_end(state, dataset.dataset) if dataset.ends is not None else None
    if newest is not None and dataset.ends is not None and dataset.ends < newest:
        return (
            f"Its period ends on {dataset.ends}, before {newest}, which the model knows already: ask for the training "
            f"if it is wanted."
        )
    return None


def not_older(published: datetime | None, other: datetime | None) -> bool:
    """Whether data may take the place of other data; of what was published at once, the one told last."""
    return published is not None and (other is None or published >= other)


def gives_way(state: InterlockState, current: Training) -> bool:
    """Whether newer data may supersede a training: not one that somebody asked for, nor two in a row.

    Else data that comes faster than the platform's queue moves would keep a model from ever being trained.
    """
    before = [one for one in state.trainings if one.attempt < current.attempt]
    superseded = bool(before) and before[-1].outcome == "superseded"
    return current.outcome == "running" and not superseded and not asked_for(state, current)


def asked_for(state: InterlockState, training: Training) -> bool:
    """Whether somebody waits for this training, and not only newer data led to it."""
    return any(one.kind == "training" and one.attempt == training.attempt for one in state.requests)


# ── How ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _newest_end(state: InterlockState, name: str) -> date | None:
    """The end of the newest period that is trained on, or waits for it."""
    known = [one.dataset for one in state.trainings if one.outcome not in _NOT_TRAINED]
    known += [state.queued] if state.queued else []
    return max((one.ends for one in known if one.dataset == name and one.ends is not None), default=None)


def _superseding(state: InterlockState, dataset: DatasetRef) -> Training | None:
    """The training that took the place of one on this dataset version, whose event has come late or again."""
    last = next((one for one in reversed(state.trainings) if one.dataset.version == dataset.version), None)
    if last is None or last.outcome != "superseded":
        return None
    later = (one for one in state.trainings if one.attempt > last.attempt and one.outcome not in _NOT_TRAINED)
    return next(later, None)
