"""A fleet that has been read and found right, and the questions that the app asks of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Final

from shared.contracts.policy import ModelPolicy
from shared.errors import PermanentError
from shared.fleet.patterns import Matrix, PathPattern
from shared.located_validation import nearest

#: What every message of `PermanentError` about an unknown name ends with.
_CHANGED: Final = "the fleet file may have changed since this was started"


@dataclass(frozen=True)
class Claim:
    """Whose file a landed path is.

    Attributes:
        fleet: The fleet's name.
        source: The source's name in it.
        cell: The labels read from the path, with their case: `{"origin": "JFK", "year": "2013"}`.
    """

    fleet: str
    source: str
    cell: dict[str, str]


@dataclass(frozen=True)
class Source:
    """Raw files that land, and their recipe (relative to the fleet file)."""

    name: str
    files: PathPattern
    recipe: str


@dataclass(frozen=True)
class Dataset:
    """What is published as one version per cell."""

    name: str
    sources: tuple[str, ...]
    per: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Fleet:
    """A fleet file.

    Attributes:
        path: The file; pipelines, recipes and golden sets are relative to its folder.
        revision: Hash of its bytes.
        timezone: IANA name; the zone of every time in the file.
        models: One policy per model, in the order of the file.
        lines: The line that each model comes from.
    """

    name: str
    path: Path
    revision: str
    timezone: str
    matrix: Matrix
    sources: Mapping[str, Source]
    datasets: Mapping[str, Dataset]
    models: tuple[ModelPolicy, ...]
    lines: Mapping[str, int]

    def claim(self, path: str) -> Claim | None:
        """The source and the cell of a landed path; `None` when no source claims it."""
        for source in self.sources.values():
            cell = source.files.read(path)
            if cell is not None:
                return Claim(self.name, source.name, cell)
        return None

    def datasets_of(self, source: str) -> tuple[str, ...]:
        """Names of the datasets that are made of a source."""
        return tuple(dataset.name for dataset in self.datasets.values() if source in dataset.sources)

    def source_path(self, source: str, cell: Mapping[str, str]) -> str:
        """The path of a source's file for a cell; labels that the source does not have are left aside.

        Raises:
            PermanentError: `UnknownSource`, or the cell does not fit the source's pattern (`CellMismatch`).
        """
        try:
            return self._source(source).files.fill(cell)
        except ValueError as error:
            raise PermanentError("CellMismatch", f"{error}; {_CHANGED}") from error

    def recipe_path(self, source: str) -> Path:
        """A source's recipe.

        Raises:
            PermanentError: `UnknownSource`.
        """
        return self.path.parent / self._source(source).recipe

    def cells(self, dataset: str, claim: Claim) -> tuple[dict[str, str], ...]:
        """The cells of a dataset that a landed file concerns.

        A label that the file's path does not have takes every value of the matrix: the holidays of a year concern
        every airport.

        Raises:
            PermanentError: `UnknownDataset`.
        """
        per = self._dataset(dataset).per
        values = [[claim.cell[label]] if label in claim.cell else self.matrix[label] for label in per]
        return tuple(dict(zip(per, cell, strict=True)) for cell in product(*values))

    def sources_of(self, dataset: str) -> tuple[str, ...]:
        """Names of the sources that a dataset is made of.

        Raises:
            PermanentError: `UnknownDataset`.
        """
        return self._dataset(dataset).sources

    def models_of(self, dataset: str, cell: Mapping[str, str]) -> tuple[ModelPolicy, ...]:
        """The models that are trained on a cell of a dataset: no label of theirs says otherwise."""
        return tuple(
            policy
            for policy in self.models
            if policy.train.dataset == dataset
            and all(cell.get(label, value) == value for label, value in policy.labels.items())
        )

    def model(self, name: str) -> ModelPolicy | None:
        """One model's policy."""
        return next((policy for policy in self.models if policy.model == name), None)

    def _source(self, name: str) -> Source:
        if name not in self.sources:
            what = f"fleet `{self.name}` has no source `{name}`; {nearest(name, self.sources)}"
            raise PermanentError("UnknownSource", f"{what}; {_CHANGED}")
        return self.sources[name]

    def _dataset(self, name: str) -> Dataset:
        if name not in self.datasets:
            what = f"fleet `{self.name}` has no dataset `{name}`; {nearest(name, self.datasets)}"
            raise PermanentError("UnknownDataset", f"{what}; {_CHANGED}")
        return self.datasets[name]


@dataclass(frozen=True, eq=False)
class Fleets:
    """Every fleet of the app; model names are unique among them."""

    all: tuple[Fleet, ...]

    def claims(self, path: str) -> tuple[Claim, ...]:
        """What each fleet claims of a landed path: fleets may share their raw files."""
        return tuple(claim for fleet in self.all if (claim := fleet.claim(path)))

    def model(self, name: str) -> ModelPolicy | None:
        """One model's policy, whichever fleet it belongs to."""
        return next((policy for fleet in self.all if (policy := fleet.model(name))), None)

    def fleet(self, name: str) -> Fleet:
        """One fleet.

        Raises:
            PermanentError: `UnknownFleet`.
        """
        for fleet in self.all:
            if fleet.name == name:
                return fleet
        known = nearest(name, (fleet.name for fleet in self.all))
        raise PermanentError("UnknownFleet", f"there is no fleet `{name}`; {known}; check the setting SIGNALBOX_FLEET")
