"""Binding expressions: ``{name}`` in the paths and names of bindings, filled from what triggered the function.

See https://learn.microsoft.com/azure/azure-functions/functions-bindings-expressions-patterns: properties of a JSON
message (``{order.id}``), parts of a trigger's path (``{name}``), ``{rand-guid}`` and ``{DateTime}``, with .NET's format
letters behind a colon.
"""

import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

_EXPRESSION = re.compile(r"\{([^{}:]+)(?::([^{}]+))?\}")
_GUID_FORMATS = {"N": "", "D": "-"}
_DATE_PARTS = re.compile(r"yyyy|yy|MM|dd|HH|hh|mm|ss|fff")
_DATE_CODES = {"yyyy": "%Y", "yy": "%y", "MM": "%m", "dd": "%d", "HH": "%H", "hh": "%I", "mm": "%M", "ss": "%S"}


class ExpressionError(ValueError):
    """An expression refers to something that this invocation does not have."""


def fill(template: str, values: Mapping[str, Any]) -> str:
    """Replace each expression in ``template``; names are matched without case.

    Raises:
        ExpressionError: a name is not among ``values``.
    """
    return _EXPRESSION.sub(lambda found: _value(found[1].strip(), found[2], values), template)


def _value(name: str, form: str | None, values: Mapping[str, Any]) -> str:
    lower = name.lower()
    if lower == "rand-guid":
        separator = _GUID_FORMATS.get((form or "D").upper(), "-")
        return str(uuid.uuid4()).replace("-", separator)
    if lower in {"datetime", "sys.utcnow"}:
        return _now(form)
    found: Any = values
    for part in lower.split("."):
        by_lower = {str(key).lower(): value for key, value in found.items()} if isinstance(found, Mapping) else {}
        if part not in by_lower:
            known = ", ".join(sorted(values)) or "nothing"
            raise ExpressionError(f"{{{name}}} has no value here: this invocation has {known}")
        found = by_lower[part]
    return str(found)


def _now(form: str | None) -> str:
    now = datetime.now(UTC)
    if form is None:
        return now.strftime("%Y-%m-%dT%H-%M-%SZ")

    def part(found: re.Match[str]) -> str:
        return f"{now.microsecond // 1000:03}" if found[0] == "fff" else now.strftime(_DATE_CODES[found[0]])

    return _DATE_PARTS.sub(part, form)
