"""When something has expired, and which fleet's policy holds for what several fleets share."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from shared.contracts.policy import RetentionPolicy


def expired(at: datetime, now: datetime, days: int) -> bool:
    """Whether something of that time is older than so many days; what is exactly so old stays."""
    return now - at > timedelta(days=days)


def longest(policies: Iterable[RetentionPolicy]) -> RetentionPolicy:
    """The policy that keeps for as long as any of these does; the default where there is none."""
    known = tuple(policies)
    if not known:
        return RetentionPolicy()
    names = RetentionPolicy.model_fields
    return RetentionPolicy(**{name: max(getattr(policy, name) for policy in known) for name in names})
