"""What crosses the durable boundary comes out as it went in, through the real worker; failures take two ways."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from shared.contracts.base import Contract
from tests.guards.contract_values import all_contracts, values_of
from tests.local.host.running_host import REPOSITORY, RunningHost, eventually

CONTRACTS = all_contracts()
_START = "/runtime/webhooks/durabletask/orchestrators"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """The echo app on the local host, over Microsoft's worker library."""
    folder = tmp_path_factory.mktemp("echo")
    app = folder / "echo_app"
    shutil.copytree(REPOSITORY / "tests/guards/echo_app", app, ignore=shutil.ignore_patterns("__pycache__"))
    host = RunningHost(
        app,
        "--state", str(folder / "durable.db"),
        environment={"PYTHONPATH": str(REPOSITORY), **_settings()},
    )  # fmt: skip
    with host:
        yield host.client


def _settings() -> dict[str, str]:
    """What the boundary reads: only telemetry matters here."""
    return {
        "SIGNALBOX_STORAGE": "UseDevelopmentStorage=true",
        "SIGNALBOX_REGISTRY_URI": "http://127.0.0.1:9",
        "SIGNALBOX_WEBHOOK_SECRET": "0123456789abcdef",
        "SIGNALBOX_RECONCILE_SCHEDULE": "0 0 0 29 2 *",
        "SIGNALBOX_TICK_SCHEDULE": "0 0 0 29 2 *",
        "SIGNALBOX_RETENTION_SCHEDULE": "0 0 0 29 2 *",
        "SIGNALBOX_ANCHOR_SCHEDULE": "0 0 0 29 2 *",
        "SIGNALBOX_JOBS_URL": "http://127.0.0.1:9",
        "SIGNALBOX_SCORING_URL": "http://127.0.0.1:9",
    }


def _run(client: httpx.Client, orchestrator: str, value: dict[str, Any], seconds: float = 20) -> dict[str, Any]:
    started = client.post(f"{_START}/{orchestrator}", json=value)
    assert started.status_code == 202, started.text
    url = started.json()["statusQueryGetUri"].split("?")[0]

    def status() -> dict[str, Any] | None:
        body: dict[str, Any] = client.get(url).json()
        return body if body["runtimeStatus"] in ("Completed", "Failed") else None

    return eventually(status, f"the end of {orchestrator}", seconds)


def test_every_contract_is_found() -> None:
    """The guard guards something: the app's main contracts are among those that it sends."""
    found = [contract.__name__ for contract in CONTRACTS.values()]
    assert {"TrainModelInput", "ReleaseModelInput", "InterlockState", "ModelRow", "LedgerEntry"} <= set(found)
    assert found.count("DatasetPublished") == 2  # of two modules; both are sent
    assert len(CONTRACTS) > 60


@pytest.mark.parametrize("name", sorted(CONTRACTS))
@settings(max_examples=2, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_contract_survives_orchestrator_and_activity(client: httpx.Client, name: str, data: Any) -> None:
    """A value sent through orchestrator, activity and back is the value that was sent."""
    contract: type[Contract] = CONTRACTS[name]
    value = data.draw(values_of(contract))
    done = _run(client, f"echo_{name}", value.to_wire())
    assert done["runtimeStatus"] == "Completed", done["output"]
    assert contract.from_wire(done["output"]) == value


def test_a_permanent_failure_is_tried_once(client: httpx.Client, tmp_path: Path) -> None:
    """The SDK retries every exception; what is permanent is returned instead: one attempt, with its reason."""
    done = _run(client, "call_hopeless", {"file": str(tmp_path / "attempts")})
    assert (tmp_path / "attempts").read_text() == "x"
    assert done["runtimeStatus"] == "Failed"
    assert "no attempt will help" in json.dumps(done["output"])


def test_a_transient_failure_is_tried_again(client: httpx.Client, tmp_path: Path) -> None:
    """What raises is repeated until it succeeds."""
    done = _run(client, "call_flaky", {"file": str(tmp_path / "attempts")}, seconds=60)
    assert (tmp_path / "attempts").read_text() == "xxx"
    assert done["runtimeStatus"] == "Completed"
