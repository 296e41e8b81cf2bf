"""One stack for the tests that only look at a finished run, or add to it."""

from collections.abc import Iterator

import pytest

from local.stack import Ports, Stack
from tests.e2e.running import FAST, SLOW, Running

#: The search for lost events runs only when a test asks for it, and nothing begins by the clock.
NEVER = {
    "SIGNALBOX_RECONCILE_SCHEDULE": "0 0 0 29 2 *",
    "SIGNALBOX_TICK_SCHEDULE": "0 0 0 29 2 *",
    "SIGNALBOX_RETENTION_SCHEDULE": "0 0 0 29 2 *",
    "SIGNALBOX_SETTLE_SECONDS": "0",
}


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A stack on which the example's raw files have become released models."""
    with Stack(tmp_path_factory.mktemp("stack"), ports=Ports.free(), settings=NEVER) as stack:
        running = Running(stack)
        try:
            running.land()
            running.wait_released()
            running.wait_effect(FAST, "QaTornDown")
            running.wait_effect(SLOW, "ModelReleased")
            yield running
        finally:
            running.close()
