"""Which app a command means: as it was named, or the stack that runs here."""

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli import finding
from cli.failures import CommandError
from cli.finding import USUAL, find_app


@pytest.fixture(autouse=True)
def _no_checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(finding, "_CHECKOUT", tmp_path / "nowhere")


@contextmanager
def stack(state: Path, started: float = 1.0) -> Iterator[int]:
    """A stack as its state folder and its host's port show it."""
    state.mkdir(parents=True)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        (state / "ports.json").write_text(json.dumps({"host": port}))
        (state / "stack.lock").touch()
        os.utime(state / "stack.lock", (started, started))
        with (state / "stack.lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield port


def test_a_port_of_old_that_somebody_else_has_is_not_taken_for_a_stack(tmp_path: Path) -> None:
    """No stack holds the folder any more, though something listens."""
    with stack(tmp_path / ".signalbox") as port:
        pass
    with socket.create_server(("127.0.0.1", port)):
        assert find_app("", tmp_path) == (USUAL, False)


def test_the_nearest_stack_that_runs_is_found(tmp_path: Path) -> None:
    """In a folder above as well; one that was ended is passed over."""
    here = tmp_path / "a" / "b"
    here.mkdir(parents=True)
    with stack(here / ".signalbox"):
        pass
    with stack(tmp_path / ".signalbox") as port:
        assert find_app("", here) == (f"http://localhost:{port}", False)
    assert find_app("", here) == (USUAL, False)


def test_of_several_the_one_that_was_started_last_is_taken(tmp_path: Path) -> None:
    """The demo's state lies within the folder of all states."""
    with ExitStack() as running:
        running.enter_context(stack(tmp_path / ".signalbox", started=1.0))
        newest = running.enter_context(stack(tmp_path / ".signalbox" / "demo", started=2.0))
        assert find_app("", tmp_path).url == f"http://localhost:{newest}"


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"host": "x"}', "\xff"])
def test_a_state_that_cannot_be_read_is_none(tmp_path: Path, content: str) -> None:
    """The usual address is left."""
    (tmp_path / ".signalbox").mkdir()
    (tmp_path / ".signalbox" / "ports.json").write_bytes(content.encode("latin-1"))
    assert find_app("", tmp_path).url == USUAL


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://a.azurewebsites.net/", "https://a.azurewebsites.net"),
        (" http://localhost:7071/api ", "http://localhost:7071"),
        ("https://gateway/signalbox/api/", "https://gateway/signalbox"),
    ],
)
def test_what_people_add_to_a_url_is_taken_off(text: str, url: str) -> None:
    """A slash, blanks, and the path of the API."""
    assert find_app(text) == (url, True)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("localhost:7071", "did you mean --app http://localhost:7071?"),
        ("a.azurewebsites.net", "did you mean --app https://a.azurewebsites.net?"),
        ("ftp://host/x", "did you mean --app https://host/x?"),
        ("http://[::1", "An app"),
        ("http://host:99999", "An app"),
        ("https://user:secret@host", "--key"),
        ("https://host/?code=secret", "--key"),
    ],
)
def test_what_is_no_url_is_told_with_one_that_is(text: str, told: str) -> None:
    """A key in it is not repeated."""
    with pytest.raises(CommandError) as caught:
        find_app(text)
    assert caught.value.exit_code == 2
    assert told.lower() in caught.value.remedy.lower()
    assert "secret" not in f"{caught.value.detail}{caught.value.remedy}"


@given(st.text(min_size=1))
def test_any_text_is_a_url_or_told(text: str) -> None:
    """Nothing else is ever asked."""
    try:
        found = find_app(text).url
    except CommandError as error:
        found = error.remedy and USUAL
    assert urlsplit(found).scheme in ("http", "https")
