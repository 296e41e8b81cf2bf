"""`python -m infra.pipelines.drain`: before a deployment, wait until nothing is under way that it would break.

An orchestration that is under way goes on with the new code. That works where the code still has its name, and asks for
what its history holds: `tests/replay` shows it for each recorded history. It does not work for

- a name that the new code has no more;
- an orchestrator whose history, as the deployed commit had recorded it, was recorded over or deleted since.

For those this waits, at most `--patience` minutes, and fails then: nothing has been deployed. Where the deployed
package does not say which commit it was made of, it waits for all. An app that cannot be asked is no app without work:
this fails.
"""

import argparse
import re
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, Final

import httpx

from functions.index import ORCHESTRATORS
from infra.pipelines.asking import HEALTH, add_app, ask_app, ask_health, say
from shared.code_digest import code_digest
from shared.settings import APP_ROOT

#: What an app tells is handed to git: it must be no option.
_COMMIT: Final = re.compile("[0-9a-fA-F]{7,64}")
HISTORIES: Final = "tests/replay/histories"
_PAUSE: Final = 15.0
#: How often an app that is away is asked once more: a minute, in which an instance takes another one's place.
_MORE: Final = 4
_REMEDY: Final = (
    "Nothing was deployed. Wait and run this again; or keep new work from beginning, by `signalbox hold`, until what "
    "is under way has ended; or keep the old orchestrator, and register the change under a new name (docs/local.md, "
    '"Changing an orchestrator").'
)
_AWAY: Final = (
    "An app that does not start, or a release from before this door, cannot tell what is under way. Nothing was "
    "deployed. To deploy all the same, whatever breaks by it, run infra/pipelines/deploy.sh with DRAIN_MINUTES=none."
)

type Sleep = Callable[[float], None]


def main(given: Sequence[str] | None = None, sleep: Sleep = time.sleep) -> int:
    """Wait, and tell for what; 0 when the deployment may go on, 1 when it must not.

    Args:
        given: The command line; that of this process unless given.
        sleep: Lets time pass.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_app(parser)
    parser.add_argument("--patience", type=float, default=30.0, metavar="MINUTES", help="30 unless given")
    arguments = parser.parse_args(given)
    return ask_app(arguments, lambda client: _drain(client, arguments.patience * 60, sleep))


def breaking(in_flight: Mapping[str, int], rewritten: Collection[str] | None) -> dict[str, int]:
    """Of orchestrations under way, those that cannot go on with this code.

    Args:
        in_flight: How many there are, by name.
        rewritten: Orchestrators whose recorded history is not what it was; `None` where nobody knows.
    """
    return {
        name: count
        for name, count in in_flight.items()
        if name not in ORCHESTRATORS or rewritten is None or name in rewritten
    }


def rewritten_since(commit: str) -> frozenset[str] | None:
    """Orchestrators with a recorded history that was changed or deleted since a commit; `None` where it is unknown."""
    if not _COMMIT.fullmatch(commit):
        return None
    compare = ["git", "diff", "--no-renames", "--diff-filter=MDT", "--name-only", commit, "HEAD", "--", HISTORIES]
    done = subprocess.run(  # noqa: S603 - a commit is hexadecimal digits only
        compare, cwd=APP_ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        return None
    return frozenset(PurePosixPath(line).relative_to(HISTORIES).parts[0] for line in done.stdout.splitlines())


def _drain(client: httpx.Client, patience: float, sleep: Sleep) -> int:
    health = _asked(client, sleep)
    if health is None:
        return 1
    if health["code"] == code_digest(APP_ROOT):
        say("This code is deployed already: what is under way goes on.")
        return 0
    rewritten = rewritten_since(str(health["commit"]))
    if rewritten is None:
        told = f"commit {health['commit']} is not in this checkout" if health["commit"] else "package tells no commit"
        say(f"The deployed {told}: waiting for all.")
    return _waited(client, health, rewritten, patience, sleep)


def _waited(
    client: httpx.Client,
    health: dict[str, Any] | None,
    rewritten: frozenset[str] | None,
    patience: float,
    sleep: Sleep,
) -> int:
    deadline = time.monotonic() + patience
    told: dict[str, int] | None = None
    while health is not None:
        if unknown := [one["name"] for one in health["parts"] if one["name"] == "durable" and not one["ok"]]:
            say(
                f"The app cannot tell what is under way: its part `{unknown[0]}` does not answer. Nothing was deployed."
            )
            return 1
        waited_for = breaking(health["in_flight"], rewritten)
        if not waited_for:
            say(f"Nothing is under way that this code would break ({sum(health['in_flight'].values())} go on).")
            return 0
        if waited_for != told:
            say("Waiting for " + ", ".join(f"{count} {name}" for name, count in sorted(waited_for.items())))
            told = waited_for
        if time.monotonic() >= deadline:
            say(f"The {patience / 60:g} minutes are over. {_REMEDY}")
            return 1
        sleep(_PAUSE)
        health = _asked(client, sleep)
    return 1


def _asked(client: httpx.Client, sleep: Sleep) -> dict[str, Any] | None:
    """What the app says of itself; `None`, told why, where it is away for longer than a moment."""
    health, told = ask_health(client)
    for _ in range(_MORE):
        if health is not None:
            break
        sleep(_PAUSE)
        health, told = ask_health(client)
    if health is None:
        say(f"{told[0].upper()}{told[1:]} at {HEALTH}. {_AWAY}")
    return health


if __name__ == "__main__":
    sys.exit(main())
