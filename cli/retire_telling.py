"""What ``signalbox retire`` and ``signalbox retention`` ask the app, and how its answers are printed."""

import sys
from typing import Any

import httpx

from cli.asking import asking, fetch
from cli.failures import CommandError, interrupted
from cli.following import ended
from cli.printing import cell, say, show, table
from cli.showing import show_answer
from shared.near_names import did_you_mean


def tell_retired(url: str, key: str, *, as_json: bool) -> int:
    """Print what no fleet file has any more; gives the exit code."""
    return show_answer(
        url, key, lambda client: fetch(client, "GET", "/api/operations/retired"), _print_retired, as_json=as_json
    )


def tell_what_goes(url: str, key: str, named: list[str]) -> None:
    """Print what a retirement takes away and what stays, on stderr, where the question comes.

    Raises:
        CommandError: One of the names is not listed.
    """

    def tell(client: httpx.Client) -> int:
        """What goes, name by name."""
        found = fetch(client, "GET", "/api/operations/retired")
        told = {row["model"]: _what_goes(row) for row in found["models"]}
        told |= {row["dataset"]: _what_ends(row) for row in found["datasets"]}
        for name in named:
            if name not in told:
                why = "is in a fleet file, is retired already, or is not known"
                known = did_you_mean(name, told, "signalbox retire lists what can be")
                raise CommandError("not-retirable", f"{name} {why}; nothing was retired", known)
        sys.stderr.writelines(f"{told[name]}\n" for name in named)
        return 0

    asking(url, key, tell)


def begin_retirement(url: str, key: str, body: dict[str, Any], *, as_json: bool) -> int:
    """Ask for a retirement; gives the exit code: 1 when it was refused."""
    return show_answer(
        url,
        key,
        lambda client: fetch(client, "POST", "/api/operations/retire", json=body),
        _print_begun,
        as_json=as_json,
    )


def begin_retention(url: str, key: str, body: dict[str, Any], *, as_json: bool) -> int:
    """Let the app apply its policies, or only tell; gives the exit code: 1 when that failed."""

    def begin(client: httpx.Client) -> dict[str, Any]:
        """What went, or would go."""
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
        return fetch(client, "GET", f"/api/operations/retention/{started['id']}")

    return show_answer(url, key, begin, _print_retention, as_json=as_json)


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


def _print_begun(found: dict[str, Any]) -> None:
    for name in found["models"]:
        say(f"{name} goes out of service as soon as nothing of it is in flight")
    for name in found["datasets"]:
        say(f"{name} waits for no more files")


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
