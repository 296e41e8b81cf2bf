"""The shell's completion: names of the app that runs, quickly, or none at all."""

import json
import re
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from typer.testing import CliRunner

from cli import completing
from cli.main import app

ANSWERS = {
    "/api/models": {"models": [
        {"model": "demand-north", "fleet": "demand", "state": "parked", "version": "4", "champion": "3",
         "labels": {"region": "north", "size": "s"}},
        {"model": "other", "fleet": "flights", "state": "released", "labels": {"region": "plains", "size": "m"}},
        {"model": "third", "fleet": "flights", "state": "released", "labels": {"region": "plains", "size": "l"}},
    ]},
    "/api/runs": {"runs": [{"run": "run-1"}]},
    "/api/datasets": {"datasets": [{"dataset": "sales", "versions": [{"version": "sales-0a1b"}]}]},
}  # fmt: skip


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        content = json.dumps(ANSWERS[self.path.partition("?")[0]]).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        pass


@pytest.fixture
def url() -> Iterator[str]:
    """An app that knows some names."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def cut_by_bash(words: str) -> list[str]:
    """A line as bash 5 cuts it, as seen in a terminal."""
    return [part for word in words.split(" ") for part in (re.findall("[=:@]+|[^=:@]+", word) or [""])]


def complete(words: str, url: str, shell: str = "bash") -> list[str]:
    """What a shell is told; nothing may be on stderr."""
    environment = {
        "_SIGNALBOX_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": "\n".join(cut := cut_by_bash(words)),
        "COMP_CWORD": str(len(cut) - 1),
        "_TYPER_COMPLETE_ARGS": words,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        "SIGNALBOX_APP": url,
    }
    done = CliRunner().invoke(app, [], prog_name="signalbox", env=environment)
    assert (done.exit_code, done.stderr) == (0, "")
    return done.stdout.split("\n")[:-1] if done.stdout.strip() else []


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("signalbox mod", ["models", "model"]),
        ("signalbox ledger v", ["verify"]),
        ("signalbox hold --re", ["--reason"]),
        ("signalbox model d", ["demand-north"]),
        ("signalbox ledger show ", ["demand-north", "other", "third"]),
        ("signalbox why demand-north@", ["@4", "@3"]),
        ("signalbox why demand-north@4", ["@4"]),
        ("signalbox approve demand", ["demand-north@4", "demand-north@3"]),
        ("signalbox hold --fleet ", ["demand", "flights"]),
        ("signalbox models --state p", ["parked"]),
        ("signalbox models --select ", ["region=north", "size=s", "region=plains", "size=m", "size=l"]),
        ("signalbox models --select region=", ["north", "plains"]),
        ("signalbox models --select region=p", ["plains"]),
        ("signalbox models --select=region=p", ["plains"]),
        ("signalbox models --select size=s,", ["s,m", "s,l"]),
        ("signalbox run train --select size=s,m,l", ["s,m,l"]),
        ("signalbox run train --select size=s,m,x", []),
        ("signalbox run train --select size=s,m,", ["s,m,l"]),
        ("signalbox hold --select region=plains --select ", ["region=north", "size=m", "size=l"]),
        ("signalbox hold --select region=plains --select size=m,", ["m,l"]),
        ("signalbox hold --select size=m --select size=", ["s", "l"]),
        ("signalbox hold --fleet demand --select ", ["region=north", "size=s"]),
        ("signalbox models --app http://localhost:7 --select region=p", []),
        ("signalbox run show ", ["run-1"]),
        ("signalbox datasets list ", ["sales"]),
        ("signalbox datasets show s", ["sales-0a1b"]),
        ("signalbox retire demand-north o", ["other"]),
    ],
)
def test_words_and_names_are_completed(url: str, words: str, names: list[str]) -> None:
    """Commands and options by the command line itself, names by the app that would be asked."""
    assert complete(words, url) == names


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_is_told_in_its_own_form(url: str, shell: str) -> None:
    """And has a script that asks for it."""
    assert "demand-north" in "".join(complete("signalbox model d", url, shell))
    script = CliRunner().invoke(app, [], prog_name="signalbox", env={"_SIGNALBOX_COMPLETE": f"source_{shell}"})
    assert (script.exit_code, f"complete_{shell}" in script.stdout) == (0, True)


@pytest.mark.parametrize("where", ["http://127.0.0.1:1", "nonsense", "http://a.invalid", "http://u:p@host"])
def test_an_app_that_cannot_be_asked_has_no_names(where: str) -> None:
    """And nothing is said about it."""
    assert complete("signalbox model d", where) == []


def test_an_app_that_is_silent_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has taken the question, and says nothing."""
    monkeypatch.setattr(completing, "_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert complete("signalbox model d", f"http://127.0.0.1:{server.getsockname()[1]}") == []


@pytest.mark.parametrize("body", [[], {"models": 7}, {"models": [{}]}, {"models": ["x"]}])
def test_another_program_has_no_names(url: str, body: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it answers."""
    monkeypatch.setitem(ANSWERS, "/api/models", body)
    assert complete("signalbox model d", url) == []
