"""What ``signalbox reproduce`` asks the app, and how it prints what differs."""

import sys
import uuid
from typing import Any

import httpx

from cli.asking import asking, fetch, operator
from cli.failures import CommandError, interrupted
from cli.following import ended
from cli.paths import api_path
from cli.printing import cell, print_json, say, show, table


def tell_reproduction(url: str, key: str, model: str, version: str, *, as_json: bool) -> int:
    """Let a version be made again, wait, and print what differs; gives the exit code: 1 when a figure does."""

    def reproduce(client: httpx.Client) -> int:
        """The exit code."""
        path = api_path("models", model, "versions", version, "reproduce")
        started = fetch(client, "POST", path, json={"requested_by": operator(), "request_id": uuid.uuid4().hex})
        if not as_json:
            sys.stderr.write(f"{model}@{version} is trained again as {started['id']}\n")
        try:
            status = ended(client, started["statusQueryGetUri"])
        except KeyboardInterrupt:
            where = f"how it stands: {started['statusQueryGetUri']}"
            raise interrupted("left; the job goes on, and its outputs stay", where) from None
        if status["runtimeStatus"] != "Completed":
            raise CommandError("not-reproduced", f"{model}@{version} was not made again: {str(status['output'])[:500]}")
        found: dict[str, Any] = status["output"]
        same = bool(found["figures_same"])
        (print_json if as_json else _print)(found)
        return 0 if same else 1

    return asking(url, key, reproduce)


def _print(found: dict[str, Any]) -> None:
    same = {True: "the same", False: "not the same"}
    figures, bytes_ = same[found["figures_same"]], same[found["bytes_same"]]
    say(f"{found['model']}@{found['version']}: its figures are {figures}, its files are {bytes_}")
    shown = table("figure", "recorded", "again", whole="figure")
    for one in found["figures"]:
        style = "" if one["recorded"] == one["again"] else "yellow"
        shown.add_row(cell(one["metric"]), cell(_shown(one["recorded"])), cell(_shown(one["again"]), style))
    show(shown)
    for one in found["files"]:
        say(f"  {one['outcome']}: {one['path']}")
    for caveat in found["caveats"]:
        say(f"  note: {caveat}")


def _shown(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.10g}"
