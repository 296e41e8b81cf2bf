"""What somebody orders of models over HTTP, checked before it reaches an interlock."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, Final, NamedTuple

from pydantic import AfterValidator, Field

from functions.triggers.http import BadRequestError, Fault
from functions.triggers.run_requests import read_body_as
from shared import names
from shared.authorization import Caller, Role
from shared.contracts.base import Contract, Instant
from shared.contracts.orders import (
    AdoptOrdered,
    AnyOrder,
    ApprovalAnswered,
    ForgetOrdered,
    HoldOrdered,
    OverrideOrdered,
    ParkOrdered,
    ReleaseOrdered,
    ResumeOrdered,
    RollbackOrdered,
)
from shared.contracts.policy import ModelPolicy
from shared.near_names import nearest
from shared.registry.uris import read_model_uri

#: The scope of an order for one model.
MODEL_SCOPE: Final = "model"


def _model_uri(text: str) -> str:
    read_model_uri(text)
    return text


class OrderRequest(Contract):
    """The body of `POST /api/models/{name}/{order}`.

    Attributes:
        reason: Why, in the caller's words: it shows wherever the order shows.
        by: Who orders it; not looked at where a token says who.
        request_id: Makes a repeated order the same; each call is another one without it.
        version: Of the model, for `release`, `override`, `approve` and `reject`.
        gate: The gate that is overridden.
        until: When a hold ends by itself, or an override.
        artifact_sha256: What was looked at, for `approve` and `reject`.
        report_sha256: Likewise.
        uri: What is adopted: `models:/NAME/VERSION`, `models:/NAME@ALIAS` or `azureml:NAME:VERSION`.
        replace: Whether it takes the place of another version in production.
    """

    reason: str = Field(min_length=1, max_length=300)
    by: str | None = Field(default=None, min_length=1, max_length=200)
    request_id: str | None = Field(default=None, min_length=1, max_length=200)
    version: str | None = Field(default=None, min_length=1, max_length=100)
    gate: str | None = Field(default=None, min_length=1, max_length=100)
    until: Instant | None = None
    artifact_sha256: str | None = Field(default=None, pattern="^[0-9a-f]{64}$")
    report_sha256: str | None = Field(default=None, pattern="^[0-9a-f]{64}$")
    uri: Annotated[str, AfterValidator(_model_uri)] | None = Field(default=None, min_length=1, max_length=300)
    replace: bool | None = None


class Words(NamedTuple):
    """What is said with an order, and who says it."""

    request: OrderRequest
    by: str


class Verb(NamedTuple):
    """An order that can be given.

    Attributes:
        order: What it becomes.
        role: Who may give it.
        needs: Fields beside `reason` that it cannot do without.
        may_have: Fields that it can do without.
        fixed: Fields of the order that the verb itself says.
        scoped: Whether it is given to a model, or to all with some labels, and lifted by that.
    """

    order: Callable[..., AnyOrder]
    role: Role
    needs: tuple[str, ...] = ()
    may_have: tuple[str, ...] = ()
    fixed: Mapping[str, Any] = {}
    scoped: bool = False


_EVIDENCE: Final = ("version", "artifact_sha256", "report_sha256")

#: The orders by the name that they have in paths and on the command line.
VERBS: Final[dict[str, Verb]] = {
    "hold": Verb(HoldOrdered, "operator", may_have=("until",), scoped=True),
    "resume": Verb(ResumeOrdered, "operator", scoped=True),
    "park": Verb(ParkOrdered, "operator"),
    "release": Verb(ReleaseOrdered, "operator", needs=("version",)),
    "rollback": Verb(RollbackOrdered, "operator"),
    "forget": Verb(ForgetOrdered, "operator"),
    "override": Verb(OverrideOrdered, "approver", needs=("version", "gate", "until")),
    "approve": Verb(ApprovalAnswered, "approver", needs=_EVIDENCE, fixed={"approved": True}),
    "adopt": Verb(AdoptOrdered, "approver", needs=("uri",), may_have=("replace",)),
    "reject": Verb(ApprovalAnswered, "approver", needs=_EVIDENCE, fixed={"approved": False}),
}
#: Those that can be given to all models of a fleet, or to those with some labels.
OF_MANY: Final = ("hold", "resume")
#: What every order may have.
ALWAYS: Final = ("reason", "by", "request_id")
#: The calendar's last days do not exist in every time zone, and whoever reads the time may be in any.
_LAST_YEAR: Final = 2199


def read_verb(name: str | None) -> Verb:
    """The order that a path names.

    Raises:
        BadRequestError: There is no such order.
    """
    if name is None or name not in VERBS:
        raise BadRequestError(404, "unknown-order", f"There is no order {name!r}; {nearest(name or '', VERBS)}")
    return VERBS[name]


def read_order(
    name: str,
    policy: ModelPolicy,
    body: dict[str, Any],
    caller: Caller,
    *,
    at: datetime,
    trace: str | None,
    scope: str = MODEL_SCOPE,
) -> AnyOrder:
    """An order for one model.

    Args:
        name: As paths say it.
        policy: Of the model, from the fleet file.
        body: As `OrderRequest`.
        caller: Who orders it.
        at: When.
        trace: Traceparent.
        scope: Of a hold: what it was given to.

    Raises:
        BadRequestError: A field is missing, wrong, or has no meaning for this order.
    """
    verb = read_verb(name)
    request, by = read_words(name, body, caller, at)
    fields = {field: getattr(request, field) for field in (*verb.needs, *verb.may_have)}
    return verb.order(
        model=policy.model,
        at=at,
        trace=trace,
        policy=policy,
        by=by,
        reason=request.reason,
        request_id=request.request_id or names.content_hash(name, policy.model, scope, at.isoformat()),
        **fields,
        **({"scope": scope} if verb.scoped else {}),
        **verb.fixed,
    )


def read_words(name: str, body: dict[str, Any], caller: Caller, at: datetime) -> Words:
    """What is said with an order, whomever it is given to, and who says it.

    Raises:
        BadRequestError: A field is missing, wrong, or has no meaning for this order.
    """
    verb = read_verb(name)
    wanted = _wanted(verb)
    request = read_body_as(OrderRequest, body, wanted)
    given = request.model_fields_set
    for field in verb.needs:
        if getattr(request, field) is None:
            raise _refusal(field, "is missing", wanted)
    if odd := sorted(given - {*verb.needs, *verb.may_have, *ALWAYS}):
        raise _refusal(odd[0], f"has no meaning for `{name}`", wanted)
    if request.until is not None and request.until <= at:
        raise _refusal("until", f"{request.until.isoformat()} is over", wanted)
    if request.until is not None and request.until.year > _LAST_YEAR:
        raise _refusal("until", f"{request.until.isoformat()} is too far; the years to {_LAST_YEAR} are known", wanted)
    return Words(request, _by(caller, request.by, wanted))


def scope_of(fleet: str, select: Mapping[str, tuple[str, ...]]) -> str:
    """What a hold of many is called, so that it can be lifted as a whole: `label:region=rockies`, `fleet:demand`."""
    if not select:
        return f"fleet:{fleet}"
    return "label:" + ",".join(f"{label}={'|'.join(sorted(values))}" for label, values in sorted(select.items()))


def _by(caller: Caller, said: str | None, wanted: str) -> str:
    if caller.roles is not None:
        return caller.name
    if said is None:
        raise _refusal("by", "is missing: a function key does not say who asks", wanted)
    return said


def _refusal(field: str, detail: str, wanted: str) -> BadRequestError:
    return BadRequestError(400, "bad-request", f"`{field}` {detail}. {wanted}", [Fault((field,), detail)])


def _wanted(verb: Verb) -> str:
    optional = [*verb.may_have, "request_id"]
    return f"Needed: {', '.join(('reason', 'by', *verb.needs))}; allowed: {', '.join(optional)}."
