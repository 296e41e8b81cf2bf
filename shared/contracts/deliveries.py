"""What came in from outside, kept so that nothing is lost and a person can see why it led to nothing."""

from typing import Final, Literal, get_args

from shared.contracts.base import Contract, Instant

Channel = Literal["mlflow", "storage", "conditioning", "retirement", "retention", "starts", "schedule"]
CHANNELS: Final[tuple[Channel, ...]] = get_args(Channel)
Outcome = Literal["accepted", "ignored", "waiting", "done", "failed", "dead"]


class Delivery(Contract):
    """One event as it was received.

    Attributes:
        channel: The door that it came through; or what is written down here itself: `conditioning` for what a landed
            file led to, `retirement` and `retention` for what was taken away, `starts` for runs that were deleted after
            their time and must not be started again, `schedule` for what was due by the clock.
        key: The same for every delivery of the same event, whatever its delivery id.
        subject: What it is about: a blob's path, a model version, a cell of a dataset.
        outcome: `accepted` when it was handed on, `ignored` when it concerns nothing, `dead` when it can never be used;
            of a conditioning, `done`, `waiting` for other files, or `failed` and to be tried again.
        reason: Why, for a person.
        body: The body as text, capped at 16 KB.
    """

    channel: Channel
    key: str
    subject: str
    received_at: Instant
    outcome: Outcome
    reason: str
    body: str = ""


class DeliveryRecorded(Contract):
    """Result of `record_delivery`; `new` is false when one of that key was there."""

    new: bool
