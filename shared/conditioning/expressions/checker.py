"""The types of an expression's parts, found without any data, so that a recipe with a wrong one is never run."""

import re
import warnings
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Final, Literal

from shared.conditioning.expressions.functions import FUNCTIONS, Function, Parameter
from shared.conditioning.expressions.tree import (
    Call,
    ColumnValue,
    Constant,
    Name,
    Node,
    Operation,
    Typed,
    Written,
)
from shared.conditioning.expressions.values import ExpressionError, ValueType, in_words
from shared.near_names import nearest

#: What makes a value of the wanted type out of one of another type.
_REMEDIES: Final[dict[tuple[ValueType, ValueType], str]] = {
    ("integer", "text"): "integer(…)",
    ("number", "text"): "number(…)",
    ("integer", "number"): "integer(…), floor(…) or ceil(…)",
    ("date", "timestamp"): "date_of(…)",
    ("date", "text"): "date'2026-01-31', or give the column `type: date`",
    ("timestamp", "text"): "timestamp'2026-01-31T10:00:00Z', or give the column `type: timestamp`",
    ("boolean", "integer"): "a comparison such as … != 0",
    ("boolean", "text"): "a comparison such as … = 'yes'",
}
_TYPES: Final[dict[type, ValueType | Literal["null"]]] = {
    type(None): "null",
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "text",
    date: "date",
    datetime: "timestamp",
}
_ONLY_EQUAL: Final = frozenset({"=", "!="})
_NULL: Final = "null cannot stand here; it may only be a branch of if(…), and a value is tested by `is null`"


def check(node: Node, columns: Mapping[str, ValueType]) -> Typed:
    """The tree with its types; integers become numbers where they meet one.

    Raises:
        ExpressionError: A column is unknown, or a value's type does not fit.
    """
    match node:
        case Written():
            return Constant(_TYPES[type(node.value)], node.value, node.position)
        case Name():
            return _column(node, columns)
    arguments = tuple(check(argument, columns) for argument in node.arguments)
    if node.name in FUNCTIONS:
        return _function(node, FUNCTIONS[node.name], arguments)
    return _operator(node, arguments)


def value_type(node: Typed) -> ValueType:
    """The type of a part that has one.

    Raises:
        ExpressionError: It is null and nothing else.
    """
    if node.type == "null":
        raise ExpressionError(_NULL, node.position)
    return node.type


def _column(node: Name, columns: Mapping[str, ValueType]) -> ColumnValue:
    if node.name not in columns:
        raise ExpressionError(f"there is no column `{node.name}`; {nearest(node.name, columns)}", node.position)
    if node.name == "*" or (node.name.startswith("^") and node.name.endswith("$")):
        raise ExpressionError(f"the name `{node.name}` stands for a pattern in polars; rename it", node.position)
    return ColumnValue(columns[node.name], node.name, node.position)


def _function(node: Call, function: Function, arguments: Sequence[Typed]) -> Operation:
    parameters = [function.parameter(index) for index in range(len(arguments))]
    for parameter, argument in zip(parameters, arguments, strict=True):
        if not parameter.may_be_null:
            value_type(argument)
        if parameter.written:
            _check_written(function, parameter, argument)
    fitted = [
        _fitted(function, index, parameter, argument)
        for index, (parameter, argument) in enumerate(zip(parameters, arguments, strict=True))
    ]
    if function.result != "same":
        return Operation(function.result, node.name, tuple(fitted), node.position)
    alike = [index for index, parameter in enumerate(parameters) if len(parameter.types) > 1]
    common = _common(f"`{node.name}` needs", node.position, [fitted[index] for index in alike])
    for index in alike:
        fitted[index] = _as(fitted[index], common)
    return Operation(common, node.name, tuple(fitted), node.position)


def _fitted(function: Function, index: int, parameter: Parameter, argument: Typed) -> Typed:
    if argument.type == "null" or argument.type in parameter.types:
        return argument
    if argument.type == "integer" and "number" in parameter.types:
        return _as(argument, "number")
    raise ExpressionError(
        f"value {index + 1} of {function.signature} must be {in_words(*parameter.types)}, "
        f"and this is {in_words(argument.type)}{_remedy(parameter.types[0], argument.type)}",
        argument.position,
    )


def _check_written(function: Function, parameter: Parameter, argument: Typed) -> None:
    if not isinstance(argument, Constant):
        raise ExpressionError(
            f"`{parameter.name}` of {function.signature} must be written in the expression, such as "
            f"{"'abc'" if parameter.types == ('text',) else '2'}",
            argument.position,
        )
    value = argument.value
    if isinstance(value, int) and not 0 <= value <= parameter.most:
        raise ExpressionError(
            f"`{parameter.name}` of {function.signature} is from 0 to {parameter.most}, and this is {value}",
            argument.position,
        )
    if parameter.name == "old" and value == "":
        raise ExpressionError("the text to replace is empty; write at least one character", argument.position)
    if parameter.name == "pattern" and isinstance(value, str):
        _check_pattern(value, argument.position)


