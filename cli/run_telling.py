"""``signalbox run``: asks a running app, follows a run, and prints what it came to."""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import httpx

from cli.run_screen import Follower, print_run, print_runs

_SECONDS = 30.0  # for an answer
_LOOKS_EVERY = 1.0
_PATIENCE = 60.0  # seconds in which nobody may answer while a run is followed: the host may restart

type Run = dict[str, Any]


def begin_run(url: str, key: str, path: str, body: dict[str, Any], *, watch: bool, as_json: bool) -> int:
    """Begin a run, and follow it if wanted; gives the exit code: 1 when it was refused, or something failed."""

    def begin(client: httpx.Client) -> int:
        run: str = _fetch(client, "POST", path, json=body)["id"]
        if watch:
            return _tell(_follow(client, run, as_json=as_json), as_json=as_json)
        told = json.dumps({"run": run}) if as_json else f"{run} has begun: signalbox run show {run} --watch"
        sys.stdout.write(told + "\n")
        return 0

    return _asking(url, key, begin)


def tell_run(url: str, key: str, run: str, *, watch: bool, as_json: bool) -> int:
    """Print a run with its cells; gives the exit code: 1 when something failed, or there is no such run."""

    def tell(client: httpx.Client) -> int:
        found = _follow(client, run, as_json=as_json) if watch else _fetch(client, "GET", f"/api/runs/{run}")
        return _tell(found, as_json=as_json)

    return _asking(url, key, tell)


def tell_runs(url: str, key: str, limit: int, *, as_json: bool) -> int:
    """Print the last runs; gives the exit code."""

    def tell(client: httpx.Client) -> int:
        found = _fetch(client, "GET", "/api/runs", params={"limit": limit})["runs"]
        if as_json:
            sys.stdout.write(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
        else:
            print_runs(found)
        return 0

    return _asking(url, key, tell)


def _asking(url: str, key: str, ask: Callable[[httpx.Client], int]) -> int:
    """Ask the app; whatever goes wrong becomes one line on stderr, and exit code 1."""
    headers = {"x-functions-key": key} if key else {}
    try:
        with httpx.Client(base_url=url, headers=headers, timeout=_SECONDS, trust_env=False) as client:
            return ask(client)
    except httpx.HTTPStatusError as error:
        sys.stderr.write(f"error: {_reason(error.response)}\n")
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError) as error:
        sys.stderr.write(f"error: no app answers at {url} ({error}): start one, or name it by --app\n")
    except KeyboardInterrupt:
        sys.stderr.write("left; the run goes on\n")
    return 1


def _fetch(client: httpx.Client, method: str, path: str, **request: Any) -> Run:
    found: Run = client.request(method, path, **request).raise_for_status().json()
    return found


def _follow(client: httpx.Client, run: str, *, as_json: bool) -> Run:
    """Look at a run until it has ended."""
    with Follower(quiet=as_json) as follower:
        heard = time.monotonic()
        while True:
            try:
                found = _fetch(client, "GET", f"/api/runs/{run}")
                heard = time.monotonic()
            except httpx.TransportError:
                if time.monotonic() - heard > _PATIENCE:
                    raise
            else:
                follower.show(found)
                if found["state"] != "running":
                    return found
            time.sleep(_LOOKS_EVERY)


def _tell(run: Run, *, as_json: bool) -> int:
    if as_json:
        sys.stdout.write(json.dumps(run, indent=2, ensure_ascii=False) + "\n")
    else:
        print_run(run)
    return int(run["state"] == "failed" or any(run["counts"].get(name) for name in ("failed", "refused")))


def _reason(answer: httpx.Response) -> str:
    if answer.status_code == 401:
        return "the app asks for a function key: pass it by --key"
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"the app answered {answer.status_code}: {answer.text[:200]}"
