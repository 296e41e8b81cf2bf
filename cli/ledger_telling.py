"""``signalbox why`` and ``signalbox ledger``: ask a running app, and print what it tells."""

from functools import partial
from typing import Any

import httpx

from cli.asking import asking, fetch
from cli.failures import CommandError
from cli.ledger_screen import print_findings, print_rows, print_story
from cli.paths import api_path
from cli.printing import print_json
from cli.showing import show_answer

type Json = dict[str, Any]


def tell_why(url: str, key: str, model: str, *, every: bool, as_json: bool) -> int:
    """Print the story of a model, or of a `MODEL@VERSION`; gives the exit code: 1 when there is none."""
    name, at, version = model.rpartition("@")
    name, asked = (name, {"version": version}) if at and name and version else (model, {})

    path = api_path("models", name, "why")
    return show_answer(
        url,
        key,
        lambda client: fetch(client, "GET", path, params=asked),
        partial(print_story, every=every),
        as_json=as_json,
    )


def tell_rows(url: str, key: str, model: str, *, as_json: bool) -> int:
    """Print a model's rows; gives the exit code: 1 when it has none."""

    def find(client: httpx.Client) -> Json:
        """The rows, with what a check finds of them."""
        found = fetch(client, "GET", api_path("models", model, "ledger"))
        if not found["rows"] and not found["findings"]:
            remedy = "signalbox ledger verify --json lists the models that have one"
            raise CommandError("no-ledger", f"{model} has no ledger", remedy)
        return found

    return show_answer(url, key, find, print_rows, as_json=as_json)


def tell_findings(url: str, key: str, model: str | None, *, as_json: bool) -> int:
    """Print what a check finds; gives the exit code: 1 when it finds anything."""

    def verify(client: httpx.Client) -> int:
        """The exit code."""
        found = _verified(client, model)
        wrong = bool(found["anchors"]) or any(one["findings"] for one in found["models"])
        (print_json if as_json else print_findings)(found)
        return int(wrong)

    return asking(url, key, verify)


def _verified(client: httpx.Client, model: str | None) -> Json:
    """What is found of one model, or of all, page by page."""
    if model is not None:
        found = fetch(client, "GET", api_path("models", model, "ledger", "verify"))
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
