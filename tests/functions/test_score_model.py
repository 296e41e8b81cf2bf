"""A scoring publishes a period once, never over a later one, and its interlock learns how it ended, whatever fails."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from functions import adapters
from functions.activities.scoring import publish_predictions, restore_predictions
from local.durable.clock import SkippingClock
from local.durable.engine import Engine
from local.durable.servicer import serve
from local.testing.chaos import Chaos, ChaosWorker
from local.testing.sdk_worker import SdkWorker
from shared import names
from shared.contracts.datasets import DatasetRef
from shared.contracts.interlock import ScoringRequested
from shared.contracts.policy import ServePolicy
from shared.contracts.published_predictions import (
    PublishedPredictions,
    PublishPredictionsInput,
    RestorePredictionsInput,
)
from shared.contracts.scoring import Publication, ScoreModelInput, ScoringOutcome
from shared.errors import PermanentError
from shared.interlock.state import InterlockState
from tests.functions.conftest import App, app_functions
from tests.functions.world import Fault, World
from tests.local.durable.conftest import client_for
from tests.shared.interlock.builders import MODEL, POLICY, at, dataset, published, registered

BATCH = POLICY.model_copy(
    update={
        "serve": ServePolicy(mode="batch", pipeline="s.yml", parameters={"until": "{as_of}", "weeks": 4}),
        "stale_days": 60,
        "tags": {"team": "forecasting"},
    }
)
ORDER = ScoreModelInput(model=MODEL, attempt=1, policy=BATCH, version="3", dataset=dataset(), at=at())
OCTOBER = datetime(2013, 10, 7, tzinfo=UTC)
STEPS = (names.SUBMIT_JOB, names.READ_JOB, names.PUBLISH_PREDICTIONS)
FAULTS: tuple[Fault, ...] = ("permanent", "outage", "lost")


def _order(**changes: Any) -> ScoreModelInput:
    return ORDER.model_copy(update=changes)


async def _score(app: App, order: ScoreModelInput = ORDER) -> ScoringOutcome:
    state = await app.run(names.SCORE_MODEL, order, f"score-{order.attempt}")
    assert state.runtime_status.name == "COMPLETED", state.failure_details
    return ScoringOutcome.from_wire(state.get_output())


class TestScoring:
    """The orchestrator."""

    async def test_a_period_is_scored_and_published(self, app: App) -> None:
        """One job with the champion and the dataset, one publication, one line in the ledger."""
        outcome = await _score(app)
        assert (outcome.outcome, outcome.published, outcome.rows) == ("scored", "predictions/v3.csv", 3)
        assert outcome.current
        assert not outcome.stale
        assert outcome.reason == "Dataset version d1: 3 predictions of version 3 are published."
        assert app.world.effects == ["PredictionsPublished"]
        job = app.world.jobs["score-1"]
        assert job["inputs"] == {
            "until": "latest",
            "weeks": 4,
            "model": {"type": "mlflow_model", "model": MODEL, "version": "3"},
            "data": {"type": "uri_folder", "path": "datasets/d1/"},
            "rows": "dataset",
        }
        assert job["tags"] == {"team": "forecasting", "signalbox.instance": "score-1", "signalbox.model": MODEL}

    async def test_the_moment_that_it_stands_for_is_filled_in(self, app: App) -> None:
        """`{as_of}` is its date, and the reason says it."""
        outcome = await _score(app, _order(as_of=OCTOBER))
        assert app.world.jobs["score-1"]["inputs"]["until"] == "2013-10-07"
        assert "as of 2013-10-07" in outcome.reason

    async def test_what_does_not_become_current_is_said(self, app: App) -> None:
        """A later period is published already: outcome and reason name it."""
        app.world.kept = "predictions/later.csv"
        outcome = await _score(app)
        assert (outcome.outcome, outcome.current, outcome.published) == ("scored", False, "predictions/v3.csv")
        assert "They are not current: predictions/later.csv is of a later period." in outcome.reason

    @pytest.mark.parametrize(
        ("since", "as_of", "stale"),
        [
            (at() - timedelta(days=60), None, False),
            (at() - timedelta(days=60, seconds=1), None, True),
            (at() - timedelta(days=60, seconds=1), at() - timedelta(days=1), False),
            (OCTOBER - timedelta(days=61), OCTOBER, True),
            (at(), OCTOBER, False),
            (None, None, False),
        ],
    )
    async def test_a_champion_that_is_too_old_is_said_to_be_stale(
        self, app: App, since: datetime | None, as_of: datetime | None, stale: bool
    ) -> None:
        """Its age at the moment that the scoring stands for counts; it is published all the same."""
        outcome = await _score(app, _order(champion_since=since, as_of=as_of))
        assert (outcome.outcome, outcome.stale) == ("scored", stale)
        assert ("The model is stale: champion for 6" in outcome.reason) is stale

    async def test_nobody_wants_to_know_when_nothing_is_stale(self, app: App) -> None:
        """Without `stale` in the fleet file no age is too old."""
        policy = BATCH.model_copy(update={"stale_days": None})
        assert not (await _score(app, _order(policy=policy, champion_since=OCTOBER))).stale

    async def test_a_job_that_failed_publishes_nothing(self, app: App) -> None:
        """The platform's own message is in the reason."""
        app.world.job_status = "Failed"
        outcome = await _score(app)
        assert outcome.outcome == "failed"
        assert "ended as Failed: boom" in outcome.reason
        assert outcome.job_failed
        assert app.world.published is None
        assert app.world.effects == ["ScoringFailed"]

    async def test_what_is_no_fault_of_the_job_is_told_apart(self, app: App) -> None:
        """An outage, or a job that somebody else stopped, says nothing of the version that it scored with."""
        app.world.faults = {names.SUBMIT_JOB: "outage"}
        down = await _score(app)
        app.world.faults, app.world.job_status = {}, "Canceled"
        stopped = await _score(app, _order(attempt=2))
        assert [(one.outcome, one.job_failed) for one in (down, stopped)] == [("failed", False)] * 2

    async def test_a_job_that_never_ends_is_cancelled(self, app: App) -> None:
        """After two hours it is asked to stop; the reads in between are few."""
        app.world.job_status = "Running"
        outcome = await _score(app)
        assert "was Running after 120 minutes" in outcome.reason
        assert set(app.world.canceled) == {"score-1"}
        assert app.world.calls[names.READ_JOB] < 25

    async def test_a_model_that_answers_online_is_not_scored(self, app: App) -> None:
        """It ends as failed with a reason, and no job is submitted."""
        outcome = await _score(app, _order(policy=POLICY))
        assert outcome.outcome == "failed"
        assert "is served online" in outcome.reason
        assert app.world.jobs == {}

    async def test_the_ledger_may_be_down_at_the_end(self, app: App) -> None:
        """What is published is published, also when it cannot be written down."""
        app.world.ledger_refuses = ("PredictionsPublished",)
        assert (await _score(app)).outcome == "scored"


