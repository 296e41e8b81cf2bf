"""Each pattern runs plainly and under chaos of several seeds."""

from collections.abc import Iterator

import pytest

from local.testing.chaos import Chaos
from tests.local.patterns.apps.effects import WORLD

SEEDS = (None, 3, 7, 11)


@pytest.fixture(params=SEEDS, ids=lambda seed: "plain" if seed is None else f"seed {seed}")
def chaos(request: pytest.FixtureRequest) -> Chaos | None:
    """Faults of a seed, or none; what an app has to stand is more than what Azure does."""
    return None if request.param is None else Chaos(seed=request.param)


@pytest.fixture(autouse=True)
def _no_effects() -> Iterator[None]:
    WORLD.forget()
    yield
    WORLD.forget()
