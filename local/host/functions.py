"""A function as the host sees it: what its raw bindings say."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Protocol

from local.host.errors import AppLoadError
from local.host.retries import RETRYING_TRIGGERS, RetryPolicy
from local.host.settings import resolve_references

type Binding = Mapping[str, Any]
"""One binding as in function.json: ``type``, ``name``, ``direction``, and the properties of its type."""

DURABLE_TRIGGERS = frozenset({"orchestrationTrigger", "activityTrigger", "entityTrigger"})
STORAGE_TRIGGERS = frozenset({"queueTrigger", "blobTrigger"})
SERVED_TRIGGERS = DURABLE_TRIGGERS | STORAGE_TRIGGERS | {"httpTrigger", "eventGridTrigger", "timerTrigger"}
_STORAGE_BINDINGS = frozenset({("queue", "OUT"), ("blob", "IN"), ("blob", "OUT")})
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
        retry: its own retry policy.
    """

    name: str
    id: str
    trigger: Binding
    others: tuple[Binding, ...]
    disabled: bool = False
    retry: RetryPolicy | None = None

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
        return tuple(self.client_hubs)

    @property
    def client_hubs(self) -> dict[str, str]:
        """The task hub that each durable client names in its binding, by parameter; empty means host.json's."""
        clients = (binding for binding in self.others if binding["type"] == "durableClient")
        return {str(binding["name"]): str(binding.get("taskHub") or "") for binding in clients}

    @property
    def unserved(self) -> tuple[str, ...]:
        """Types of its trigger and bindings that this host does not serve."""
        triggers = () if self.kind in SERVED_TRIGGERS else (self.kind,)
        return triggers + tuple(str(binding["type"]) for binding in self.others if not _is_served(binding))

    @property
    def storage_inputs(self) -> tuple[Binding, ...]:
        """Bindings whose value is read from storage before each invocation."""
        return tuple(binding for binding in self.others if _storage_kind(binding) == ("blob", "IN"))

    @property
    def storage_outputs(self) -> tuple[Binding, ...]:
        """Bindings whose value is written to storage after each invocation."""
        kinds = {("blob", "OUT"), ("queue", "OUT")}
        return tuple(binding for binding in self.others if _storage_kind(binding) in kinds)

    @property
    def uses_storage(self) -> bool:
        """Whether it needs a storage account."""
        return self.kind in STORAGE_TRIGGERS or bool(self.storage_inputs or self.storage_outputs)

    @property
    def ignored_retry(self) -> bool:
        """Whether it has a retry policy that has no effect, since its trigger does not support one."""
        return self.retry is not None and self.kind not in RETRYING_TRIGGERS

    @property
    def is_durable(self) -> bool:
        """Whether it needs the durable engine."""
        return self.kind in DURABLE_TRIGGERS or bool(self.client_parameters)


def read_function(
    name: str,
    function_id: str,
    raw_bindings: Iterable[str],
    settings: Mapping[str, str],
    retry: RetryPolicy | None = None,
) -> Function:
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
        name=name,
        id=function_id,
        trigger=triggers[0],
        others=others,
        disabled=_is_disabled(name, settings),
        retry=retry,
    )


class Named(Protocol):
    """What has a name."""

    @property
    def name(self) -> str:
        """The name."""


def select_functions[T: Named](functions: Sequence[T], names: Collection[str]) -> tuple[T, ...]:
    """The functions with these names, matched without case; all of them when no name is given.

    Raises:
        AppLoadError: a name is not that of a function; the message has the nearest one.
    """
    if not names:
        return tuple(functions)
    known = {function.name.casefold(): function for function in functions}
    for name in names:
        if name.casefold() not in known:
            raise AppLoadError(f"the app has no function {name!r}{nearest(name, [f.name for f in functions])}")
    chosen = {name.casefold() for name in names}
    return tuple(function for key, function in known.items() if key in chosen)


def nearest(name: str, candidates: Iterable[str]) -> str:
    """A half sentence with the candidate that is most like ``name``, or with all of them; empty without any."""
    by_key = {candidate.casefold(): candidate for candidate in candidates}
    if near := get_close_matches(name.casefold(), by_key, n=1):
        return f"; did you mean {by_key[near[0]]!r}?"
    return f"; it has {', '.join(sorted(by_key.values()))}" if by_key else ""


def _storage_kind(binding: Binding) -> tuple[str, str]:
    return str(binding["type"]), str(binding.get("direction", "IN")).upper()


def _is_served(binding: Binding) -> bool:
    return binding["type"] in _SERVED_BINDINGS or _storage_kind(binding) in _STORAGE_BINDINGS


def _is_disabled(name: str, settings: Mapping[str, str]) -> bool:
    """Whether the setting ``AzureWebJobs.<function>.Disabled`` is on; dots may be ``__``, as on Linux in Azure."""
    values = (settings.get(f"AzureWebJobs{dot}{name}{dot}Disabled", "") for dot in (".", "__"))
    return any(value.strip().lower() in {"true", "1"} for value in values)


def _resolved(binding: Binding, settings: Mapping[str, str], where: str) -> Binding:
    return {
        key: resolve_references(value, settings, where=f"{where}, {key}") if isinstance(value, str) else value
        for key, value in binding.items()
    }
