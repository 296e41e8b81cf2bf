"""``signalbox host stuck``: asks a running host for what does not move, and prints it."""

from typing import Any

import httpx

from cli.failures import CommandError
from cli.printing import cell, say, show, table
from cli.showing import show_answer

type Row = dict[str, Any]


def tell(url: str, older_than: float, key: str = "", *, as_json: bool = False) -> int:
    """Print the report; gives the exit code.

    Args:
        url: where the host is.
        older_than: seconds without a move that count as stuck.
        key: the master key, where the host asks for one.
        as_json: print an object with ``stuck`` and ``parked`` instead of tables.
    """

    def ask(client: httpx.Client) -> dict[str, list[Row]]:
        """The report."""
        stuck = _fetch(client, "/admin/durable/stuck", {"olderThan": str(older_than)})
        return {"stuck": stuck, "parked": _fetch(client, "/admin/durable/parked", {})}

    return show_answer(url, key, ask, lambda found: _print(found["stuck"], found["parked"]), as_json=as_json)


def _fetch(client: httpx.Client, path: str, query: dict[str, str]) -> list[Row]:
    answer = client.get(path, params=query)
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        raise CommandError("unknown-caller", "the host asks for its master key", "pass it by --key")
    if answer.status_code == httpx.codes.NOT_FOUND:
        at = f"{answer.url.host}:{answer.url.port}"
        raise CommandError(
            "no-durable-functions",
            f"{at} runs no app with durable functions",
            "the report is of the local host alone: of an app on Azure, Application Insights tells",
        )
    rows: list[Row] = answer.raise_for_status().json()
    return rows


def _print(stuck: list[Row], parked: list[Row]) -> None:
    if not stuck and not parked:
        say("nothing is stuck, and nothing was given up")
    if stuck:
        shown = table("instance", "orchestrator", "status", "since", "waits for", whole="instance", title="stuck")
        for row in stuck:
            waits = "; ".join(row["waitsFor"]) + (" (cannot come)" if row["hopeless"] else "")
            shown.add_row(*map(cell, (row["instanceId"], row["name"], row["runtimeStatus"], row["since"], waits)))
        show(shown)
    if parked:
        shown = table("at", "kind", "owner", "function", "reason", title="given up")
        for row in parked:
            shown.add_row(*map(cell, (row["at"], row["kind"], row["owner"], row["name"], row["reason"])))
        show(shown)
