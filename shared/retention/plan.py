"""What one run takes: a bounded number of things, the rest on the next day."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Final, get_args

from shared.contracts.retention import Expired, ExpiredCount, ExpiredKind, RetentionPlan

#: Things that one run deletes: more than a fleet of a thousand models leaves behind in a day, and still few activities.
LIMIT: Final = 5_000


def plan_retention(found: Sequence[Expired], at: datetime) -> RetentionPlan:
    """The first of what was found, in that order, and how much there is of each kind."""
    things = tuple(found[:LIMIT])
    all_of, taken = Counter(one.kind for one in found), Counter(one.kind for one in things)
    kinds: tuple[ExpiredKind, ...] = get_args(ExpiredKind)
    counts = tuple(ExpiredCount(kind=kind, found=all_of[kind], going=taken[kind]) for kind in kinds if kind != "run")
    return RetentionPlan(at=at, things=things, counts=counts)
