"""`--json`: whatever a command has to say is one JSON value, and nothing else is on stdout."""

import json
import re
import shlex
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from cli import following, run_telling
from cli.examples import EXAMPLES
from cli.main import app
from cli.root import command_group, commands_of
from tests.cli.test_check import FIT, TRAIN
from tests.cli.test_orders import DONE, ROW

#: They start processes: their JSON is looked at where those are tested.
STARTING = {"up", "demo", "host start"}
COMMANDS = {path: command for path, command in commands_of(command_group(app)) if path not in STARTING}

STATUS = "http://localhost:9/api/status/x"
RUN = {"run": "run-7d1f", "operation": "train", "state": "done", "counts": {"passed": 1}, "cells": [], "reason": "r"}
MANIFEST = {"manifest": {"version": "v", "sources": []}, "published": []}
#: By the path that is asked; the first one that fits.
ANSWERS: list[tuple[str, Any]] = [
    (r"/api/status/x", {"runtimeStatus": "Completed", "output": {"figures_same": True}}),
    (r"/api/models", {"models": [ROW]}),
    (r"/api/models/[^/]+", ROW),
    (r"/api/models/[^/]+/(why|ledger)", {"model": "m", "summary": "s", "rows": [], "head": None, "findings": ["f"],
                                         "trail": None, "runs": [], "story": [], "verified": True, "anchored": None}),
    (r"/api/models/.*/reproduce", {"id": "r1", "statusQueryGetUri": STATUS}),
    (r"/api/(models/[^/]+|orders)/[a-z]+", {**DONE, "models": ["m"]}),
    (r"/api/ledger/anchors", {"anchors": []}),
    (r"/api/ledger/verify", {"models": [], "anchors": [], "next": None}),
    (r"/api/datafactory/\w+", {"id": "run-7d1f"}),
    (r"/api/runs/run-7d1f/retry", {"id": "run-7d1f"}),
    (r"/api/runs/run-7d1f/callback", {"id": "run-7d1f", "callbacks": 1}),
    (r"/api/runs/run-7d1f", RUN),
    (r"/api/runs", {"runs": [RUN]}),
    (r"/api/fleets", {"fleets": []}),
    (r"/api/conditioning", {"cells": [], "files": []}),
    (r"/api/datasets", {"datasets": [{"dataset": "departures", "fleet": "f", "versions": [], "more": False}]}),
    (r"/api/datasets/.*", MANIFEST),
    (r"/api/quarantine", {"quarantine": [{"path": "quarantine/x", "rules": {"date": 1}}]}),
    (r"/api/quarantine/x", {"source": "s", "rows": [], "next": None}),
    (r"/api/operations/retention/r1", {"summary": "s", "outcome": {}, "things": []}),
    (r"/api/operations/retention", {"id": "r1", "statusQueryGetUri": STATUS}),
    (r"/api/operations/retire", {"models": ["m"], "datasets": []}),
    (r"/api/traces/.*", {"name": "the delivery"}),
    (r"/api/events/explain", {"events": []}),
    (r"/admin/durable/.*", []),
]  # fmt: skip


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that the examples name, and an app that answers everything."""

    def reply(request: httpx.Request) -> httpx.Response:
        body = next((body for path, body in ANSWERS if re.fullmatch(path, request.url.path)), None)
        return httpx.Response(200, json=body) if body is not None else httpx.Response(404)

    client: Callable[..., httpx.Client] = partial(httpx.Client, transport=httpx.MockTransport(reply))
    monkeypatch.setattr("cli.asking.httpx.Client", client)
    monkeypatch.setattr(following, "_LOOKS_EVERY", 0.0)
    monkeypatch.setattr(run_telling, "_LOOKS_EVERY", 0.0)
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes/sales.yaml").write_text("columns: {sold: {from: sold, type: integer}}\n")
    days = [(date(2024, 1, 1) + timedelta(day), day) for day in range(400)]
    sold = "".join(f"{at},north,{100 + day % 7}\n" for at, day in days)
    (tmp_path / "sales.csv").write_text(f"date,store,sold\n{sold}")
    (tmp_path / "pipelines" / "src").mkdir(parents=True)
    for name, text in {"train.yml": TRAIN, "fit.yml": FIT, "src/fit.py": ""}.items():
        (tmp_path / "pipelines" / name).write_text(text)
    (tmp_path / "event.json").write_text("{}")
    (tmp_path / "fleet.yaml").write_text("fleet: demand\nmatrix: {}\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("path", COMMANDS)
def test_what_a_command_has_to_say_is_one_value(here: Path, path: str) -> None:
    """As its example calls it."""
    words = shlex.split(EXAMPLES[path])[1:]
    words += ["--yes"] if path in ("approve", "reject", "rollback", "forget", "retire") else []
    asks = any(param.name == "url" for param in COMMANDS[path].params)
    done = CliRunner().invoke(app, [*words, *(["--app", "http://localhost:9"] if asks else []), "--json"])
    told = json.loads(done.stdout)
    assert "error" not in told, told
    assert done.exit_code in ({0, 1} if path == "fleet check" else {0})
