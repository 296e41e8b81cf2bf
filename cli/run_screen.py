"""Runs of a fleet on the screen: a bar while one goes on, tables of what it came to."""

from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

type Run = dict[str, Any]

_NARROWEST = 120  # columns of a table that is not printed to a terminal
_OPEN = ("asked", "waiting", "running")
_STYLES = {"failed": "red", "refused": "red", "rejected": "yellow", "incomplete": "yellow", "skipped": "dim"}
#: What may go better the next time.
_NOT_DONE = ("failed", "refused", "incomplete")
#: What a person looks for comes first.
_FIRST = ("failed", "refused", "rejected", "incomplete", "skipped")


class Follower:
    """A bar that moves with a run; on what is no terminal, a line whenever something has changed.

    Args:
        run: its id, told first: whoever leaves finds it again.
        quiet: show nothing at all.
    """

    def __init__(self, run: str, *, quiet: bool = False) -> None:
        self._run = run
        self._console = Console(stderr=True, quiet=quiet)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns, console=self._console, disable=not self._console.is_terminal)
        self._bar = self._progress.add_task("planning", total=None)
        self._said = ""

    def __enter__(self) -> Self:
        self._console.print(self._run, markup=False, highlight=False, soft_wrap=True)
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def show(self, run: Run) -> None:
        """Show how a run stands."""
        total = sum(run["counts"].values())
        done = total - sum(run["counts"].get(name, 0) for name in _OPEN)
        self._progress.update(self._bar, description=run["operation"], completed=done, total=total or None)
        if not self._console.is_terminal:
            self._say(run["reason"])

    def show_silence(self) -> None:
        """Say that nobody answers just now."""
        self._progress.update(self._bar, description="no answer")
        self._say("No answer: the app may be restarting. It is asked again.")

    def _say(self, text: str) -> None:
        if text != self._said:
            self._said = text
            self._console.print(text, markup=False, highlight=False, soft_wrap=True)


def print_run(run: Run) -> None:
    """A run and its cells: first those that somebody has to look at."""
    console = _console()
    columns = (Column(name, overflow="fold") for name in ("cell", "outcome", "dataset", "seconds", "why"))
    table = Table(*columns, title=f"{run['run']}: {run['state']}")
    for cell in sorted(run["cells"], key=_urgency):
        seconds = "" if cell["seconds"] is None else f"{cell['seconds']:.0f}"
        style = _STYLES.get(cell["outcome"])
        table.add_row(
            cell["name"], cell["outcome"], cell["version"] or cell["dataset"], seconds, cell["reason"], style=style
        )
    if run["cells"]:
        console.print(table, markup=False)
    console.print(run["reason"], markup=False, highlight=False)
    if any(run["counts"].get(name) for name in _NOT_DONE) and run["state"] != "running":
        console.print(f"again, what was not done: signalbox run retry {run['run']}", markup=False, highlight=False)


def print_runs(found: list[Run]) -> None:
    """Runs, one line each."""
    console = _console()
    if not found:
        console.print("no run yet: begin one, for example by signalbox run train", markup=False)
        return
    run_id = Column("run", no_wrap=True)  # to be copied
    begun = Column("begun (UTC)", no_wrap=True)
    table = Table(run_id, "operation", "selected", begun, "state", "cells", "asked by")
    for run in found:
        selected = " ".join(f"{label}={','.join(values)}" for label, values in run["select"].items()) or "all"
        chosen = f"retry of {run['retry_of']}" if run["retry_of"] else selected
        table.add_row(
            run["run"], run["operation"], chosen, run["started_at"][:16].replace("T", " "), run["state"], run["reason"],
            run["requested_by"], style=_STYLES.get(run["state"]),
        )  # fmt: skip
    console.print(table, markup=False)


def _urgency(cell: Run) -> tuple[int, str]:
    outcome = cell["outcome"]
    return (_FIRST.index(outcome) if outcome in _FIRST else len(_FIRST), cell["name"])


def _console() -> Console:
    console = Console(soft_wrap=False)
    if not console.is_terminal:
        console.width = max(console.width, _NARROWEST)
    return console
