"""A fleet as somebody sees it who may see some of its models only: what none of these works with is not there."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache
from typing import Any, override

from shared.contracts.policy import ModelPolicy
from shared.fleet.data import Claim, Dataset
from shared.fleet.fleet import Fleet, Fleets
from shared.fleet.patterns import Matrix

#: Labels of models that agree with each other in which they have, by their names: each as its pairs.
type _Labels = Mapping[frozenset[str], Collection[frozenset[tuple[str, str]]]]


@dataclass(frozen=True, eq=False)
class SeenFleet(Fleet):
    """The part of a fleet that some of its models work with: made by `seen_fleet`."""

    @override
    def claim(self, path: str) -> Claim | None:
        """The source and the cell of a landed path, where one of the models works with it."""
        claim = super().claim(path)
        return claim if claim is not None and self.has_file(claim.source, claim.cell) else None

    @override
    def cells(self, dataset: str, claim: Claim) -> tuple[dict[str, str], ...]:
        """The cells that a landed file concerns and one of the models works with."""
        return tuple(cell for cell in super().cells(dataset, claim) if self.has_cell(dataset, cell))

    def has_cell(self, dataset: str, cell: Mapping[str, str]) -> bool:
        """Whether one of the models works with a cell: no label of its own says otherwise."""
        by_names = self._labels(dataset, frozenset(cell))
        return any(frozenset((name, cell[name]) for name in names) in found for names, found in by_names.items())

    def has_file(self, source: str, cell: Mapping[str, str]) -> bool:
        """Whether one of the models works with a dataset that files of a source with these labels are for."""
        return any(self.has_cell(dataset, cell) for dataset in self.datasets_of(source))

    @override
    def _cell_fault(self, dataset: Dataset, cell: Mapping[str, str]) -> str:
        fault = super()._cell_fault(dataset, cell)
        return fault or ("" if self.has_cell(dataset.name, cell) else "no model that you may see works with it")

    def _labels(self, dataset: str, names: frozenset[str]) -> _Labels:
        """What the models that work with a dataset say of these labels; looked up once."""
        if (dataset, names) not in self._looked_up:
            found: dict[frozenset[str], set[frozenset[tuple[str, str]]]] = {}
            for policy in self.models:
                if dataset in datasets_of(policy):
                    pairs = frozenset((name, value) for name, value in policy.labels.items() if name in names)
                    found.setdefault(frozenset(name for name, _ in pairs), set()).add(pairs)
            self._looked_up[dataset, names] = found
        return self._looked_up[dataset, names]

    @cached_property
    def _looked_up(self) -> dict[tuple[str, frozenset[str]], _Labels]:
        return {}


def datasets_of(policy: ModelPolicy) -> frozenset[str]:
    """The datasets that a model works with: it is trained on one, and may score another."""
    return frozenset(name for name in (policy.train.dataset, policy.serve.dataset) if name)


@lru_cache(maxsize=64)
def seen_fleet(fleet: Fleet, models: frozenset[str]) -> SeenFleet:
    """The part of a fleet that these models are, and work with; it may be nothing.

    Values of its matrix that none of them has are not there; of a label that one of them does not have, all are.
    """
    mine = tuple(policy for policy in fleet.models if policy.model in models)
    datasets = {name for policy in mine for name in datasets_of(policy)}
    sources = {source for name in datasets & fleet.datasets.keys() for source in fleet.datasets[name].sources}
    changes: dict[str, Any] = {
        "models": mine,
        "matrix": _narrowed(fleet.matrix, mine),
        "datasets": {name: one for name, one in fleet.datasets.items() if name in datasets},
        "sources": {name: one for name, one in fleet.sources.items() if name in sources},
        "lines": {name: line for name, line in fleet.lines.items() if name in models},
        "overrides": (),
    }
    return SeenFleet(**{one.name: getattr(fleet, one.name) for one in fields(Fleet)} | changes)


def seen_fleets(fleets: Fleets, models: frozenset[str]) -> Fleets:
    """The fleets of which these models are, each as they let one see it."""
    seen = (seen_fleet(fleet, models) for fleet in fleets.all)
    return Fleets(tuple(fleet for fleet in seen if fleet.models))


def _narrowed(matrix: Matrix, mine: Collection[ModelPolicy]) -> Matrix:
    def is_mine(label: str, value: str) -> bool:
        return any(policy.labels.get(label, value) == value for policy in mine)

    return {label: tuple(value for value in values if is_mine(label, value)) for label, values in matrix.items()}
