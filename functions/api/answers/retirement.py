"""What is answered of what the fleet files do not have any more."""

from shared.contracts.base import Contract


class LeftModel(Contract):
    """A model that no fleet file has any more, and what a retirement would take away.

    Attributes:
        alias: That it would lose.
        champion: The version that serves.
        predictions: Where they were published.
        in_flight: What runs and would be waited for.
    """

    model: str
    fleet: str
    state: str
    alias: str | None
    champion: str | None
    endpoint: str | None
    deployment: str | None
    predictions: str | None
    in_flight: tuple[str, ...]


class LeftDataset(Contract):
    """A dataset that no fleet file has any more.

    Attributes:
        waiting: How many cells wait for files.
        cells: Their names, the first twenty.
    """

    dataset: str
    waiting: int
    cells: tuple[str, ...]


class Left(Contract):
    """What the fleet files do not have any more."""

    models: tuple[LeftModel, ...]
    datasets: tuple[LeftDataset, ...]


class Retired(Contract):
    """What goes out of service now."""

    models: tuple[str, ...]
    datasets: tuple[str, ...]
