"""Places for running jobs: a fleet that says `at_once` has so many, and its models take turns."""

from shared.contracts.base import Contract


class SlotAsk(Contract):
    """A model asks for a place; it is told by `SlotGranted` when it has one.

    Attributes:
        key: The run that wants to begin: its instance id.
        limit: How many places the fleet has, as its file says now.
    """

    fleet: str
    model: str
    key: str
    limit: int


class SlotReturn(Contract):
    """A run has ended, or does not want to begin any more. Returning what is not held changes nothing."""

    fleet: str
    key: str
