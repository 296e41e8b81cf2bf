"""Whether the columns of a recipe fit their types, and the dialect fits itself."""

from collections.abc import Iterator
from typing import Final

from shared.conditioning.recipe.columns import Column
from shared.conditioning.recipe.draft import Draft, Fault, name_fault
from shared.conditioning.recipe.facts import decimal_of, source_of, thousands_of
from shared.conditioning.recipe.formats import date_fault, time_fault
from shared.conditioning.recipe.limits import limit_fault, order_fault
from shared.conditioning.recipe.schema import Recipe
from shared.conditioning.recipe.value_types import VALUES_OF, ColumnType
from shared.located_yaml import Place
from shared.near_names import nearest

#: Of what a format is; other keys are of all formats.
_OF_FORMATS: Final = {
    "delimiter": ("csv",),
    "quote": ("csv",),
    "header": ("csv",),
    "encoding": ("csv", "jsonl"),
    "max_record": ("csv", "jsonl"),
}
_FORMAT_NAMES: Final = {"csv": "CSV", "jsonl": "JSON Lines", "parquet": "Parquet"}
_TEXT: Final[tuple[ColumnType, ...]] = ("text",)
_QUANTITIES: Final[tuple[ColumnType, ...]] = ("integer", "number", "money")
#: Of which types a column's key is.
_OF_TYPES: Final[dict[str, tuple[ColumnType, ...]]] = {
    "format": ("date", "timestamp"),
    "timezone": ("timestamp",),
    "decimal": _QUANTITIES,
    "thousands": _QUANTITIES,
    "currency": ("money", "number"),
    "unit": ("integer", "number"),
    "case": _TEXT,
    "lookup": _TEXT,
    "one_of": _TEXT,
    "pattern": _TEXT,
    "min": (*_QUANTITIES, "date", "timestamp"),
    "max": (*_QUANTITIES, "date", "timestamp"),
}


def check_dialect(draft: Draft) -> Iterator[Fault]:
    """Keys that are of another format, and signs that mean two things."""
    recipe = draft.recipe
    for key, formats in _OF_FORMATS.items():
        if key in recipe.model_fields_set and recipe.format not in formats and "format" not in draft.lost:
            what = f"`{key}` is of {' and '.join(_FORMAT_NAMES[one] for one in formats)}"
            yield (key,), f"{what}, and the format is {_FORMAT_NAMES[recipe.format]}; remove it"
    if recipe.quote == recipe.delimiter:
        yield ("quote",), f"`{recipe.quote}` cannot both quote and separate values; use another one, or `none`"
    yield from _null_faults(recipe)
    if "decimal" not in draft.lost and "thousands" not in draft.lost:
        yield from _sign_faults(recipe)


def _null_faults(recipe: Recipe) -> Iterator[Fault]:
    for index, text in enumerate(recipe.nulls):
        if recipe.trim and text != text.strip():
            yield ("nulls", index), f"`{text}` is never met, since blanks are cut off before; write `{text.strip()}`"
        elif text in recipe.nulls[:index]:
            yield ("nulls", index), f"`{text}` is listed twice; keep one of them"


def _sign_faults(recipe: Recipe) -> Iterator[Fault]:
    if recipe.thousands == recipe.decimal:
        other = "." if recipe.decimal == "," else ","
        what = f"`{recipe.thousands}` cannot both group digits and stand before the fraction"
        yield ("thousands",), f'{what}; write `decimal: "{other}"`, or remove one of them'
    if recipe.format == "csv" and recipe.quote == "none":
        for key in ("decimal", "thousands"):
            if getattr(recipe, key) == recipe.delimiter and key in recipe.model_fields_set:
                what = f"`{recipe.delimiter}` separates values, and no value is quoted"
                yield (key,), f"{what}, so a number with `{recipe.delimiter}` would be two; correct one of them"


def check_columns(draft: Draft) -> Iterator[Fault]:
    """Names of columns, keys that are of another type, and what can never be met."""
    recipe = draft.recipe
    for name, column in recipe.columns.items():
        fault = name_fault(name)
        if fault:
            yield ("columns", name), fault
        if name not in draft.unknown:
            for key, text in _faults(column, recipe):
                yield ("columns", name, key), text
    yield from _source_faults(draft)
    if len(recipe.columns) == 1 and not recipe.join and not recipe.derive:
        name, column = next(iter(recipe.columns.items()))
        if not column.required:
            text = "the only column must be required: a row without a value would be an empty line; remove `required`"
            yield ("columns", name, "required"), text


