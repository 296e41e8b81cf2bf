"""Aggregates as they are written, such as `sum(units)`: what each takes and gives."""

import re
from typing import Annotated, Final, Literal, cast, get_args

from pydantic import AfterValidator, WithJsonSchema

from shared.conditioning.expressions.values import ValueType
from shared.near_names import nearest

AggregateFunction = Literal["count", "sum", "mean", "min", "max", "count_distinct", "first", "last"]

_FUNCTIONS: Final = get_args(AggregateFunction)
_WRITTEN: Final = re.compile(r"\s*([A-Za-z_]\w*)\s*\((.*)\)\s*", re.DOTALL)
_COLUMN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MEANT: Final = {"avg": "mean", "average": "mean", "nunique": "count_distinct", "n": "count", "size": "count"}
#: What no bounded number of values per group can tell.
_REFUSED: Final = ("median", "quantile", "percentile", "mode", "std", "stddev", "var", "variance")
#: Types that a function takes; the others take all.
_TAKEN: Final[dict[AggregateFunction, tuple[ValueType, ...]]] = {
    "sum": ("integer", "number"),
    "mean": ("integer", "number"),
    "min": ("integer", "number", "date", "timestamp", "text"),
    "max": ("integer", "number", "date", "timestamp", "text"),
}


def parse_aggregate(text: str) -> tuple[AggregateFunction, str | None]:
    """The function of an aggregate and the column that it is of; `count()` is of none.

    Raises:
        ValueError: It is none, for a person.
    """
    written = _WRITTEN.fullmatch(text)
    if not written:
        raise ValueError(f"`{text}` is no aggregate; write for example sum(units), or count()")
    name, column = written[1], written[2].strip()
    if name not in _FUNCTIONS:
        raise ValueError(_unknown(name))
    if name == "count" and column:
        remedy = f"count_distinct({column}) counts its values"
        raise ValueError(f"`{text}`: count() counts rows and takes no column; write count(), or {remedy}")
    if name != "count" and not _COLUMN.fullmatch(column):
        what = "takes one column" if not column else f"takes one column, and `{column}` is none"
        raise ValueError(f"`{text}`: {name} {what}; write for example {name}(units), and derive anything else first")
    return cast("AggregateFunction", name), column or None


def aggregate_type(function: AggregateFunction, of: ValueType | None) -> ValueType:
    """The type of what an aggregate gives.

    Args:
        function: What it does.
        of: Type of its column; none of `count`.

    Raises:
        ValueError: The function does not take this type.
    """
    if of is None or function in ("count", "count_distinct"):
        return "integer"
    taken = _TAKEN.get(function)
    if taken is not None and of not in taken:
        raise ValueError(f"{function} is for {', '.join(taken)}, and the column is {of}; derive a column of these")
    return "number" if function == "mean" else of


def _unknown(name: str) -> str:
    if name in _REFUSED:
        return f"`{name}` needs all values of a group at once, so it is not offered; {nearest('', _FUNCTIONS)}"
    meant = _MEANT.get(name.lower())
    return f"there is no aggregate `{name}`; {f'did you mean `{meant}`?' if meant else nearest(name, _FUNCTIONS)}"


def _checked(text: str) -> str:
    parse_aggregate(text)
    return text


#: An aggregate as it is written.
AggregateText = Annotated[
    str,
    AfterValidator(_checked),
    WithJsonSchema({"type": "string", "pattern": rf"^\s*({'|'.join(_FUNCTIONS)})\s*\(.*\)\s*$"}),
]
