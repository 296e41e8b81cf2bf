"""What the caller of a request may see of the fleets, kept for as long as the request is answered.

Readers of some models are answered as if there were no others: `adapters.fleets()` gives them their part of each fleet,
so that neither a list, a count nor a near name tells of what is not theirs. Everybody else, and whatever no request has
asked for, sees everything.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from functions import adapters
from shared.fleet.fleet import Fleet, Fleets
from shared.fleet.seen import SeenFleet, seen_fleets
from shared.fleet_runs.selection import MODEL, known_values, model_labels

_MODELS: Final[ContextVar[frozenset[str] | None]] = ContextVar("models_in_sight", default=None)
#: A label with its values, as commands, cells and holds write them: `origin=JFK,LGA`, `origin=JFK|LGA`.
_VALUES: Final = re.compile(r"(?<![\w&?.])(\w+)=([^\s,|()\"'`<>&;=]+(?:[,|](?!\w+=)[^\s,|()\"'`<>&;=]+)*)")
_OTHERS: Final = "…"


@contextmanager
def only(models: Collection[str]) -> Iterator[None]:
    """See these models alone, and what they work with."""
    token = _MODELS.set(frozenset(models))
    try:
        yield
    finally:
        _MODELS.reset(token)


@contextmanager
def everything() -> Iterator[None]:
    """See all there is, whoever asks: for what depends on it, and does not tell of it."""
    token = _MODELS.set(None)
    try:
        yield
    finally:
        _MODELS.reset(token)


def is_whole() -> bool:
    """Whether everything is seen."""
    return _MODELS.get() is None


def seen_of(fleets: Fleets) -> Fleets:
    """What is seen of the fleets."""
    models = _MODELS.get()
    return fleets if models is None else seen_fleets(fleets, models)


def sees_model(model: str) -> bool:
    """Whether a model is seen; one that is in no fleet file is seen by those who see everything."""
    models = _MODELS.get()
    return models is None or model in models


def sees_fleet(fleet: str) -> bool:
    """Whether one of its models is seen."""
    return is_whole() or _part(fleet) is not None


def sees_cell(fleet: str, dataset: str, cell: Mapping[str, str]) -> bool:
    """Whether a model that is seen works with a cell of a dataset."""
    return is_whole() or ((part := _part(fleet)) is not None and part.has_cell(dataset, cell))


def sees_file(fleet: str, source: str, cell: Mapping[str, str]) -> bool:
    """Whether a model that is seen works with a dataset that files of a source with these labels are for."""
    return is_whole() or ((part := _part(fleet)) is not None and part.has_file(source, cell))


def sees_path(path: str, source: str) -> bool:
    """Whether a model that is seen works with a landed file, which is of a source of that name."""
    if is_whole():
        return True
    claims = (part.claim(path) for part in _parts())
    return any(claim is not None and claim.source == source for claim in claims)


def without_others(text: str) -> str:
    """A text in which labels have only those of their values that a model which is seen has.

    Holds and commands name all the models that they are about.
    """
    if is_whole():
        return text
    known = known_values(model_labels(policy) for part in _parts() for policy in part.models)
    known.setdefault(MODEL, ())
    return _VALUES.sub(lambda found: _own_values(found, known), text)


def _own_values(found: re.Match[str], known: Mapping[str, Collection[str]]) -> str:
    label, values = found.groups()
    if label not in known:
        return found[0]
    separator = "|" if "|" in values else ","
    every = values.split(separator)
    own = [value for value in every if value.rstrip(".") in known[label]]
    return found[0] if len(own) == len(every) else f"{label}={separator.join(own) or _OTHERS}"


def _part(fleet: str) -> SeenFleet | None:
    return next((part for part in _parts() if part.name == fleet and isinstance(part, SeenFleet)), None)


def _parts() -> tuple[Fleet, ...]:
    return seen_of(adapters.fleets()).all
