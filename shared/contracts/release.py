"""The steps that bring a version into production."""

import operator
from typing import Literal

from pydantic import Field

from shared.contracts.base import Contract, Instant, absent
from shared.contracts.datasets import DatasetRef
from shared.contracts.policy import GatePolicy, ModelPolicy

#: Where a release stands: `scoring` a period after it has waited, or waiting for its turn to do so, `ready` asks the
#: interlock whether production may change now, `shifting` once that may have begun, `watching` while the version serves
#: and what served before is still there.
ReleasePhase = Literal[
    "testing", "shadowing", "awaiting_approval", "scoring", "ready", "shifting", "watching", "undoing"
]

#: What a release needs of its fleet's slots: the one that it has, since it runs a job or may at once; one before its
#: next job; or none, since it runs no job for days perhaps.
SlotNeed = Literal["job", "slot", "nothing"]


#: How a release ends that is not done, and has not failed either.
ReleaseEnd = Literal["superseded", "refused", "withdrawn"]


class Serving(Contract):
    """Where the model's predictions come from now.

    Attributes:
        route: The blob in the data container that tells clients which deployment to ask, where the endpoint is shared;
            absent where the endpoint's traffic decides.
        published: The CSV that readers are pointed to.
        rows: How many predictions the version has published there; absent when they are another version's.
    """

    mode: Literal["online", "batch"]
    endpoint: str | None = None
    deployment: str | None = None
    route: str | None = Field(default=None, exclude_if=absent)  # as `ServePolicy.shared`
    published: str | None = None
    rows: int | None = None


class AllowedGate(Contract):
    """A gate that a person lets a version pass, and what they said.

    Attributes:
        until: From this moment on a release may not begin by it.
    """

    gate: str
    by: str
    reason: str
    until: Instant


class ReleaseModelInput(Contract):
    """Input of `release_model`.

    Attributes:
        attempt: The interlock's number of this release; results carry it, older ones are ignored.
        dataset: The dataset version that the model was trained on. A batch model scores it first, unless its policy
            names another dataset to score: then the newest version of that.
        replaces: What serves now, and is torn down when this version has taken over.
        overridden: Gates that it failed and that a person lets it pass.
        exceptions: The same gates, with who said so and why.
        ordered_by: Who ordered the release; absent where nobody did.
        champion: The version of this model in production when it was ordered; absent where there is none.
        takes_turns: Whether it gives its slot back while it runs no job, and waits for one before the next; releases of
            older code keep theirs.
    """

    model: str
    version: str
    attempt: int
    policy: ModelPolicy
    dataset: DatasetRef
    at: Instant
    replaces: Serving | None = None
    # Left out where there is none: histories from before it was there replay.
    overridden: tuple[str, ...] = Field(default=(), exclude_if=operator.not_)
    exceptions: tuple[AllowedGate, ...] = Field(default=(), exclude_if=operator.not_)
    ordered_by: str | None = Field(default=None, exclude_if=absent)
    champion: str | None = Field(default=None, exclude_if=absent)  # likewise
    takes_turns: bool = Field(default=False, exclude_if=operator.not_)
    trace: str | None = None


class ReleaseOutcome(Contract):
    """Result of `release_model`.

    Attributes:
        released: Whether the version serves now.
        reason: Why, or why not, for a person.
        previous: The champion before; the last good version to go back to.
        ended: Why it was not released, where that is no failure: `superseded` by a newer version, `refused` by a person
            or by their silence, or `withdrawn` by an order.
        dataset: The dataset version that it has scored; absent where none was.
    """

    model: str
    version: str
    attempt: int
    released: bool
    reason: str
    serving: Serving | None = None
    previous: str | None = None
    ended: ReleaseEnd | None = Field(default=None, exclude_if=absent)
    dataset: DatasetRef | None = Field(default=None, exclude_if=absent)


class ApprovalWord(Contract):
    """A person's answer to a release that waits for it."""

    approved: bool
    by: str
    reason: str


class ReleaseWord(Contract):
    """What a release in flight is told.

    Attributes:
        superseded: The newer version that takes its place.
        withdrawn: Why it is not wanted any more.
        approved: What a person has answered.
        go: Whether production may change now.
        slot: The turn for which it has a slot now, as it has numbered it itself.
    """

    superseded: str | None = None
    withdrawn: str | None = None
    approved: ApprovalWord | None = None
    go: bool = False
    slot: int | None = Field(default=None, exclude_if=absent)  # histories from before it was there replay


class TellReleaseInput(Contract):
    """Input of `tell_release`: an entity cannot raise an event itself.

    Attributes:
        instance: Of the release.
    """

    instance: str
    word: ReleaseWord
    trace: str | None = None


class ReleaseTold(Contract):
    """Result of `tell_release`."""

    instance: str


class VerifyVersionInput(Contract):
    """Input of `verify_version`: whether all that a release needs to know of a version is known, and still true.

    Attributes:
        gates: As the fleet file says them now.
        overridden: Gates that a person lets it pass.
        at: The moment of the judgement.
        champion: The version in production; absent where there is none.
    """

    model: str
    version: str
    dataset: DatasetRef
    gates: tuple[GatePolicy, ...]
    overridden: tuple[str, ...] = ()
    at: Instant
    champion: str | None = Field(default=None, exclude_if=absent)  # older histories replay
    trace: str | None = None


class VerifiedVersion(Contract):
    """Result of `verify_version`.

    Attributes:
        artifact_sha256: Hash of the model's files as they are now, equal to what was recorded.
        report_sha256: Hash of the figures and gates that the ledger has of it.
        author: Who asked for its training; absent where data or a schedule led to it.
        summary: The figures against their gates, in one sentence.
        excepted: Whether a gate holds only by an exception that the fleet file makes to it.
    """

    artifact_sha256: str
    report_sha256: str
    author: str | None = None
    summary: str
    excepted: bool = Field(default=False, exclude_if=operator.not_)  # histories from before it was there replay
