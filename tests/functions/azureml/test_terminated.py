"""A training that was terminated cannot cancel its job; the search for lost events finds it, and has that done."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from functions import adapters
from functions.triggers.reconciling import begin_reconciliation
from shared import names
from shared.contracts.jobs import JobEnd
from shared.contracts.reconciliation import LostArrivals, LostVersions
from shared.interlock.row import model_row
from shared.interlock.state import InterlockState
from shared.settings import Settings
from tests.functions.azureml.workspace import Site
from tests.shared.interlock.builders import published


@pytest.fixture
def searched(site: Site, monkeypatch: pytest.MonkeyPatch) -> list[InterlockState]:
    """What the read model shows to the search; nothing else was lost."""
    shown: list[InterlockState] = []
    rows = SimpleNamespace(all=lambda: [row for state in shown if (row := model_row(state)) is not None])
    monkeypatch.setattr(adapters, "read_model", lambda: rows)
    monkeypatch.setattr(adapters, "inbox", lambda: SimpleNamespace(get=lambda *_: None))
    monkeypatch.setattr(adapters, "fleets", lambda: SimpleNamespace(all=()))
    few = Settings.model_construct(settle_seconds=30)
    monkeypatch.setattr("functions.triggers.reconciling.settings", lambda: few)
    site.app.engine_functions |= {
        names.FIND_LOST_VERSIONS: lambda _: {"result": LostVersions(versions=()).to_wire()},
        names.FIND_LOST_ARRIVALS: lambda _: {"result": LostArrivals(orders=()).to_wire()},
    }
    return shown


async def test_the_job_is_cancelled_and_the_model_goes_on(site: Site, searched: list[InterlockState]) -> None:
    """Once, however often the search comes by, and seen to have stopped; the next dataset is trained on."""
    site.double.plan("*", hang="Running", cancel=2)
    await site.app.tell(published("d1"))
    state = await site.app.until_summary("training")
    job = state.trainings[0].instance
    await site.app.engine.run_until_idle()
    await site.app.client.terminate_orchestration(job)
    await site.app.engine.run_until_idle()
    assert site.double.job_status(job) == "Running"
    searched.append(state)
    for _ in range(2):
        await begin_reconciliation(site.app.client, datetime.now(UTC))
    stopped = await site.app.finish(names.watcher(job, "reconcile"))
    end = JobEnd.from_wire(stopped.get_output())
    assert (end.outcome, end.stopped) == ("unwanted", True)
    assert "has died, and was cancelled" in end.reason
    assert site.double.job_status(job) == "Canceled"
    assert len(site.double.requests("POST", f"/jobs/{job}/cancel")) == 1
    state = await site.app.until_summary("failed")
    assert "ended as terminated without a result" in state.reason

    site.double.plan("*")
    await site.app.tell(published("d2", 1))
    state = await site.app.until_summary("registered")
    assert [training.outcome for training in state.trainings] == ["failed", "passed"]
