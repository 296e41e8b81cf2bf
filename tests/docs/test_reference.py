"""The reference of the fleet file is made of the schema, and says all of every key."""

import re

from shared.fleet.json_schema import fleet_schema
from shared.fleet.reference import REFERENCE_FILE, reference_text

ROWS = re.findall(r"^\| (?:\*\*)?`([^`]+)`(?:\*\*)? \|(.*)\|$", reference_text(), re.MULTILINE)


def test_the_committed_page_is_current() -> None:
    """After a change: `python -m shared.fleet.reference`."""
    assert REFERENCE_FILE.read_text() == reference_text()


def test_every_key_has_a_row() -> None:
    """Of the file and of every section in it."""
    schema = fleet_schema()
    parts = [part for name, part in schema["$defs"].items() if not name.endswith("InEnvironment")]
    objects = [one for part in (schema, *parts) for one in (part, *part.get("anyOf", ())) if "properties" in one]
    assert sorted(name for name, _ in ROWS) == sorted(key for part in objects for key in part["properties"])


def test_every_row_is_whole() -> None:
    """Type, what holds without it, an example, and what it says."""
    for name, rest in ROWS:
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", rest)]
        assert len(cells) == 4, name
        assert all(cells), name
        assert cells[2].strip("`") not in ("", "null"), name
