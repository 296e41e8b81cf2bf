"""Role assignments against the permissions that are needed: none is missing, none is for nothing, none is too much.

What the code needs stands beside each adapter, in `PERMISSIONS`; what Azure's own services need, and on what each need
is, stands in `needs.yaml`. A role counts in a deployment that makes its assignment, for the principal and on the thing
that are the need's: the thing is found by its name among all that is made, see `scopes.yaml`.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from infra.checks.bicep.tree import Place
from infra.checks.evaluated_functions import Unknown, Value
from infra.checks.findings import Finding
from infra.checks.planning import Planned, Target
from infra.checks.project import fault_at
from infra.checks.role_needs import Need, all_needs, scopes
from infra.checks.roles import BUILT_IN, Role, built_in_roles, narrowest, own_roles
from infra.checks.sample_deployments import Plan

_ASSIGNMENT = "microsoft.authorization/roleassignments"
#: Who has the roles that are given to an id from outside.
_DEPLOYER = "deployer"
#: What a role without a scope is on.
_LEVELS = {"resourceGroup": "group", "subscription": "subscription"}


@dataclass(frozen=True)
class Assignment:
    """A role that is given to a principal on a scope."""

    principal: str
    scope: str
    role: Role
    file: str
    symbol: str
    at: Place


def check_roles(plans: Sequence[Plan], needs: Sequence[Need] | None = None) -> tuple[Finding, ...]:
    """Findings of the rules `role-missing`, `role-unneeded`, `role-broad` and `role-unknown`.

    Args:
        plans: What is made with different choices; each is looked at by itself, with the needs that it has.
        needs: What is needed; those of the code and of `needs.yaml` where it is `None`.
    """
    wanted = tuple(needs) if needs is not None else all_needs()
    return tuple(sorted({finding for plan in plans for finding in _of_plan(plan, wanted)}))


def _of_plan(plan: Plan, needs: Sequence[Need]) -> Iterator[Finding]:
    wanted = [need for need in needs if need.counts_in(plan)]
    roles, made = {**built_in_roles(), **own_roles(plan)}, _made(plan)
    assignments: list[Assignment] = []
    for entry in plan.resources:
        if entry.resource.type.lower() == _ASSIGNMENT:
            assignment = _assignment(entry, roles, made)
            if isinstance(assignment, Finding):
                yield assignment
            else:
                assignments.append(assignment)
    yield from _missing(assignments, wanted)
    yield from _unneeded(assignments, wanted)


def _missing(assignments: Sequence[Assignment], needs: Sequence[Need]) -> Iterator[Finding]:
    given: defaultdict[tuple[str, str], list[Role]] = defaultdict(list)
    for assignment in assignments:
        given[assignment.principal, assignment.scope].append(assignment.role)
    for need in needs:
        roles = given[need.principal, need.scope]
        has = ", ".join(sorted({role.name for role in roles})) or "no role"
        ungranted = [one for one in need.permissions if not any(role.grants(one) for role in roles)]
        for permission in ungranted:
            said = (
                f"{need.principal} needs {permission} on {need.scope} ({need.source}), and has {has} there"
                f"{_would_do(permission)}"
            )
            yield _beside(need, assignments, said, permission)
        if need.role and not ungranted and all(role.name != need.role for role in roles):
            said = f"{need.principal} must have {need.role} on {need.scope} ({need.source}), and has {has} there"
            yield _beside(need, assignments, said, need.role)


def _beside(need: Need, assignments: Sequence[Assignment], said: str, subject: str) -> Finding:
    """A missing role, at one that the principal has on the same scope, or else where it has most of them."""
    theirs = [assignment for assignment in assignments if assignment.principal == need.principal]
    near = [assignment for assignment in theirs if assignment.scope == need.scope] or theirs
    if not near:
        return Finding("main.bicep", 1, 1, "role-missing", said, subject)
    file = Counter(assignment.file for assignment in near).most_common(1)[0][0]
    at = next(assignment.at for assignment in near if assignment.file == file)
    return fault_at(file, at, "role-missing", said, subject)


def _unneeded(assignments: Sequence[Assignment], needs: Sequence[Need]) -> Iterator[Finding]:
    needed: defaultdict[tuple[str, str], list[Need]] = defaultdict(list)
    for need in needs:
        needed[need.principal, need.scope].append(need)
    for given in assignments:
        there = needed[given.principal, given.scope]
        used = [one for need in there for one in need.permissions if given.role.grants(one)]
        if not used:
            said = f"{given.symbol}: nothing of {given.role.name} on {given.scope} is needed by {given.principal}"
            yield fault_at(given.file, given.at, "role-unneeded", said, given.symbol)
        elif all(need.role != given.role.name for need in there) and (least := _narrower(given.role, used)):
            said = (
                f"{given.symbol}: {given.role.name} on {given.scope} is more than {given.principal} needs; "
                f"{least.name} allows {', '.join(dict.fromkeys(used))}"
            )
            yield fault_at(given.file, given.at, "role-broad", said, given.symbol)


def _narrower(role: Role, used: Sequence[str]) -> Role | None:
    """A known role that allows what is used of `role`, and less than it."""
    known = built_in_roles().values()
    return narrowest(other for other in known if other.is_narrower_than(role) and all(map(other.grants, used)))


def _assignment(
    planned: Planned, roles: Mapping[str, Role], made: Mapping[tuple[str, str], str]
) -> Assignment | Finding:
    properties = planned.body.get("properties")
    inner: Mapping[str, Value] = properties if isinstance(properties, dict) else {}
    written = inner.get("roleDefinitionId")
    id_ = written.rpartition("/")[2].lower() if isinstance(written, str) else ""
    symbol, at = planned.resource.name, planned.resource.at
    if id_ not in roles:
        said = f"{symbol}: the role {id_ or 'of this assignment'} is not known; write it into {BUILT_IN.name}"
        return fault_at(planned.file, at, "role-unknown", said, symbol)
    principal = inner.get("principalId")
    who = _symbol(principal) if isinstance(principal, Unknown) else _DEPLOYER
    return Assignment(who, _scope(planned.target, made), roles[id_], planned.file, symbol, at)


def _made(plan: Plan) -> Mapping[tuple[str, str], str]:
    """What needs call each thing that is made, by its type and its name; its path where they do not name it."""
    return {
        (entry.resource.type.lower(), entry.full_name.lower()): scopes().get(entry.path, entry.path)
        for entry in plan.resources
        if isinstance(entry.full_name, str)
    }


def _scope(target: Target, made: Mapping[tuple[str, str], str]) -> str:
    if not target.symbol:
        return _LEVELS.get(target.type, target.type)
    if isinstance(target.name, str):
        there = made.get((target.type.lower(), target.name.lower()))
        return there or f"{target.symbol} ({target.name!r}, which is not made)"
    origin = target.name.origin if isinstance(target.name, Unknown) else "nothing"
    return f"{target.symbol} (whose name cannot be worked out: it depends on {origin})"


def _symbol(value: Unknown) -> str:
    """`modules/identity.bicep:identity.properties.principalId` → `modules/identity.bicep:identity`."""
    file, _, rest = value.origin.rpartition(":")
    return f"{file}:{rest.partition('.')[0]}"


def _would_do(permission: str) -> str:
    """The known role that allows it and least else."""
    fitting = [role for role in built_in_roles().values() if role.grants(permission) and "*/read" not in role.allows]
    role = narrowest(fitting)
    return f"; {role.name} would allow it" if role else ""
