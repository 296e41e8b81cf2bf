"""``signalbox retire`` and ``signalbox retention``: what they ask the app, what they print, and their exit codes."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from cli import following
from cli.main import app

LISTED = {
    "models": [
        {"model": "slow-jfk", "fleet": "demo", "state": "released", "alias": "champion", "champion": "3",
         "endpoint": "slow-jfk", "deployment": "v3-1", "predictions": None, "in_flight": []},
    ],
    "datasets": [{"dataset": "demo/weekly", "waiting": 2, "cells": ["weekly origin=JFK", "weekly origin=LGA"]}],
}  # fmt: skip
REPORT = {
    "summary": "Would delete: 1 model versions.",
    "outcome": {"dry_run": True, "kept": [], "plan": "retention/r1.json"},
    "things": [{"kind": "version", "name": "slow-jfk@1", "reason": "21 versions are registered"}],
}


class Played:
    """An app that answers as told, and remembers what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, list[httpx.Response]] = {}
        self.asked: list[tuple[str, Any]] = []
        self.keys: set[str | None] = set()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """The next answer for a path; the last one stays."""
        path = f"{request.method} {request.url.path}"
        self.asked.append((path, json.loads(request.content) if request.content else None))
        self.keys.add(request.headers.get("x-functions-key"))
        waiting = self.answers[path]
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    def answers_to(self, path: str, *bodies: Any, status: int = 200) -> None:
        """Give these answers, one after the other."""
        self.answers[path] = [httpx.Response(status, json=body) for body in bodies]


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Played:
    """The app behind the command's client; nothing sleeps."""
    found = Played()
    client: Callable[..., httpx.Client] = partial(httpx.Client, transport=httpx.MockTransport(found))
    monkeypatch.setattr("cli.asking.httpx.Client", client)
    monkeypatch.setattr(following, "_LOOKS_EVERY", 0.0)
    monkeypatch.setattr("getpass.getuser", lambda: "ana")
    return found


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--app", "http://localhost:9", "--key", "k"])


def test_what_no_fleet_file_has_is_listed(played: Played) -> None:
    """Nothing else is asked for; the key goes with it."""
    played.answers_to("GET /api/operations/retired", LISTED)
    result = _run("retire")
    assert result.exit_code == 0
    for part in ("slow-jfk", "released", "slow-jfk/v3-1", "demo/weekly"):
        assert part in result.output
    assert played.asked == [("GET /api/operations/retired", None)]
    assert played.keys == {"k"}


def test_nothing_to_list_is_said(played: Played) -> None:
    """An empty table would tell nothing."""
    played.answers_to("GET /api/operations/retired", {"models": [], "datasets": []})
    assert "the fleet files have every model and every dataset" in _run("retire").output


def test_the_list_as_json_is_what_the_app_said(played: Played) -> None:
    """For programs."""
    played.answers_to("GET /api/operations/retired", LISTED)
    assert json.loads(_run("retire", "--json").output) == LISTED


def test_names_and_yes_retire(played: Played) -> None:
    """The body names exactly what was given, and who."""
    played.answers_to("POST /api/operations/retire", {"models": ["slow-jfk"], "datasets": ["demo/weekly"]}, status=202)
    result = _run("retire", "slow-jfk", "--dataset", "demo/weekly", "--yes")
    assert result.exit_code == 0, result.output
    assert played.asked[0][1] == {
        "models": ["slow-jfk"], "datasets": ["demo/weekly"], "confirm": True, "requested_by": "operator:ana",
    }  # fmt: skip
    assert "slow-jfk goes out of service" in result.output
    assert "demo/weekly waits for no more files" in result.output


def test_where_nobody_can_answer_yes_is_needed(played: Played) -> None:
    """A script that forgets it retires nothing."""
    result = _run("retire", "slow-jfk")
    assert result.exit_code == 2
    assert "add --yes" in result.output
    assert played.asked == []


