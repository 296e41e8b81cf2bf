"""SIGKILL of host and engine at random points of the path: the end is the same, and no effect is doubled."""

import random
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.stack import Ports, Stack
from tests.e2e.conftest import NEVER
from tests.e2e.running import FAST, MODELS, Running

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]
KILLS = 5


def _final_state(running: Running) -> dict[str, Any]:
    """All effects where they happened: registry, scoring service, ledger, published data."""
    log = running.http.get(f"{running.stack.scoring_url}/log").json()["effects"]
    return {
        "versions": {name: [(one.number, one.stage, one.aliases) for one in running.observer.versions(name)]
                     for name in MODELS},
        "scoring": Counter((effect["action"], effect["deployment"]) for effect in log),
        "ledger": {name: running.effects(name) for name in MODELS},
        "figures": {name: running.model(name).figure("model") for name in MODELS},
        "published": [len(running.observer.published(running.model(n).row["serving"]["published"]))
                      for n in MODELS if running.model(n).row["serving"].get("published")],
        "jobs": sorted(job["name"].rsplit("-", 2)[0] for job in
                       running.http.get(f"{running.stack.jobs_url}/jobs").json()["jobs"]),
    }  # fmt: skip


def test_killed_five_times_ends_as_undisturbed(released: Running, tmp_path: Path) -> None:
    """Registry, scoring service, ledger and jobs hold the same effects, each once, as a run that nobody disturbed."""
    chance = random.Random(20261120)
    with Stack(tmp_path, ports=Ports.free(), settings=NEVER) as stack:
        running = Running(stack)
        running.land()
        for _ in range(KILLS):
            _let_it_work(running, chance.uniform(0.2, 2.0))
            stack.kill("host")
            stack.restart_host()
        running.wait_released(seconds=240)
        disturbed = _final_state(running)
        stack.check()
        running.close()
    assert disturbed["versions"] == {name: [("1", "Production", ("champion",))] for name in MODELS}
    assert all(count == 1 for count in disturbed["scoring"].values()), disturbed["scoring"]
    assert all(len(set(effects)) == len(effects) for effects in disturbed["ledger"].values()), disturbed["ledger"]
    undisturbed = {name: released.effects(name)[: len(disturbed["ledger"][name])] for name in MODELS}
    assert disturbed["ledger"] == undisturbed
    first = {
        name: released.observer.ledger(name)[1]["entry"]["facts"]["evaluation"]["model"]["mape"] for name in MODELS
    }
    assert disturbed["figures"] == first
    assert len(disturbed["jobs"]) == 4  # two trainings, and two scorings of the batch model
    assert disturbed["published"] == [44]


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
