"""What people order of a model: events of its interlock that answer whoever asks."""

from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.base import Contract, Instant
from shared.contracts.events import InterlockEvent
from shared.contracts.policy import ModelPolicy


class Order(InterlockEvent):
    """What every order carries.

    Attributes:
        by: Who orders it: `operator:ana@contoso.example`, `policy`.
        reason: Why, in their words; shown wherever the order shows.
        request_id: Makes a repeated order the same order.
    """

    policy: ModelPolicy
    by: str
    reason: str
    request_id: str


class HoldOrdered(Order):
    """Nothing starts any more by itself: no training, no release. What happens meanwhile is remembered.

    Attributes:
        scope: Whose hold it is: `model`, `fleet:demand`, `label:region=rockies`. Each is lifted on its own.
        until: When it ends by itself; absent where somebody has to lift it.
    """

    kind: Literal["hold_ordered"] = "hold_ordered"
    scope: str
    until: Instant | None = None


class ResumeOrdered(Order):
    """A hold is lifted; of a model that was parked, the parking too."""

    kind: Literal["resume_ordered"] = "resume_ordered"
    scope: str


class ParkOrdered(Order):
    """A person parks a model: nothing starts until they resume it."""

    kind: Literal["park_ordered"] = "park_ordered"


class ReleaseOrdered(Order):
    """A person wants a version in production: at every level, and also one that was barred."""

    kind: Literal["release_ordered"] = "release_ordered"
    version: str


class RollbackOrdered(Order):
    """The version in production goes back to the last good one, or to the baseline where there is none."""

    kind: Literal["rollback_ordered"] = "rollback_ordered"


class OverrideOrdered(Order):
    """A person lets a version pass a gate that it failed.

    Attributes:
        gate: Its name in the fleet file.
        until: From this moment on the version may not begin to be released by it.
    """

    kind: Literal["override_ordered"] = "override_ordered"
    version: str
    gate: str
    until: Instant


class ApprovalAnswered(Order):
    """A person says yes or no to a release that waits for it.

    Attributes:
        artifact_sha256: What they have looked at: as the request for the approval named it.
        report_sha256: Likewise, of the figures and gates.
    """

    kind: Literal["approval_answered"] = "approval_answered"
    version: str
    approved: bool
    artifact_sha256: str
    report_sha256: str


class AdoptOrdered(Order):
    """A person says that a version which is registered already is the one in production; where from is not known.

    Attributes:
        uri: What they wrote, see `shared.registry.uris`.
        version: Of the model; absent until the registry has been asked.
        replace: Whether it takes the place of another version that is in production.
    """

    kind: Literal["adopt_ordered"] = "adopt_ordered"
    uri: str
    version: str | None = None
    replace: bool | None = None


class ForgetOrdered(Order):
    """What the model's past was is forgotten: versions, trainings, dead letters. Production and the ledger stay."""

    kind: Literal["forget_ordered"] = "forget_ordered"


AnyOrder = Annotated[
    HoldOrdered
    | ResumeOrdered
    | ParkOrdered
    | ReleaseOrdered
    | RollbackOrdered
    | OverrideOrdered
    | ApprovalAnswered
    | ForgetOrdered
    | AdoptOrdered,
    Field(discriminator="kind"),
]


class GiveOrderInput(Contract):
    """Input of `give_order`: an order for one model's interlock, whose answer is brought back."""

    order: AnyOrder
    trace: str | None = None


class Evidence(Contract):
    """What an approval is bound to.

    Attributes:
        artifact_sha256: Hash of the model's files, as the registration found them.
        report_sha256: Hash of figures, gates, golden set and, where there was one, shadow.
        author: Who asked for the training; absent where data alone led to it.
        deadline: After that, no answer means no.
    """

    version: str
    artifact_sha256: str
    report_sha256: str
    author: str | None = None
    deadline: Instant
