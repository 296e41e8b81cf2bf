"""`python -m infra.pipelines.validate_deployment`: whether the deployed app is this checkout, and well.

It waits until the app says that it is this code, and of this commit where one is given: an instance of before may still
answer, and fleet files, recipes and steps do not count as code. Then it looks at all of it:

- storage, the fleet files and the durable backend answer;
- no orchestration is under way whose name this code does not have;
- its doors are those that this checkout describes;
- nobody is let in without a key or a token;
- it explains what an event would start that is made up for a model of its fleet. Nothing is begun by that.

Telemetry that the instance has lost is told, and is no failure.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from cli.finding import is_local
from functions.api.document import document
from infra.pipelines.asking import HEALTH, add_app, ask_app, ask_health, say
from shared.code_digest import code_digest
from shared.settings import APP_ROOT

_PAUSE: Final = 10.0
_REFUSED: Final = frozenset({401, 403})

type Sleep = Callable[[float], None]
#: A check that found something: what is wrong, in a sentence.
type Findings = Iterator[str]


def main(given: Sequence[str] | None = None, sleep: Sleep = time.sleep) -> int:
    """Look, and tell what was found; 0 when all is well.

    Args:
        given: The command line; that of this process unless given.
        sleep: Lets time pass.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_app(parser)
    parser.add_argument("--patience", type=float, default=10.0, metavar="MINUTES", help="10 unless given")
    parser.add_argument("--commit", default="", help="the commit that the app must say it was made of")
    arguments = parser.parse_args(given)
    return ask_app(arguments, lambda client: _validate(client, arguments, sleep))


def _validate(client: httpx.Client, arguments: argparse.Namespace, sleep: Sleep) -> int:
    health = _awaited(client, arguments.commit.lower(), arguments.patience * 60, sleep)
    if health is None:
        return 1
    say(f"Signalbox {health['version']}, Python {health['python']}, commit {health['commit'] or '(none told)'}")
    for one in health["dropped"]:
        say(f"telemetry: {one['count']} lost by {one['exporter']} ({one['reason']})")
    found = [
        *_health(health),
        *_doors(client),
        *_let_in(arguments.app, client.base_url),
        *_explained(client),
    ]
    for line in found:
        say(f"wrong: {line}")
    if not found:
        say(f"All is well: {sum(health['fleets'].values())} models, {sum(health['in_flight'].values())} under way.")
    return int(bool(found))


def _awaited(client: httpx.Client, commit: str, patience: float, sleep: Sleep) -> dict[str, Any] | None:
    """The app's account of itself, as soon as it is that of this package; `None`, told why, where it never was."""
    expected, deadline = code_digest(APP_ROOT), time.monotonic() + patience
    while True:
        health, told = ask_health(client)
        if health is not None:
            known = health["commit"] or "(none told)"
            if health["code"] != expected:
                told = f"the app is other code: {health['code'][:12]} of commit {known}"
            elif commit and not (health["commit"] and commit.startswith(health["commit"])):
                told = f"the app is of commit {known}, not {commit}"
            else:
                return health
        if time.monotonic() >= deadline:
            say(f"wrong: after {patience / 60:g} minutes {told}; this checkout is {expected[:12]}")
            return None
        sleep(_PAUSE)


def _health(health: dict[str, Any]) -> Findings:
    for part in health["parts"]:
        if not part["ok"]:
            yield f"{part['name']} does not answer: {part['detail']}"
    for name in health["stranded"]:
        count = health["in_flight"][name]
        yield f"{count} {name} are under way, and this code has no such orchestrator: they cannot end"
    if not health["fleets"]:
        yield "the app has no models: is SIGNALBOX_FLEET right, and are its files in the package?"


def _doors(client: httpx.Client) -> Findings:
    answer = client.get("/api/openapi.json").raise_for_status().json()
    there, described = set(answer["paths"]), set(document()["paths"])
    if missing := described - there:
        yield f"doors are missing: {', '.join(sorted(missing))}"
    if more := there - described:
        yield f"doors are there that this checkout does not have: {', '.join(sorted(more))}"


def _let_in(app: str, base: httpx.URL) -> Findings:
    """On a laptop no key is asked for."""
    if is_local(urlsplit(app).hostname or ""):
        return
    with httpx.Client(timeout=30) as nobody:
        answer = nobody.get(base.join(HEALTH))
    if answer.status_code not in _REFUSED and not answer.is_redirect:
        yield f"somebody without a key or a token is answered {answer.status_code}, and should be refused"


def _explained(client: httpx.Client) -> Findings:
    models = client.get("/api/models", params={"brief": "true"}).raise_for_status().json()["models"]
    if not models:
        yield "the app shows no model to this caller: it needs the role of a reader of the whole app"
        return
    model = models[0]["model"]
    event = {"operation": "train", "request_id": "validation", "model": model}
    (told,) = client.post("/api/events/explain", json=event).raise_for_status().json()["events"]
    say(f"A call to train {model} would be {'taken' if told['accepted'] else 'refused'}: {told['reason']}")
    if model not in {one["model"] for one in told["models"]}:
        yield f"a call to train {model} was explained without that model: {told['summary']}"


if __name__ == "__main__":
    sys.exit(main())
