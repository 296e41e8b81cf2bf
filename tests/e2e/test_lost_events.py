"""Events that were lost are found, by the search and by nothing else."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.settings import APP_ROOT
from tests.e2e.conftest import DEV
from tests.e2e.running import FAST, FILES, MODELS, SLOW, Running, eventually, running_stack

pytestmark = [pytest.mark.stack, pytest.mark.timeout(1200)]


@pytest.mark.soak
def test_without_webhooks_and_search_the_demo_fails(tmp_path: Path) -> None:
    """Nothing registered is released; as soon as nothing moves any more, the demo says so and exits with 1."""
    done = subprocess.run(
        [sys.executable, "-m", "local.demo", "--state", str(tmp_path / "state"), "--environment", "dev",
         "--no-webhooks", "--no-reconcile", "--timeout", "900"],
        cwd=APP_ROOT, capture_output=True, text=True, timeout=1000, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout
    assert "Nothing moves any more, and 2 models have not ended" in done.stdout
    assert "Not everything that was expected was seen" in done.stdout
    assert "departures-jfk-mainline-fast: it was not released: Version 1 passed." in done.stdout
    assert "the ledger tells of no release" in done.stdout


@pytest.fixture(scope="module")
def deaf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A stack of our own to which neither MLflow nor Event Grid tells anything."""
    with running_stack(tmp_path_factory.mktemp("deaf"), DEV, webhooks=False) as running:
        _drop_arrivals(running)
        yield running


def _drop_arrivals(running: Running) -> None:
    running.http.post(f"{running.stack.blob_events_url}/pause", params={"drop": "true"}).raise_for_status()


def test_what_was_lost_is_found_on_demand_once(deaf: Running) -> None:
    """Files, then versions: the search does what their events would have done, and finds nothing twice."""
    deaf.land(*FILES)
    first, second = deaf.reconcile(), deaf.reconcile()  # each finds at most twenty
    assert first["arrivals"] + second["arrivals"] == ["departures origin=JFK year=2013"] * len(FILES)
    assert {one["outcome"] for one in deaf.deliveries("conditioning")} == {"done"}
    for name in MODELS:
        deaf.wait_effect(name, "ModelRegistered")
    third = deaf.reconcile()
    assert sorted(second["versions"] + third["versions"]) == [f"{FAST}@1", f"{SLOW}@1"]
    assert third["arrivals"] == []
    deaf.wait_released()
    assert deaf.reconcile() == {"arrivals": [], "failed": [], "versions": []}


def test_a_run_that_died_without_a_word_is_found(deaf: Running) -> None:
    """An operator terminates a training; the search tells the interlock, and the model can be trained again."""
    body = {"model": FAST, "request_id": "to-be-killed"}
    status = deaf.http.post("/api/datafactory/train", json=body).json()["statusQueryGetUri"]
    run = deaf.wait_state(FAST, "training").row["in_flight"][0]
    deaf.http.post(f"/runtime/webhooks/durabletask/instances/{run['instance']}/terminate").raise_for_status()
    eventually(lambda: deaf.reconcile() and deaf.model(FAST).state, lambda state: state == "failed", "told as failed")
    assert "without a result" in deaf.model(FAST).reason
    done = deaf.finished(status)
    assert done["runtimeStatus"] == "Failed"
    assert deaf.http.get(status).status_code == 500  # what Data Factory sees


@pytest.mark.soak
def test_by_the_clock_alone(tmp_path: Path) -> None:
    """With every event lost and the search on its schedule, files still become released models."""
    with running_stack(tmp_path, {**DEV, "SIGNALBOX_RECONCILE_SCHEDULE": "*/5 * * * * *"}, webhooks=False) as running:
        _drop_arrivals(running)
        running.land(*FILES)
        running.wait_released()
        for name in MODELS:
            told = running.delivery(f"{name} 1 model_version.created")
            assert "Found by the search" in told["reason"]
