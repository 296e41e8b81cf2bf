"""A drafted fleet's first run on this machine: the stack comes up, the data lands, and what came out is shown."""

import sys
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from cli.failures import CommandError, interrupted
from cli.init_draft import figure
from cli.printing import cell, print_json, printable, say, show, table
from local.demo.observe import Model, Observer
from local.demo.screen import Screen
from local.demo.stillness import Stillness, looks
from local.services.process import LocalServiceError
from local.stack import Ports, Stack
from shared.errors import ConfigurationError
from shared.fleet.fleet import Fleet
from shared.fleet.loader import load_fleet

_STATE: Final = ".signalbox"
_TIMEOUT_SECONDS: Final = 600.0
_SHOWN_ROWS: Final = 5


@dataclass(frozen=True)
class Outcome:
    """What became of one model.

    Attributes:
        model: As the app tells of it.
        metric: What its gates hold it to.
        published: The rows of its newest predictions, where it has any.
    """

    model: Model
    metric: str
    published: Sequence[dict[str, str]]

    @property
    def figures(self) -> dict[str, float | None]:
        """Of the baseline, the naive forecast and the model."""
        return {whose: self.model.figure(whose, self.metric) for whose in ("baseline", "naive", "model")}


def run_fleet(folder: Path, data: Path, *, keep: bool, as_json: bool) -> int:
    """Bring the stack up with a fleet, land its data, wait until nothing moves, and show what came out.

    Args:
        folder: The fleet's; the stack's state is kept in `.signalbox` within it.
        data: The raw file.
        keep: Whether the stack stays up until somebody ends it.
        as_json: For programs.

    Returns:
        The exit code: 0 when every model has come to an end, released or rejected.

    Raises:
        CommandError: The fleet cannot be used, or the stack cannot be started.
    """
    console = Console(stderr=as_json, width=None if sys.stdout.isatty() else 120)
    screen = Screen(console)
    try:
        fleet = load_fleet(folder / "fleet.yaml")
        path = _landing_path(fleet, data)
        settings = {"SIGNALBOX_FLEET": str(fleet.path)}
        stack = Stack(folder / _STATE, ports=Ports.free(), settings=settings, on_event=screen.service)
        with screen, stack, closing(Observer(stack)) as observer:
            models = _watch(stack, observer, screen, path, data)
            screen.stop()
            outcomes = [_outcome(observer, one, fleet) for one in models]
            _tell(fleet, outcomes, as_json=as_json)
            if keep and not as_json:
                _stay(stack, folder)
    except KeyboardInterrupt as error:
        detail = "stopped: every local service was ended; what was done so far is kept"
        raise interrupted(detail, f"the same command goes on from there; its state is in {folder / _STATE}") from error
    except ConfigurationError as error:
        raise CommandError("bad-fleet", str(error)) from error
    except LocalServiceError as error:
        raise CommandError("no-stack", str(error)) from error
    return int(not outcomes or any(not one.model.ended for one in outcomes))


def _landing_path(fleet: Fleet, data: Path) -> str:
    """Where the file lands, so that the fleet's only source takes it.

    Raises:
        CommandError: There are several sources, or its path has labels: then only a person knows.
    """
    sources = list(fleet.sources.values())
    pattern = sources[0].files.text
    if len(sources) > 1 or not pattern.endswith("/*") or "{" in pattern:
        told = f"{fleet.path} has other sources than a drafted one, so it is not known where {data.name} lands"
        raise CommandError(
            "unknown-source", told, f"start it by: signalbox up --fleet {fleet.path}; then land the files"
        )
    return f"{pattern.removesuffix('*')}{data.name}"


def _watch(stack: Stack, observer: Observer, screen: Screen, path: str, data: Path) -> Sequence[Model]:
    """Land the file, and look until all has ended, or nothing moves any more."""
    landed: set[str] = set()
    content = data.read_bytes()
    if observer.holds(path, content):
        screen.tell(f"{data.name} lies there already: nothing is trained again")
    else:
        landed = {observer.land(path, content)}
        screen.tell(f"landed {path}")
    models: Sequence[Model] = []
    stillness = Stillness()
    for look, stillness in looks(stack, observer, landed, _TIMEOUT_SECONDS):
        models = look.models
        screen.models(models)
        if stillness.stuck:
            break
    if not stillness.ended:
        screen.tell("Not everything has come to an end: what each model waits for is told below.")
    return models


def _outcome(observer: Observer, model: Model, fleet: Fleet) -> Outcome:
    policy = next(one for one in fleet.models if one.model == model.name)
    path = model.row.get("serving", {}).get("published")
    return Outcome(model, policy.gates[0].metric, observer.published(path) if path else ())


def _tell(fleet: Fleet, outcomes: Sequence[Outcome], *, as_json: bool) -> None:
    if as_json:
        print_json({"fleet": fleet.name, "models": [_as_json(one) for one in outcomes]})
        return
    metric = outcomes[0].metric if outcomes else "mape"
    say(f"{metric.upper()} on the test period:")
    shown = table("model", "historical average", "naive", "model ", "state", whole="model")
    for one in outcomes:
        style = "green" if one.model.state == "released" else "red"
        figures = [figure(value, one.metric) for value in one.figures.values()]
        shown.add_row(one.model.name, *figures, cell(one.model.state, style))
    show(shown)
    for one in outcomes:
        if one.model.state != "released":
            say(f"{one.model.name}: {one.model.reason}")
    _tell_predictions(outcomes)


def _tell_predictions(outcomes: Sequence[Outcome]) -> None:
    rows = [(one.model.name, row) for one in outcomes for row in one.published]
    if not rows:
        return
    say(f"Forecasts, {min(_SHOWN_ROWS, len(rows))} of {len(rows)}:")
    columns = list(rows[0][1])
    shown = table("model", *columns, whole="model")
    for name, row in rows[:_SHOWN_ROWS]:
        shown.add_row(name, *(printable(row[column]) for column in columns))
    show(shown)


def _as_json(one: Outcome) -> dict[str, Any]:
    model = one.model
    told = {"model": model.name, "state": model.state, "reason": model.reason, "metric": one.metric}
    return told | {"figures": one.figures, "predictions": list(one.published)}


def _stay(stack: Stack, folder: Path) -> None:
    say(f"Everything is up; the registry is at {stack.mlflow_url}. In another terminal, in {folder}:")
    for command in ("signalbox models", "signalbox why MODEL", "signalbox run list"):
        say(f"  {command}")
    say("Stop with Ctrl-C: what was done is kept.")
    try:
        while True:
            time.sleep(0.5)
            stack.check()
    except KeyboardInterrupt:
        say("Stopped.")