class TestWithItsInterlock:
    """The interlock orders the scoring, and always learns how it ended."""

    async def _ready(self, app: App) -> None:
        await app.tell(published("d1").model_copy(update={"policy": BATCH}))
        await app.until_summary("registered")
        await app.tell(registered("1").model_copy(update={"policy": BATCH}))
        await app.until_summary("released")
        app.world.ledger.clear()

    async def _ask(self, app: App, request_id: str = "r1", minutes: int = 300) -> InterlockState:
        event = ScoringRequested(
            model=MODEL, at=at(minutes), policy=BATCH, dataset=dataset(), requested_by="ana", request_id=request_id
        )
        await app.tell(event)
        await app.tell(event)
        async with asyncio.timeout(20):
            while self._outcome(state := await app.interlock(), request_id) is None:
                await app.engine.advance(timedelta(minutes=1))
        return state

    def _outcome(self, state: InterlockState, request_id: str) -> str | None:
        return next((one.outcome for one in state.requests if one.request_id == request_id), None)

    async def test_a_request_that_is_delivered_twice_is_one_scoring(self, app: App) -> None:
        """One job, one publication, and the request is answered."""
        await self._ready(app)
        state = await self._ask(app)
        assert self._outcome(state, "r1") == "scored"
        assert app.world.effects == ["PredictionsPublished"]
        assert len([job for job in app.world.jobs if job.startswith("score-")]) == 1

    @pytest.mark.parametrize("fault", FAULTS)
    @pytest.mark.parametrize("step", STEPS)
    async def test_any_step_may_fail(self, app: App, step: str, fault: Fault) -> None:
        """Broken for good, down for an hour, or its answer lost: the request has failed, and the next one works."""
        await self._ready(app)
        app.world.faults = {step: fault}
        state = await self._ask(app)
        assert self._outcome(state, "r1") == "failed"
        assert step in next(one.reason for one in state.requests if one.request_id == "r1")
        assert state.scoring is None
        app.world.faults = {}
        assert self._outcome(await self._ask(app, "r2", 600), "r2") == "scored"


@pytest.mark.parametrize("seed", range(4))
async def test_lost_and_doubled_work_publishes_once(shaken: App) -> None:
    """Turns and results are lost, activities run twice at once: each scoring has one job and one line in the ledger."""
    outcomes = await asyncio.gather(*(_score(shaken, _order(attempt=attempt)) for attempt in (1, 2, 3)))
    assert [outcome.outcome for outcome in outcomes] == ["scored"] * 3
    assert sorted(shaken.world.jobs) == ["score-1", "score-2", "score-3"]
    assert sorted(shaken.world.ledger) == [f"score-{attempt}/PredictionsPublished" for attempt in (1, 2, 3)]


