"""What follows from a recipe: columns and their types by stage, names of rules, files, and what is personal.

All of it is asked of a recipe without faults; of another one it may raise what `draft_faults` would have said.
"""

from collections import Counter
from collections.abc import Iterable

from shared.conditioning.expressions import parse
from shared.conditioning.expressions.values import ValueType
from shared.conditioning.recipe.aggregates import aggregate_type
from shared.conditioning.recipe.columns import Column
from shared.conditioning.recipe.rules import RuleSpec
from shared.conditioning.recipe.schema import Recipe
from shared.conditioning.recipe.value_types import VALUES_OF

_SHOWN = 80


def source_of(name: str, column: Column) -> str:
    """The name of a column in the raw file."""
    return name if column.source is None else column.source


def decimal_of(column: Column, recipe: Recipe) -> str:
    """What stands before the fraction of a column's numbers."""
    return column.decimal or recipe.decimal


def thousands_of(column: Column, recipe: Recipe) -> str | None:
    """What groups the digits of a column's numbers."""
    return column.thousands or recipe.thousands


def columns_read(recipe: Recipe) -> dict[str, ValueType]:
    """The columns that are read from the raw file, in order, and what their values are."""
    return {name: VALUES_OF[column.type] for name, column in recipe.columns.items()}


def columns_joined(recipe: Recipe) -> dict[str, ValueType]:
    """Those, and the ones of reference tables, which are texts."""
    return columns_read(recipe) | {name: "text" for join in recipe.join.values() for name in join.take}


def row_columns(recipe: Recipe) -> dict[str, ValueType]:
    """Those, and the derived ones: what rules of rows, `filter`, `deduplicate`, `unique` and `aggregate` see."""
    columns = columns_joined(recipe)
    for name, text in recipe.derive.items():
        columns[name] = parse(text, columns).type
    return columns


def table_columns(recipe: Recipe) -> dict[str, ValueType]:
    """The columns after `aggregate`, which `order` and `monotonic` see; those of rows where there is none."""
    rows = row_columns(recipe)
    if recipe.aggregate is None:
        return rows
    kept = {name: rows[name] for name in recipe.aggregate.by}
    made = {
        name: aggregate_type(function, rows[column] if column else None)
        for name, (function, column) in recipe.aggregate.parsed.items()
    }
    return kept | made


def output_columns(recipe: Recipe) -> dict[str, ValueType]:
    """The columns of the standard CSV, in order."""
    return {name: type_ for name, type_ in table_columns(recipe).items() if name not in recipe.drop}


def personal_columns(recipe: Recipe) -> frozenset[str]:
    """Columns of rows that hold personal data: those marked so, and what is taken or derived by them."""
    personal = {name for name, column in recipe.columns.items() if column.personal}
    for join in recipe.join.values():
        personal.update(join.take if personal.intersection(join.on) else ())
    columns = columns_joined(recipe)
    for name, text in recipe.derive.items():
        expression = parse(text, columns)
        columns[name] = expression.type
        personal.update([name] if personal.intersection(expression.columns) else ())
    return frozenset(personal)


def personal_outputs(recipe: Recipe) -> frozenset[str]:
    """Columns of the standard CSV that hold personal data; counts of them are none."""
    personal = personal_columns(recipe)
    if recipe.aggregate is not None:
        made = recipe.aggregate.parsed.items()
        values = {name for name, (function, of) in made if of in personal and function != "count_distinct"}
        personal = frozenset(values | personal.intersection(recipe.aggregate.by))
    return personal.intersection(output_columns(recipe))


def needs_whole(recipe: Recipe) -> bool:
    """Whether something has to see all rows together; custom steps that are not row-wise say so themselves."""
    table = any(rule.kind in ("unique", "monotonic") for rule in recipe.rules)
    return bool(table or recipe.deduplicate or recipe.aggregate or recipe.order)


def order_keys(recipe: Recipe) -> tuple[tuple[str, bool], ...]:
    """The columns of `order`, and whether each is falling; those of an aggregate's key where no order is said."""
    if not recipe.order and recipe.aggregate is not None:
        return tuple((name, False) for name in recipe.aggregate.by)
    return tuple((name.removeprefix("-"), name.startswith("-")) for name in recipe.order)


def rule_names(recipe: Recipe) -> tuple[str, ...]:
    """The name of each rule, no two of them alike; of what a rule says where it has none."""
    seen: Counter[str] = Counter(rule.name for rule in recipe.rules if rule.name is not None)
    names = []
    for rule in recipe.rules:
        if rule.name is not None:
            names.append(rule.name)
            continue
        name = spoken_rule(rule)
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(names)


def spoken_rule(rule: RuleSpec) -> str:
    """A rule as it is written, in short: `unique: store, date`."""
    match rule.kind:
        case "rows_vs_last":
            return rule.kind
        case "fresh":
            return f"fresh: {rule.fresh.column if rule.fresh else ''}"
        case kind:
            said = getattr(rule, kind)
            text = " ".join(said.split()) if isinstance(said, str) else ", ".join(said)
            return f"{kind}: {text if len(text) <= _SHOWN else text[: _SHOWN - 1] + '…'}"


def reference_files(recipe: Recipe) -> tuple[str, ...]:
    """The reference tables that it refers to, each once."""
    lookups = [column.lookup.file for column in recipe.columns.values() if column.lookup]
    return tuple(dict.fromkeys([*lookups, *(join.file for join in recipe.join.values())]))


def step_files(recipe: Recipe) -> tuple[str, ...]:
    """The Python files of its custom steps, each once."""
    return tuple(dict.fromkeys(step.source for step in recipe.custom))


def personal_additions(recipe: Recipe, columns: Iterable[str]) -> frozenset[str]:
    """Of a table's columns those that custom steps have added, where any is personal: nobody knows what they hold."""
    if not recipe.custom or not personal_columns(recipe):
        return frozenset()
    return frozenset(columns) - set(row_columns(recipe)) - set(table_columns(recipe))
