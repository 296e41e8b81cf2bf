"""``signalbox run``: what it asks the app, what it prints, and its exit code, against an app that is played."""

import io
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner, Result

from cli import run_telling
from cli.file_bars import file_bars
from cli.main import app
from cli.run_requests import read_selection
from functions.triggers.run_requests import RetryRequest


class Played:
    """An app that answers as told, and remembers what it was asked."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.answers: dict[str, list[tuple[int, Any]]] = {}
        self.asked: list[tuple[str, str, Any, str | None]] = []

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        """The next answer for a path; the last one stays."""
        waiting = self.answers[f"{method} {path.partition('?')[0]}"]
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Iterator[Played]:
    """The app, on a port of its own; nothing sleeps."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    found = Played(f"http://127.0.0.1:{server.server_port}")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._reply("GET")

        def do_POST(self) -> None:
            self._reply("POST")

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
            pass

        def _reply(self, method: str) -> None:
            content = self.rfile.read(int(self.headers.get("content-length", 0)))
            body = json.loads(content) if content else None
            found.asked.append((method, self.path, body, self.headers.get("x-functions-key")))
            status, told = found.answer(method, self.path, body)
            text = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

    server.RequestHandlerClass = Handler
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setattr(run_telling, "_LOOKS_EVERY", 0.0)
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def run_of(state: str = "done", **outcomes: str) -> dict[str, Any]:
    """A run as `GET /api/runs/{id}` tells it."""
    cells = [
        {"name": name, "labels": {}, "dataset": "departures", "version": "d1", "outcome": outcome,
         "reason": f"[{outcome}]", "attempt": 1, "seconds": 3.2}
        for name, outcome in outcomes.items()
    ]  # fmt: skip
    counts: dict[str, int] = {}
    for outcome in outcomes.values():
        counts[outcome] = counts.get(outcome, 0) + 1
    return {"run": "run-1", "fleet": "demo", "operation": "train", "select": {}, "retry_of": None, "state": state,
            "reason": f"{len(cells)} cells.", "counts": counts, "cells": cells, "started_at": "2026-01-05T09:00:00Z",
            "requested_by": "test"}  # fmt: skip


def status(percent: int) -> dict[str, Any]:
    """How far a large file is, as its instance says it."""
    return {"step": "conditioning", "file": "raw/[x].csv", "rows": 1_260_000, "bytes": percent, "of_bytes": 100,
            "rows_per_s": 210_000, "mb_per_s": 18.3, "seconds_left": 12}  # fmt: skip


def signalbox(*arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(app, ["run", *arguments])


def test_a_run_is_asked_for_as_it_was_typed(played: Played) -> None:
    """Labels with their values, the day, the key; two calls are two requests."""
    played.answers["POST /api/datafactory/train"] = [(202, {"id": "run-1"})]
    typed = ["--select", "origin=JFK, LGA", "--select", "movement=fast", "--as-of", "2013-09-08", "--again",
             "--fleet", "demo", "--key", "k"]  # fmt: skip
    for _ in range(2):
        done = signalbox("train", *typed, "--app", played.url)
        assert (done.exit_code, "signalbox run show run-1" in done.stdout) == (0, True)
    (_, _, body, key), (_, _, other, _) = played.asked
    assert body["select"] == {"origin": ["JFK", "LGA"], "movement": ["fast"]}
    assert (body["as_of"], body["again"], body["fleet"], body["fail_on"]) == ("2013-09-08", True, "demo", "never")
    assert key == "k"
    assert body["request_id"] != other["request_id"]


def test_a_prefix_is_sent_as_it_was_typed(played: Played) -> None:
    """An empty one too, which the app refuses: it must not turn into everything."""
    played.answers["POST /api/datafactory/condition"] = [(202, {"id": "run-1"})]
    for typed in (["--prefix", "raw/flights/JFK/", "--again"], ["--prefix", ""], []):
        assert signalbox("condition", *typed, "--app", played.url).exit_code == 0
    assert [body.get("prefix") for _, _, body, _ in played.asked] == ["raw/flights/JFK/", "", None]
    assert signalbox("train", "--prefix", "raw/", "--app", played.url).exit_code == 2


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [({"a": "passed", "b": "rejected"}, 0), ({"a": "passed", "b": "failed"}, 1), ({"a": "refused"}, 1)],
)
def test_a_run_is_followed_to_its_end(played: Played, outcomes: dict[str, str], code: int) -> None:
    """The exit code tells of failures; a rejection is a result."""
    played.answers["POST /api/datafactory/score"] = [(202, {"id": "run-1"})]
    under_way = run_of("running", **dict.fromkeys(outcomes, "running"))
    played.answers["GET /api/runs/run-1"] = [(200, under_way), (200, under_way), (200, run_of(**outcomes))]
    done = signalbox("score", "--watch", "--app", played.url)
    assert done.exit_code == code
    for name, outcome in outcomes.items():
        assert name in done.stdout
        assert f"[{outcome}]" in done.stdout  # a reason is text, never markup
    assert ("signalbox run retry run-1" in done.stdout) == bool(code)


