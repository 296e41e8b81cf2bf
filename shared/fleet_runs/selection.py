"""Which cells a selection by labels means, and what to say about one that means none."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from shared.contracts.policy import ModelPolicy
from shared.errors import PermanentError
from shared.fleet.patterns import PathPattern
from shared.near_names import similar

#: Values per label, any of which is wanted.
type Selection = Mapping[str, Sequence[str]]
#: Values per label that there are; none when the label takes any value, as a period does.
type Known = Mapping[str, Sequence[str]]

#: Names that count as labels: a model by its name, a cell by its dataset.
MODEL: Final = "model"
DATASET: Final = "dataset"
#: So many values of a label are told; a fleet may have a thousand models.
_TOLD: Final = 20


def model_labels(policy: ModelPolicy) -> dict[str, str]:
    """A model's labels and its name."""
    return {**policy.labels, MODEL: policy.model}


def known_values(cells: Iterable[Mapping[str, str]]) -> dict[str, tuple[str, ...]]:
    """The values that each label has in some cells, in the order in which they come."""
    found: dict[str, dict[str, None]] = {}
    for cell in cells:
        for label, value in cell.items():
            found.setdefault(label, {})[value] = None
    return {label: tuple(values) for label, values in found.items()}


def known_of_datasets(datasets: Mapping[str, Sequence[str]], matrix: Known) -> dict[str, tuple[str, ...]]:
    """What cells of datasets can be selected by, before any file is looked at.

    Args:
        datasets: The labels that each dataset comes per.
        matrix: The values of the fleet's labels.
    """
    labels = dict.fromkeys(label for per in datasets.values() for label in per)
    return {**{label: tuple(matrix.get(label, ())) for label in labels}, DATASET: tuple(datasets)}


def check_selection(select: Selection, known: Known, fleet: str) -> None:
    """Refuse a selection with a label or a value that the fleet does not have.

    Raises:
        PermanentError: `UnknownLabel` or `UnknownValue`; it says what there is.
    """
    for label, values in select.items():
        if label not in known:
            told = f"The fleet {fleet} has no label `{label}` here.{_meant(label, known)} {_there_is(known)}"
            raise PermanentError("UnknownLabel", told)
        if not values:
            told = f"No value is given for `{label}`. Give at least one, or leave the label out for all."
            raise PermanentError("UnknownValue", told)
        for value in values:
            if known[label] and value not in known[label]:
                told = f"The fleet {fleet} has no {label} `{value}`.{_meant(value, known[label])} {_there_is(known)}"
                raise PermanentError("UnknownValue", told)


def is_selected(labels: Mapping[str, str], select: Selection) -> bool:
    """Whether a cell has one of the values for every label of the selection."""
    return all(labels.get(label) in values for label, values in select.items())


def check_found(found: Sequence[object], select: Selection, known: Known, fleet: str) -> None:
    """Refuse a selection whose labels and values all exist, but in no cell together.

    Raises:
        PermanentError: `NothingSelected`; it says what there is.
    """
    if not found:
        told = f"Nothing in the fleet {fleet} has {selection_text(select)}. {_there_is(known)}"
        raise PermanentError("NothingSelected", told)


def check_prefix(prefix: str, files: Mapping[str, PathPattern], fleet: str) -> None:
    """Refuse a prefix under which no file can lie that a source takes.

    Args:
        prefix: What paths begin with, inside the landing container.
        files: Where the files of each source lie.
        fleet: Its name, for the message.

    Raises:
        PermanentError: `UnclaimedPrefix`; it says where files lie.
    """
    if not any(pattern.may_begin(prefix) for pattern in files.values()):
        there = ", ".join(pattern.text for pattern in files.values())
        told = f"No source of the fleet {fleet} takes files under `{prefix}`. Their files are {there}."
        raise PermanentError("UnclaimedPrefix", told)


def selection_text(select: Selection) -> str:
    """A selection as it is written on the command line: `origin=JFK,LGA movement=fast`; `all` when it is empty."""
    return " ".join(f"{label}={','.join(values)}" for label, values in select.items()) or "all"


def _meant(word: str, known: Iterable[str]) -> str:
    meant = similar(word, known)
    return f" Did you mean `{meant}`?" if meant else ""


def _there_is(known: Known) -> str:
    told = [f"{label}: {_values(values)}" for label, values in known.items()]
    return "There is " + "; ".join(told) + "." if told else "There is nothing to select."


def _values(values: Sequence[str]) -> str:
    if not values:
        return "any value"
    more = f" and {len(values) - _TOLD} more" if len(values) > _TOLD else ""
    return ", ".join(values[:_TOLD]) + more
