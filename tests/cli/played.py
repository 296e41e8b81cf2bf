"""An app that answers as told, behind the command's client."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from typer.testing import CliRunner, Result

from cli.main import app


class Played:
    """Answers by method, path and query; remembers what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, httpx.Response] = {}
        self.asked: list[str] = []
        self.bodies: list[Any] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """The answer to a request; 404 with a detail where there is none."""
        asked = f"{request.method} {request.url.path}"
        asked += f"?{urlencode(sorted(request.url.params.items()))}" if request.url.params else ""
        self.asked.append(asked)
        self.bodies.append(json.loads(request.content) if request.content else None)
        return self.answers.get(asked) or httpx.Response(404, json={"detail": f"nothing at {asked}"})

    def answers_to(self, asked: str, body: Any, status: int = 200) -> None:
        """Give this answer; the query's keys are in order."""
        self.answers[asked] = httpx.Response(status, json=body)


def play(monkeypatch: pytest.MonkeyPatch) -> Played:
    """The app in the place of the real one."""
    found = Played()
    client: Callable[..., httpx.Client] = partial(httpx.Client, transport=httpx.MockTransport(found))
    monkeypatch.setattr("cli.asking.httpx.Client", client)
    return found


def run(*arguments: str) -> Result:
    """Run a command against it."""
    return CliRunner().invoke(app, [*arguments, "--app", "http://localhost:9", "--key", "k"])
