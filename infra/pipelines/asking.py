"""How a pipeline asks a deployed app: as the command line does, with its variables and its words for what goes wrong.

The app is `--app` or `SIGNALBOX_APP`, a token comes by `--entra` or `SIGNALBOX_ENTRA` for whoever is logged in.
"""

import argparse
import os
import sys
from collections.abc import Callable
from typing import Any, Final

import httpx

from cli.asking import asking
from cli.failures import MISUSED, CommandError, tell
from cli.resource import RESOURCE

#: The deployed app's own account of itself.
HEALTH: Final = "/api/operations/health"
#: What a gateway or a host answers for an app that starts, that is stopped, or that has no such door.
_AWAY: Final = frozenset({404, 502, 503, 504})


def add_app(parser: argparse.ArgumentParser) -> None:
    """Options that say which app is asked, and as whom."""
    parser.add_argument("--app", default=os.environ.get("SIGNALBOX_APP", ""), help="the app's URL (SIGNALBOX_APP)")
    parser.add_argument("--key", default=os.environ.get("SIGNALBOX_KEY", ""), help="a function key (SIGNALBOX_KEY)")
    parser.add_argument(
        "--entra",
        default=os.environ.get("SIGNALBOX_ENTRA", ""),
        help="the app's own resource in Entra ID, such as api://CLIENT-ID (SIGNALBOX_ENTRA)",
    )


def ask_app(arguments: argparse.Namespace, ask: Callable[[httpx.Client], int]) -> int:
    """Ask the app, and give the exit code: that of `ask`, or of what went wrong, which is told on stderr."""
    RESOURCE.set(arguments.entra)
    try:
        return asking(_named(arguments.app), arguments.key, ask)
    except CommandError as error:
        return tell(error, as_json=False)


def _named(app: str) -> str:
    """A pipeline must not find a stack that runs by chance."""
    if not app:
        raise CommandError("no-app", "no app is named", "pass --app URL, or set SIGNALBOX_APP", exit_code=MISUSED)
    return app


def ask_health(client: httpx.Client) -> tuple[dict[str, Any] | None, str]:
    """What the app says of itself; or `None`, and what came instead while it starts, is away, or has no such door.

    Raises:
        httpx.HTTPStatusError: It refused.
    """
    try:
        answer = client.get(HEALTH)
    except httpx.TransportError as error:
        return None, f"nobody answers ({type(error).__name__})"
    if answer.status_code in _AWAY:
        return None, f"the app answers {answer.status_code}"
    found: dict[str, Any] = answer.raise_for_status().json()
    return found, ""


def say(text: str) -> None:
    """A line of the pipeline's log, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