def test_large_files_are_followed_under_their_cell(played: Played) -> None:
    """Those of this run alone; without a terminal by a line per ten percent, and silence about them ends nothing."""
    played.answers["POST /api/datafactory/condition"] = [(202, {"id": "run-1"})]
    going = {**run_of("running", a="running"), "operation": "condition"}
    played.answers["GET /api/runs/run-1"] = [(200, going)] * 5 + [(200, {**run_of(a="published")})]
    cells = [{"instance": name, "cell": f"sales day={name}", "cause": f"run:{run}"} for name, run in
             (("c1", "run-1"), ("c2", "run-2"), ("c3", "run-1"))]  # fmt: skip
    looks = [
        {"cells": cells, "files": [{"instance": f"f-{cell}", "of": cell, **status(percent)} for cell in ("c1", "c2")]}
        for percent in (42, 43, 50)
    ]
    played.answers["GET /api/conditioning"] = [(503, {}), *((200, look) for look in looks)]
    done = signalbox("condition", "--watch", "--app", played.url)
    assert done.exit_code == 0
    assert [line for line in done.stderr.splitlines() if "sales" in line] == [
        f"sales day=c1: raw/[x].csv: {percent} %, 1,260,000 rows, 210,000 rows/s, 18.3 MB/s, 12 s left"
        for percent in (42, 50)
    ]


def test_a_file_has_its_bar_under_its_cell() -> None:
    """A path is text, never markup; what has no cell is told all the same."""
    console = Console(file=io.StringIO(), width=140)
    console.print(file_bars([("sales day=1", [status(42)]), ("", [{"file": "b.csv", "step": "committing"}])]))
    assert isinstance(console.file, io.StringIO)
    cell, file, other = console.file.getvalue().splitlines()
    assert cell.strip() == "sales day=1"
    assert file.startswith("  raw/[x].csv ")
    assert [part.strip() for part in file.partition("42 %")[::2]] == [
        f"raw/[x].csv {'━' * 8}", ", 1,260,000 rows, 210,000 rows/s, 18.3 MB/s, 12 s left"
    ]  # fmt: skip
    assert other.split() == ["b.csv", "━" * 20, "committing"]


def test_a_restart_of_the_app_does_not_end_the_watch(played: Played) -> None:
    """The id is told first, whatever comes; a gateway's word in between is no end, and the app's own refusal is."""
    played.answers["GET /api/runs/run-1"] = [(200, run_of("running")), (503, {}), (502, {}), (200, run_of(a="passed"))]
    done = signalbox("show", "run-1", "--watch", "--app", played.url)
    assert done.exit_code == 0
    assert done.stderr.startswith("run-1\n")
    assert done.stderr.count("No answer: the app may be restarting. It is asked again.") == 1
    played.answers["GET /api/runs/run-2"] = [(404, {"detail": "There is no run run-2."})]
    assert signalbox("show", "run-2", "--watch", "--app", played.url).stderr.endswith("error: There is no run run-2.\n")


