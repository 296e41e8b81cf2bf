"""Fixtures for all tests, what holds for every property that Hypothesis tests, and which worker runs what."""

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import Scheduling

pytest_plugins = ["tests.fixtures_services"]

# No test is timed: on two busy cores any example may take its time.
settings.register_profile(
    "unhurried", parent=settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("unhurried")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: "Producer") -> "Scheduling | None":
    """Files that share a stack or a server go to one worker."""
    from tests.scheduling import scheduler

    return scheduler(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """They run in the order in which they build on each other."""
    from tests.scheduling import put_in_order

    put_in_order(items)
