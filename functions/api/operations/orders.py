"""What people order of models: each is written down with its reason."""

from collections.abc import Mapping
from typing import Any, Final

from functions.api.answers.models import Ordered
from functions.api.answers.orchestrations import Begun
from functions.api.operations.examples import MODEL, PERSON
from functions.api.operations.operation import Body, Operation
from functions.api.operations.parameters import NAME
from functions.api.operations.statuses import BAD, NO_MODEL, NOTHING_SELECTED
from functions.triggers.order_requests import ALWAYS, OF_MANY, VERBS, OrderRequest, Verb
from functions.triggers.orders import OrderOfMany
from shared.contracts.interlock import RequestAnswer

_SHA: Final = "0f3c1a2b4d5e6f708192a3b4c5d6e7f80f3c1a2b4d5e6f708192a3b4c5d6e7f8"
#: An example of each field of an order that some order cannot do without, and of who gives it.
_EXAMPLES: Final[Mapping[str, Any]] = {
    "reason": "The forecast of last week was checked by hand",
    "by": PERSON,
    "version": "7",
    "gate": "accuracy",
    "uri": f"models:/{MODEL}/7",
    "until": "2099-01-31T12:00:00Z",
    "artifact_sha256": _SHA,
    "report_sha256": _SHA,
}
#: What each order does to a model.
_ABOUT: Final[Mapping[str, str]] = {
    "hold": "Let no training and no release of a model start by itself",
    "resume": "Lift a hold of a model, as it was given; a parked model goes on",
    "park": "Let nothing of a model start until a person resumes it",
    "release": "Bring a version of a model into production",
    "rollback": "Go back to a model's last good version",
    "forget": "Forget a model's past trainings and versions; production and ledger stay",
    "override": "Let a version pass a gate that it has failed, for a time",
    "approve": "Approve of a release that waits for it",
    "reject": "Refuse a release that waits for approval",
    "adopt": "Take a version that somebody else has registered as the one in production",
}


def _role(verb: Verb) -> str:
    return f"{verb.role}, in the app or of the model"


def _example(*fields: str) -> dict[str, Any]:
    return {field: _EXAMPLES[field] for field in ("reason", "by", *fields)}


def _fields(verb: Verb) -> tuple[str, ...]:
    return (*ALWAYS, *verb.needs, *verb.may_have)


def _of_one(name: str, verb: Verb) -> Body:
    example = _example(*verb.needs)
    return Body((OrderRequest,), verb.needs, _fields(verb), example=example, about=_ABOUT[name], role=_role(verb))


def _of_many(name: str, verb: Verb) -> Body:
    only = (*OrderOfMany.model_fields, *_fields(verb))
    about = f"{name.capitalize()} all models of a fleet, or those with some labels"
    example = {"fleet": "flights", "select": {"origin": ["JFK"]}, **_example()}
    return Body((OrderOfMany, OrderRequest), only=only, example=example, about=about, role=_role(verb))


OPERATIONS: Final[Mapping[str, Operation]] = {
    "order_model": Operation(
        {200: (RequestAnswer,), 202: (Begun,)},
        {400: BAD, 404: NO_MODEL, 409: "It is refused; the reason says what to do."},
        NAME,
        variants={name: _of_one(name, verb) for name, verb in VERBS.items()},
    ),
    "order_models": Operation(
        {202: (Ordered,)},
        {400: BAD, 404: NOTHING_SELECTED},
        variants={name: _of_many(name, VERBS[name]) for name in OF_MANY},
    ),
}
