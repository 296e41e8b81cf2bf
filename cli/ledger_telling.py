"""``signalbox why`` and ``signalbox ledger``: ask a running app, and print what it tells."""

import sys
from typing import Any
from urllib.parse import quote

import httpx

from cli.asking import asking, fetch
from cli.ledger_screen import print_findings, print_rows, print_story
from cli.printing import print_json

type Json = dict[str, Any]


def tell_why(url: str, key: str, model: str, *, every: bool, as_json: bool) -> int:
    """Print a model's story; gives the exit code: 1 when there is none."""

    def tell(client: httpx.Client) -> int:
        found = fetch(client, "GET", path_of(model, "why"))
        if as_json:
            print_json(found)
        else:
            print_story(found, every=every)
        return 0

    return asking(url, key, tell)


def tell_rows(url: str, key: str, model: str, *, as_json: bool) -> int:
    """Print a model's rows; gives the exit code: 1 when it has none."""

    def tell(client: httpx.Client) -> int:
        found = fetch(client, "GET", path_of(model, "ledger"))
        if not found["rows"] and not found["findings"]:
            sys.stderr.write(
                f"error: {model} has no ledger: `signalbox ledger verify` lists the models that have one\n"
            )
            return 1
        show = print_json if as_json else print_rows
        show(found)
        return 0

    return asking(url, key, tell)


def tell_findings(url: str, key: str, model: str | None, *, as_json: bool) -> int:
    """Print what a check finds; gives the exit code: 1 when it finds anything."""

    def tell(client: httpx.Client) -> int:
        found = _verified(client, model)
        show = print_json if as_json else print_findings
        show(found)
        return 1 if found["anchors"] or any(one["findings"] for one in found["models"]) else 0

    return asking(url, key, tell)


def path_of(model: str, what: str) -> str:
    """Where the app tells of a model's ledger."""
    return f"/api/models/{quote(model, safe='')}/{what}"


def _verified(client: httpx.Client, model: str | None) -> Json:
    """What is found of one model, or of all, page by page."""
    if model is not None:
        found = fetch(client, "GET", path_of(model, "ledger/verify"))
        return {"anchors": found.pop("anchors"), "models": [found]}
    models: list[Json] = []
    anchors: dict[str, None] = {}
    after = ""
    while True:
        page = fetch(client, "GET", "/api/ledger/verify", params={"after": after} if after else {})
        models += page["models"]
        anchors |= dict.fromkeys(page["anchors"])
        if page["next"] is None:
            return {"anchors": list(anchors), "models": models}
        after = page["next"]
