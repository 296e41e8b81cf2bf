"""What ``signalbox retire`` and ``signalbox retention`` ask the app, and how its answers are printed."""

import sys
from typing import Any

import httpx

from cli.asking import asking, fetch
from cli.failures import CommandError, interrupted
from cli.following import ended
from cli.printing import cell, print_json, say, show, table
from shared.near_names import did_you_mean


def tell_retired(url: str, key: str, *, as_json: bool) -> int:
    """Print what no fleet file has any more; gives the exit code."""

    def tell(client: httpx.Client) -> int:
        found = fetch(client, "GET", "/api/operations/retired")
        (print_json if as_json else _print_retired)(found)
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
                why = "is in a fleet file, is retired already, or is not known"
                known = did_you_mean(name, told, "signalbox retire lists what can be")
                raise CommandError("not-retirable", f"{name} {why}; nothing was retired", known)
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
        deletes = not body["dry_run"]
        started = fetch(client, "POST", "/api/operations/retention", changes=deletes, json=body)
        try:
            status = ended(client, started["statusQueryGetUri"])
        except KeyboardInterrupt:
            told = "left; it goes on" if deletes else "left; nothing is deleted"
            raise interrupted(told, f"how it stands: {started['statusQueryGetUri']}") from None
        if status["runtimeStatus"] != "Completed":
            told = f"retention {status['runtimeStatus'].lower()}: {str(status['output'])[:500]}"
            raise CommandError("retention-failed", told)
        found = fetch(client, "GET", f"/api/operations/retention/{started['id']}")
        (print_json if as_json else _print_retention)(found)
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
        say("the fleet files have every model and every dataset")
    if found["models"]:
        columns = ("model", "state", "champion", "serves by", "in flight")
        shown = table(*columns, whole="model", title="models without a fleet file")
        for row in found["models"]:
            serves = row["predictions"] or "/".join(part for part in (row["endpoint"], row["deployment"]) if part)
            cells = (row["model"], row["state"], row["champion"], serves, ", ".join(row["in_flight"]))
            shown.add_row(*map(cell, cells))
        show(shown)
    if found["datasets"]:
        shown = table("dataset", "cells that wait", whole="dataset", title="datasets without a fleet file")
        for row in found["datasets"]:
            shown.add_row(cell(row["dataset"]), cell(row["waiting"]))
        show(shown)


def _print_retention(found: dict[str, Any]) -> None:
    outcome = found["outcome"]
    if outcome["dry_run"] and found["things"]:
        shown = table("kind", "what would go", "why", title="expired")
        for thing in found["things"]:
            shown.add_row(*map(cell, (thing["kind"], thing["name"], thing["reason"])))
        show(shown)
    say(found["summary"])
    for kept in outcome["kept"]:
        say(f"not deleted: {kept}")
