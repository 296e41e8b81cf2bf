"""Events that were lost are found, by the search and by nothing else."""

import subprocess
import sys
from pathlib import Path

import pytest

from examples.flights.landing import raw_files
from local.services.mlflow_webhooks import ensure_webhook, remove_webhooks
from shared.settings import APP_ROOT
from tests.e2e.running import SLOW, Running

pytestmark = [pytest.mark.stack, pytest.mark.timeout(400)]


def test_without_webhooks_and_search_the_demo_fails(tmp_path: Path) -> None:
    """Models are trained and registered, nothing is released, and the demo says so and exits with 1."""
    done = subprocess.run(
        [sys.executable, "-m", "local.demo", "--state", str(tmp_path / "state"), "--no-webhooks", "--no-reconcile",
         "--timeout", "45"],
        cwd=APP_ROOT, capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout
    assert "Not everything that was expected was seen" in done.stdout
    assert "departures-jfk-mainline-fast: it was not released: Version 1 passed." in done.stdout
    assert "the ledger tells of no release" in done.stdout


def test_a_version_whose_webhook_was_lost_is_found(released: Running) -> None:
    """Without its webhook a version stays registered; the search finds it, and it is released."""
    stack = released.stack
    before = len(released.observer.versions(SLOW))
    remove_webhooks(stack.mlflow_url)
    try:
        body = {"model": SLOW, "request_id": "lost-webhook"}
        status = released.http.post("/api/datafactory/train", json=body).json()["statusQueryGetUri"]
        assert released.finished(status)["output"]["outcome"] == "passed"
        wanted = str(before + 1)
        assert released.wait_state(SLOW, "registered").row["champion"] == str(before)
        assert released.reconcile()["versions"] == [f"{SLOW}@{wanted}"]
        released.wait_released(wanted, (SLOW,))
        assert released.reconcile()["versions"] == []
    finally:
        ensure_webhook(
            stack.mlflow_url,
            f"{stack.host_url}/api/webhooks/mlflow",
            stack.settings()["SIGNALBOX_WEBHOOK_SECRET"],
        )


def test_a_file_whose_event_was_lost_is_found(released: Running) -> None:
    """A file that landed while Event Grid lost its events is conditioned by the search, once."""
    control = released.stack.blob_events_url
    flights, holidays = raw_files()
    released.http.post(f"{control}/pause", params={"drop": "true"}).raise_for_status()
    try:
        changed = flights.content.replace(b"UA", b"AA", 1)
        released.land(type(flights)(flights.path.replace("2013", "2012"), changed))
        released.land(type(holidays)(holidays.path.replace("2013", "2012"), holidays.content))
        found = released.reconcile()["arrivals"]
        assert sorted(found) == ["raw/flights/JFK/2012.csv", "raw/holidays/2012.csv"]
        assert released.reconcile()["arrivals"] == []
    finally:
        released.http.post(f"{control}/resume").raise_for_status()
