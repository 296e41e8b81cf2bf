"""``signalbox explain-event``: what it sends, what it prints, and what it says of files that hold no event."""

import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from cli.main import app
from functions.triggers import explaining
from tests.cli.played import Played, play, run

ASKED = "POST /api/events/explain"
EVENT = {"entity": "model_version", "action": "created", "data": {"name": "m-jfk", "version": "7"}}
TOLD: dict[str, Any] = {
    "channel": "mlflow",
    "what": "model_version.created of m-jfk version 7",
    "accepted": True,
    "reason": "It tells of a model of this app.",
    "summary": "Would begin a training of m-jfk on dataset version d1, since: Dataset version d1 arrived.",
    "sources": ["flights of demo"],
    "datasets": ["monthly"],
    "cells": [{"name": "monthly month=2013-07", "would": "publish", "reason": "All is there.", "models": 1}],
    "models": [
        {"model": "m-jfk", "would": "begin", "begins": ["training on dataset version d1"], "tells": [],
         "reason": "Dataset version d1 arrived."},
    ],
    "notes": ["A note."],
}  # fmt: skip


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Played:
    """An app that explains."""
    found = play(monkeypatch)
    found.answers_to(ASKED, {"events": [TOLD]})
    return found


def test_a_file_is_sent_as_it_is_and_its_explanation_printed(played: Played, tmp_path: Path) -> None:
    """The summary first, then cells and models, and that nothing was done."""
    file = tmp_path / "event.json"
    file.write_text(json.dumps(EVENT))
    done = run("explain-event", str(file))
    assert done.exit_code == 0
    assert (played.asked, played.bodies) == ([ASKED], [EVENT])
    for said in (
        TOLD["summary"],
        "would be accepted",
        "begin training on dataset version d1",
        "A note.",
        "Nothing was",
    ):
        assert said in done.output


def test_events_of_an_array_are_numbered(played: Played, tmp_path: Path) -> None:
    """One explanation each."""
    played.answers_to(ASKED, {"events": [TOLD, {**TOLD, "accepted": False, "models": [], "cells": []}]})
    file = tmp_path / "events.json"
    file.write_text(json.dumps([EVENT, EVENT]))
    done = run("explain-event", str(file))
    assert "2 of 2" in done.output
    assert "would not be accepted" in done.output


def test_an_event_comes_by_stdin_and_leaves_as_json(played: Played) -> None:
    """For programs: what the app answers, as it is."""
    arguments = ["explain-event", "-", "--json", "--app", "http://app"]
    done = CliRunner().invoke(app, arguments, input=json.dumps(EVENT))
    assert json.loads(done.stdout) == {"events": [TOLD]}
    assert played.bodies == [EVENT]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"a": 1,\n "b" 2}', "is no JSON: Expecting ':' delimiter in line 2, column 6"),
        (b"", "is no JSON"),
        (b"\xff\xfe", "is no JSON"),
        (b" " * 1_000_001, "has more than 1000000 bytes"),
        (None, "there is no file"),
    ],
)
def test_a_file_without_an_event_is_told_before_any_app_is_asked(
    played: Played, tmp_path: Path, content: bytes | None, said: str
) -> None:
    """Where the mistake is, and what an event looks like."""
    file = tmp_path / "event.json"
    if content is not None:
        file.write_bytes(content)
    done = run("explain-event", str(file))
    assert done.exit_code == 1
    assert said in done.output
    assert played.asked == []


def test_a_file_that_is_not_there_is_answered_by_the_nearest(played: Played, tmp_path: Path) -> None:
    """With its folder; no app is asked."""
    (tmp_path / "event.json").write_text("{}")
    done = run("explain-event", str(tmp_path / "evnt.json"))
    assert f"did you mean {tmp_path / 'event.json'}?" in done.stderr
    assert played.asked == []


def test_it_waits_as_long_as_the_app_looks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """And says what it waits for; if no answer comes, it is no order that may have been taken."""
    given: list[float] = []

    def reply(request: httpx.Request) -> httpx.Response:
        given.append(request.extensions["timeout"]["read"])
        time.sleep(0.05)
        raise httpx.ReadTimeout("silent", request=request)

    client: Callable[..., httpx.Client] = partial(httpx.Client, transport=httpx.MockTransport(reply))
    monkeypatch.setattr("cli.asking.httpx.Client", client)
    monkeypatch.setattr("cli.asking._EXPECTED", 0.001)
    (tmp_path / "event.json").write_text("{}")
    done = run("explain-event", str(tmp_path / "event.json"))
    assert len(given) == 1
    assert given[0] > explaining._TIMEOUT
    assert "did not answer within 210 s" in done.stderr
    assert ("the app looks" in done.stderr, "order" in done.stderr) == (True, False)
