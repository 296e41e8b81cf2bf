"""What nobody needs any more: deleted by policy after its time, and taken out of service when somebody says so."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from local.stack import Ports, Stack
from shared.contracts.retention import ApplyRetentionInput, ExpiredCount, RetentionOutcome
from shared.registry.mlflow import MlflowRegistry
from shared.settings import APP_ROOT
from shared.storage.blobs import AzureBlobStore
from tests.e2e.conftest import NEVER
from tests.e2e.running import FAST, MODELS, PATIENCE, SLOW, Running

pytestmark = [pytest.mark.stack, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fleet file of our own, to be changed."""
    return shutil.copytree(APP_ROOT / "examples/flights", tmp_path_factory.mktemp("example") / "flights") / "fleet.yaml"


@pytest.fixture(scope="module")
def serving(fleet: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A stack of our own whose two models are in production."""
    settings = {**NEVER, "SIGNALBOX_FLEET": str(fleet), "SIGNALBOX_ENVIRONMENT": "dev"}
    with Stack(tmp_path_factory.mktemp("stack"), ports=Ports.free(), settings=settings) as stack:
        running = Running(stack)
        try:
            running.land_year()
            running.wait_released()
            yield running
        finally:
            running.close()


def _data(running: Running) -> AzureBlobStore:
    settings = running.stack.settings()
    return AzureBlobStore(settings["SIGNALBOX_STORAGE"], settings["SIGNALBOX_DATA_CONTAINER"])


def _retire(running: Running, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli", "retire", "--app", running.stack.host_url, *arguments]
    return subprocess.run(command, cwd=APP_ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)


def test_in_four_hundred_days_only_what_nobody_needs_has_expired(serving: Running) -> None:
    """Quarantined rows go; versions in production, what they were trained on and what that was made of stay."""
    data = _data(serving)
    before = {kind: data.list(f"{kind}/") for kind in ("quarantine", "datasets", "conditioned")}
    assert all(before.values())
    order = ApplyRetentionInput(
        at=datetime.now(UTC) + timedelta(days=400), requested_by="ana", dry_run=False,
        runs=ExpiredCount(kind="run", found=0, going=0),
    )  # fmt: skip
    begun = serving.http.post("/runtime/webhooks/durabletask/orchestrators/apply_retention", json=order.to_wire())
    done = serving.finished(begun.json()["statusQueryGetUri"])
    outcome = RetentionOutcome.from_wire(done["output"])
    assert {line.kind: line.gone for line in outcome.counts if line.gone} == {"quarantine": len(before["quarantine"])}
    assert outcome.kept == ()
    after = {kind: data.list(f"{kind}/") for kind in before}
    assert after == before | {"quarantine": []}
    assert all(MlflowRegistry(serving.stack.mlflow_url).versions(model) for model in MODELS)


def test_from_a_changed_file_to_nothing_that_serves(serving: Running, fleet: Path) -> None:
    """Refused while the file has it, listed when it has not, gone when it is confirmed; registry and ledger stay."""
    refused = _retire(serving, FAST, "--yes")
    assert refused.returncode == 1
    assert f"still has the model {FAST}" in refused.stderr

    text = fleet.read_text()
    changed = text.replace("origin: [JFK], format: [mainline]", "origin: [JFK], format: [regional]")
    assert changed != text
    fleet.write_text(changed)
    listed = json.loads(_retire(serving, "--json").stdout)
    assert [row["model"] for row in listed["models"]] == list(MODELS)
    endpoints = f"{serving.stack.scoring_url}/endpoints"
    assert serving.http.get(endpoints).json()["endpoints"]

    assert _retire(serving, *MODELS, "--yes").returncode == 0
    for model in MODELS:
        serving.wait_state(model, "retired")
        serving.wait_effect(model, "ModelRetired")
        (version,) = MlflowRegistry(serving.stack.mlflow_url).versions(model)
        assert (version.aliases, version.stage) == ((), "Archived")
        assert "No version of" in serving.http.get(f"/api/models/{model}/why").json()["summary"]
    assert serving.http.get(endpoints).json()["endpoints"] == []
    pointer = json.loads(_data(serving).read(f"predictions/{SLOW}/current.json"))
    assert pointer["path"] is None
    assert _data(serving).read(pointer["retired"])
    assert json.loads(_retire(serving, "--json").stdout)["models"] == []