def test_whoever_leaves_is_told_how_to_come_back(played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends the watch, not the run."""

    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cli.run_telling.time.sleep", interrupt)
    played.answers["GET /api/runs/run-1"] = [(200, run_of("running"))]
    left = signalbox("show", "run-1", "--watch", "--app", played.url)
    assert left.exit_code == 130
    assert "the run goes on: signalbox run show run-1 --watch" in left.stderr


def test_json_is_all_that_is_printed(played: Played) -> None:
    """So that another program can read it."""
    played.answers["GET /api/runs/run-1"] = [(200, run_of("running")), (200, run_of(a="passed"))]
    done = signalbox("show", "run-1", "--watch", "--json", "--app", played.url)
    assert json.loads(done.stdout) == run_of(a="passed")
    played.answers["POST /api/datafactory/condition"] = [(202, {"id": "run-1"})]
    assert json.loads(signalbox("condition", "--json", "--app", played.url).stdout) == {"run": "run-1"}


def test_what_somebody_has_to_look_at_comes_first(played: Played) -> None:
    """Failed before rejected before passed, and then by name."""
    played.answers["GET /api/runs/run-1"] = [(200, run_of(aaa="passed", bbb="rejected", ccc="failed"))]
    told = signalbox("show", "run-1", "--app", played.url).stdout
    assert told.index("ccc") < told.index("bbb") < told.index("aaa")


def test_runs_are_listed(played: Played) -> None:
    """With what they were about."""
    selected = {**run_of(a="passed"), "select": {"origin": ["JFK", "LGA"]}}
    played.answers["GET /api/runs"] = [(200, {"runs": [selected, {**run_of("failed"), "retry_of": "run-0"}]})]
    told = signalbox("list", "--app", played.url)
    assert told.exit_code == 0
    assert "origin=JFK,LGA" in told.stdout
    prefixed = {**run_of(a="published"), "prefix": "raw/[JFK]/"}
    played.answers["GET /api/runs"] = [(200, {"runs": [prefixed]})]
    assert "all under raw/[JFK]/" in signalbox("list", "--app", played.url).stdout
    played.answers["GET /api/runs/run-1"] = [(200, prefixed)]
    assert "run-1 under raw/[JFK]/: done" in signalbox("show", "run-1", "--app", played.url).stdout
    assert "retry of run-0" in told.stdout
    played.answers["GET /api/runs"] = [(200, {"runs": []})]
    assert "signalbox run train" in signalbox("list", "--app", played.url).stdout


def test_a_retry_has_the_usual_id(played: Played) -> None:
    """Asking twice retries once."""
    played.answers["POST /api/runs/run-1/retry"] = [(202, {"id": "run-2"})]
    assert signalbox("retry", "run-1", "--app", played.url).exit_code == 0
    ((_, _, body, _),) = played.asked
    assert body["request_id"] == RetryRequest().request_id


def test_a_callback_is_made_once_more(played: Played) -> None:
    """How many are told, or why nobody is."""
    played.answers["POST /api/runs/run-1/callback"] = [(202, {"id": "run-1", "callbacks": 2})]
    done = signalbox("callback", "run-1", "--app", played.url)
    assert (done.exit_code, done.stdout) == (0, "run-1: 2 called back once more\n")
    played.answers["POST /api/runs/run-1/callback"] = [(404, {"status": 404, "detail": "Nobody is left to be told."})]
    done = signalbox("callback", "run-1", "--app", played.url)
    assert (done.exit_code, "Nobody is left" in done.stderr) == (1, True)


def test_a_refusal_is_told_as_the_app_told_it(played: Played) -> None:
    """On stderr, in one line, with exit code 1."""
    told = {"status": 400, "detail": "The fleet demo has no label `orgin` here. Did you mean `origin`?"}
    played.answers["POST /api/datafactory/train"] = [(400, told)]
    done = signalbox("train", "--select", "orgin=JFK", "--app", played.url)
    assert (done.exit_code, done.stdout, done.stderr) == (1, "", f"error: {told['detail']}\n")
    played.answers["GET /api/runs"] = [(401, {})]
    assert "--key" in signalbox("list", "--app", played.url).stderr


def test_an_answer_of_something_else_is_not_taken_for_silence(played: Played) -> None:
    """Another program at that address is told apart from nobody there."""
    played.answers["GET /api/runs"] = [(200, {"hello": "world"})]
    done = signalbox("list", "--app", played.url)
    assert done.exit_code == 3
    assert f"what answers at {played.url} is no Signalbox app of this version" in done.stderr


def test_nobody_there_is_told_with_what_to_do() -> None:
    """The address that was asked is named."""
    done = signalbox("list", "--app", "http://127.0.0.1:1")
    assert done.exit_code == 3
    assert "no app answers at http://127.0.0.1:1" in done.stderr


@pytest.mark.parametrize("text", ["origin", "=JFK", "origin=", "origin=,", ""])
def test_a_selection_that_selects_nothing_is_refused(text: str) -> None:
    """The message shows how it is written."""
    with pytest.raises(typer.BadParameter, match="--select origin=JFK,LGA"):
        read_selection([text])
