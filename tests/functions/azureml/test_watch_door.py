"""`POST /api/jobs/{name}/watch`: a job that somebody else submitted is waited for, once, and never cancelled."""

import asyncio
import json
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import azure.functions as func
import pytest

from functions import adapters
from functions.triggers.jobs import begin_watch
from shared import names
from shared.contracts.jobs import JobEnd
from tests.functions.azureml.workspace import EventGrid, Site

THEIRS = "their-job_1"


@pytest.fixture(autouse=True)
def _nothing_was_purged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("functions.tracing._configure", lambda: None)
    monkeypatch.setattr(adapters, "inbox", lambda: SimpleNamespace(get=lambda *_: None))


async def _watch(client: Any, name: str = THEIRS, body: bytes = b"") -> tuple[int, dict[str, Any]]:
    request = func.HttpRequest(
        "POST", f"http://app/api/jobs/{name}/watch", route_params={"name": name}, headers={}, body=body
    )
    answer = await begin_watch(request, client)
    return answer.status_code, json.loads(answer.get_body())


async def _end(site: Site) -> JobEnd:
    return JobEnd.from_wire((await site.app.finish(names.watcher(THEIRS))).get_output())


async def test_whoever_asks_twice_is_told_of_one_wait(site: Site) -> None:
    """The same status URL; its events wake the wait, as they do for a job of ours."""
    site.double.plan(THEIRS, statuses=["Running"])
    site.platform.submit_job(THEIRS, site.pipeline, "theirs", {}, {})
    grid = EventGrid(site)
    first, second = await _watch(site.app.client), await _watch(site.app.client, body=b'{"run_minutes": 5}')
    assert first == second
    assert first[0] == 202
    assert names.watcher(THEIRS) in first[1]["statusQueryGetUri"]
    await site.app.engine.advance(timedelta(minutes=30))
    told_at = site.minutes
    site.double.set_job(THEIRS, "Completed")
    await grid.delivered()
    end = await _end(site)
    assert (end.outcome, end.status) == ("completed", "Completed")
    assert site.minutes - told_at < 1


async def test_its_budgets_are_the_requests(site: Site) -> None:
    """When they are over the wait ends, and the job goes on."""
    site.double.plan(THEIRS, queue_seconds=0, run_seconds=1e9)
    site.platform.submit_job(THEIRS, site.pipeline, "theirs", {}, {})
    await _watch(site.app.client, body=b'{"queue_minutes": 1, "run_minutes": 30}')
    end = await _end(site)
    assert (end.outcome, end.stopped) == ("expired", False)
    assert "was Running after 30 minutes. It is not ours: it goes on" in end.reason
    assert site.double.job_status(THEIRS) == "Running"


async def test_a_wait_that_has_ended_can_be_begun_again(site: Site) -> None:
    """With the budgets that are asked for then, under the same URL, and the events of the job wake the new one."""
    site.double.plan(THEIRS, queue_seconds=0, run_seconds=1e9)
    site.platform.submit_job(THEIRS, site.pipeline, "theirs", {}, {})
    urls = await _watch(site.app.client, body=b'{"run_minutes": 30}')
    assert (await _end(site)).outcome == "expired"
    assert await _watch(site.app.client, body=b'{"run_minutes": 300}') == urls
    grid = EventGrid(site)
    await site.app.engine.advance(timedelta(minutes=100))
    told_at = site.minutes
    site.double.set_job(THEIRS, "Completed")
    await grid.delivered()
    assert (await _end(site)).outcome == "completed"
    assert site.minutes - told_at < 1


async def test_a_wait_that_was_deleted_after_its_time_can_be_begun_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What retention keeps of it, so that no late delivery starts it again, does not keep a person from asking."""
    site.platform.submit_job(THEIRS, site.pipeline, "theirs", {}, {})
    urls = await _watch(site.app.client)
    before = await _end(site)
    await site.app.client.purge_orchestration(names.watcher(THEIRS))
    monkeypatch.setattr(adapters, "inbox", lambda: SimpleNamespace(get=lambda *_: "it was begun once"))
    assert await site.app.client.get_orchestration_state(names.watcher(THEIRS)) is None
    assert await _watch(site.app.client) == urls
    assert (await _end(site)).outcome == before.outcome == "completed"


async def test_one_of_many_who_ask_at_once_begins_the_wait(site: Site) -> None:
    """After the end of another one as before: it is replaced once."""
    site.double.plan(THEIRS, queue_seconds=0, run_seconds=1e9)
    site.platform.submit_job(THEIRS, site.pipeline, "theirs", {}, {})
    began = []
    for budget in (30, 60):
        bodies = [b'{"run_minutes": %d}' % (budget + more) for more in range(5)]
        answers = await asyncio.gather(*(_watch(site.app.client, body=body) for body in bodies))
        assert all(answer == answers[0] for answer in answers)
        assert (await _end(site)).outcome == "expired"
        state = await site.app.client.get_orchestration_state(names.watcher(THEIRS))
        assert state is not None
        began.append(state.created_at)
    assert began[0] < began[1]


async def test_a_job_that_nobody_knows_ends_the_wait(site: Site) -> None:
    """It was never submitted, or is gone."""
    assert (await _watch(site.app.client))[0] == 202
    end = await _end(site)
    assert (end.outcome, end.reads) == ("vanished", 3)
    assert "does not know the job" in end.reason


@pytest.mark.parametrize(
    ("name", "body", "right"),
    [
        ("a b", b"", "is not the name of a job"),
        ("-a", b"", "a letter or digit first"),
        (THEIRS, b"[]", "an object is needed"),
        (THEIRS, b"{", "The body is no JSON"),
        (THEIRS, b'{"run_minutes": 0}', "`run_minutes`"),
        (THEIRS, b'{"queue_minutes": 99999}', "from 1 to 43200"),
        (THEIRS, b'{"cancel": true}', "Allowed: queue_minutes, run_minutes"),
    ],
)
async def test_anything_else_is_refused(name: str, body: bytes, right: str) -> None:
    """The answer says what would be right, and the engine is not asked."""
    status, problem = await _watch(None, name, body)
    assert status == 400
    assert right in problem["detail"]
