"""Callbacks: somebody begins a run, gives an address, and wants to be told there how the run ends."""

from typing import Literal

from pydantic import ConfigDict, Field

from shared.contracts.base import Contract, Instant

CallbackOperation = Literal["condition", "train", "score"]


class TrainingEnd(Contract):
    """What became of one training.

    Attributes:
        version: Of the registered model, if there is one.
    """

    outcome: Literal["passed", "rejected", "failed", "superseded", "unwanted"]
    attempt: int
    version: str | None = None


class RunEnd(Contract):
    """The event `RunEnded`: how an orchestration has ended.

    Attributes:
        state: `gone` when it was deleted, so that nobody can say.
        reason: Why, for a person.
        training: Of a single training that came to an end.
    """

    state: Literal["completed", "failed", "terminated", "gone"]
    reason: str
    training: TrainingEnd | None = None


class Follower(Contract):
    """What is to be told, and where the address is; the address itself is a secret, and travels nowhere.

    Attributes:
        run: The orchestration that is followed.
        callback: Under which the address is kept, see `Callback`.
        operation: What the run does.
        fleet: Of a run over many cells; absent for one training.
        model: Of one training.
    """

    run: str
    callback: str
    operation: CallbackOperation
    fleet: str | None = None
    model: str | None = None
    trace: str | None = None


class Callback(Contract):
    """One callback as it is kept until it is done.

    Attributes:
        uri: A secret: whoever has it can end the activity that waits.
        attempt: Raised by whoever has it called once more.
        state: `dead` when it was refused, or nobody answered for a day.
        dead_at: Since when.
        unsure: Whether it was sent and no answer came: it may have been taken.
        refused: Whether its host has refused it, the last time that it answered.
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    follower: Follower
    uri: str = Field(repr=False)
    asked_at: Instant
    attempt: int = 1
    state: Literal["open", "dead"] = "open"
    dead_at: Instant | None = None
    unsure: bool = False
    # Left out where it is not so, as in older rows.
    refused: bool = Field(default=False, exclude_if=lambda one: not one)


class AnswerCallbackInput(Contract):
    """Input of `answer_callback`."""

    follower: Follower
    at: Instant


class PostCallbackInput(Contract):
    """Input of `post_callback`."""

    follower: Follower
    end: RunEnd
    trace: str | None = None


class CallbackPosted(Contract):
    """Result of `post_callback`.

    Attributes:
        outcome: `unreachable` when it is to be tried again, which takes hours where a host is down.
        retry_after: Seconds that the host asks for.
    """

    outcome: Literal["answered", "refused", "unreachable"]
    reason: str
    retry_after: float | None = None


class CallbackConcluded(Contract):
    """Input of `conclude_callback`, and result of `answer_callback`: how it ended.

    Attributes:
        attempts: How often the host was called.
    """

    follower: Follower
    answered: bool
    reason: str
    attempts: int
    at: Instant
    trace: str | None = None


class FindFollowersInput(Contract):
    """Input of `find_followers`: who waits for the end of a run."""

    run: str
    trace: str | None = None


class Followers(Contract):
    """Result of `find_followers`: orchestrations to be told."""

    instances: tuple[str, ...]
