"""``signalbox quarantine``: what it asks the app, and what it prints."""

import json
from typing import Any

import pytest

from tests.cli.played import Played, play, run

BLOB = "quarantine/flights/1f.csv"
LISTED = {
    "path": BLOB, "source": "flights", "files": ["raw/a.csv", "raw/b.csv"], "rows": 3, "complete": True,
    "at": "2013-08-01T09:30:00+00:00", "rules": {"date.not_a_date": 2, "field_count": 1},
}  # fmt: skip


def row(number: int, **changes: Any) -> dict[str, Any]:
    """A rejected row as the app tells it."""
    told = {"file": "raw/a.csv", "row": number, "line": number + 1, "offset": 9, "rule": "date.not_a_date"}
    return told | {"reason": "`13/40/2013` is no date", "raw": "JFK,13/40/2013"} | changes


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Played:
    """An app with three rows in quarantine."""
    played = play(monkeypatch)
    page = {"path": BLOB, "source": "flights", "rows": [row(1), row(2)], "next": 99}
    played.answers_to(f"GET /api/{BLOB}?after=0&limit=20", page)
    played.answers_to(f"GET /api/{BLOB}?after=99&limit=18", page | {"rows": [row(3)], "next": None})
    played.answers_to("GET /api/quarantine?limit=20", {"quarantine": [LISTED]})
    return played


def test_what_is_in_quarantine_is_listed(app: Played) -> None:
    """With source, files, rules and their counts, and the command that shows its rows."""
    result = run("quarantine", "show")
    assert result.exit_code == 0, result.output
    for part in (
        "raw/a.csv and 1 more (flights, 2013-08-01 09:30 UTC): 3 rows: 2 x date.not_a_date, 1 x",
        f"show {BLOB}",
    ):
        assert part in result.output
    assert json.loads(run("quarantine", "show", "--json").stdout) == [LISTED]


def test_a_list_is_narrowed_by_source_and_rule(app: Played) -> None:
    """What breaks other rules is left out."""
    app.answers_to("GET /api/quarantine?limit=20&source=flights", {"quarantine": [LISTED]})
    assert BLOB in run("quarantine", "show", "--source", "flights", "--rule", "field_count").output
    assert "nothing of flights" in run("quarantine", "show", "--source", "flights", "--rule", "other").output


def test_a_rule_says_how_far_it_was_looked_for(app: Played) -> None:
    """The app does not know rules: what is older than those that it lists may break it all the same."""
    app.answers_to("GET /api/quarantine?limit=1", {"quarantine": [LISTED]})
    told = run("quarantine", "show", "--rule", "other", "--limit", "1").output
    assert "nothing is in quarantine that breaks other" in told
    assert "Only the newest 1 were looked through: --limit says how many." in told
    assert "Only the newest" not in run("quarantine", "show", "--rule", "field_count").output


def test_the_path_of_a_message_shows_its_rows(app: Played) -> None:
    """All pages of them, each row with its place, rule, reason and raw text."""
    result = run("quarantine", "show", BLOB)
    assert result.exit_code == 0, result.output
    for part in ("raw/a.csv", "date.not_a_date", "`13/40/2013` is no date", "JFK,13/40/2013"):
        assert part in result.output
    told = json.loads(run("quarantine", "show", BLOB, "--json").stdout)
    assert [one["row"] for one in told["rows"]] == [1, 2, 3]
    assert not told["more"]


def test_a_limit_and_a_rule_are_asked_for(app: Played) -> None:
    """And that there is more is said."""
    page = {"path": BLOB, "source": "flights", "rows": [row(1)], "next": 5}
    app.answers_to(f"GET /api/{BLOB}?after=0&limit=1&rule=date.not_a_date", page)
    result = run("quarantine", "show", BLOB, "--limit", "1", "--rule", "date.not_a_date")
    assert "--limit shows more than 1" in result.output


def test_a_raw_file_leads_to_what_was_rejected_of_it(app: Played) -> None:
    """What was rejected last; of a file without rejected rows there is nothing to show."""
    app.answers_to("GET /api/quarantine?file=raw%2Fa.csv&limit=1", {"quarantine": [LISTED]})
    app.answers_to("GET /api/quarantine?file=raw%2Fb.csv&limit=1", {"quarantine": []})
    assert "JFK,13/40/2013" in run("quarantine", "show", "raw/a.csv").output
    result = run("quarantine", "show", "raw/b.csv")
    assert (result.exit_code, "nothing of raw/b.csv is in quarantine" in result.output) == (1, True)


def test_what_a_row_holds_cannot_steer_the_terminal(app: Played) -> None:
    """Control characters are shown as escapes, and markup as it is."""
    page = {"path": BLOB, "source": "flights", "next": None, "rows": [row(1, raw="\x1b[2J[red]x[/red] :boom:\n")]}
    app.answers_to(f"GET /api/{BLOB}?after=0&limit=20", page)
    assert r"\x1b[2J[red]x[/red] :boom:\n" in run("quarantine", "show", BLOB).output


def test_a_personal_row_is_named_as_such(app: Played) -> None:
    """Its raw text is not there to be shown."""
    page = {"path": BLOB, "source": "flights", "next": None, "rows": [row(1, raw=None)]}
    app.answers_to(f"GET /api/{BLOB}?after=0&limit=20", page)
    assert "not shown: personal" in run("quarantine", "show", BLOB).output


def test_an_unknown_path_and_a_path_with_a_source_are_refused(app: Played) -> None:
    """With what the app says of it, or what would be right."""
    result = run("quarantine", "show", "quarantine/flights/9.csv")
    assert (result.exit_code, "error: nothing at" in result.output) == (1, True)
    assert run("quarantine", "show", BLOB, "--source", "flights").exit_code == 2
