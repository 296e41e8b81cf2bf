"""What came in from outside, kept so that nothing is lost and a person can see why it led to nothing."""

from typing import Final, Literal, get_args

from pydantic import Field

from shared.contracts.base import Contract, Instant, absent

Channel = Literal["mlflow", "storage", "conditioning", "retirement", "retention", "starts", "schedule", "callback"]
CHANNELS: Final[tuple[Channel, ...]] = get_args(Channel)
Outcome = Literal["accepted", "ignored", "waiting", "done", "failed", "dead"]
#: Outcomes of what could not be used, so far or ever.
UNUSABLE: Final[frozenset[Outcome]] = frozenset({"failed", "dead"})


class Delivery(Contract):
    """One event as it was received.

    Attributes:
        channel: The door that it came through, `mlflow` for any model registry's webhooks; or what is written down here
            itself: `conditioning` for what a landed file led to, `retirement` and `retention` for what was taken away,
            `starts` for runs that were deleted after their time and must not be started again, `schedule` for what was
            due by the clock, `callback` for who was to be told how a run ended.
        key: The same for every delivery of the same event, whatever its delivery id.
        subject: What it is about: a blob's path, a model version, a cell of a dataset.
        outcome: `accepted` when it was handed on, `ignored` when it concerns nothing, `dead` when it can never be used;
            of a conditioning, `done`, `waiting` for other files, or `failed` and to be tried again.
        reason: Why, for a person.
        body: The body as text, capped at 16 KB.
        trace: W3C traceparent under which it was handed on.
        started: The orchestrations that it was handed to.
    """

    channel: Channel
    key: str
    subject: str
    received_at: Instant
    outcome: Outcome
    reason: str
    body: str = ""
    # Left out where they are absent, as in older histories.
    trace: str | None = Field(default=None, exclude_if=absent)
    started: tuple[str, ...] = Field(default=(), exclude_if=lambda one: not one)


class DeliveryRecorded(Contract):
    """Result of `record_delivery`; `new` is false when one of that key was there."""

    new: bool
