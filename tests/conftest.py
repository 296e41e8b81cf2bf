"""Fixtures for all tests, and what holds for every property that Hypothesis tests."""

from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.fixtures_services"]

# No test is timed: on two busy cores any example may take its time.
settings.register_profile(
    "unhurried", parent=settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("unhurried")
