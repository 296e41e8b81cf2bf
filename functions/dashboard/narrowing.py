"""The list of models, narrowed as its address says: by state, fleet, part of the name, labels, or what they need."""

from collections.abc import Mapping, Sequence, Set
from datetime import datetime
from typing import Final

from functions.dashboard.attention import model_needs
from functions.dashboard.commands import Commands
from functions.dashboard.heatmap import labels_of
from functions.dashboard.seen import BUSY, FLEET, Model

#: What a label's name begins with in an address: it may be called as something else that narrows the list.
_LABEL: Final = "label."
_STATE, _NAME, _NEEDS = "state", "name", "needs"


def wanted_of(params: Mapping[str, str]) -> dict[str, str]:
    """What narrows the list, of all that an address says; what is not known narrows nothing."""
    return {name: value for name, value in params.items() if value and _narrows(name)}


def as_query(labels: Mapping[str, str]) -> dict[str, str]:
    """Labels as an address says them."""
    return {name if name == FLEET else f"{_LABEL}{name}": value for name, value in labels.items()}


def narrowed(models: Sequence[Model], wanted: Mapping[str, str], commands: Commands, now: datetime) -> list[Model]:
    """The models that are as wanted."""
    needs = model_needs(models, commands, now) if _NEEDS in wanted else ()
    named = {need.key: frozenset(item.name for item in need.items) for need in needs}
    return [model for model in models if _is_wanted(model, wanted, named)]


def _narrows(name: str) -> bool:
    return name in (FLEET, _STATE, _NAME, _NEEDS) or name.startswith(_LABEL)


def _is_wanted(model: Model, wanted: Mapping[str, str], needs: Mapping[str, Set[str]]) -> bool:
    return all(_fits(model, name, value, needs) for name, value in wanted.items())


def _fits(model: Model, name: str, value: str, needs: Mapping[str, Set[str]]) -> bool:
    if name == _STATE:
        return model.state in BUSY if value == "busy" else model.state == value
    if name == _NAME:
        return value.lower() in model.name.lower()
    if name == _NEEDS:
        return model.name in needs.get(value, ())
    return labels_of(model).get(name.removeprefix(_LABEL)) == value
