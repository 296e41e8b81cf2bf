"""A fleet that has been read and found right, and the questions that the app asks of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Final

from shared.contracts.policy import ModelPolicy, RetentionPolicy
from shared.errors import PermanentError
from shared.fleet.data import Claim, Dataset, Source
from shared.fleet.patterns import Matrix, fill_name
from shared.fleet.periods import is_shorter, read_period, values_overlapping
from shared.near_names import nearest

if TYPE_CHECKING:
    from shared.fleet.overrides import Override  # it reads the file's schema, which a cold start does not need

#: What every message of `PermanentError` about an unknown name ends with.
_CHANGED: Final = "the fleet file may have changed since this was started"


@dataclass(frozen=True, eq=False)
class Fleet:
    """A fleet file.

    Attributes:
        path: The file; pipelines, recipes and golden sets are relative to its folder.
        revision: Hash of its bytes.
        timezone: IANA name; the zone of every time in the file.
        models: One policy per model, in the order of the file.
        lines: The line that each model comes from.
        environment: The one of the file's environments that is laid over it; `None` for the file as it is.
        schedule: What is started by the clock, as it is written: `{"train": "Mon 10:00"}`.
        retention: How long what is not needed any more is kept.
        overrides: Exceptions to gates.
        notify: The channels that digests of its runs go to.
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
    environment: str | None = None
    schedule: Mapping[str, str] = field(default_factory=dict)
    retention: RetentionPolicy = field(default_factory=RetentionPolicy)
    overrides: "tuple[Override, ...]" = ()
    notify: tuple[str, ...] = ()

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

    def recipe_path(self, source: str, cell: Mapping[str, str]) -> Path:
        """A source's recipe for a cell.

        Raises:
            PermanentError: `UnknownSource`, or the cell lacks a label of the recipe (`CellMismatch`).
        """
        recipe = self.source(source).recipe
        try:
            return self.path.parent / fill_name(recipe, cell)
        except KeyError as error:
            what = f"the recipe {recipe} needs a value for {error}, and the cell is {dict(cell)}"
            raise PermanentError("CellMismatch", f"{what}; {_CHANGED}") from error

    def cells(self, dataset: str, claim: Claim) -> tuple[dict[str, str], ...]:
        """The cells of a dataset that a landed file concerns.

        A label that the file's path does not have takes every value of the matrix: the holidays of a year concern
        every airport. A period takes every value that has a day in common with the file's own; the cells of a file
        without a period are not known from its path, so there are none.

        Raises:
            PermanentError: `UnknownDataset`.
        """
        wanted, source = self.dataset(dataset), self.source(claim.source)
        values: list[Sequence[str]] = []
        for label in wanted.per:
            if label == wanted.period and source.period is None:
                return ()
            if label == wanted.period and source.period is not None:
                days = read_period(source.period, claim.cell[source.period])
                values.append(tuple(values_overlapping(label, days)))
            else:
                values.append([claim.cell[label]] if label in claim.cell else self.matrix[label])
        return tuple(dict(zip(wanted.per, cell, strict=True)) for cell in product(*values))

    def leads(self, dataset: str, source: str) -> bool:
        """Whether a file of the source is enough to say that there is a cell.

        The flights of a month are; the holidays of a year say nothing of which months there are, nor does a file
        without a period. Where all sources are of that kind, those with the shortest periods lead.

        Raises:
            PermanentError: `UnknownDataset` or `UnknownSource`.
        """
        wanted = self.dataset(dataset)
        if wanted.period is None:
            return True
        own, all_ = self.source(source).period, [self.source(name).period for name in wanted.sources]
        periods = [period for period in all_ if period is not None]
        short = [period for period in periods if is_shorter(period, wanted.period)]
        return own in short if short else own is not None and all(is_shorter(own, one) for one in periods)

    def check_cell(self, dataset: str, cell: Mapping[str, str]) -> None:
        """That a cell is one of the dataset.

        Raises:
            PermanentError: `UnknownDataset`, or it is not (`CellMismatch`).
        """
        fault = self._cell_fault(self.dataset(dataset), cell)
        if fault:
            raise PermanentError("CellMismatch", f"{dict(cell)} is no cell of `{dataset}`: {fault}; {_CHANGED}")

    def sources_of(self, dataset: str) -> tuple[str, ...]:
        """Names of the sources that a dataset is made of.

        Raises:
            PermanentError: `UnknownDataset`.
        """
        return self.dataset(dataset).sources

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
        return self._by_name.get(name)

    @cached_property
    def _by_name(self) -> dict[str, ModelPolicy]:
        return {policy.model: policy for policy in self.models}

    def source(self, name: str) -> Source:
        """One source.

        Raises:
            PermanentError: `UnknownSource`.
        """
        if name not in self.sources:
            what = f"fleet `{self.name}` has no source `{name}`; {nearest(name, self.sources)}"
            raise PermanentError("UnknownSource", f"{what}; {_CHANGED}")
        return self.sources[name]

    def dataset(self, name: str) -> Dataset:
        """One dataset.

        Raises:
            PermanentError: `UnknownDataset`.
        """
        if name not in self.datasets:
            what = f"fleet `{self.name}` has no dataset `{name}`; {nearest(name, self.datasets)}"
            raise PermanentError("UnknownDataset", f"{what}; {_CHANGED}")
        return self.datasets[name]

    def _cell_fault(self, dataset: Dataset, cell: Mapping[str, str]) -> str:
        if set(cell) != set(dataset.per):
            return f"it needs {', '.join(dataset.per)}"
        for label, value in cell.items():
            if value not in self.matrix.get(label, (value,)):
                return f"`{value}` is no {label}, {nearest(value, self.matrix[label])}"
        try:
            dataset.period_of(cell)
        except ValueError as error:
            return str(error)
        return ""


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