@pytest.fixture
async def shaken(seed: int, tmp_path: Path) -> AsyncIterator[App]:
    """The app on an engine whose results get lost and doubled."""
    world = World()
    functions = app_functions(world)
    worker = ChaosWorker(SdkWorker(functions), Chaos(seed, delay=0.0))
    engine = Engine(worker, tmp_path / "durable.db", clock=SkippingClock(), synchronous="NORMAL")
    await engine.start()
    server = await serve(engine)
    client = client_for(server.port)
    try:
        yield App(world, engine, client, functions.activities)
    finally:
        await client.close()
        await server.stop()
        await engine.stop()


# ── Publishing ──────────────────────────────────────────────────────────────────────────────────────────────────────

POINTER = f"predictions/{MODEL}/current.json"


class Blobs:
    """A container and a platform in memory; `writes_left` lets the app die after so many writes."""

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}
        self.written: list[str] = []
        self.writes_left = 1_000
        self.predictions = "route,prediction\na,1\nb,2\n"

    def read(self, path: str) -> bytes:
        """A blob."""
        if path not in self.content:
            raise PermanentError("BlobNotFound", path)
        return self.content[path]

    def write(self, path: str, content: bytes, *, content_type: str) -> None:
        """Write or replace a blob."""
        if not self.writes_left:
            raise ConnectionError("killed")
        self.writes_left -= 1
        self.written.append(path)
        self.content[path] = content

    def read_job_file(self, job: str, output: str) -> bytes:
        """What the job predicted."""
        return self.predictions.encode()

    @property
    def current(self) -> Publication:
        """Where readers are pointed to."""
        return Publication.model_validate_json(self.content[POINTER])


@pytest.fixture
def blobs(monkeypatch: pytest.MonkeyPatch) -> Blobs:
    """The adapters in memory."""
    made = Blobs()
    monkeypatch.setattr(adapters, "data", lambda: made)
    monkeypatch.setattr(adapters, "platform", lambda: made)
    return made


def _period(version: str = "d1", ends: date | None = date(2013, 9, 30)) -> DatasetRef:
    return dataset(version).model_copy(update={"ends": ends})


async def _publish(version: str = "1", period: DatasetRef | None = None, **changes: Any) -> PublishedPredictions:
    order = PublishPredictionsInput(model=MODEL, version=version, job="j", dataset=period or _period(), **changes)
    return await publish_predictions(order)


async def _publish_by(job: str, version: str, period: DatasetRef) -> PublishedPredictions:
    return await publish_predictions(PublishPredictionsInput(model=MODEL, version=version, job=job, dataset=period))


