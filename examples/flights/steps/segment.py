"""The part of the flights that one model forecasts, and the decision which routes are fast."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import pandas as pd
from dataset import KEYS

FAST_DEPARTURES: Final = 14.0
"""Departures a week from which a route is fast, in the mean of its weeks with departures."""

MOVEMENTS: Final = ("fast", "slow")

_FILE: Final = "segment.json"


@dataclass(frozen=True)
class Segment:
    """What one model forecasts. It travels with the features, and then in the model's MLflow metadata.

    Attributes:
        origin: Airport of departure.
        format: `mainline` or `regional`.
        movement: `fast` or `slow`.
        horizon_weeks: Weeks between the last known week and the week that is forecast.
        train_until: First week (its Monday, YYYY-MM-DD) after the training period, and first of the test period.
        test_until: First week after the test period.
        fast_routes: `CARRIER-DESTINATION` of each fast route of this origin and format. Decided on the training
            period and kept, so that scoring divides the routes as training did.
    """

    origin: str
    format: str
    movement: str
    horizon_weeks: int
    train_until: str
    test_until: str
    fast_routes: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuses a movement that is none."""
        if self.movement not in MOVEMENTS:
            raise ValueError(f"movement {self.movement!r} is unknown: use one of {', '.join(MOVEMENTS)}")

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The segment that `to_dict` described; a missing or unknown key is a `TypeError`."""
        return cls(**{**values, "fast_routes": tuple(values.get("fast_routes", ()))})

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON and for MLflow's metadata."""
        return {**dataclasses.asdict(self), "fast_routes": list(self.fast_routes)}

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The segment that `write` left in the folder."""
        return cls.from_dict(json.loads((folder / _FILE).read_text(encoding="utf-8")))

    def write(self, folder: Path) -> None:
        """Writes `segment.json` into the folder."""
        (folder / _FILE).write_text(json.dumps(self.to_dict(), indent=2) + "\n", encoding="utf-8")

    def rows(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The rows that this model forecasts: of its movement, and of routes in service (`active`, see `features`).

        A route that had no departure in the training period counts as slow.
        """
        fast = _route_names(rows).isin(self.fast_routes)
        return rows[(fast == (self.movement == "fast")) & rows["active"]]


def fast_routes(training: pd.DataFrame) -> tuple[str, ...]:
    """Names of the fast routes, sorted.

    Args:
        training: Rows of the training period with `KEYS` and `actual`, inactive routes included.
    """
    flown = training[training["actual"] > 0]
    mean = flown.groupby(KEYS, as_index=False)["actual"].mean()
    return tuple(sorted(_route_names(mean[mean["actual"] >= FAST_DEPARTURES])))


def _route_names(rows: pd.DataFrame) -> pd.Series:
    return rows["carrier"] + "-" + rows["destination"]
