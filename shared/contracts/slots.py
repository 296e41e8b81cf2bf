"""Slots for jobs: a fleet that says `at_once` runs so many at the same time, and its models take turns.

Every message carries its time and what it is about: the entity that hands out slots has no clock and reads no file.
"""

from shared.contracts.base import Contract, Instant


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
