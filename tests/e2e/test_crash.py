"""SIGKILL of host and engine at random points of the path: the end is the same, and no effect is doubled."""

import random
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.stack import Ports, Stack
from tests.e2e.conftest import DEV
from tests.e2e.running import BASELINE, FAST, MODELS, SLOW, Running, eventually

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]
KILLS = 5


def _final_state(running: Running) -> dict[str, Any]:
    """All effects where they happened: registry, scoring service, ledger, jobs, published data."""
    log = running.http.get(f"{running.stack.scoring_url}/log").json()["effects"]
    return {
        "versions": {name: [(one.number, one.stage, one.aliases) for one in running.observer.versions(name)]
                     for name in (*MODELS, BASELINE)},
        "scoring": Counter((effect["action"], effect["endpoint"], effect["deployment"]) for effect in log),
        "ledger": {name: running.effects(name) for name in MODELS},
        "figures": {name: running.model(name).figure("model") for name in MODELS},
        "predictions": running.observer.published(running.model(SLOW).row["serving"]["published"]),
        "steps": Counter((job["experiment_name"], step["name"], step["status"], step["attempt"])
                         for job in running.jobs() for step in job["steps"]),
    }  # fmt: skip


def test_killed_five_times_ends_as_undisturbed(tmp_path: Path) -> None:
    """Registry, scoring service, ledger, jobs and predictions hold the same effects as a run that nobody disturbed."""
    undisturbed = _run(tmp_path / "undisturbed", kills=0)
    released = {name: [("1", "Production", ("champion",))] for name in MODELS}
    assert undisturbed["versions"] == {**released, BASELINE: [("1", "None", ())]}
    assert _run(tmp_path / "disturbed", kills=KILLS) == undisturbed


def _run(state: Path, kills: int) -> dict[str, Any]:
    """The path from raw files to released models, with SIGKILL of host and engine at random points."""
    chance = random.Random(20261120)
    with Stack(state, ports=Ports.free(), settings=DEV) as stack:
        running = Running(stack)
        running.land()
        for _ in range(kills):
            _let_it_work(running, chance.uniform(0.2, 2.0))
            stack.kill("host")
            stack.restart_host()
        running.wait_released(seconds=240)
        for name in MODELS:  # the last entries are written after the interlock has been told
            eventually(lambda name=name: _settled(running, name), bool, f"the end of {name}")  # type: ignore[misc]
        final = _final_state(running)
        stack.check()
        running.close()
    return final


def _settled(running: Running, name: str) -> bool:
    return running.effects(name)[-1] == ("QaTornDown" if name == FAST else "ModelReleased")


def _let_it_work(running: Running, seconds: float) -> None:
    """Let the host work for a while, measured from when it first answers; ends early when all is done."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if running.model(FAST).state == "released":
                return
        except httpx.TransportError:
            until += 0.05
        time.sleep(0.05)
