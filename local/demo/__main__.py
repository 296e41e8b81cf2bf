"""`python -m local.demo`: run the example's fleet from raw files to released models, and prove what came out."""

import argparse
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from local.demo.landing import land
from local.demo.later import look_later
from local.demo.observe import Model, Observer
from local.demo.outcome import look
from local.demo.report import show, show_later
from local.demo.screen import Screen
from local.demo.stillness import Look, Stillness, looks
from local.services.process import LocalServiceError
from local.stack import Ports, Stack
from local.stack.ending import INTERRUPTED, OrderlyEnd
from local.stack.options import add_azureml
from local.stack.stack import DEFAULT_STATE
from shared.errors import ConfigurationError
from shared.fleet.fleet import Fleet
from shared.fleet.loader import load_fleet

FLEET = Path(__file__).resolve().parents[2] / "examples" / "flights" / "fleet.yaml"
#: The models that the gates reject on this data, as examples/flights/README.md tells.
REJECTED = ("departures-ewr-regional-slow", "departures-lga-regional-fast", "departures-lga-regional-slow")
_NEVER = "0 0 0 29 2 *"
_SEARCHED = ("Nothing moves, so an event may be lost: waiting for the search, which looks every five minutes", "")


def main(given: Sequence[str] | None = None) -> int:
    """Run the demo; 0 only if every expected outcome was observed, 130 after Ctrl-C.

    Args:
        given: The command line; that of this process unless given.
    """
    arguments = _parse_arguments(given)
    where = sys.stderr if arguments.json else sys.stdout
    console = Console(file=where, width=None if where.isatty() else 120)
    screen = Screen(console)
    settings = {} if arguments.reconcile else {"SIGNALBOX_RECONCILE_SCHEDULE": _NEVER}
    if arguments.environment:
        settings["SIGNALBOX_ENVIRONMENT"] = arguments.environment
    try:
        fleet = load_fleet(FLEET, environment=arguments.environment)
        console.print(
            f"[bold]The {len(fleet.models)} models of examples/flights/fleet.yaml[/bold], "
            "from raw files to production, on this machine:"
        )
        with (
            OrderlyEnd(),
            screen,
            Stack(
                arguments.state or _own_state(arguments.environment, arguments.azureml),
                ports=Ports.free(),
                webhooks=arguments.webhooks,
                settings=settings,
                azureml=bool(arguments.azureml),
                on_event=screen.service,
            ) as stack,
        ):
            return _run(stack, screen, console, fleet, arguments)
    except KeyboardInterrupt:
        told = "Interrupted: every local service was ended; what was done so far is kept."
        _tell(arguments, {"error": _problem("interrupted", told, INTERRUPTED)})
        console.print(told)
        return INTERRUPTED
    except (LocalServiceError, ConfigurationError) as error:
        _tell(arguments, {"error": _problem("stack-failed", str(error), 1)})
        console.print(f"[red]{escape(str(error))}[/red]", soft_wrap=True)
        return 1


