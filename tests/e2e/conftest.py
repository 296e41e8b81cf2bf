"""One stack for the tests that only look at a finished run, or add to it."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.settings import APP_ROOT
from tests.data_factory.executor import Factory
from tests.data_factory.listener import CallbackListener
from tests.data_factory.scene import Scene
from tests.e2e.running import Running, final_state, running_stack

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
def fleet_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example's fleet file with all that belongs to it, to be changed by whoever comes last."""
    return shutil.copytree(APP_ROOT / "examples/flights", tmp_path_factory.mktemp("fleet") / "flights") / "fleet.yaml"


@pytest.fixture(scope="session")
def running(fleet_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A stack on which nothing has happened yet."""
    settings = {**DEV, "SIGNALBOX_FLEET": str(fleet_file)}
    with running_stack(tmp_path_factory.mktemp("stack"), settings) as running:
        yield running


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


@pytest.fixture(scope="session")
def listener() -> Iterator[CallbackListener]:
    """Where a Data Factory waits to be called back."""
    with CallbackListener() as listener:
        yield listener


@pytest.fixture(scope="session")
def one_slot_fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fleet file of our own: one job at a time, and a pipeline of its own for the slow routes."""
    folder = tmp_path_factory.mktemp("example") / "flights"
    shutil.copytree(APP_ROOT / "examples/flights", folder)
    shutil.copy(folder / "pipelines/train.yml", folder / "pipelines/train_slow.yml")
    before, after = (folder / "fleet.yaml").read_text().rsplit("pipelines/train.yml", 1)
    text = f"{before}pipelines/train_slow.yml{after}"
    for example, ours in (("at_once: 4", "at_once: 1"), ("timezone: America/New_York", "timezone: UTC")):
        assert example in text
        text = text.replace(example, ours)
    (folder / "fleet.yaml").write_text(text)
    return folder / "fleet.yaml"


@pytest.fixture(scope="session")
def one_at_a_time(
    one_slot_fleet: Path, listener: CallbackListener, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """Another stack: it looks at its fleet's schedules every second, and may call a Data Factory back."""
    settings = {
        **DEV,
        "SIGNALBOX_FLEET": str(one_slot_fleet),
        "SIGNALBOX_TICK_SCHEDULE": "* * * * * *",
        "SIGNALBOX_CALLBACK_HOSTS": f"*.svc.datafactory.azure.com, {listener.origin}",
    }
    with running_stack(tmp_path_factory.mktemp("stack"), settings) as running:
        yield running


@pytest.fixture(scope="session")
def scene(one_at_a_time: Running, listener: CallbackListener) -> Scene:
    """The same stack, with a Data Factory that calls it."""
    return Scene(one_at_a_time, Factory(listener, {"signalbox-function-key": "of-no-use-here"}), listener)
