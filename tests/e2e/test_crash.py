"""SIGKILL of host and engine at random points of the path: the end is the same, and no effect is doubled."""

import random
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import DEV
from tests.e2e.running import BASELINE, FAST, FILES, MODELS, Running, final_state, running_stack

pytestmark = [pytest.mark.stack, pytest.mark.soak, pytest.mark.timeout(1200)]
KILLS = 5


def test_killed_five_times_ends_as_undisturbed(undisturbed: dict[str, Any], tmp_path: Path) -> None:
    """Registry, scoring service, ledger, jobs and predictions hold the same effects as a run that nobody disturbed."""
    released = {name: [("1", "Production", ("champion",))] for name in MODELS}
    assert undisturbed["versions"] == {**released, BASELINE: [("1", "None", ())]}
    assert _killed(tmp_path) == undisturbed


def _killed(state: Path) -> dict[str, Any]:
    """The path from raw files to released models, with SIGKILL of host and engine at random points.

    All files land at once, so that the first kills hit twenty conditionings of one dataset.
    """
    chance = random.Random(20261120)
    with running_stack(state, DEV) as running:
        running.land(*FILES)
        for _ in range(KILLS):
            _let_it_work(running, chance.uniform(0.2, 2.0))
            running.stack.kill("host")
            running.stack.restart_host()
        running.wait_released()
        final = final_state(running)
        running.stack.check()
    return final


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
