"""What a recipe makes of a sample, on the screen."""

from itertools import batched
from typing import Final

from rich.text import Text

from cli.printing import cell, console, printable, say, show, table
from cli.recipe_tried import Trial, TriedRow, TriedRule

_ABREAST: Final = 5  # rows that stand side by side
_LONGEST: Final = 60  # characters of a value
_COUNTS: Final = {
    "rows_out": "written",
    "rejected": "rejected",
    "filtered": "filtered",
    "deduplicated": "deduplicated",
    "aggregated": "merged into groups",
    "custom": "left out by custom steps",
}


def print_trial(trial: Trial) -> None:
    """Header, first rows, rules, counts and types; last, whether the file would be refused."""
    if trial.header:
        say(f"{trial.file} has the columns {', '.join(trial.header)}")
    if trial.rows:
        say("its first rows, before → after; * is changed:")
    for rows in batched(trial.rows, _ABREAST, strict=False):
        _print_rows(rows)
    if trial.table:
        say("the table, after the steps over all rows:")
        made = table(*trial.table[0])
        for row in trial.table:
            made.add_row(*(cell(_short(value)) for value in row.values()))
        show(made)
    if trial.rules:
        _print_rules(trial.rules)
    if trial.types:
        say("columns written: " + ", ".join(f"{name} ({type_})" for name, type_ in trial.types.items()))
    if trial.counts is not None:
        said = trial.counts.to_wire()
        became = " + ".join(
            f"{said[name]:,} {what}" for name, what in _COUNTS.items() if said[name] or name == "rows_out"
        )
        say(f"{trial.counts.rows_in:,} rows read = {became}")
    if trial.refused:
        console().print(Text(f"refused: {printable(trial.refused)}", style="red"), soft_wrap=True)
    else:
        say("The file would be taken.")


def _print_rows(rows: tuple[TriedRow, ...]) -> None:
    """Columns down, rows across; what is not written as it was delivered is marked."""
    shown = table("column", *(f"line {row.line}" for row in rows))
    names = dict.fromkeys(name for row in rows for name in (*row.before, *(row.after or ())))
    for name in names:
        cells = [_change(row, name) for row in rows]
        mark = "*" if any(one.style for one in cells) else ""
        shown.add_row(cell(f"{name}{mark}"), *cells)
    if any(row.rule for row in rows):
        shown.add_row(cell("outcome"), *(cell(row.rule or "written", "red" if row.rule else "") for row in rows))
    show(shown)


def _change(row: TriedRow, name: str) -> Text:
    before = _short(row.before.get(name) or "")
    if row.after is None:
        return cell(before)
    if name not in row.after:
        return cell(f"{before} → not written", "dim")
    after = _short(row.after[name])
    if name not in row.before:
        return cell(f"→ {after}", "yellow")
    return cell(before) if before == after else cell(f"{before} → {after or 'nothing'}", "yellow")


def _print_rules(rules: dict[str, TriedRule]) -> None:
    shown = table("rule", "does", "rows", "line", "why", "the row")
    for name, rule in sorted(rules.items(), key=lambda one: -one[1].count):
        example = rule.example
        line = None if example is None else example.line
        why = rule.note if example is None else example.reason
        row = "" if example is None else _short(example.raw)
        style = "" if rule.count else "dim"
        shown.add_row(*(cell(value, style) for value in (name, rule.severity, f"{rule.count:,}", line, why, row)))
    show(shown)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
