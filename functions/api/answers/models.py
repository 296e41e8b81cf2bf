"""What is answered of models: how they stand, and what they were told."""

from typing import Literal

from pydantic import JsonValue

from shared.contracts.base import Contract
from shared.contracts.read_model import ModelRow, RunInFlight


class UntouchedModel(Contract):
    """A model of a fleet file that nothing has happened to yet."""

    fleet: str
    model: str
    labels: dict[str, str]
    state: Literal["waiting"]
    reason: str


class Models(Contract):
    """Every model, by name."""

    models: tuple[ModelRow | UntouchedModel, ...]


class RunNow(RunInFlight):
    """A run in flight, and the step that it is at."""

    status: JsonValue


class ModelNow(ModelRow):
    """One model, with the step of each of its runs in flight."""

    in_flight: tuple[RunNow, ...] = ()


class Observed(Contract):
    """Figures that were taken, and of what."""

    model: str
    version: str
    period: str


class Ordered(Contract):
    """The models that were told."""

    models: tuple[str, ...]
