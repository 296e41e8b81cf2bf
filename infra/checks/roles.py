"""Roles, and what they allow: Azure's own from `builtin_roles.yaml`, ours from their definitions in a deployment."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from infra.checks.evaluated_functions import Value
from infra.checks.sample_deployments import Plan

BUILT_IN = Path(__file__).with_name("builtin_roles.yaml")
_DEFINITION = "microsoft.authorization/roledefinitions"


@dataclass(frozen=True)
class Role:
    """A role: what it allows, and what of that it does not, with `*` for any part."""

    name: str
    allows: tuple[str, ...]
    but: tuple[str, ...] = ()

    def grants(self, permission: str) -> bool:
        """Whether whoever has it may do that; a permission with `*` stands for all that it covers."""
        return _any_matches(self.allows, permission) and not _any_matches(self.but, permission)

    def is_narrower_than(self, other: "Role") -> bool:
        """Whether `other` allows all that this one does, and more."""
        return all(map(other.grants, self.allows)) and not all(map(self.grants, other.allows))


def narrowest(roles: Iterable[Role]) -> Role | None:
    """The one that allows least, by the wildcards and then by the length of its list; `None` of none."""
    return min(roles, key=lambda role: (sum("*" in entry for entry in role.allows), len(role.allows)), default=None)


@cache
def built_in_roles() -> Mapping[str, Role]:
    """The roles of the table, by id."""
    table: Mapping[str, Any] = yaml.safe_load(BUILT_IN.read_text())
    return {
        entry["id"]: Role(name, tuple(entry["allows"]), tuple(entry.get("but", ()))) for name, entry in table.items()
    }


def own_roles(plan: Plan) -> Mapping[str, Role]:
    """The roles that a deployment defines itself, by id."""
    found: dict[str, Role] = {}
    for entry in plan.resources:
        properties = entry.body.get("properties")
        if entry.resource.type.lower() == _DEFINITION and isinstance(properties, dict):
            allows = (*_listed(properties, "actions"), *_listed(properties, "dataActions"))
            but = (*_listed(properties, "notActions"), *_listed(properties, "notDataActions"))
            found[str(entry.name).lower()] = Role(str(properties.get("roleName")), allows, but)
    return found


def _listed(properties: Mapping[str, Value], name: str) -> tuple[str, ...]:
    permissions = properties.get("permissions")
    parts = [part.get(name) for part in permissions if isinstance(part, dict)] if isinstance(permissions, list) else []
    return tuple(str(entry) for part in parts if isinstance(part, list) for entry in part)


def _any_matches(patterns: Sequence[str], permission: str) -> bool:
    return any(_pattern(pattern).fullmatch(permission.lower()) for pattern in patterns)


@cache
def _pattern(written: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in written.lower().split("*")))
