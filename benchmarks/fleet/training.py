"""The real app trains fleets of any size: storage is real, jobs and registry answer at once."""

import asyncio
import sys
import time
from typing import Any

from benchmarks.fleet.files import raw_file
from benchmarks.fleet.instant import InstantPlatform, InstantRegistry
from local.testing.app import TestApp

_PATIENCE_SECONDS = 900.0


def load_app() -> Any:
    """The app, with a platform and a registry that answer at once; the settings have to be in the environment."""
    import function_app  # noqa: PLC0415 - it reads the settings, which are only now there
    from functions import adapters  # noqa: PLC0415

    platform, registry = InstantPlatform(), InstantRegistry()
    adapters.platform = lambda: platform  # type: ignore[assignment]
    adapters.registry = lambda: registry  # type: ignore[assignment]
    return function_app.app


async def train(app: TestApp, fleet: str, models: int, edition: int = 0) -> float:
    """Let an edition of a fleet's file land, and wait until so many models have been trained on it; seconds.

    Editions are counted from 0, and each makes one version of every model.
    """
    from functions import adapters  # noqa: PLC0415 - as above
    from functions.arrivals import conditioning_orders  # noqa: PLC0415
    from functions.triggers.starting import start_once, utc_now  # noqa: PLC0415
    from shared import names  # noqa: PLC0415

    path, content = raw_file(fleet, edition)
    adapters.landing().write(path, content)
    (arrival,) = adapters.landing().list(path)
    started = time.perf_counter()
    for order in conditioning_orders(arrival, utc_now()):
        instance = names.instance_id(f"condition {order.dataset}", order.fleet, order.cell, arrival.key)
        await start_once(app.client, names.CONDITION_DATASET, order, instance)
    async with asyncio.timeout(_PATIENCE_SECONDS):
        await app.engine.run_until_idle()
    taken = time.perf_counter() - started
    rows = [row for row in adapters.read_model().all() if row.fleet == fleet]
    trained = sum(row.state == "registered" and row.version == str(edition + 1) for row in rows)
    assert trained >= models, f"{fleet}: {trained} of {models} models were trained"
    return taken


def say(text: str) -> None:
    """A line of progress, apart from the result."""
    print(text, file=sys.stderr, flush=True)
