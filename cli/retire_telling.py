"""What ``signalbox retire`` and ``signalbox retention`` ask the app, and how its answers are printed."""

import sys
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from cli.asking import asking, fetch
from cli.following import ended
from cli.printing import print_json

_NARROWEST = 120  # columns of a table that is not printed to a terminal


def tell_retired(url: str, key: str, *, as_json: bool) -> int:
    """Print what no fleet file has any more; gives the exit code."""

    def tell(client: httpx.Client) -> int:
        found = fetch(client, "GET", "/api/operations/retired")
        show = print_json if as_json else _print_retired
        show(found)
        return 0

    return asking(url, key, tell)


def tell_what_goes(url: str, key: str, named: list[str]) -> int:
    """Print what a retirement takes away and what stays; gives the exit code: 1 when one of the names is not listed."""

    def tell(client: httpx.Client) -> int:
        found = fetch(client, "GET", "/api/operations/retired")
        told = {row["model"]: _what_goes(row) for row in found["models"]}
        told |= {row["dataset"]: _what_ends(row) for row in found["datasets"]}
        for name in named:
            if name not in told:
                why = "is in a fleet file, is retired already, or is not known: `signalbox retire` lists what can be"
                sys.stderr.write(f"error: {name} {why}; nothing was retired\n")
                return 1
        sys.stdout.writelines(f"{told[name]}\n" for name in named)
        return 0

    return asking(url, key, tell)


def begin_retirement(url: str, key: str, body: dict[str, Any], *, as_json: bool) -> int:
    """Ask for a retirement; gives the exit code: 1 when it was refused."""

    def begin(client: httpx.Client) -> int:
        found = fetch(client, "POST", "/api/operations/retire", json=body)
        if as_json:
            print_json(found)
            return 0
        for name in found["models"]:
            sys.stdout.write(f"{name} goes out of service as soon as nothing of it is in flight\n")
        for name in found["datasets"]:
            sys.stdout.write(f"{name} waits for no more files\n")
        return 0

    return asking(url, key, begin)


def begin_retention(url: str, key: str, body: dict[str, Any], *, as_json: bool) -> int:
    """Let the app apply its policies, or only tell; gives the exit code: 1 when that failed."""

    def begin(client: httpx.Client) -> int:
        started = fetch(client, "POST", "/api/operations/retention", json=body)
        status = ended(client, started["statusQueryGetUri"])
        if status["runtimeStatus"] != "Completed":
            sys.stderr.write(f"error: retention {status['runtimeStatus'].lower()}: {str(status['output'])[:500]}\n")
            return 1
        found = fetch(client, "GET", f"/api/operations/retention/{started['id']}")
        show = print_json if as_json else _print_retention
        show(found)
        return 0

    return asking(url, key, begin)


def _what_goes(row: dict[str, Any]) -> str:
    going = [
        f"version {row['champion']} is not {row['alias']} any more" if row["champion"] else "",
        f"{row['endpoint']}/{row['deployment']} is deleted" if row["deployment"] else "",
        f"nobody is pointed to {row['predictions']} any more" if row["predictions"] else "",
        f"{', '.join(row['in_flight'])} may end first" if row["in_flight"] else "",
    ]
    told = "; ".join(part for part in going if part) or "nothing of it serves; it trains no more"
    return f"{row['model']} ({row['state']}): {told}. Its versions, predictions and ledger stay."


def _what_ends(row: dict[str, Any]) -> str:
    stay = "Its versions stay until they expire, the newest of each cell too."
    return f"{row['dataset']}: {row['waiting']} cells wait for no more files. {stay}"


def _print_retired(found: dict[str, Any]) -> None:
    if not found["models"] and not found["datasets"]:
        _console().print("the fleet files have every model and every dataset")
    if found["models"]:
        table = Table("model", "state", "champion", "serves by", "in flight", title="models without a fleet file")
        for row in found["models"]:
            serves = row["predictions"] or "/".join(part for part in (row["endpoint"], row["deployment"]) if part)
            table.add_row(row["model"], row["state"], row["champion"] or "", serves, ", ".join(row["in_flight"]))
        _console().print(table, markup=False)
    if found["datasets"]:
        table = Table("dataset", "cells that wait", title="datasets without a fleet file")
        for row in found["datasets"]:
            table.add_row(row["dataset"], str(row["waiting"]))
        _console().print(table, markup=False)


def _print_retention(found: dict[str, Any]) -> None:
    outcome = found["outcome"]
    if outcome["dry_run"] and found["things"]:
        table = Table("kind", "what would go", "why", title="expired")
        for thing in found["things"]:
            table.add_row(thing["kind"], thing["name"], thing["reason"])
        _console().print(table, markup=False)
    _console().print(found["summary"], markup=False)
    for kept in outcome["kept"]:
        _console().print(f"not deleted: {kept}", markup=False)


def _console() -> Console:
    console = Console(soft_wrap=False)
    if not console.is_terminal:
        console.width = max(console.width, _NARROWEST)
    return console
