"""Roles: for the whole app by app roles, for some models by what their fleet file names."""

from itertools import product

import pytest

from shared.authorization import APP_ROLES, KEY_HOLDER, Caller, Role, may, needed
from tests.shared.interlock.builders import POLICY

OURS = POLICY.model_copy(update={"operators": ("entra:demand-ops",), "approvers": ("entra:demand-leads",)})
ROLES: tuple[Role, ...] = ("reader", "operator", "approver")


def _caller(*grants: str) -> Caller:
    """Groups, but for the app's own roles."""
    roles = frozenset(grants) & set(APP_ROLES.values())
    return Caller("ana@contoso.example", roles, frozenset(grants) - roles)


@pytest.mark.parametrize(("role", "policy"), list(product(ROLES, (None, OURS))))
def test_a_function_key_knows_no_people(role: Role, policy: object) -> None:
    """Whoever holds a key may do everything: keys are for one team, or for another system."""
    assert may(KEY_HOLDER, role, OURS if policy else None)


@pytest.mark.parametrize(("held", "asked"), list(product(ROLES, ROLES)))
def test_app_roles_hold_for_every_model(held: Role, asked: Role) -> None:
    """An app role is that role everywhere, and everybody who has one may read."""
    allowed = asked in (held, "reader")
    assert may(_caller(APP_ROLES[held]), asked) is allowed
    assert may(_caller(APP_ROLES[held]), asked, OURS) is allowed


def test_a_fleet_files_group_holds_for_its_models_alone() -> None:
    """Who operates one fleet has no say in another one, nor in what concerns the whole app."""
    assert may(_caller("demand-ops"), "operator", OURS)
    assert may(_caller("demand-ops"), "reader", OURS)
    assert not may(_caller("demand-ops"), "approver", OURS)
    assert not may(_caller("demand-ops"), "operator", POLICY)
    assert not may(_caller("demand-ops"), "operator")


def test_an_approver_does_not_operate() -> None:
    """Who approves releases does not start them: two people see each of them."""
    assert may(_caller("demand-leads"), "approver", OURS)
    assert not may(_caller("demand-leads"), "operator", OURS)


def test_nobody_without_a_grant_may_anything() -> None:
    """A token alone is no role."""
    assert not any(may(_caller("somebody-else"), role, OURS) for role in ROLES)


def test_the_message_names_what_would_be_enough() -> None:
    """Who is refused reads which app role or group they lack."""
    assert needed("approver", OURS) == "It needs the app role Signalbox.Approver, or be one of entra:demand-leads."
    assert needed("reader", OURS) == "It needs the app role Signalbox.Reader."


def test_a_group_that_is_called_like_a_role_is_none() -> None:
    """Anybody may make a group of any name."""
    assert not may(Caller("eve", frozenset(), frozenset(APP_ROLES.values())), "approver", OURS)
