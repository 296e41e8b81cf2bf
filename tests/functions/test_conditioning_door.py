"""`GET /api/conditioning`: what is being conditioned at this moment."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from functions import tracing
from local.testing.app import TestApp
from local.testing.functions import Functions
from shared import names
from shared.contracts.conditioning import ConditionDatasetInput, SourceFile
from shared.contracts.ranges import ConditionFileInput
from tests.functions.fleet_in_memory import START
from tests.functions.test_fleet_run_doors import ask

PROGRESS = {"step": "conditioning", "file": "raw/a.csv", "rows": 7, "bytes": 42, "of_bytes": 100,
            "rows_per_s": 7, "mb_per_s": 0.1, "seconds_left": 1}  # fmt: skip
CELL = {"origin": "JFK", "month": "2013-06"}


@pytest.fixture
async def app(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[TestApp]:
    """Orchestrators that say what they are told, and wait until they are told to end."""
    monkeypatch.setattr(tracing, "_configure", lambda: None)  # where spans go is not looked at
    names_ = (names.CONDITION_DATASET, names.CONDITION_FILE, names.CONDITION_RANGES)
    async with TestApp(Functions(dict.fromkeys(names_, _waiting), {}, {})) as running:
        yield running


def _waiting(context: Any, payload: Any) -> Any:
    status = SAID.get(context.instance_id)
    if status is not None:
        context.set_custom_status(status)
    yield context.wait_for_external_event("end")


#: What an instance says, by its id.
SAID: dict[str, Any] = {
    "condition-d-1": {"step": "conditioning", "cell": CELL, "files": ["file-raw-a-1", "file-raw-b-2"]},
    "condition-d-2": {"step": "looking for sources", "cell": CELL},
    "file-raw-a-1": PROGRESS,
    "file-raw-c-3": {"step": "committing", "file": "raw/c.csv", "ranges": 3},
}


def cell(cause: str, fleet: str = "demo") -> dict[str, Any]:
    """The input of `condition_dataset`."""
    order = ConditionDatasetInput(fleet=fleet, dataset="departures", cell=CELL, cause=cause, at=START)
    return order.to_wire()


def file(path: str, fleet: str = "demo") -> dict[str, Any]:
    """The input of `condition_file`."""
    source = SourceFile(source="flights", path=path, etag="1", size=100)
    return ConditionFileInput(fleet=fleet, cell=CELL, file=source).to_wire()


async def begin(app: TestApp, name: str, instance: str, order: dict[str, Any]) -> Callable[[], Any]:
    """Start an instance; gives what ends it."""
    await app.start(name, order, instance_id=instance)

    async def end() -> None:
        await app.client.raise_orchestration_event(instance, "end")
        await app.finish(instance)

    return end


async def test_cells_are_told_with_their_large_files(app: TestApp) -> None:
    """A file has the cell that waits for it, and its own words; one that has said nothing yet is planned."""
    await begin(app, names.CONDITION_DATASET, "condition-d-1", cell("run:run-1"))
    await begin(app, names.CONDITION_DATASET, "condition-d-2", cell("landing/raw/a.csv@1"))
    for instance, path in (("file-raw-a-1", "raw/a.csv"), ("file-raw-b-2", "raw/b.csv"), ("file-raw-c-3", "raw/c.csv")):
        await begin(app, names.CONDITION_FILE, instance, file(path))
    await begin(app, names.CONDITION_RANGES, "file-but-another-orchestrator", {})
    await app.run_until_idle()
    status, told = await ask(app, "list_conditioning")
    assert status == 200
    one, other = sorted(told["cells"], key=lambda found: found["instance"])
    assert (one["cell"], one["cause"], one["step"]) == (
        "departures origin=JFK month=2013-06", "run:run-1", "conditioning",
    )  # fmt: skip
    assert (other["cause"], other["step"]) == ("landing/raw/a.csv@1", "looking for sources")
    a, b, c = sorted(told["files"], key=lambda found: found["file"])
    assert a == {"instance": "file-raw-a-1", "of": "condition-d-1", "fleet": "demo", **PROGRESS}
    assert (b["of"], b["file"], b["step"]) == ("condition-d-1", "raw/b.csv", "planning")
    assert (c["of"], c["step"]) == (None, "committing")


async def test_what_has_ended_is_not_told(app: TestApp) -> None:
    """Nor what belongs to another fleet, where one is asked for."""
    end = await begin(app, names.CONDITION_DATASET, "condition-d-1", cell("run:run-1"))
    await begin(app, names.CONDITION_DATASET, "condition-d-2", cell("run:run-2", fleet="other"))
    await begin(app, names.CONDITION_FILE, "file-raw-a-1", file("raw/a.csv", fleet="other"))
    await app.run_until_idle()
    _, told = await ask(app, "list_conditioning", params={"fleet": "demo"})
    assert ([one["instance"] for one in told["cells"]], told["files"]) == (["condition-d-1"], [])
    await end()
    _, told = await ask(app, "list_conditioning")
    assert [one["instance"] for one in told["cells"]] == ["condition-d-2"]


async def test_an_instance_of_another_version_of_the_app_is_left_out(app: TestApp) -> None:
    """What it was told cannot be read, and keeps nothing else from being told."""
    await begin(app, names.CONDITION_DATASET, "condition-d-1", {"dataset": "departures"})
    await begin(app, names.CONDITION_FILE, "file-raw-a-1", file("raw/a.csv"))
    await begin(app, names.CONDITION_FILE, "file-raw-b-2", {"path": "raw/b.csv"})
    await app.run_until_idle()
    _, told = await ask(app, "list_conditioning")
    assert (told["cells"], [one["file"] for one in told["files"]]) == ([], ["raw/a.csv"])