class TestPublishing:
    """The activity: files, and the pointer that readers follow."""

    async def test_the_pointer_is_moved_last_and_tells_all(self, blobs: Blobs) -> None:
        """Whoever follows it finds the whole period, and what it is."""
        done = await _publish()
        path = f"predictions/{MODEL}/d1/v1"
        assert blobs.written == [f"{path}.csv", f"{path}.json", POINTER]
        described = Publication.model_validate_json(blobs.content[f"{path}.json"])
        assert blobs.current == described.model_copy(update={"job": "j"})
        assert (blobs.current.path, blobs.current.dataset, blobs.current.ends) == (done.path, "d1", date(2013, 9, 30))
        assert (done.rows, done.kept) == (2, None)

    async def test_the_same_again_publishes_nothing_again(self, blobs: Blobs) -> None:
        """Repeated or at the same time, the CSV is the same one: it is not touched once it is described."""
        first = await _publish()
        before = dict(blobs.content)
        assert list(await asyncio.gather(_publish(), _publish())) == [first, first]
        assert blobs.content == before
        assert blobs.written.count(first.path) == 1

    @pytest.mark.parametrize("writes", range(4))
    async def test_killed_between_two_writes(self, blobs: Blobs, writes: int) -> None:
        """Done again, it ends as if nothing had happened, and the pointer never shows what is not there."""
        await _publish("1")
        blobs.writes_left = writes
        if writes < 3:
            with pytest.raises(ConnectionError):
                await _publish("2")
            assert blobs.current.version == "1"
        blobs.writes_left = 1_000
        await _publish("2")
        assert blobs.current.version == "2"
        assert blobs.current.path in blobs.content

    async def test_each_moment_has_its_own_path(self, blobs: Blobs) -> None:
        """Scored as of two days, the later one does not replace what the earlier one published."""
        paths = [(await _publish(as_of=OCTOBER + step * timedelta(days=1))).path for step in (0, 1)]
        assert paths == [f"predictions/{MODEL}/d1/as-of-201310{day}T000000Z/v1.csv" for day in ("07", "08")]
        assert (await _publish()).path == f"predictions/{MODEL}/d1/v1.csv"

    async def test_an_older_period_does_not_become_current(self, blobs: Blobs) -> None:
        """It is published under its own path, and what stays current is named."""
        newest = await _publish("1", _period("d2", date(2013, 10, 31)))
        older = await _publish("2", _period("d1", date(2013, 9, 30)))
        assert older.kept == newest.path
        assert older.path in blobs.content
        assert blobs.current.path == newest.path

    async def test_an_older_moment_of_the_same_period_does_not_become_current(self, blobs: Blobs) -> None:
        """Asked again for last week, readers stay at this week."""
        newest = await _publish(as_of=OCTOBER)
        assert (await _publish(as_of=OCTOBER - timedelta(days=7))).kept == newest.path
        assert (await _publish(as_of=OCTOBER + timedelta(days=7))).kept is None

    @pytest.mark.parametrize("ends", [date(2013, 9, 30), date(2013, 10, 31), None])
    async def test_the_same_a_later_and_an_unknown_period_become_current(self, blobs: Blobs, ends: date | None) -> None:
        """A new version of the same period, the next period, and data without periods."""
        await _publish("1")
        done = await _publish("2", _period("d2", ends))
        assert (done.kept, blobs.current.version) == (None, "2")

    @pytest.mark.parametrize(
        "text", ['{"model": "m", "path": "p.csv"}', '{"model": "m", "path": null, "retired": true}', "[]", ""]
    )
    async def test_a_pointer_that_says_no_period_is_moved(self, blobs: Blobs, text: str) -> None:
        """Written by older code, by a retirement, or by nobody who knew how."""
        blobs.content[POINTER] = text.encode()
        assert (await _publish()).kept is None
        assert blobs.current.version == "1"

    @pytest.mark.parametrize("predictions", ["route,prediction\n", "route,prediction\na,1\nb,\n", "route\na\n", ""])
    async def test_what_is_incomplete_is_not_published(self, blobs: Blobs, predictions: str) -> None:
        """No rows, a missing prediction, no such column: refused for good, and nothing is written."""
        blobs.predictions = predictions
        with pytest.raises(PermanentError):
            await _publish()
        assert blobs.written == []

    async def test_what_is_restored_is_known_with_its_period(self, blobs: Blobs) -> None:
        """After an undone release the pointer tells what it told before, so that older periods still stay away."""
        first = await _publish("1", _period("d2", date(2013, 10, 31)))
        before = blobs.current.model_copy(update={"job": None})
        await _publish("2", _period("d3", date(2013, 11, 30)))
        await restore_predictions(RestorePredictionsInput(model=MODEL, published=first.path))
        assert blobs.current == before
        assert (await _publish("1", _period("d1"))).kept == first.path

    async def test_nothing_is_restored_where_nothing_was(self, blobs: Blobs) -> None:
        """The first release undone: readers are pointed to nothing, and the next publication becomes current."""
        await _publish("1")
        await restore_predictions(RestorePredictionsInput(model=MODEL, published=None))
        assert blobs.current.path is None
        assert (await _publish("2")).kept is None

    async def test_an_undone_publication_leads_back_to_where_it_found_readers(self, blobs: Blobs) -> None:
        """A repeat of it says the same as the first time, and what was published since stays."""
        undo = RestorePredictionsInput(model=MODEL, published=None, job="release")
        first = await _publish("1", _period("d1"))
        assert (await restore_predictions(undo)).current == first.path, "it has moved nothing yet"
        meanwhile = await _publish("1", _period("d2", date(2013, 10, 31)))
        released = [await _publish_by("release", "2", _period("d2", date(2013, 10, 31))) for _ in range(2)]
        assert [one.before for one in released] == [meanwhile.path] * 2
        for _ in range(2):
            assert (await restore_predictions(undo)).current == meanwhile.path
        assert (blobs.current.path, blobs.current.dataset, blobs.current.before) == (meanwhile.path, "d2", None)
        await _publish_by("release", "2", _period("d2", date(2013, 10, 31)))
        newest = await _publish("1", _period("d3", date(2013, 11, 30)))
        assert (await restore_predictions(undo)).current == newest.path

    async def test_a_first_publication_that_is_undone_leaves_nothing_current(self, blobs: Blobs) -> None:
        """Readers had nothing before."""
        assert (await _publish_by("release", "1", _period())).before is None
        await restore_predictions(RestorePredictionsInput(model=MODEL, published=None, job="release"))
        assert blobs.current.path is None
