"""A fleet whose models share one slot: their turns, a kill, runs that fail in part and are retried, and the clock.

The tests of this file tell one story, in their order.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.contracts.deliveries import Delivery
from shared.storage.inbox import TableInbox
from tests.e2e.running import FAST, MODELS, PATIENCE, SLOW, Running, eventually

pytestmark = [pytest.mark.stack, pytest.mark.timeout(1200)]

#: A training of one step that does not train.
_ONE_STEP = """
type: pipeline
experiment_name: departures
inputs:
  dataset: {{type: uri_folder, path: azureml://datastores/workspaceblobstore/paths/flights/}}
  champion: {{type: mlflow_model}}
  origin: JFK
  format: mainline
  movement: slow
outputs:
  model: {{type: uri_folder}}
  evaluation: {{type: uri_file}}
jobs:
  train:
    type: command
    command: {does}
    environment: azureml:flights-forecast:1
    limits: {{timeout: {seconds}}}
    outputs:
      model: ${{{{parent.outputs.model}}}}
      evaluation: ${{{{parent.outputs.evaluation}}}}
"""


def _trainings(running: Running) -> list[dict[str, Any]]:
    """The jobs that train models, the oldest first; a baseline's belongs to the training that submits it."""
    jobs = [job for job in running.jobs() if job["name"].startswith("train-") and job["experiment_name"] in MODELS]
    return sorted(jobs, key=lambda job: job["created_at"])


def _train(running: Running, request: str) -> dict[str, Any]:
    """Begin a run over all models of JFK, whatever they are trained on; its status, once it has ended."""
    body = {"select": {"origin": "JFK"}, "again": True, "request_id": request}
    return _ended(running, "/api/datafactory/train", body)


def _retry(running: Running, run: str) -> dict[str, Any]:
    return _ended(running, f"/api/runs/{run}/retry", {})


def _ended(running: Running, path: str, body: dict[str, Any]) -> dict[str, Any]:
    begun = running.http.post(path, json=body)
    assert begun.status_code == 202, begun.text
    running.finished(begun.json()["statusQueryGetUri"])
    run: dict[str, Any] = running.http.get(f"/api/runs/{begun.json()['id']}").json()
    return run


def _outcomes(run: dict[str, Any]) -> dict[str, str]:
    return {cell["name"]: cell["outcome"] for cell in run["cells"]}


def _reason(run: dict[str, Any], name: str) -> str:
    return next(str(cell["reason"]) for cell in run["cells"] if cell["name"] == name)


def test_one_trains_while_the_other_waits_and_a_kill_changes_nothing(one_at_a_time: Running) -> None:
    """The waiting model is queued and says why; killed in that moment, each is trained once, one after the other."""
    running = one_at_a_time
    running.land_year()
    states = eventually(
        lambda: {running.model(name).state: running.model(name) for name in MODELS},
        lambda found: set(found) == {"queued", "training"} and bool(_trainings(running)),
        "one model trains and the other waits",
    )
    running.stack.kill("host")
    assert "waits for one of the 1 slots of the fleet" in states["queued"].reason
    running.stack.restart_host()
    running.wait_released()
    first, second = _trainings(running)
    assert {first["experiment_name"], second["experiment_name"]} == set(MODELS)
    assert first["ended_at"] <= second["created_at"]
    for name in MODELS:
        assert running.effects(name).count("ModelRegistered") == 1
        assert [version.number for version in running.observer.versions(name)] == ["1"]


def test_a_run_fails_in_part_and_only_that_is_retried(one_at_a_time: Running, one_slot_fleet: Path) -> None:
    """A job that hangs and one that loses its outputs fail with their reason; the other model is left alone."""
    running, pipeline = one_at_a_time, one_slot_fleet.parent / "pipelines/train_slow.yml"
    sound = pipeline.read_text()

    pipeline.write_text(_ONE_STEP.format(does="sleep 3600", seconds=2))
    run = _train(running, "hangs")
    assert _outcomes(run) == {FAST: "passed", SLOW: "failed"}
    assert "exceeded its limit of 2 s" in _reason(run, SLOW)
    assert (run["state"], run["reason"]) == ("done", "2 cells: 1 passed, 1 failed.")
    assert running.data.read(run["digest"])

    pipeline.write_text(_ONE_STEP.format(does="echo nothing", seconds=PATIENCE))
    run = _retry(running, run["run"])
    assert _outcomes(run) == {SLOW: "failed"}
    assert "its output `evaluation` cannot be read" in _reason(run, SLOW)
    assert running.model(SLOW).row["champion"] == "1"

    pipeline.write_text(sound)
    run = _retry(running, run["run"])
    assert _outcomes(run) == {SLOW: "passed"}
    running.wait_released("2")
    assert [job["experiment_name"] for job in _trainings(running)].count(FAST) == 2
    assert running.http.post(f"/api/runs/{run['run']}/retry").status_code == 409


def test_a_schedule_begins_one_run(one_at_a_time: Running, one_slot_fleet: Path) -> None:
    """The minute for which the app was down is caught up, once, whatever is started again afterwards."""
    running, due = one_at_a_time, datetime.now(UTC) - timedelta(minutes=1)
    schedule = f"daily {due:%H:%M}"
    seen = Delivery(channel="schedule", key="flights/score", subject="flights score", outcome="accepted",
                    received_at=due - timedelta(hours=1), reason="", body=f"{schedule} UTC")  # fmt: skip
    TableInbox(running.stack.storage).conclude(seen)
    running.stack.kill("host")
    one_slot_fleet.write_text(f"{one_slot_fleet.read_text()}\nschedule: {{score: {schedule}}}\n")
    running.stack.restart_host()
    run = eventually(lambda: _scheduled(running), lambda runs: [run["state"] for run in runs] == ["done"], "a run")[0]
    assert run["counts"] == {"scored": 1, "skipped": 1}
    running.wait_effect(SLOW, "PredictionsPublished", 3)
    running.stack.restart_host()
    running.reconcile()
    assert [one["run"] for one in _scheduled(running)] == [run["run"]]
    told = [one for one in running.deliveries("schedule") if one["key"].startswith("flights/score/")]
    assert [one["outcome"] for one in told] == ["accepted"]


def _scheduled(running: Running) -> list[dict[str, Any]]:
    runs: list[dict[str, Any]] = running.http.get("/api/runs").json()["runs"]
    return [run for run in runs if run["requested_by"] == "schedule"]
