"""What is answered of what came in."""

from typing import Literal

from shared.contracts.base import Contract
from shared.contracts.deliveries import Delivery, Outcome


class Deliveries(Contract):
    """What came in lately, newest first."""

    deliveries: tuple[Delivery, ...]


class Taken(Contract):
    """What became of a webhook.

    Attributes:
        reason: Why, for a person.
    """

    status: Outcome | Literal["duplicate"]
    reason: str
