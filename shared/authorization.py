"""Who may do what: three roles, for the whole app or for the models of which the fleet file says so.

Whoever is authenticated by a function key has all of them: keys know no people. By Entra ID, the roles are the app's
own (`Signalbox.Reader`, `Signalbox.Operator`, `Signalbox.Approver`), and the groups and roles that a fleet file names
under `team` for its models.
"""

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from shared.contracts.policy import ModelPolicy

#: Readers look; operators order; approvers approve, refuse and make exceptions. Both of these may look, too.
Role = Literal["reader", "operator", "approver"]

#: The app roles by which Entra ID knows them.
APP_ROLES: Final[dict[Role, str]] = {
    "reader": "Signalbox.Reader",
    "operator": "Signalbox.Operator",
    "approver": "Signalbox.Approver",
}
#: How a fleet file writes a group or role of Entra ID: `entra:demand-ops`.
ENTRA: Final = "entra:"


class Caller(NamedTuple):
    """Who asks.

    Attributes:
        name: As it is written down: `ana@contoso.example`; empty where nobody can know, as with a function key.
        roles: Values of their claim `roles`; `None` where a function key was the authentication.
        groups: Values of their claim `groups`: anybody may call a group as the app calls a role, so they are apart.
    """

    name: str
    roles: frozenset[str] | None
    groups: frozenset[str] = frozenset()


#: Whoever holds a function key.
KEY_HOLDER: Final = Caller("", None)


def may(caller: Caller, role: Role, policy: ModelPolicy | None = None) -> bool:
    """Whether a caller has a role, for a model or, without one, for the whole app."""
    if caller.roles is None:
        return True
    if role == "reader":
        return any(title in caller.roles for title in APP_ROLES.values()) or _is_named(caller, _all_of(policy))
    return APP_ROLES[role] in caller.roles or (policy is not None and _is_named(caller, _named(role, policy)))


def needed(role: Role, policy: ModelPolicy | None = None) -> str:
    """What a caller lacks, for a message."""
    named = _named(role, policy) if policy is not None and role != "reader" else ()
    where = f", or be one of {', '.join(named)}" if named else ""
    return f"It needs the app role {APP_ROLES[role]}{where}."


def _named(role: Role, policy: ModelPolicy) -> Sequence[str]:
    return policy.approvers if role == "approver" else policy.operators


def _all_of(policy: ModelPolicy | None) -> Sequence[str]:
    return () if policy is None else (*policy.operators, *policy.approvers)


def _is_named(caller: Caller, named: Sequence[str]) -> bool:
    grants = caller.groups | (caller.roles or frozenset())
    return any(one.removeprefix(ENTRA) in grants for one in named)
