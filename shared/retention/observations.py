"""Which of the figures go that were told of periods gone by."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from itertools import groupby
from typing import Final

from shared.contracts.conditioning import BlobArrival
from shared.contracts.retention import Expired
from shared.retention.datasets import source_of
from shared.retention.expiry import expired

#: So many of the newest periods of a model stay, however old they are: a new one is looked at beside them.
KEPT: Final = 12


def expired_observations(
    files: Iterable[BlobArrival], now: datetime, days: Mapping[str, int], retired: Collection[str] = ()
) -> tuple[Expired, ...]:
    """Periods that were told of too long ago, and are not among the newest of their model.

    Args:
        files: All of them, by path: `observations/MODEL/PERIOD.json`, where periods sort by their names.
        now: The moment that their age is counted from.
        days: How long they stay, of each model by the name of its folder; those of others stay.
        retired: Folders of models that are out of service: their newest periods go, too.
    """
    found: list[Expired] = []
    for folder, periods in groupby(files, key=lambda file: source_of(file.path)):
        known = list(periods)
        older = known if folder in retired else known[:-KEPT]
        if folder in days:
            why = f"It was told more than {days[folder]} days ago"
            why += ", and its model is retired." if folder in retired else f", and the newest {KEPT} periods stay."
            gone = (file.path for file in older if expired(file.at, now, days[folder]))
            found += [Expired(kind="observation", name=path, reason=why) for path in gone]
    return tuple(found)
