"""The ledger of a real release: it leads back to the raw bytes, and whoever changes a row of the table is found."""

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from examples.flights.landing import CORRECTED
from shared.storage.tables import Change, Row, Table, table_key
from tests.e2e.running import FAST, FILES, Running, eventually

pytestmark = [pytest.mark.stack, pytest.mark.timeout(1200)]

SECOND, THIRD = "000000000002", "000000000003"


@pytest.fixture
def table(released: Running) -> Iterator[Table]:
    """The ledger's table, in which everything is as it was afterwards."""
    found = Table(released.stack.settings()["SIGNALBOX_STORAGE"], "ledger")
    before = {row.key: row for row in found.between(table_key(FAST), "0", "l")}
    yield found
    for key, row in before.items():
        now = found.get(table_key(FAST), key)
        assert found.change(table_key(FAST), [Change(key, row.columns, etag=now.etag if now else None)])
    assert _signalbox(released, "ledger", "verify", FAST).exit_code == 0


def _signalbox(running: Running, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--app", running.stack.host_url])


def _row(table: Table, key: str) -> Row:
    row = table.get(table_key(FAST), key)
    assert row is not None
    return row


def _replace(table: Table, key: str, columns: dict[str, Any]) -> None:
    assert table.change(table_key(FAST), [Change(key, columns, etag=_row(table, key).etag)])


def test_why_leads_back_to_the_raw_bytes(released: Running) -> None:
    """Each raw file of the year with the hash of what landed; and the model's files with the hash of what is served."""
    trail = released.observer.why(FAST)["trail"]
    raw = {one["path"]: one["sha256"] for one in trail["raw"]}
    corrected = next(file for file in FILES if file.path == CORRECTED)
    assert raw[CORRECTED] == hashlib.sha256(corrected.content).hexdigest()
    assert (trail["platform"], trail["environments"]) == ("local", ["azureml:flights-forecast:1"])
    assert all(one["url"].endswith(f"/landing/{one['path']}") for one in trail["raw"])
    assert trail["images"][0].startswith("python 3.")
    assert len(trail["artifact_sha256"]) == 64
    assert {step["effect"] for step in trail["serving"]} >= {"VersionPromoted", "ModelReleased"}
    shown = _signalbox(released, "why", FAST)
    assert shown.exit_code == 0
    assert "model files sha256" in shown.output


def test_the_registry_tells_why_as_well(released: Running) -> None:
    """The version's description in MLflow is the ledger's word; it came after the release, and started nothing."""
    version = released.http.get(f"/api/models/{FAST}").json()["champion"]
    where = f"{released.stack.mlflow_url}/api/2.0/mlflow/model-versions/get"
    told = eventually(
        lambda: str(released.observer._get(where, name=FAST, version=version)["model_version"].get("description")),
        lambda text: "is in production since" in text,
        f"what the registry tells of {FAST}",
    )
    assert "flights: " in told
    assert "- accuracy: MAPE " in told
    assert released.http.get(f"/api/models/{FAST}/why", params={"version": version}).json()["verified"]
    assert released.http.get(f"/api/models/{FAST}/why", params={"version": "99"}).status_code == 404


@pytest.mark.parametrize("kind", ["edit", "cut", "swap"])
def test_one_row_that_is_touched_makes_verify_fail(released: Running, table: Table, kind: str) -> None:
    """By the exit code, with a sentence that names it."""
    match kind:
        case "edit":
            text = {name: str(value).replace("passed", "failed") for name, value in _row(table, SECOND).columns.items()}
            _replace(table, SECOND, dict(text))
        case "cut":
            table.remove(table_key(FAST), SECOND)
        case _:
            second, third = _row(table, SECOND).columns, _row(table, THIRD).columns
            _replace(table, SECOND, dict(third))
            _replace(table, THIRD, dict(second))
    result = _signalbox(released, "ledger", "verify", FAST)
    found = {"edit": "content of row 2 does not match", "cut": "row 2 is missing", "swap": "is stored as"}[kind]
    assert result.exit_code == 1
    assert found in result.output


def test_heads_are_anchored_by_the_clock(released: Running) -> None:
    """The timer's run writes an anchor, and everything is held against it from then on."""
    released.http.post("/admin/functions/anchor_on_schedule", json={"input": ""}).raise_for_status()
    checked = eventually(
        lambda: released.http.get(f"/api/models/{FAST}/ledger/verify").json(),
        lambda told: told["anchored"] is not None,
        "the ledger is anchored",
    )
    assert (checked["findings"], checked["anchors"]) == ([], [])
    assert _signalbox(released, "ledger", "verify").exit_code == 0


def test_an_exported_pack_verifies_by_itself(released: Running, tmp_path: Path) -> None:
    """Rows, heads and the manifests of what a real model was trained on."""
    result = _signalbox(released, "ledger", "export", FAST, "--to", str(tmp_path / "pack"))
    assert result.exit_code == 0, result.output
    rows = released.http.get(f"/api/models/{FAST}/ledger").json()["rows"]
    trained = {row["entry"]["facts"]["dataset"] for row in rows if row["entry"]["effect"] == "ModelRegistered"}
    assert {path.stem for path in (tmp_path / "pack/manifests").iterdir()} == trained
    done = subprocess.run(
        [sys.executable, "-I", "verify.py"], cwd=tmp_path / "pack", check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
