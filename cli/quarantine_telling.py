"""``signalbox quarantine show``: asks a running app for rejected rows, and prints them."""

from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import httpx

from cli.asking import fetch
from cli.failures import CommandError
from cli.paths import api_path
from cli.printing import cell, say, show, table
from cli.showing import show_answer

_FOLDER: Final = "quarantine/"
#: Rows that the app tells at once.
_PAGE: Final = 1000

type Row = dict[str, Any]


def tell_quarantine(url: str, key: str, source: str | None, rule: str | None, limit: int, *, as_json: bool) -> int:
    """Print what is in quarantine; gives the exit code.

    Args:
        url: Where the app is.
        key: A function key.
        source: Only what is of this source.
        rule: Of that, only what has rows that break it.
        limit: At most so many are looked at, the newest.
        as_json: Print a list of what `GET /api/quarantine` tells.
    """
    params = {"limit": str(limit), **({"source": source} if source else {})}
    looked_at = 0

    def find(client: httpx.Client) -> list[Row]:
        """What is in quarantine, newest first."""
        nonlocal looked_at
        found = fetch(client, "GET", "/api/quarantine", params=params)["quarantine"]
        looked_at = len(found)
        return [one for one in found if rule is None or rule in one["rules"]]

    def show_list(found: list[Row]) -> None:
        """The list, and what the app was not asked for: it does not know rules."""
        _print_list(found, of=f" of {source}" if source else "", rule=rule)
        if rule is not None and looked_at == limit:
            say(f"Only the newest {limit} were looked through: --limit says how many.")

    return show_answer(url, key, find, show_list, as_json=as_json)


def tell_rows(url: str, key: str, path: str, rule: str | None, limit: int, *, as_json: bool) -> int:
    """Print rejected rows; gives the exit code: 1 when nothing of that path is in quarantine.

    Args:
        url: Where the app is.
        key: A function key.
        path: A blob in quarantine, or a raw file.
        rule: Only rows that break it.
        limit: At most so many rows.
        as_json: Print an object with ``path``, ``source``, ``rows`` and ``more``.
    """

    def find(client: httpx.Client) -> Row:
        """The rows, with where they are from."""
        blob = path if path.startswith(_FOLDER) else _newest_of(client, path)
        if blob is None:
            raise CommandError(
                "not-in-quarantine", f"nothing of {path} is in quarantine", "signalbox quarantine show lists what is"
            )
        return _rows(client, blob, rule, limit)

    return show_answer(url, key, find, partial(_print_rows, rule=rule), as_json=as_json)


def _newest_of(client: httpx.Client, file: str) -> str | None:
    """What was rejected last of a raw file: it may have been delivered several times, or its recipe changed."""
    found = fetch(client, "GET", "/api/quarantine", params={"file": file, "limit": "1"})["quarantine"]
    return found[0]["path"] if found else None


def _rows(client: httpx.Client, blob: str, rule: str | None, limit: int) -> Row:
    found: Row = {"path": blob, "source": "", "rows": [], "more": False}
    after: int | None = 0
    while after is not None and len(found["rows"]) < limit:
        asked = {"after": str(after), "limit": str(min(_PAGE, limit - len(found["rows"])))}
        page = fetch(client, "GET", api_path(*blob.split("/")), params=asked | ({"rule": rule} if rule else {}))
        found["source"] = page["source"]
        found["rows"] += page["rows"]
        after = page["next"]
    found["more"] = after is not None
    return found


def _print_list(found: list[Row], of: str, rule: str | None) -> None:
    if not found:
        say(f"nothing{of} is in quarantine{f' that breaks {rule}' if rule else ''}")
        return
    for one in found:
        first, *others = one["files"] or ["no rows"]
        file = f"{first} and {len(others)} more" if others else first
        rules = ", ".join(f"{count} x {rule}" for rule, count in one["rules"].items())
        counted = f"{one['rows']:,} rows" if one["complete"] else f"at least {one['rows']:,} rows"
        say(f"{file} ({one['source']}, {one['at'][:16].replace('T', ' ')} UTC): {counted}: {rules}")
        say(f"    signalbox quarantine show {one['path']}")


def _print_rows(found: Row, rule: str | None) -> None:
    if not found["rows"]:
        say(f"{found['path']} has no row{f' that breaks {rule}' if rule else ''}")
        return
    for file, rows in groupby(found["rows"], key=itemgetter("file")):
        say(f"{file}:")
        listed = table("row", "line", "byte", "rule", "reason", "raw")
        for row in rows:
            raw = cell("not shown: personal", "dim") if row["raw"] is None else cell(row["raw"])
            listed.add_row(*(cell(row[name]) for name in ("row", "line", "offset", "rule", "reason")), raw)
        show(listed)
    if found["more"]:
        say(f"there are more: --limit shows more than {len(found['rows'])}")
