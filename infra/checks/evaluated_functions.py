"""The functions of Bicep that can be worked out without Azure, as far as names and roles need them."""

import base64
import hashlib
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

#: The longest there is, for names that contain it.
SAMPLE_REGION = "southafricanorthwest"
_SUBSCRIPTION_ID = "00000000-0000-0000-0000-000000000000"
_SUBSCRIPTION = f"/subscriptions/{_SUBSCRIPTION_ID}"
_GROUP = f"{_SUBSCRIPTION}/resourceGroups/rg"


@dataclass(frozen=True)
class Unknown:
    """A value that only Azure knows.

    Attributes:
        origin: Where it comes from: `Microsoft.Storage/storageAccounts.id`.
        reference: The resource, module or outputs that it stands for, for what is asked of it next.
    """

    origin: str
    reference: object = field(default=None, compare=False, repr=False)


type Value = str | int | bool | Unknown | list["Value"] | dict[str, "Value"] | None


def as_text(value: Value) -> str | Unknown:
    """A value as it looks inside a text."""
    if isinstance(value, Unknown | str):
        return value
    return json.dumps(value, default=str)


def _unique(*parts: Value) -> str:
    """13 characters of a-z and 2-7, like `uniqueString`'s, and others than its."""
    digest = hashlib.sha256(repr(parts).encode()).digest()
    return base64.b32encode(digest).decode().lower()[:13]


def _guid(*parts: Value) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, repr(parts)))


def _take(value: Value, count: Value) -> Value:
    assert isinstance(value, str | list)
    assert isinstance(count, int)
    return value[: max(count, 0)]


def _substring(value: str, start: int, length: int | None = None) -> str:
    return value[start:] if length is None else value[start : start + length]


def _union(*values: Value) -> Value:
    if any(isinstance(value, list) for value in values):
        return [item for value in values if isinstance(value, list) for item in value]
    merged: dict[str, Value] = {}
    for value in values:
        merged |= value if isinstance(value, dict) else {}
    return merged


def _concat(*parts: Value) -> Value:
    if any(isinstance(part, list) for part in parts):
        return [item for part in parts if isinstance(part, list) for item in part]
    return "".join(str(part) for part in parts)


def _resource_id(kind: str, *names: str) -> str:
    return f"{_GROUP}/providers/{kind}/{'/'.join(names)}"


def _text_of(pattern: str, *values: Value) -> str:
    return pattern.format(*values)


def _items(value: Mapping[str, Value]) -> list[Value]:
    return [{"key": key, "value": value[key]} for key in sorted(value)]


_FUNCTIONS: Mapping[str, Callable[..., Value]] = {
    "bool": lambda value: str(value).lower() in {"true", "1"},
    "concat": _concat,
    "contains": lambda value, wanted: wanted in value,
    "empty": lambda value: not value,
    "endsWith": lambda value, end: value.lower().endswith(end.lower()),
    "environment": lambda: {
        "name": "AzureCloud",
        "resourceManager": "https://management.azure.com/",
        "suffixes": {
            "storage": "core.windows.net",
            "keyvaultDns": ".vault.azure.net",
            "acrLoginServer": ".azurecr.io",
            "sqlServerHostname": ".database.windows.net",
        },
    },
    "first": lambda value: value[0],
    "flatten": lambda values: [item for value in values for item in value],
    "format": _text_of,
    "guid": _guid,
    "indexOf": lambda value, wanted: value.lower().find(wanted.lower()),
    "int": int,
    "items": _items,
    "join": lambda values, between: between.join(values),
    "last": lambda value: value[-1],
    "lastIndexOf": lambda value, wanted: value.lower().rfind(wanted.lower()),
    "length": len,
    "max": max,
    "min": min,
    "newGuid": lambda: _guid("newGuid"),
    "objectKeys": sorted,
    "padLeft": lambda value, length, with_="0": str(value).rjust(length, with_),
    "range": lambda start, count: list(range(start, start + count)),
    "replace": lambda value, old, new: value.replace(old, new),
    "resourceGroup": lambda *_: {"id": _GROUP, "name": "rg", "location": SAMPLE_REGION, "tags": {}},
    "resourceId": _resource_id,
    "skip": lambda value, count: value[count:],
    "split": lambda value, by: value.split(by if isinstance(by, str) else by[0]),
    "startsWith": lambda value, start: value.lower().startswith(start.lower()),
    "string": as_text,
    "subscription": lambda *_: {
        "id": _SUBSCRIPTION,
        "subscriptionId": _SUBSCRIPTION_ID,
        "tenantId": _SUBSCRIPTION_ID,
        "displayName": "subscription",
    },
    "subscriptionResourceId": lambda kind, *names: f"{_SUBSCRIPTION}/providers/{kind}/{'/'.join(names)}",
    "substring": _substring,
    "take": _take,
    "tenant": lambda: {"tenantId": _SUBSCRIPTION_ID},
    "toLower": lambda value: value.lower(),
    "toUpper": lambda value: value.upper(),
    "trim": lambda value: value.strip(),
    "union": _union,
    "uniqueString": _unique,
    "utcNow": lambda *_: "2026-01-01",
}
#: What is known of their result does not depend on each argument.
_OF_UNKNOWNS = frozenset({"uniqueString", "guid", "union"})


def applied(name: str, arguments: Sequence[Value]) -> Value:
    """The result of a function of Bicep; unknown where an argument is, where Azure would refuse one, or alone knows."""
    function = _FUNCTIONS.get(name)
    if function is None:
        return Unknown(f"{name}()")
    missing = next((argument for argument in arguments if isinstance(argument, Unknown)), None)
    if missing is not None and name not in _OF_UNKNOWNS:
        return missing
    try:
        return function(*arguments)
    except (TypeError, ValueError, KeyError, IndexError):
        return Unknown(f"{name}()")
