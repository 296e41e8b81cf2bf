"""Cells, plans and rows for the tests of runs."""

from datetime import UTC, datetime

from shared.contracts.datasets import DatasetRef
from shared.contracts.fleet_runs import PlannedCell, RunFleetInput, RunPlan

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
ORDER = RunFleetInput(fleet="demo", operation="train", requested_by="test", request_id="r", at=START)


def data(version: str = "d1") -> DatasetRef:
    """A dataset version."""
    return DatasetRef(dataset="departures", version=version, cell={}, path="p/", rows=1, rejected=0)


def cell(name: str, skipped: str | None = None) -> PlannedCell:
    """A cell of a plan."""
    if skipped:
        return PlannedCell(name=name, labels={}, dataset="departures", outcome="skipped", reason=skipped)
    return PlannedCell(name=name, labels={}, dataset="departures", data=data())


def plan(*names: str) -> RunPlan:
    """A plan of cells that can be asked."""
    return RunPlan(order=ORDER, cells=tuple(cell(name) for name in names))
