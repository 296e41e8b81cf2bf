"""The declarative fleet: schema, matrix expansion, and a loader whose errors name file and line."""

from shared.fleet.fleet import Claim, Dataset, Fleet, Fleets, Source
from shared.fleet.loader import FleetError, load_fleet, load_fleets

__all__ = ["Claim", "Dataset", "Fleet", "FleetError", "Fleets", "Source", "load_fleet", "load_fleets"]
