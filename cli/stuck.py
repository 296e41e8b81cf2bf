"""``signalbox host stuck``: asks a running host for what does not move, and prints it."""

import json
import sys
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

_SECONDS = 10.0  # for an answer
_NARROWEST = 100  # columns of a table that is not printed to a terminal


def tell(url: str, older_than: float, key: str = "", *, as_json: bool = False) -> int:
    """Print the report; gives the exit code: 0 when there was an answer, else 1 with the reason on stderr.

    Args:
        url: where the host is.
        older_than: seconds without a move that count as stuck.
        key: the master key, where the host asks for one.
        as_json: print an object with ``stuck`` and ``parked`` instead of tables.
    """
    headers = {"x-functions-key": key} if key else {}
    try:
        with httpx.Client(base_url=url, headers=headers, timeout=_SECONDS, trust_env=False) as client:
            stuck = _fetch(client, "/admin/durable/stuck", {"olderThan": str(older_than)})
            parked = _fetch(client, "/admin/durable/parked", {})
    except httpx.HTTPStatusError as error:
        sys.stderr.write(f"error: {_reason(error.response)}\n")
        return 1
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        sys.stderr.write(f"error: no host answers at {url} ({error}): start one, or name it by --url\n")
        return 1
    if as_json:
        sys.stdout.write(json.dumps({"stuck": stuck, "parked": parked}, indent=2) + "\n")
    else:
        _print(stuck, parked)
    return 0


def _fetch(client: httpx.Client, path: str, query: dict[str, str]) -> list[dict[str, Any]]:
    answer = client.get(path, params=query).raise_for_status()
    rows: list[dict[str, Any]] = answer.json()
    return rows


def _reason(answer: httpx.Response) -> str:
    if answer.status_code == 401:
        return "the host asks for its master key: pass it by --key"
    if answer.status_code == 404:
        return f"{answer.url.host}:{answer.url.port} runs no app with durable functions"
    return f"the host answered {answer.status_code}: {answer.text[:200]}"


def _print(stuck: list[dict[str, Any]], parked: list[dict[str, Any]]) -> None:
    console = Console(soft_wrap=False)
    if not console.is_terminal:
        console.width = max(console.width, _NARROWEST)
    if not stuck and not parked:
        console.print("nothing is stuck, and nothing was given up")
    if stuck:
        table = Table("instance", "orchestrator", "status", "since", "waits for", title="stuck")
        for row in stuck:
            waits = "; ".join(row["waitsFor"]) + (" (cannot come)" if row["hopeless"] else "")
            table.add_row(row["instanceId"], row["name"], row["runtimeStatus"], row["since"], waits)
        console.print(table, markup=False)
    if parked:
        table = Table("at", "kind", "owner", "function", "reason", title="given up")
        for row in parked:
            table.add_row(row["at"], row["kind"], row["owner"], row["name"], row["reason"])
        console.print(table, markup=False)