def _source_faults(draft: Draft) -> Iterator[Fault]:
    header = draft.recipe.header if draft.recipe.format == "csv" else True
    for name, column in draft.recipe.columns.items():
        source = source_of(name, column)
        if isinstance(header, list) and source not in header and name not in draft.unknown:
            place: Place = ("columns", name, "from") if column.source is not None else ("columns", name)
            yield place, f"`header` has no column `{source}`; {nearest(source, header)}"


def _faults(column: Column, recipe: Recipe) -> Iterator[tuple[str, str]]:
    """What is wrong with a column, by the key that has to be mended."""
    wrong = [key for key in _OF_TYPES if key in column.model_fields_set and column.type not in _OF_TYPES[key]]
    for key in wrong:
        if getattr(column, key) is not None:
            yield key, _of_other_types(key, column)
    if column.type == "present" and "required" in column.model_fields_set:
        yield "required", "`required` says nothing of a `present` column, which is never null; remove it"
    yield from _format_faults(column)
    yield from _number_faults(column, recipe)
    yield from _limit_faults(column)
    if column.type == "text":
        yield from _choice_faults(column, recipe)


def _of_other_types(key: str, column: Column) -> str:
    types = _OF_TYPES[key]
    remedy = "remove it" if column.type != "text" or "type" in column.model_fields_set else (
        f"remove it, or add for example `type: {types[0]}`"
    )  # fmt: skip
    if key == "one_of" and column.type in _OF_TYPES["min"]:
        remedy = "remove it, or use min and max"
    return f"`{key}` is for {_plural(types)}, and this column is {column.type}; {remedy}"


def _plural(types: tuple[ColumnType, ...]) -> str:
    names = [one if one == "money" else f"{one}s" for one in types]
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _format_faults(column: Column) -> Iterator[tuple[str, str]]:
    if column.type == "date":
        fault = date_fault(column.format)
        if fault:
            yield "format", fault
    elif column.type == "timestamp" and "format" not in column.model_fields_set:
        yield "type", 'a timestamp needs its format; write for example `format: "%Y-%m-%d %H:%M:%S"`'
    elif column.type == "timestamp":
        fault = time_fault(column.format, column.timezone)
        if fault:
            yield "timezone" if column.timezone is not None else "format", fault


def _number_faults(column: Column, recipe: Recipe) -> Iterator[tuple[str, str]]:
    if column.type not in _QUANTITIES:
        return
    decimal, thousands = decimal_of(column, recipe), thousands_of(column, recipe)
    if decimal == thousands and (column.decimal or column.thousands):
        key = "thousands" if column.thousands else "decimal"
        other = "the recipe's `decimal`" if not column.decimal else "the recipe's `thousands`"
        against = other if not (column.decimal and column.thousands) else "`decimal`"
        yield key, f"`{key}: {decimal}` is {against} as well, so nobody can tell what it means; let them differ"
    if column.currency is not None and column.currency in (decimal, thousands):
        yield "currency", f"`{column.currency}` is part of a number already; write the currency's sign or code"


def _limit_faults(column: Column) -> Iterator[tuple[str, str]]:
    if column.type not in _OF_TYPES["min"]:
        return
    of, faults = VALUES_OF[column.type], []
    for key, limit in (("min", column.min), ("max", column.max)):
        fault = None if limit is None else limit_fault(key, limit, of, money=column.type == "money")
        faults += [(key, fault)] if fault else []
    yield from faults
    order = order_fault(column.min, column.max)
    if order and not faults:
        yield "min", order


def _choice_faults(column: Column, recipe: Recipe) -> Iterator[tuple[str, str]]:
    if column.lookup is not None and column.lookup.missing == "null" and column.required:
        yield (
            "lookup",
            (
                "`missing: null` makes a value null, and a row without a value is rejected; write `required: false` or "
                "`missing: reject`"
            ),
        )
    choices = column.one_of or []
    for index, text in enumerate(choices):
        if text in choices[:index]:
            yield "one_of", f"`{text}` is listed twice; keep one of them"
        elif column.lookup is None:
            fault = _unmet(text, column, recipe)
            if fault:
                yield "one_of", f"`{text}` is never met: {fault}"


def _unmet(text: str, column: Column, recipe: Recipe) -> str | None:
    """Why a text that is read as it stands cannot be equal to this one."""
    cased = {"lower": text.lower(), "upper": text.upper()}.get(column.case or "", text)
    if recipe.trim and text != text.strip():
        return f"blanks are cut off before; write `{text.strip()}`"
    if text in recipe.nulls:
        return "it is one of `nulls`; remove it, or write `required: false`"
    return f"`case: {column.case}` comes before; write `{cased}`" if cased != text else None
