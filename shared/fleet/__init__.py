"""The declarative fleet: schema, matrix expansion, and a loader whose errors name file and line."""

from shared.fleet.data import Claim, Dataset, Source
from shared.fleet.effective import EffectiveValue, effective
from shared.fleet.fleet import Fleet, Fleets
from shared.fleet.loader import FleetError, check_fleet, load_fleet, load_fleets
from shared.fleet.overrides import notices

__all__ = [
    "Claim",
    "Dataset",
    "EffectiveValue",
    "Fleet",
    "FleetError",
    "Fleets",
    "Source",
    "check_fleet",
    "effective",
    "load_fleet",
    "load_fleets",
    "notices",
]
