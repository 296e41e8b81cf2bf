"""Ledgers on the screen."""

from typing import Any, Final

from rich.text import Text

from cli.printing import cell, console, printable, say, show, table
from cli.story_text import moment, seal, sections

type Json = dict[str, Any]

_HASH: Final = 12  # characters of a hash that are shown


def print_story(why: Json, *, every: bool) -> None:
    """Why a model is, or is not, in production."""
    say(why["summary"])
    for section in sections(why, every=every):
        say("")
        console().print(Text(printable(section.title), style="bold"), soft_wrap=True)
        for line in section.lines:
            say(f"  {line}")
        if section.more:
            say(f"  … and {section.more} more: --all")
    say("")
    console().print(Text(seal(why), style="green" if why["verified"] else "bold red"), soft_wrap=True)
    for finding in why["findings"]:
        say(f"  {finding}")


def print_rows(found: Json) -> None:
    """Rows, oldest first, and what is wrong with them."""
    shown = table("row", "at (UTC)", "effect", "reason", "hash", whole="hash")
    for row in found["rows"]:
        entry = row["entry"]
        shown.add_row(
            cell(row["sequence"]), cell(moment(entry["at"])), cell(entry["effect"]), cell(entry["reason"]),
            cell(row["hash"][:_HASH], "dim"),
        )  # fmt: skip
    show(shown)
    for finding in found["findings"]:
        say(finding)


def print_findings(found: Json) -> None:
    """What a check has found, and what it has looked at."""
    wrong = [one for one in found["models"] if one["findings"]]
    for finding in found["anchors"]:
        say(finding)
    for one in wrong:
        for finding in one["findings"]:
            say(f"{one['model']}: {finding}")
    rows = sum(one["rows"] for one in found["models"])
    looked = f"{len(found['models'])} ledgers with {rows:,} rows were read"
    if wrong or found["anchors"]:
        say(f"{looked}: {len(wrong)} are not as they were written")
        return
    bare = sum(one["anchored"] is None for one in found["models"])
    told = f"; {bare} have no anchor yet, so a cut end of theirs cannot be seen" if bare else ""
    say(f"{looked}: each is as it was written{told}")
