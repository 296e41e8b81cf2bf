"""A service that is down: work waits for it with backoff, and goes on when it is back."""

from pathlib import Path

import pytest

from local.stack import Ports, Stack
from tests.e2e.conftest import DEV
from tests.e2e.running import FAST, MODELS, Running, eventually

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]


def test_registry_and_scoring_are_down_when_they_are_needed(tmp_path: Path) -> None:
    """Trained models wait for the registry, the release waits for the scoring service; each effect happens once."""
    with Stack(tmp_path, ports=Ports.free(), settings=DEV) as stack:
        running = Running(stack)
        stack.kill("mlflow")
        stack.kill("scoring")
        running.land()
        eventually(
            lambda: [job["status"] for job in running.http.get(f"{stack.jobs_url}/jobs").json()["jobs"]],
            lambda states: states == ["Completed"] * 3,
            "both models and their baseline are trained",
        )
        assert running.model(FAST).state == "training"
        stack.restart("mlflow")
        running.wait_state(FAST, "releasing")
        stack.restart("scoring")
        running.wait_released(seconds=150)
        for name in MODELS:
            assert [version.number for version in running.observer.versions(name)] == ["1"]
            running.wait_effect(name, "ModelReleased")
        running.close()
