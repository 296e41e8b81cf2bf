"""What is answered of the runs of fleets."""

from shared.contracts.base import Contract
from shared.contracts.fleet_runs import CellState, RunRow


class Runs(Contract):
    """Runs of fleets, newest first."""

    runs: tuple[RunRow, ...]


class RunWithCells(RunRow):
    """One run of a fleet.

    Attributes:
        digest: Where its digest is, when it has ended.
        cells: How each of its cells stands.
    """

    digest: str | None
    cells: tuple[CellState, ...]


class CalledBack(Contract):
    """Those who are told once more how a run ended.

    Attributes:
        id: Of the run.
        callbacks: How many they are.
    """

    id: str
    callbacks: int
