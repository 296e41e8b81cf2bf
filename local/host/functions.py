"""A function as the host sees it: what its raw bindings say."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from local.host.errors import AppLoadError
from local.host.settings import resolve_references

type Binding = Mapping[str, Any]
"""One binding as in function.json: ``type``, ``name``, ``direction``, and the properties of its type."""

DURABLE_TRIGGERS = frozenset({"orchestrationTrigger", "activityTrigger", "entityTrigger"})
SERVED_TRIGGERS = DURABLE_TRIGGERS | {"httpTrigger", "eventGridTrigger", "timerTrigger"}
_SERVED_BINDINGS = frozenset({"http", "durableClient"})
# The property by which a durable trigger may be registered under another name than its function.
_ALIAS = {"orchestrationTrigger": "orchestration", "activityTrigger": "activity", "entityTrigger": "entityName"}


@dataclass(frozen=True)
class Function:
    """An indexed function.

    Attributes:
        name: its name in the app.
        id: what the worker library calls it.
        trigger: the binding that starts it.
        others: the other bindings.
        disabled: whether a setting switches it off: nothing triggers it then.
    """

    name: str
    id: str
    trigger: Binding
    others: tuple[Binding, ...]
    disabled: bool = False

    @property
    def kind(self) -> str:
        """Type of the trigger, such as ``httpTrigger``."""
        return str(self.trigger["type"])

    @property
    def parameter(self) -> str:
        """Name of the trigger's parameter; it may differ from the Python name, so only the binding knows it."""
        return str(self.trigger["name"])

    @property
    def durable_name(self) -> str:
        """Name under which the durable engine asks for it."""
        return str(self.trigger.get(_ALIAS.get(self.kind, "")) or self.name)

    @property
    def client_parameters(self) -> tuple[str, ...]:
        """Parameters that want a durable client."""
        return tuple(str(binding["name"]) for binding in self.others if binding["type"] == "durableClient")

    @property
    def unserved(self) -> tuple[str, ...]:
        """Types of its trigger and bindings that this host does not serve."""
        triggers = () if self.kind in SERVED_TRIGGERS else (self.kind,)
        return triggers + tuple(str(b["type"]) for b in self.others if b["type"] not in _SERVED_BINDINGS)

    @property
    def is_durable(self) -> bool:
        """Whether it needs the durable engine."""
        return self.kind in DURABLE_TRIGGERS or bool(self.client_parameters)


def read_function(name: str, function_id: str, raw_bindings: Iterable[str], settings: Mapping[str, str]) -> Function:
    """Make a Function of the worker's metadata, with each ``%NAME%`` in its bindings replaced by the setting.

    Raises:
        AppLoadError: there is not exactly one trigger.
        HostError: a binding refers to a setting that does not exist.
    """
    bindings = [_resolved(json.loads(raw), settings, f"function {name}") for raw in raw_bindings]
    triggers = [binding for binding in bindings if str(binding["type"]).endswith("Trigger")]
    if len(triggers) != 1:
        raise AppLoadError(f"function {name} has {len(triggers)} triggers, and must have exactly one")
    others = tuple(binding for binding in bindings if binding is not triggers[0])
    return Function(
        name=name, id=function_id, trigger=triggers[0], others=others, disabled=_is_disabled(name, settings)
    )


def _is_disabled(name: str, settings: Mapping[str, str]) -> bool:
    """Whether the setting ``AzureWebJobs.<function>.Disabled`` is on; dots may be ``__``, as on Linux in Azure."""
    values = (settings.get(f"AzureWebJobs{dot}{name}{dot}Disabled", "") for dot in (".", "__"))
    return any(value.strip().lower() in {"true", "1"} for value in values)


def _resolved(binding: Binding, settings: Mapping[str, str], where: str) -> Binding:
    return {
        key: resolve_references(value, settings, where=f"{where}, {key}") if isinstance(value, str) else value
        for key, value in binding.items()
    }
