"""Runs of a fleet on the screen: bars while one goes on, tables of what it came to."""

from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cli.file_bars import file_bars
from cli.following import SILENT
from cli.printing import cell, say, show, table
from shared.conditioning.progress import file_progress
from shared.fleet_runs.need import by_need

type Run = dict[str, Any]
#: A cell's name with how far its large files are, as `GET /api/conditioning` tells it.
type ConditionedCell = tuple[str, Sequence[Run]]

_OPEN = ("asked", "waiting", "running")
_STYLES = {"failed": "red", "refused": "red", "rejected": "yellow", "incomplete": "yellow", "skipped": "dim"}
#: What may go better the next time.
_NOT_DONE = ("failed", "refused", "incomplete")
#: Percent of a file after which a line tells of it again, where there is no terminal.
_TOLD_EVERY = 10


class Follower:
    """A bar that moves with a run, and one per large file; where there is no terminal, a line per change.

    Args:
        run: its id, told first: whoever leaves finds it again.
        quiet: show nothing at all.
    """

    def __init__(self, run: str, *, quiet: bool = False) -> None:
        self._run = run
        self._console = Console(stderr=True, quiet=quiet)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns, console=self._console)
        self._bar = self._progress.add_task("planning", total=None)
        self._cells: Sequence[ConditionedCell] = ()
        self._live = Live(get_renderable=self._render, console=self._console, refresh_per_second=4)
        self._said = ""
        self._told: dict[str, tuple[str, int]] = {}

    def __enter__(self) -> Self:
        self._console.print(self._run, markup=False, highlight=False, soft_wrap=True)
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._cells = ()
        self._live.stop()

    def show(self, run: Run, cells: Sequence[ConditionedCell] = ()) -> None:
        """Show how a run stands, and the large files of those of its cells that are being conditioned."""
        self._cells = cells
        total = sum(run["counts"].values())
        done = total - sum(run["counts"].get(name, 0) for name in _OPEN)
        self._progress.update(self._bar, description=run["operation"], completed=done, total=total or None)
        if not self._console.is_terminal:
            self._say(run["reason"])
            for name, files in cells:
                self._tell(name, files)

    def show_silence(self) -> None:
        """Say that nobody answers just now."""
        self._progress.update(self._bar, description="no answer")
        self._say(SILENT)

    def _render(self) -> RenderableType:
        return Group(self._progress, file_bars(self._cells))

    def _tell(self, cell: str, files: Sequence[Run]) -> None:
        """A line for each file that has come a step further."""
        for status in files:
            found = file_progress(status)
            reached = (status["step"], found.percent // _TOLD_EVERY)
            if self._told.get(status["instance"]) != reached:
                self._told[status["instance"]] = reached
                self._console.print(
                    f"{cell}: {found.file}: {found.text}", markup=False, highlight=False, soft_wrap=True
                )

    def _say(self, text: str) -> None:
        if text != self._said:
            self._said = text
            self._console.print(text, markup=False, highlight=False, soft_wrap=True)


def print_run(run: Run) -> None:
    """A run and its cells: first those that somebody has to look at."""
    title = f"{run['run']}{_under(run)}: {run['state']}"
    shown = table("cell", "outcome", "dataset", "seconds", "why", title=title)
    for one in sorted(run["cells"], key=lambda cell: by_need(cell["outcome"], cell["name"])):
        seconds = "" if one["seconds"] is None else f"{one['seconds']:.0f}"
        cells = (one["name"], one["outcome"], one["version"] or one["dataset"], seconds, one["reason"])
        shown.add_row(*map(cell, cells), style=_STYLES.get(one["outcome"], ""))
    if run["cells"]:
        show(shown)
    say(run["reason"])
    if any(run["counts"].get(name) for name in _NOT_DONE) and run["state"] != "running":
        say(f"again, what was not done: signalbox run retry {run['run']}")


def print_runs(found: list[Run]) -> None:
    """Runs, one line each."""
    if not found:
        say("no run yet: begin one, for example by signalbox run train")
        return
    shown = table("run", "operation", "selected", "begun (UTC)", "state", "cells", "asked by", whole="run")
    for run in found:
        begun = run["started_at"][:16].replace("T", " ")
        cells = (run["run"], run["operation"], _chosen(run), begun, run["state"], run["reason"], run["requested_by"])
        shown.add_row(*map(cell, cells), style=_STYLES.get(run["state"], ""))
    show(shown)


def _chosen(run: Run) -> str:
    """What a run is about."""
    if run["retry_of"]:
        return f"retry of {run['retry_of']}"
    selected = [f"{label}={','.join(values)}" for label, values in run["select"].items()]
    return f"{' '.join(selected) or 'all'}{_under(run)}"


def _under(run: Run) -> str:
    return f" under {run['prefix']}" if run.get("prefix") else ""