@pytest.mark.parametrize(("typed", "code"), [("slow-jfk\n", 0), ("slow\n", 1), ("\n", 1)])
def test_a_person_types_the_name(played: Played, monkeypatch: pytest.MonkeyPatch, typed: str, code: int) -> None:
    """After it was told what goes and what stays; anything else retires nothing."""
    played.answers_to("GET /api/operations/retired", LISTED)
    played.answers_to("POST /api/operations/retire", {"models": ["slow-jfk"], "datasets": []}, status=202)
    monkeypatch.setattr("cli.retire._somebody_is_here", lambda: True)
    result = CliRunner().invoke(app, ["retire", "slow-jfk", "--app", "http://localhost:9"], input=typed)
    assert result.exit_code == code
    assert ("POST" in str(played.asked)) is (code == 0)
    told = "slow-jfk (released): version 3 is not champion any more; slow-jfk/v3-1 is deleted. Its versions"
    assert told in result.output
    assert ("nothing was retired" in result.output) is (code == 1)


def test_what_goes_is_told_where_the_question_comes(played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    """On stderr: a pipe gets the answer alone."""
    answer = {"models": ["slow-jfk"], "datasets": []}
    played.answers_to("GET /api/operations/retired", LISTED)
    played.answers_to("POST /api/operations/retire", answer, status=202)
    monkeypatch.setattr("cli.retire._somebody_is_here", lambda: True)
    monkeypatch.setattr("cli.retire._confirm", lambda named: None)
    result = _run("retire", "slow-jfk", "--json")
    assert json.loads(result.stdout) == answer
    assert "slow-jfk/v3-1 is deleted" in result.stderr


def test_a_name_that_is_not_listed_is_not_asked_for(played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person who mistypes learns it before typing anything twice."""
    played.answers_to("GET /api/operations/retired", LISTED)
    monkeypatch.setattr("cli.retire._somebody_is_here", lambda: True)
    result = _run("retire", "slow-lga", "--dataset", "demo/weekly")
    assert result.exit_code == 1
    assert "error: slow-lga is in a fleet file, is retired already, or is not known" in result.output
    assert "Type" not in result.output
    assert played.asked == [("GET /api/operations/retired", None)]


def test_a_refusal_is_told(played: Played) -> None:
    """In the app's own words."""
    played.answers_to("POST /api/operations/retire", {"detail": "fleet.yaml:10 still has the model"}, status=409)
    result = _run("retire", "slow-jfk", "--yes")
    assert result.exit_code == 1
    assert "error: fleet.yaml:10 still has the model" in result.output


@pytest.mark.parametrize(("options", "dry_run"), [((), True), (("--apply",), False)])
def test_retention_tells_what_goes(played: Played, options: tuple[str, ...], dry_run: bool) -> None:
    """Nothing is deleted unless it says so; the run is followed to its end."""
    played.answers_to("POST /api/operations/retention", {"id": "r1", "statusQueryGetUri": "http://app/status"})
    played.answers_to("GET /status", {"runtimeStatus": "Running"}, {"runtimeStatus": "Completed"})
    played.answers_to("GET /api/operations/retention/r1", REPORT)
    result = _run("retention", *options)
    assert result.exit_code == 0, result.output
    assert played.asked[0][1] == {"dry_run": dry_run, "requested_by": "operator:ana"}
    for part in ("slow-jfk@1", "21 versions are registered", "Would delete: 1 model versions."):
        assert part in result.output


def test_a_retention_that_fails_is_told(played: Played) -> None:
    """With the reason that the run gives; its status URL answers 500 then."""
    played.answers_to("POST /api/operations/retention", {"id": "r1", "statusQueryGetUri": "http://app/status"})
    played.answers_to("GET /status", {"runtimeStatus": "Failed", "output": "no key"}, status=500)
    result = _run("retention")
    assert result.exit_code == 1
    assert "error: retention failed: no key" in result.output


def test_an_app_that_does_not_answer_is_named() -> None:
    """With what to do."""
    result = CliRunner().invoke(app, ["retire", "--app", "http://127.0.0.1:9"])
    assert result.exit_code == 3
    assert "no app answers at http://127.0.0.1:9" in result.output
