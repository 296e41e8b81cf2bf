"""What is delivered: how many models have a version in production, and which forecasts are published."""

from collections.abc import Sequence
from dataclasses import dataclass

from functions.dashboard.seen import Model


@dataclass(frozen=True)
class Coverage:
    """Of one fleet.

    Attributes:
        models: How many it has.
        serving: How many have a version of their own in production.
        stands_in: For how many the baseline stands in.
        batch: How many score whole periods.
        published: How many of these have forecasts that readers are pointed to.
        rows: Forecasts that are current, over all of these.
        missing: Models for which nothing answers.
        unpublished: Models that score whole periods and have no current forecasts.
    """

    fleet: str
    models: int
    serving: int
    stands_in: int
    batch: int
    published: int
    rows: int
    missing: tuple[str, ...]
    unpublished: tuple[str, ...]

    @property
    def share(self) -> float:
        """Models that something answers for, as a fraction."""
        return (self.serving + self.stands_in) / self.models if self.models else 0.0


def make_coverage(models: Sequence[Model], fleet: str) -> Coverage:
    """What a fleet delivers."""
    own = [model for model in models if model.fleet == fleet]
    batch = [model for model in own if model.batch]
    published = [model for model in batch if _published(model)]
    return Coverage(
        fleet=fleet,
        models=len(own),
        serving=sum(model.in_production for model in own),
        stands_in=sum(model.stands_in is not None for model in own),
        batch=len(batch),
        published=len(published),
        rows=sum(_rows(model) for model in published),
        missing=tuple(one.name for one in own if not one.in_production and one.stands_in is None),
        unpublished=tuple(one.name for one in batch if not _published(one)),
    )


def _published(model: Model) -> bool:
    return model.row is not None and bool(model.row.serving.get("published"))


def _rows(model: Model) -> int:
    rows = model.row.serving.get("rows") if model.row is not None else None
    return rows if isinstance(rows, int) else 0
