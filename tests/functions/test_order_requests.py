"""What people order of models: only what has a meaning, by whom it says it is, and by those who may."""

import base64
import json
import re
from typing import Any

import azure.functions as func
import pytest

from functions import adapters
from functions.triggers import callers
from functions.triggers.callers import read_caller, refusal, require
from functions.triggers.http import BadRequestError
from functions.triggers.order_requests import VERBS, read_order, scope_of
from shared.authorization import APP_ROLES, KEY_HOLDER, Caller
from shared.contracts.orders import ApprovalAnswered, HoldOrdered
from tests.shared.interlock.builders import MODEL, POLICY, at

ANA = Caller("ana@contoso.example", frozenset({APP_ROLES["operator"]}))
HASHES = {"artifact_sha256": "a" * 64, "report_sha256": "b" * 64}
#: The least that each order needs.
LEAST: dict[str, dict[str, Any]] = {
    "hold": {},
    "resume": {},
    "park": {},
    "rollback": {},
    "forget": {},
    "adopt": {"uri": "models:/old/7"},
    "release": {"version": "3"},
    "override": {"version": "3", "gate": "accuracy", "until": at(60).isoformat()},
    "approve": {"version": "3", **HASHES},
    "reject": {"version": "3", **HASHES},
}


def _read(name: str, caller: Caller = KEY_HOLDER, **body: Any) -> Any:
    said = {"by": "operator:ana"} if caller is KEY_HOLDER else {}
    return read_order(name, POLICY, {"reason": "r", **said, **body}, caller, at=at(), trace=None)


@pytest.mark.parametrize("name", VERBS)
def test_every_order_is_read_from_the_least_that_it_needs(name: str) -> None:
    """It is of the model, says who and why, and travels as JSON."""
    order = _read(name, **LEAST[name])
    assert (order.model, order.by, order.reason) == (MODEL, "operator:ana", "r")
    assert type(order).from_wire(order.to_wire()) == order


@pytest.mark.parametrize(("name", "field"), [(name, field) for name, fields in LEAST.items() for field in fields])
def test_what_an_order_cannot_do_without_is_named(name: str, field: str) -> None:
    """The answer names the field and all that is needed."""
    fields = {key: value for key, value in LEAST[name].items() if key != field}
    with pytest.raises(BadRequestError, match=f"`{field}` is missing. Needed: reason, by"):
        _read(name, **fields)


@pytest.mark.parametrize(
    ("name", "body", "told"),
    [
        ("holt", {}, "There is no order 'holt'; did you mean `hold`?"),
        ("park", {"version": "3"}, "`version` has no meaning for `park`."),
        ("hold", {"until": at(-1).isoformat()}, "is over."),
        ("hold", {"until": "9999-12-31T23:59:59-12:00"}, "is too far; the years to 2199 are known."),
        ("hold", {"until": "2026-01-31T00:00:00"}, "no time zone"),
        ("hold", {"reason": ""}, "`reason`: "),
        ("hold", {"by": None}, "`by` is missing: a function key does not say who asks."),
        ("approve", LEAST["approve"] | {"report_sha256": "b"}, "`report_sha256`: "),
        ("hold", {"why": "x"}, "`why`: "),
    ],
)
def test_anything_else_is_refused_with_the_reason(name: str, body: dict[str, Any], told: str) -> None:
    """Each answer says what would be right."""
    with pytest.raises(BadRequestError, match=re.escape(told)):
        _read(name, **body)


def test_a_token_says_who_asks() -> None:
    """Nobody orders anything in another one's name."""
    assert _read("park", ANA).by == ANA.name
    assert _read("park", ANA, by="operator:bob").by == ANA.name


def test_approving_and_rejecting_say_the_opposite_of_the_same_evidence() -> None:
    """Both name files and figures."""
    yes, no = _read("approve", **LEAST["approve"]), _read("reject", **LEAST["reject"])
    assert isinstance(yes, ApprovalAnswered)
    assert (yes.approved, no.approved) == (True, False)
    assert yes.artifact_sha256 == no.artifact_sha256 == HASHES["artifact_sha256"]


def test_an_order_is_the_same_only_by_its_id() -> None:
    """What is asked later is another order, unless the caller says that it is the same."""
    later = read_order("park", POLICY, {"reason": "r", "by": "ana"}, KEY_HOLDER, at=at(1), trace=None)
    assert later.request_id != _read("park").request_id
    assert _read("park", request_id="mine").request_id == "mine"


def test_a_hold_is_lifted_by_what_it_was_given_to() -> None:
    """The same selection is the same scope, in whatever order it is written."""
    order = _read("hold")
    assert isinstance(order, HoldOrdered)
    assert order.scope == "model"
    assert scope_of("demand", {}) == "fleet:demand"
    two = {"region": ("b", "a"), "format": ("x",)}
    assert scope_of("demand", two) == scope_of("demand", dict(reversed(two.items()))) == "label:format=x,region=a|b"


# ── Who asks ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def by_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """The app stands behind App Service authentication."""
    settings = type("Settings", (), {"authentication": "entra"})()
    monkeypatch.setattr(callers, "settings", lambda: settings)
    monkeypatch.setattr(adapters, "policies", lambda: (POLICY.model_copy(update={"approvers": ("entra:l",)}),))


def _request(*claims: tuple[str, str], header: str | None = None) -> func.HttpRequest:
    made = {"auth_typ": "aad", "claims": [{"typ": kind, "val": value} for kind, value in claims]}
    text = base64.b64encode(json.dumps(made).encode()).decode() if header is None else header
    return func.HttpRequest("POST", "http://app/api", headers={"x-ms-client-principal": text}, body=b"")


@pytest.mark.usefixtures("by_token")
def test_the_token_tells_name_roles_and_groups() -> None:
    """Of a person by their user name, of an application by its id."""
    person = _request(("preferred_username", "ana@contoso.example"), ("roles", "Signalbox.Operator"), ("groups", "g1"))
    assert read_caller(person) == Caller("ana@contoso.example", frozenset({"Signalbox.Operator"}), frozenset({"g1"}))
    assert read_caller(_request(("appid", "42"))).name == "42"


@pytest.mark.usefixtures("by_token")
@pytest.mark.parametrize("header", ["", "%%%", "e30=", "W10=", "eyJjbGFpbXMiOiBbMV19"])
def test_no_readable_token_is_nobody(header: str) -> None:
    """A header that is missing or means nothing lets nobody in."""
    refused = refusal(_request(header=header), "reader")
    assert refused is not None
    assert refused.status_code == 401


@pytest.mark.usefixtures("by_token")
def test_who_may_not_is_told_what_they_lack() -> None:
    """403 names the role."""
    with pytest.raises(BadRequestError) as caught:
        require(_request(("name", "eve")), "approver", POLICY)
    assert caught.value.answer.status_code == 403
    assert b"It needs the app role Signalbox.Approver." in caught.value.answer.get_body()


@pytest.mark.usefixtures("by_token")
def test_whoever_a_fleet_file_names_may_read() -> None:
    """Also without a role in the whole app; but no order that concerns the whole app."""
    lead = _request(("name", "lea"), ("groups", "l"))
    assert refusal(lead, "reader") is None
    assert refusal(lead, "operator") is not None


def test_a_header_proves_nothing_where_keys_are_the_authentication(monkeypatch: pytest.MonkeyPatch) -> None:
    """Anybody could send it: it is not looked at."""
    monkeypatch.setattr(callers, "settings", type("Settings", (), {"authentication": "keys"}))
    assert read_caller(_request(("name", "eve"), ("roles", APP_ROLES["approver"]))) == KEY_HOLDER
