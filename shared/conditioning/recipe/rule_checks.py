"""Whether the rules of a recipe fit its columns, and can be broken at all."""

from collections.abc import Iterator

from shared.conditioning.recipe.draft import Draft, Fault, Known, column_faults, condition_faults, list_faults
from shared.conditioning.recipe.facts import order_keys
from shared.conditioning.recipe.limits import limit_fault, order_fault
from shared.conditioning.recipe.rules import ROWLESS_RULES, Range, RuleSpec
from shared.conditioning.recipe.step_checks import Stages, after_aggregate
from shared.located_yaml import Place


def check_rules(draft: Draft, stages: Stages) -> Iterator[Fault]:
    """Every rule: its columns, what it compares them with, and what becomes of what breaks it."""
    named: dict[str, int] = {}
    said: list[tuple[RuleSpec, int]] = []
    for index, rule in enumerate(draft.recipe.rules):
        if index in draft.rules:
            continue
        place: Place = ("rules", index)
        yield from _severity_faults(place, rule)
        yield from _row_rule_faults(place, rule, draft, stages.rows)
        yield from _table_rule_faults(place, rule, draft, stages)
        if rule.name is not None and rule.name in named:
            text = f"`{rule.name}` is also the name of item {named[rule.name]}; let the names differ"
            yield (*place, "name"), text
        plain = rule.model_copy(update={"name": None})
        before = next((number for other, number in said if other == plain), None)
        if before is not None:
            yield place, f"this is what item {before} of `rules` says; keep one of them"
        named.setdefault(rule.name or "", index + 1)
        said.append((plain, index + 1))


def _severity_faults(place: Place, rule: RuleSpec) -> Iterator[Fault]:
    if rule.kind in ROWLESS_RULES and rule.otherwise == "reject":
        text = (
            f"of `{rule.kind}` no single row is at fault, so none can be rejected; write `else: warn` or `else: fail`"
        )
        yield (*place, "else"), text


def _row_rule_faults(place: Place, rule: RuleSpec, draft: Draft, rows: Known) -> Iterator[Fault]:
    if rule.check is not None:
        yield from condition_faults((*place, "check"), rule.check, rows)
    yield from list_faults((*place, "not_null"), rule.not_null or [], rows)
    for name, limits in (rule.range or {}).items():
        yield from _range_faults((*place, "range", name), name, limits, draft, rows)
    texts = [("set", name) for name in rule.set or {}] + [("pattern", name) for name in rule.pattern or {}]
    for kind, name in texts:
        here = (*place, kind, name)
        yield from column_faults(here, name, rows)
        if rows.get(name) not in (None, "text"):
            yield here, f"`{kind}` is for texts, and `{name}` is {rows[name]}; write a `range`, or a `check`"
    for name, choices in (rule.set or {}).items():
        if not choices:
            yield (*place, "set", name), f"`{name}` is empty, so no row would be kept; list what is kept"
        for text in sorted({text for text in choices if choices.count(text) > 1}):
            yield (*place, "set", name), f"`{text}` is listed twice; keep one of them"


def _range_faults(place: Place, name: str, limits: Range, draft: Draft, rows: Known) -> Iterator[Fault]:
    yield from column_faults(place, name, rows)
    of, faults = rows.get(name), list[Fault]()
    money = name in draft.recipe.columns and draft.recipe.columns[name].type == "money"
    if limits.min is None and limits.max is None:
        yield place, f"`{name}` has no limits; write for example `{name}: {{min: 0}}`"
    for key, limit in (("min", limits.min), ("max", limits.max)):
        fault = limit_fault(key, limit, of, money=money) if limit is not None and of is not None else None
        faults += [((*place, key), fault)] if fault else []
    yield from faults
    order = order_fault(limits.min, limits.max)
    if order and not faults:
        yield place, order


def _table_rule_faults(place: Place, rule: RuleSpec, draft: Draft, stages: Stages) -> Iterator[Fault]:
    yield from list_faults((*place, "unique"), rule.unique or [], stages.rows)
    if rule.monotonic is not None:
        here = (*place, "monotonic")
        yield from column_faults(here, rule.monotonic, stages.table, after_aggregate(draft))
        yield from _monotonic_faults(here, rule.monotonic, draft, stages.table)
    if rule.fresh is not None:
        yield from _fresh_faults((*place, "fresh", "column"), rule.fresh.column, draft, stages)


def _monotonic_faults(place: Place, name: str, draft: Draft, table: Known) -> Iterator[Fault]:
    if table.get(name) == "boolean":
        yield place, f"`{name}` is true or false, and what never falls is a date, a time or a number; use one of these"
    keys = order_keys(draft.recipe)
    if "order" in draft.lost or not keys or keys[0][0] != name:
        return
    by = "order" if draft.recipe.order else "aggregate"
    if keys[0][1]:
        yield place, f"the rows are put in order by falling `{name}`; write `{name}` in `order`, or remove the rule"
    else:
        yield place, f"`{by}` puts the rows in order by `{name}`, so this always holds; remove it"


def _fresh_faults(place: Place, name: str, draft: Draft, stages: Stages) -> Iterator[Fault]:
    dropped = name in draft.recipe.drop
    written = [column for column in stages.table if column not in draft.recipe.drop]
    if name not in written:
        yield from column_faults(place, name, written, " that is written" if dropped else after_aggregate(draft))
    elif stages.table[name] not in (None, "date", "timestamp"):
        yield place, f"`{name}` is {stages.table[name]}, and has no age; name a date or a timestamp"
    elif name in stages.personal and name in stages.rows:
        yield place, f"`{name}` is personal, and the report would show its newest value; name another column"
