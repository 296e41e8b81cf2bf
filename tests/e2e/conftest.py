"""One stack for the tests that only look at a finished run, or add to it."""

from collections.abc import Iterator
from typing import Any

import pytest

from local.stack import Ports, Stack
from tests.e2e.running import Running, final_state

#: The search for lost events runs only when a test asks for it, and nothing begins by the clock.
NEVER = {
    "SIGNALBOX_RECONCILE_SCHEDULE": "0 0 0 29 2 *",
    "SIGNALBOX_TICK_SCHEDULE": "0 0 0 29 2 *",
    "SIGNALBOX_RETENTION_SCHEDULE": "0 0 0 29 2 *",
    "SIGNALBOX_ANCHOR_SCHEDULE": "0 0 0 29 2 *",
    "SIGNALBOX_SETTLE_SECONDS": "0",
}
#: The same, of the example's two models of JFK mainline only.
DEV = {**NEVER, "SIGNALBOX_ENVIRONMENT": "dev"}


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A stack on which nothing has happened yet."""
    with Stack(tmp_path_factory.mktemp("stack"), ports=Ports.free(), settings=DEV) as stack:
        running = Running(stack)
        try:
            yield running
        finally:
            running.close()


@pytest.fixture(scope="session")
def incomplete(running: Running) -> list[dict[str, Any]]:
    """What became of the year's data when all files but the last one had landed; the broken one was corrected."""
    return running.land_year()


@pytest.fixture(scope="session")
def undisturbed(running: Running, incomplete: list[dict[str, Any]]) -> dict[str, Any]:
    """All effects of a path from raw files to released models that nothing disturbed."""
    assert incomplete
    running.wait_released()
    final = final_state(running)
    running.stack.check()
    return final


@pytest.fixture(scope="session")
def released(running: Running, undisturbed: dict[str, Any]) -> Running:
    """The stack on which the example's raw files have become released models."""
    assert undisturbed
    return running
