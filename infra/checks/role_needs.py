"""What is needed of roles: `PERMISSIONS` beside each adapter of the code, and what `needs.yaml` says."""

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from infra.checks.sample_deployments import Plan

_NEEDS = Path(__file__).with_name("needs.yaml")
_SCOPES = Path(__file__).with_name("scopes.yaml")


@dataclass(frozen=True)
class Need:
    """What a principal must be able to do on a scope.

    Attributes:
        principal: The symbol whose identity it is, with its file.
        scope: The name of what it is on.
        permissions: What it does there.
        source: Whose need it is, or why.
        when: Parameters and the values with which it is a need at all.
        role: The role that Azure asks for by its name, though a narrower one would allow all of `permissions`.
    """

    principal: str
    scope: str
    permissions: tuple[str, ...]
    source: str
    when: tuple[tuple[str, object], ...] = ()
    role: str = ""

    def counts_in(self, plan: Plan) -> bool:
        """Whether it is a need of this deployment."""
        return all(plan.parameters.get(name) == value for name, value in self.when)


@cache
def all_needs() -> tuple[Need, ...]:
    """What the code and Azure's services need."""
    table: Mapping[str, Any] = yaml.safe_load(_NEEDS.read_text())
    return tuple(need for principal, entries in table.items() for entry in entries for need in _of(principal, entry))


def _of(principal: str, entry: Mapping[str, Any]) -> Iterator[Need]:
    scope, when, role = entry["scope"], tuple(entry.get("when", {}).items()), entry.get("role", "")
    for module in entry.get("of", ()):
        permissions = importlib.import_module(module).PERMISSIONS
        yield Need(principal, scope, tuple(permissions), module, when, role)
    if "for" in entry:
        yield Need(principal, scope, tuple(entry["for"]), entry["reason"].rstrip("."), when, role)


@cache
def scopes() -> Mapping[str, str]:
    """The names of scopes by where each is made: `dataStorage/account` → `dataStorage`."""
    table: Mapping[str, str] = yaml.safe_load(_SCOPES.read_text())
    return {path: name for name, path in table.items()}
