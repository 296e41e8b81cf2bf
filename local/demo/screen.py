"""The demo's screen: one live grid of model states, with bars for what is under way."""

import time
from collections.abc import Sequence
from typing import Any, Final, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from cli.file_bars import file_bars
from local.demo.observe import Model

#: The steps of a model's way, with the states of the read model in which each is reached.
STEPS: Final[tuple[tuple[str, frozenset[str]], ...]] = (
    (
        "data",
        frozenset(
            {"queued", "training", "registered", "rejected", "failed", "releasing", "released", "release_failed"}
        ),
    ),
    ("trained", frozenset({"registered", "rejected", "releasing", "released", "release_failed"})),
    ("passed", frozenset({"registered", "releasing", "released", "release_failed"})),
    ("released", frozenset({"released"})),
)
_ACTIVE: Final = {
    "queued": "trained",
    "training": "trained",
    "registered": "released",
    "releasing": "released",
    "waiting": "data",
}
_FAILED: Final = {"failed": "trained", "rejected": "passed", "release_failed": "released"}


class Screen:
    """A live view on a terminal; plain lines where there is none, each change once."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._started = time.monotonic()
        self._services: dict[str, str] = {}
        self._models: Sequence[Model] = ()
        self._status = ""
        self._files: Sequence[dict[str, Any]] = ()
        self._seen: dict[str, str] = {}
        self._bars = Progress(
            TextColumn("  {task.description:<18}"), BarColumn(bar_width=30), MofNCompleteColumn(), console=console
        )
        self._landing = self._bars.add_task("files landed", total=None, visible=False)
        self._way = self._bars.add_task("steps of the models", total=None, visible=False)
        self._live = Live(get_renderable=self._render, console=console, refresh_per_second=8, transient=True)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the live view; what is printed from now on stays."""
        self._live.stop()

    def service(self, name: str, change: str) -> None:
        """A local service has changed."""
        self._services[name] = change
        if change == "ready":
            self._line(f"{name} is ready", key=name)

    def landed(self, done: int, total: int) -> None:
        """A raw file has landed."""
        self._bars.update(self._landing, completed=done, total=total, visible=True)

    def tell(self, text: str) -> None:
        """A line that stays, on a terminal too."""
        self._console.print(
            f"{time.monotonic() - self._started:6.1f} s  {text}", highlight=False, markup=False, soft_wrap=True
        )

    def status(self, text: str, detail: str = "") -> None:
        """What is under way; how far it is shows on a terminal only."""
        self._status = f"{text}: {detail}" if detail else text
        self._line(text, key="status")

    def files(self, statuses: Sequence[dict[str, Any]]) -> None:
        """How far large files are, as their instances say it; a line per file where there is no terminal."""
        self._files = statuses
        for status in statuses:
            self._line(f"{status['file']}: {status['step']}", key=f"file {status['file']}")

    def models(self, models: Sequence[Model]) -> None:
        """The models as they stand."""
        self._models = models
        reached = sum(_stage(model) in states for model in models for _, states in STEPS)
        self._bars.update(self._way, completed=reached, total=len(models) * len(STEPS), visible=bool(models))
        for model in models:
            if model.state != "waiting":
                self._line(f"{model.name}: {model.state}. {model.reason}", key=model.name)

    def grid(self) -> Table:
        """A row per model, a column per step."""
        table = Table(box=None, padding=(0, 1), expand=True)
        table.add_column("model", no_wrap=True, min_width=max(len(model.name) for model in self._models))
        for title, _ in STEPS:
            table.add_column(title, justify="center", no_wrap=True, min_width=8)
        table.add_column("why", overflow="ellipsis", no_wrap=True, ratio=1)
        for model in self._models:
            table.add_row(model.name, *(_cell(model, *step) for step in STEPS), Text(model.reason, style="dim"))
        return table

    def _line(self, text: str, key: str) -> None:
        """Without a terminal: one line per change."""
        if self._console.is_terminal or self._seen.get(key) == text:
            return
        self._seen[key] = text
        self.tell(text)

    def _render(self) -> RenderableType:
        parts: list[RenderableType] = [self._service_line(), Text(f"  {self._status}", style="dim"), self._bars]
        if self._files:
            parts.append(file_bars([("", self._files)]))
        if self._models:
            parts.append(self.grid())
        return Group(*parts)

    def _service_line(self) -> Text:
        line = Text(f"{time.monotonic() - self._started:5.0f} s  ")
        for name, change in self._services.items():
            line.append("● " if change == "ready" else "○ ", style="green" if change == "ready" else "yellow")
            line.append(f"{name}  ")
        return line


def _cell(model: Model, step: str, states: frozenset[str]) -> Text:
    """A step as a sign and a word: nobody has to tell colours apart."""
    stage = _stage(model)
    if _FAILED.get(stage) == step:
        return Text("✗ no", style="red")
    if stage in states:
        return Text("✓ yes", style="green")
    if _ACTIVE.get(stage) == step:
        return Text("… next", style="dim") if model.state == "queued" else Text("… now", style="yellow")
    return Text("·", style="dim")


def _stage(model: Model) -> str:
    """How far a model is: what is queued after its gates were passed waits for its release, not for its training."""
    return "registered" if model.state == "queued" and model.row.get("verdict") == "passed" else model.state
