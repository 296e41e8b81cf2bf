"""What nobody needs any more is taken out of service when somebody says so; the last that happens to the stack."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from shared.registry.mlflow import MlflowRegistry
from shared.settings import APP_ROOT
from tests.e2e.running import FAST, MODELS, PATIENCE, SLOW, Running

pytestmark = [pytest.mark.stack, pytest.mark.timeout(1200)]


def _retire(running: Running, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli", "retire", "--app", running.stack.host_url, *arguments]
    return subprocess.run(command, cwd=APP_ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)


def test_from_a_changed_file_to_nothing_that_serves(released: Running, fleet_file: Path) -> None:
    """Refused while the file has it, listed when it has not, gone when it is confirmed; registry and ledger stay."""
    refused = _retire(released, FAST, "--yes")
    assert refused.returncode == 1
    assert f"still has the model {FAST}" in refused.stderr

    text = fleet_file.read_text()
    changed = text.replace("origin: [JFK], format: [mainline]", "origin: [JFK], format: [regional]")
    assert changed != text
    fleet_file.write_text(changed)
    listed = json.loads(_retire(released, "--json").stdout)
    assert [row["model"] for row in listed["models"]] == list(MODELS)
    endpoints = f"{released.stack.scoring_url}/endpoints"
    assert released.http.get(endpoints).json()["endpoints"]

    assert _retire(released, *MODELS, "--yes").returncode == 0
    for model in MODELS:
        released.wait_state(model, "retired")
        released.wait_effect(model, "ModelRetired")
        versions = MlflowRegistry(released.stack.mlflow_url).versions(model)
        assert {(version.aliases, version.stage) for version in versions} == {((), "Archived")}
        assert "No version of" in released.http.get(f"/api/models/{model}/why").json()["summary"]
    assert released.http.get(endpoints).json()["endpoints"] == []
    pointer = json.loads(released.data.read(f"predictions/{SLOW}/current.json"))
    assert pointer["path"] is None
    assert released.data.read(pointer["retired"])
    assert json.loads(_retire(released, "--json").stdout)["models"] == []
