"""Names of models: texts with labels, of which some may be held to one value (`{movement=fast}`)."""

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from shared.fleet.patterns import Matrix, fill_name, labels_in

_FIXED: Final = re.compile(r"\{([a-z][a-z0-9_]*)=([^{}]*)\}")
_LABEL: Final = re.compile(r"\{[a-z][a-z0-9_]*\}")


@dataclass(frozen=True)
class ModelName:
    """The name of a model in the fleet file.

    Attributes:
        written: As it stands there: `departures-{origin}-{movement=fast}`.
        text: With plain labels only: `departures-{origin}-{movement}`.
        labels: Each once, in their order.
        fixed: Labels that are held to one value.
    """

    written: str
    text: str
    labels: tuple[str, ...]
    fixed: Mapping[str, str]

    def cells(self, matrix: Matrix) -> Iterator[dict[str, str]]:
        """The labels of each model that has this name."""
        values = [
            tuple(value for value in matrix[label] if value == self.fixed.get(label, value)) for label in self.labels
        ]
        for cell in itertools.product(*values):
            yield dict(zip(self.labels, cell, strict=True))

    def filled(self, labels: Mapping[str, str]) -> str:
        """The registered model's name."""
        return fill_name(self.text, labels)


def read_model_name(written: str) -> ModelName:
    """Read a name; whether its labels and values exist is checked elsewhere."""
    text = _FIXED.sub(r"{\1}", written)
    return ModelName(written, text, labels_in(text), dict(_FIXED.findall(written)))


def fixed_twice(written: str) -> str | None:
    """A label that a name holds to two values."""
    seen: dict[str, str] = {}
    return next((label for label, value in _FIXED.findall(written) if seen.setdefault(label, value) != value), None)


def baseline_name(name: ModelName, per: Iterable[str]) -> str:
    """The name of the baselines of a group: `baseline` stands for the labels that they share.

    The first of these labels is replaced and the others are dropped: `departures-{origin}-{format}-{movement}` per
    origin gives `departures-{origin}-baseline`.
    """
    kept = set(per)
    words = iter(("baseline",))

    def shared_or_kept(match: re.Match[str]) -> str:
        return match[0] if match[0][1:-1] in kept else next(words, "")

    text = _LABEL.sub(shared_or_kept, name.text)
    text = re.sub("-+", "-", text).strip("-")
    return text if next(words, None) is None else f"{text}-baseline"