def _tell(arguments: argparse.Namespace, found: dict[str, Any]) -> None:
    """What came out, for a program that asked for it; once."""
    if arguments.json:
        arguments.json = False
        sys.stdout.write(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
        sys.stdout.flush()


def _problem(code: str, detail: str, exit_code: int) -> dict[str, Any]:
    return {"code": code, "detail": detail, "remedy": "", "exit_code": exit_code}


def _run(stack: Stack, screen: Screen, console: Console, fleet: Fleet, arguments: argparse.Namespace) -> int:
    with closing(Observer(stack)) as observer:
        started = time.monotonic()
        landed = land(observer, screen, fleet.matrix["origin"])
        models = _watch(stack, observer, screen, landed, arguments)
        screen.stop()
        problems = _prove(console, observer, fleet, models)
        if not problems:
            problems = _prove_later(console, observer, fleet, arguments.timeout)
        seconds = round(time.monotonic() - started, 1)
        _tell(arguments, {"observed": not problems, "problems": problems, "models": len(models), "seconds": seconds,
                          "app": stack.host_url, "kept": arguments.keep and not problems})  # fmt: skip
        if problems:
            console.print("\n[red]Not everything that was expected was seen:[/red]")
            console.print("\n".join(f"  {escape(problem)}" for problem in problems), soft_wrap=True)
            root = stack.state.root
            console.print(f"The logs are in {stack.state.logs}, the spans in {root / 'traces.jsonl'}.", soft_wrap=True)
            return 1
        console.print(f"\n[green]Everything expected was observed[/green] in {seconds:.0f} s.")
    if arguments.keep:
        _stay(stack, console)
    else:
        console.print("Run it again: nothing is trained twice. To look around: [bold]KEEP=1 make demo[/bold]")
    return 0


def _prove(console: Console, observer: Observer, fleet: Fleet, models: Sequence[Model]) -> list[str]:
    """Show what came out, and say what was expected and not observed."""
    known = {model.name: model for model in models}
    outcomes = [
        look(observer, known[one.model], one, fleet.path.parent, rejected=one.model in REJECTED)
        for one in sorted(fleet.models, key=lambda one: one.model)
        if one.model in known
    ]
    show(console, observer, outcomes)
    unknown = [f"{one.model}: the app does not know it" for one in fleet.models if one.model not in known]
    return unknown + [f"{outcome.model.name}: {problem}" for outcome in outcomes for problem in outcome.problems]


def _prove_later(console: Console, observer: Observer, fleet: Fleet, seconds: float) -> list[str]:
    """Let a new version and an exception take their ways, show them, and say what was expected and not observed."""
    console.print("\n[bold]And later:[/bold] one model is trained again, and one is let through that was rejected …")
    seen = look_later(observer, {one.model for one in fleet.models}, seconds)
    show_later(console, seen)
    return [f"{one.model}: {problem}" for one in seen for problem in one.problems]


def _watch(
    stack: Stack, observer: Observer, screen: Screen, landed: set[str], arguments: argparse.Namespace
) -> Sequence[Model]:
    """Look until all has ended, or nothing moves any more though it has not, or the time is over."""
    models: Sequence[Model] = []
    stillness = Stillness()
    for now, stillness in looks(stack, observer, landed, arguments.timeout):
        models = now.models
        screen.models(models)
        screen.files(_files(now))
        screen.status(*(_SEARCHED if stillness.stuck else _under_way(now)))
        if stillness.stuck and not arguments.reconcile:
            screen.tell(
                f"Nothing moves any more, and {_not_ended(now)}: nothing is pending or running, and no event came. "
                "Events that were lost are found by the search for them, which --no-reconcile turns off."
            )
            return models
    if not stillness.ended:
        screen.tell(f"The {arguments.timeout:.0f} s of --timeout are over.")
    return models


def _files(look: Look) -> list[dict[str, Any]]:
    """How far the large files are; one that has not been cut into ranges yet says nothing."""
    said = [one.get("customStatus") for one in look.running if one["instanceId"].startswith("file-")]
    return [status for status in said if isinstance(status, dict)]


def _under_way(look: Look) -> tuple[str, str]:
    """What is under way, and how far it is."""
    if look.waiting:
        return "Waiting for the events of the files", f"{len(look.waiting)} to come"
    if steps := [one for one in look.running if one["instanceId"].startswith("condition-")]:
        status = steps[0].get("customStatus")
        return "Making datasets", status["step"] if isinstance(status, dict) else ""
    if moving := look.moving:
        counts = Counter(moving)
        return "Training and releasing", ", ".join(f"{counts[state]} {state}" for state in sorted(counts))
    return "Nothing moves any more", ""


def _not_ended(look: Look) -> str:
    """What has come to no end, in words."""
    if look.waiting:
        return f"the app was not told of {len(look.waiting)} files"
    number = len(look.moving)
    return (
        "the app knows no models"
        if not look.models
        else f"{number} model{'s have' if number > 1 else ' has'} not ended"
    )


def _stay(stack: Stack, console: Console) -> None:
    console.print(
        f"The stack is up: the dashboard at {stack.host_url}/api/dashboard, the registry at {stack.mlflow_url}.\n"
        "Try, in another terminal, in this folder:\n"
        "  .venv/bin/signalbox models\n"
        "  .venv/bin/signalbox why departures-jfk-mainline-fast\n"
        "  .venv/bin/signalbox run train --select origin=JFK --again --watch\n"
        f"Elsewhere: export SIGNALBOX_APP={stack.host_url}\n"
        "Stop with Ctrl-C.",
        soft_wrap=True,
        highlight=False,
    )
    try:
        while True:
            time.sleep(0.5)
            stack.check()
    except KeyboardInterrupt:
        console.print("Stopping.")


def _own_state(environment: str | None, azureml: str | None) -> Path:
    """Each environment's own: a dataset that is there already would be no news for the models that another one adds."""
    return DEFAULT_STATE / "-".join(("demo", *filter(None, (environment, azureml))))


def _parse_arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.demo", description=__doc__)
    parser.add_argument("--state", type=Path, help="state directory (one of its own per environment, unless given)")
    parser.add_argument("--environment", help="one of the fleet file's environments (all models without it)")
    parser.add_argument("--timeout", type=float, default=300.0, help="seconds until it gives up (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print JSON at the end; all else to stderr")
    add_azureml(parser)
    parser.add_argument("--keep", action="store_true", default=bool(os.environ.get("KEEP")), help="leave the stack up")
    parser.add_argument("--no-webhooks", dest="webhooks", action="store_false", help="the registry tells nothing")
    parser.add_argument(
        "--no-reconcile", dest="reconcile", action="store_false", help="no search for lost events by the clock"
    )
    return parser.parse_args(given)


if __name__ == "__main__":
    sys.exit(main())
