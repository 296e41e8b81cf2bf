"""A recipe's rules as polars expressions: per column the typed value, and the name of the first rule that a row breaks.

polars alone is too lenient: it pads short rows, reads dates with blanks or signs in them, and turns `NaN` and
overflow into numbers. So a value must first look like its type, and only then is it converted.
"""

import re
from typing import Final

import polars as pl

from shared.conditioning.recipe import DATE_DIRECTIVES, Column, Recipe
from shared.conditioning.records import BLANKS
from shared.conditioning.units import CONVERTED_DECIMALS, conversion

_INTEGER: Final = r"^[+-]?[0-9]+$"
_NUMBER: Final = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_BOOLEANS: Final = {"true": True, "yes": True, "t": True, "y": True, "1": True} | {
    "false": False,
    "no": False,
    "f": False,
    "n": False,
    "0": False,
}
_WRONG_TYPE: Final = {
    "integer": "not_an_integer",
    "number": "not_a_number",
    "date": "not_a_date",
    "boolean": "not_a_boolean",
}
#: The column of the checked frame that names the first rule that a row breaks, as `column.rule`; null when none.
BROKEN: Final = "*broken"


def check(raw: pl.DataFrame, recipe: Recipe) -> pl.DataFrame:
    """Type the columns and find the broken rules.

    Args:
        raw: One text column per column of the recipe, by its standard name.
        recipe: The rules.

    Returns:
        The typed columns, in the recipe's order, and `BROKEN`.
    """
    values = {name: _value(name, recipe) for name in recipe.columns}
    typed = {name: _typed(values[name], column, recipe.decimal) for name, column in recipe.columns.items()}
    broken = [_broken(name, column, values[name], typed[name]) for name, column in recipe.columns.items()]
    return raw.select(
        *(expression.alias(name) for name, expression in typed.items()), pl.coalesce(broken).alias(BROKEN)
    )


def explain(rule: str, column: Column, value: str) -> str:
    """What a broken rule means, for a person."""
    shown = f'"{value if len(value) <= 80 else value[:79] + "…"}"'
    came_in, held_to = (f" {column.unit.source}", f" {column.unit.target}") if column.unit else ("", "")
    match rule:
        case "missing":
            return f"has no value ({shown}), and one is required"
        case "not_a_date":
            return f"{shown} is not a date of format {column.format}"
        case "below_min":
            return f"{shown}{came_in} is below {column.min}{held_to}"
        case "above_max":
            return f"{shown}{came_in} is above {column.max}{held_to}"
        case "not_one_of":
            return f"{shown} is not one of {', '.join(column.one_of or ())}"
        case _:
            return f"{shown} is {rule.replace('_', ' ')}"


def _value(name: str, recipe: Recipe) -> pl.Expr:
    text = pl.col(name).str.strip_chars(BLANKS) if recipe.trim else pl.col(name)
    return pl.when(text.is_in(recipe.nulls)).then(None).otherwise(text)


def _typed(value: pl.Expr, column: Column, decimal: str) -> pl.Expr:
    match column.type:
        case "text":
            return value
        case "integer" | "number":
            return _quantity(value, column, decimal)
        case "date":
            return _where(value, _date_regex(column.format)).str.to_date(column.format, strict=False)
        case "boolean":
            words = value.str.to_lowercase()
            return words.replace_strict(_BOOLEANS, default=None, return_dtype=pl.Boolean)
        case "present":
            return value.is_not_null()


def _quantity(value: pl.Expr, column: Column, decimal: str) -> pl.Expr:
    if column.type == "integer" and column.unit is None:
        return _where(value, _INTEGER).cast(pl.Int64, strict=False)
    if decimal != ".":  # then a point is no part of a number
        value = _where(value, "^[^.]*$").str.replace(decimal, ".", literal=True)
    number = _where(value, _NUMBER).cast(pl.Float64, strict=False)
    if column.unit is not None:
        factor, offset = conversion(column.unit.source, column.unit.target)
        number = (number * factor + offset).round(CONVERTED_DECIMALS)
        number = pl.when(number == 0).then(0.0).otherwise(number)  # never -0.0
    number = pl.when(number.is_finite()).then(number)
    return number.round().cast(pl.Int64, strict=False) if column.type == "integer" else number


def _where(value: pl.Expr, pattern: str) -> pl.Expr:
    return pl.when(value.str.contains(pattern)).then(value)


def _date_regex(text: str) -> str:
    parts = re.split("(%.)", text)
    return "^" + "".join(DATE_DIRECTIVES.get(part) or re.escape(part) for part in parts) + "$"


def _broken(name: str, column: Column, value: pl.Expr, typed: pl.Expr) -> pl.Expr:
    """The first rule that a value breaks, or null. A null value that is not required breaks none."""
    if column.type == "present":
        return pl.lit(None, pl.String)
    rules: list[tuple[str, pl.Expr]] = []
    if column.required:
        rules.append(("missing", value.is_null()))
    if column.type in _WRONG_TYPE:
        rule = _WRONG_TYPE["number" if column.unit else column.type]  # what is converted is read as a number
        rules.append((rule, value.is_not_null() & typed.is_null()))
    if column.min is not None:
        rules.append(("below_min", typed < pl.lit(column.min)))
    if column.max is not None:
        rules.append(("above_max", typed > pl.lit(column.max)))
    if column.one_of is not None:
        rules.append(("not_one_of", ~value.is_in(column.one_of)))
    return pl.coalesce(
        pl.when(broken).then(pl.lit(f"{name}.{rule}")) for rule, broken in rules or [("", pl.lit(False))]
    )