def _check_pattern(pattern: str, position: int) -> None:
    """What Python itself cannot read is refused at once; the rest is left to the engine that will match it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what a later Python may read in another way
            re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ExpressionError(f"`{pattern}` is no regular expression: {error}", position) from None


def _operator(node: Call, arguments: Sequence[Typed]) -> Operation:
    match node.name:
        case "and" | "or" | "not":
            return Operation("boolean", node.name, tuple(_truth(node, part) for part in arguments), node.position)
        case "is null" | "is not null":
            value_type(arguments[0])
            return Operation("boolean", node.name, tuple(arguments), node.position)
        case "in":
            return _membership(node, arguments)
        case "+" | "-" | "*" | "/" | "%" | "negate":
            return _arithmetic(node, arguments)
        case _:
            return _comparison(node, arguments)


def _truth(node: Call, part: Typed) -> Typed:
    type_ = value_type(part)
    if type_ != "boolean":
        raise ExpressionError(
            f"`{node.name}` needs true or false, and this is {in_words(type_)}{_remedy('boolean', type_)}",
            part.position,
        )
    return part


def _membership(node: Call, arguments: Sequence[Typed]) -> Operation:
    _, *listed = arguments
    if not listed:
        raise ExpressionError("the list after `in` is empty; write for example in ['a', 'b']", node.position)
    for part in listed:
        if not isinstance(part, Constant):
            raise ExpressionError(
                "a list after `in` has written values only; compare with = and join by or", part.position
            )
    return _alike(node, arguments, "`in` needs")


def _comparison(node: Call, arguments: Sequence[Typed]) -> Operation:
    compared = _alike(node, arguments, f"`{node.name}` compares")
    if compared.arguments[0].type == "boolean" and node.name not in _ONLY_EQUAL:
        raise ExpressionError(f"true and false have no order; write = instead of {node.name}", node.position)
    return compared


def _alike(node: Call, arguments: Sequence[Typed], needs: str) -> Operation:
    for part in arguments:
        value_type(part)
    common = _common(needs, node.position, arguments)
    return Operation("boolean", node.name, tuple(_as(part, common) for part in arguments), node.position)


def _arithmetic(node: Call, arguments: Sequence[Typed]) -> Operation:
    types = [value_type(part) for part in arguments]
    sign = "-" if node.name == "negate" else node.name
    if node.name == "+" and set(types) == {"text"}:
        return Operation("text", "concat", tuple(arguments), node.position)
    wrong = next((type_ for type_ in types if type_ not in ("integer", "number")), None)
    if wrong is not None:
        raise ExpressionError(
            f"`{sign}` takes numbers, and this is {in_words(wrong)}{_no_number(sign, types)}", node.position
        )
    if sign == "%" and "number" in types:
        raise ExpressionError("`%` takes integers; make one by integer(…), floor(…) or ceil(…)", node.position)
    type_: ValueType = "number" if sign == "/" or "number" in types else "integer"
    return Operation(type_, node.name, tuple(_as(part, type_) for part in arguments), node.position)


def _no_number(sign: str, types: Sequence[ValueType]) -> str:
    """What to write instead of arithmetic with something that is no number."""
    if "date" in types:
        return "; write days_between(first, last)" if set(types) == {"date"} else "; write add_days(date, days)"
    if sign == "+" and "text" in types:
        return "; texts are joined with texts: write text(…)"
    return _remedy("number", next(type_ for type_ in types if type_ not in ("integer", "number")))


def _common(needs: str, position: int, parts: Sequence[Typed]) -> ValueType | Literal["null"]:
    types = list(dict.fromkeys(part.type for part in parts if part.type != "null"))
    if set(types) == {"integer", "number"}:
        return "number"
    if len(types) > 1:
        first, second = types[:2]
        remedy = _remedy(first, second) or _remedy(second, first)
        raise ExpressionError(
            f"{needs} values of one type, and these are {' and '.join(in_words(type_) for type_ in types)}{remedy}",
            position,
        )
    return types[0] if types else "null"


def _as(part: Typed, wanted: ValueType | Literal["null"]) -> Typed:
    """The part as a value of the wanted type, which is its own, or fits it as a number fits an integer."""
    if part.type == wanted:
        return part
    if isinstance(part, Constant):
        value = float(part.value) if isinstance(part.value, int) else part.value
        return Constant(wanted, value, part.position)
    if isinstance(part, Operation) and part.type == "null":
        condition, *branches = part.arguments
        return Operation(wanted, part.name, (condition, *(_as(branch, wanted) for branch in branches)), part.position)
    return Operation("number", "to_number", (part,), part.position)


def _remedy(wanted: ValueType, got: ValueType) -> str:
    remedy = _REMEDIES.get((wanted, got)) or ("text(…)" if wanted == "text" else None)
    return f"; write {remedy}" if remedy else ""
