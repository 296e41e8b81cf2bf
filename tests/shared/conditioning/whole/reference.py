"""The steps over a whole table once more, in plain Python over all rows at once: what the engine must give."""

import functools
import itertools
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.conditioning.recipe.facts import rule_names
from shared.conditioning.recipe.schema import Recipe

type Row = dict[str, Any]


@dataclass
class Expected:
    """What a table becomes."""

    rows: list[Row]
    rejected: list[tuple[int, int, str]] = field(default_factory=list)
    deduplicated: int = 0
    aggregated: int = 0
    warned: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)


def expected(recipe: Recipe, rows: Iterable[Row]) -> Expected:
    """Deduplicate, unique, aggregate, order, monotonic; rows have `*file` and `*offset`."""
    result = Expected(sorted(rows, key=_place))
    if recipe.deduplicate:
        kept: dict[Any, Row] = {}
        for row in result.rows if recipe.deduplicate.keep == "last" else reversed(result.rows):
            kept[_key(row, recipe.deduplicate.by)] = row
        result.deduplicated = len(result.rows) - len(kept)
        result.rows = sorted(kept.values(), key=_place)
    named = list(zip(rule_names(recipe), recipe.rules, strict=True))
    for name, rule in named:
        if rule.unique:
            _unique(result, name, rule.unique, rule.severity)
    if recipe.aggregate:
        groups: dict[Any, list[Row]] = {}
        for row in result.rows:
            groups.setdefault(_key(row, recipe.aggregate.by), []).append(row)
        result.aggregated = len(result.rows) - len(groups)
        result.rows = _ordered([_group(recipe, rows) for rows in groups.values()], recipe.aggregate.by)
    result.rows = _ordered(result.rows, recipe.order)
    for name, rule in named:
        if rule.monotonic:
            known = [row[rule.monotonic] for row in result.rows if row[rule.monotonic] is not None]
            falls = sum(after < before for before, after in itertools.pairwise(known))
            _count(result, name, rule.severity, falls)
    return result


def _unique(result: Expected, name: str, columns: Sequence[str], severity: str) -> None:
    seen: set[Any] = set()
    kept: list[Row] = []
    repeats: list[Row] = []
    for row in result.rows:
        key = _key(row, columns)
        (repeats if key in seen and None not in key else kept).append(row)
        seen.add(key)
    if severity == "reject":
        result.rejected += [(*_place(row), name) for row in repeats]
        result.rows = kept
    else:
        _count(result, name, severity, len(repeats))


def _count(result: Expected, name: str, severity: str, count: int) -> None:
    if count:
        (result.warned if severity == "warn" else result.failed)[name] += count


def _group(recipe: Recipe, rows: list[Row]) -> Row:
    assert recipe.aggregate
    group = {name: rows[0][name] for name in recipe.aggregate.by}
    for name, (function, column) in recipe.aggregate.parsed.items():
        values = [row[column] for row in rows if row[column] is not None] if column else []
        total = math.fsum(values) if values and isinstance(values[0], float) else 0
        match function:
            case "count":
                group[name] = len(rows)
            case "count_distinct":
                group[name] = len(set(values))
            case "sum":
                group[name] = (total or sum(values)) if values else None
            case "mean":
                group[name] = float(total or sum(values)) / len(values) if values else None
            case "min" | "max":
                group[name] = (min if function == "min" else max)(values, default=None)
            case _:
                group[name] = rows[0 if function == "first" else -1][column or ""]
    return {name: value + 0.0 if isinstance(value, float) else value for name, value in group.items()}


def _ordered(rows: list[Row], order: Sequence[str]) -> list[Row]:
    """Stable sorts from the last column to the first; no value is last both ways."""

    def compare(column: str, falling: bool, one: Row, other: Row) -> int:
        a, b = one[column], other[column]
        if a is None or b is None:
            return (a is None) - (b is None)
        return int(a > b) - int(a < b) if not falling else int(a < b) - int(a > b)

    for column in reversed(order):
        by = functools.partial(compare, column.removeprefix("-"), column.startswith("-"))
        rows = sorted(rows, key=functools.cmp_to_key(by))
    return rows


def _key(row: Row, columns: Sequence[str]) -> tuple[Any, ...]:
    return tuple(row[column] for column in columns)


def _place(row: Row) -> tuple[int, int]:
    return row["*file"], row["*offset"]
