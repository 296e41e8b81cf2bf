"""Slots for jobs: a fleet that says `at_once` runs so many at the same time, and its models take turns.

Every message carries its time and what it is about: the entity that hands out slots has no clock and reads no file.
"""

from typing import Final, TypedDict

from shared.contracts.base import Contract, Instant

#: Asked with where the fleet file has no limit, or not any more: everybody may begin.
NO_LIMIT: Final = 1_000_000


class SlotsState(TypedDict):
    """What the entity `job_slots` keeps: plain lists of `[model, key]`, so a thousand that wait cost only their text.

    Attributes:
        limit: How many may run.
        limit_at: When that was said; an ask that was sent earlier does not turn it back.
        held: Those that run; more than the limit after it was lowered, until they end.
        waiting: Those that wait, longest first.
    """

    limit: int
    limit_at: str | None
    held: list[list[str]]
    waiting: list[list[str]]


class SlotAsk(Contract):
    """A model asks for a slot; it is told by `SlotGranted` when it has one.

    Attributes:
        key: The run that wants to begin, `training-3`; unique within the model.
        limit: How many slots the fleet has, as its file says now.
    """

    fleet: str
    model: str
    key: str
    limit: int
    at: Instant


class SlotReturn(Contract):
    """A run has ended, or does not want to begin any more. Returning what is not held changes nothing."""

    fleet: str
    model: str
    key: str
    at: Instant
