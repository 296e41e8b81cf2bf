"""``signalbox run``: asks a running app, follows a run, and prints what it came to."""

import json
import sys
import time
from typing import Any

import httpx

from cli.asking import asking, fetch
from cli.failures import interrupted
from cli.following import Patience
from cli.paths import api_path
from cli.printing import print_json
from cli.run_screen import ConditionedCell, Follower, print_run, print_runs
from cli.showing import show_answer

_LOOKS_EVERY = 1.0

type Run = dict[str, Any]


def begin_run(url: str, key: str, path: str, body: dict[str, Any], *, watch: bool, as_json: bool) -> int:
    """Begin a run, and follow it if wanted; gives the exit code: 1 when it was refused, or something failed."""

    def begin(client: httpx.Client) -> int:
        """The exit code."""
        run: str = fetch(client, "POST", path, json=body)["id"]
        if watch:
            return _watch(client, run, as_json=as_json)
        told = json.dumps({"run": run}) if as_json else f"{run}: signalbox run show {run} --watch follows it"
        sys.stdout.write(told + "\n")
        return 0

    return asking(url, key, begin)


def tell_run(url: str, key: str, run: str, *, watch: bool, as_json: bool) -> int:
    """Print a run with its cells; gives the exit code: 1 when something failed, or there is no such run."""

    def look(client: httpx.Client) -> int:
        """The exit code."""
        found = fetch(client, "GET", api_path("runs", run))  # whoever is not there now is not waited for
        if watch and found["state"] == "running":
            return _watch(client, run, as_json=as_json)
        return _tell(found, as_json=as_json)

    return asking(url, key, look)


def call_back(url: str, key: str, run: str, *, as_json: bool) -> int:
    """Have the app call back once more whoever was not told how a run ended; gives the exit code."""

    def call(client: httpx.Client) -> int:
        """The exit code."""
        found = fetch(client, "POST", api_path("runs", run, "callback"))
        told = json.dumps(found) if as_json else f"{run}: {found['callbacks']} called back once more"
        sys.stdout.write(told + "\n")
        return 0

    return asking(url, key, call)


def tell_runs(url: str, key: str, limit: int, fleet: str | None, *, as_json: bool) -> int:
    """Print the last runs; gives the exit code."""
    params = {"limit": limit, **({"fleet": fleet} if fleet is not None else {})}
    return show_answer(
        url, key, lambda client: fetch(client, "GET", "/api/runs", params=params)["runs"], print_runs, as_json=as_json
    )


def _watch(client: httpx.Client, run: str, *, as_json: bool) -> int:
    try:
        return _tell(_follow(client, run, as_json=as_json), as_json=as_json)
    except KeyboardInterrupt:
        raise interrupted(f"left; the run goes on: signalbox run show {run} --watch") from None


def _follow(client: httpx.Client, run: str, *, as_json: bool) -> Run:
    """Look at a run until it has ended."""
    with Follower(run, quiet=as_json) as follower:
        patience = Patience()
        while True:
            try:
                found = fetch(client, "GET", api_path("runs", run))
                patience.heard()
            except httpx.HTTPError as error:
                if patience.is_over(error):
                    raise
                follower.show_silence()
            else:
                follower.show(found, _conditioned(client, found))
                if found["state"] != "running":
                    return found
            time.sleep(_LOOKS_EVERY)


def _conditioned(client: httpx.Client, run: Run) -> list[ConditionedCell]:
    """The cells of a run that have large files under way; none where nobody tells, since the run tells the rest."""
    if run["operation"] != "condition" or run["state"] != "running":
        return []
    try:
        told = fetch(client, "GET", "/api/conditioning", params={"fleet": run["fleet"]})
    except httpx.HTTPError:
        return []
    cells = [cell for cell in told["cells"] if cell["cause"] == f"run:{run['run']}"]
    found = [(cell["cell"], [file for file in told["files"] if file["of"] == cell["instance"]]) for cell in cells]
    return [(name, files) for name, files in found if files]


def _tell(run: Run, *, as_json: bool) -> int:
    failed = run["state"] == "failed" or any(run["counts"].get(name) for name in ("failed", "refused"))
    if as_json:
        print_json(run)
    else:
        print_run(run)
    return int(failed)
