"""Types of values in standard CSV, as steps and expressions see them."""

from typing import Final, Literal

from pydantic import JsonValue

from shared.conditioning.expressions.values import ValueType

#: Of a column when it has been read.
ColumnType = Literal["text", "integer", "number", "money", "date", "timestamp", "boolean", "present"]

#: What a column of the standard CSV may be called.
STANDARD_NAME: Final = "[a-z][a-z0-9_]*"
#: What a JSON Schema says of a mapping by such names.
BY_STANDARD_NAME: Final[dict[str, JsonValue]] = {"propertyNames": {"pattern": f"^{STANDARD_NAME}$"}}

#: What a column's values are: money is cents, and `present` is true or false.
VALUES_OF: Final[dict[ColumnType, ValueType]] = {
    "text": "text",
    "integer": "integer",
    "number": "number",
    "money": "integer",
    "date": "date",
    "timestamp": "timestamp",
    "boolean": "boolean",
    "present": "boolean",
}
