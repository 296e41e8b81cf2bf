"""A run over a fleet ends with a digest, whatever its cells do; what fails is told, and can be done again alone."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from local.durable.records import Instance, Status
from local.testing.app import TestApp
from local.testing.chaos import Chaos
from shared import names
from shared.contracts.datasets import DatasetRef, IndexedDataset
from shared.contracts.fleet_runs import CellState, RunDigest, RunFleetInput
from shared.contracts.interlock import ScoringRequested, TrainingRequested
from shared.errors import ConfigurationError
from shared.fleet.fleet import Fleets
from tests.functions.fleet_in_memory import START, FleetInMemory, make_fleet
from tests.functions.world import World

ORIGINS = ("JFK", "LGA")
SLOW, FAST, QUICK = "departures-jfk-slow", "departures-jfk-fast", "quick-jfk"


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FleetInMemory:
    """Two origins: six models."""
    return make_fleet(tmp_path, monkeypatch, ORIGINS)


@pytest.fixture
async def app(fleet: FleetInMemory) -> AsyncIterator[TestApp]:
    """The fleet on an engine whose clock skips every pause."""
    async with TestApp(fleet.functions()) as running:
        yield running


def order(operation: str = "train", **changes: Any) -> RunFleetInput:
    """A run of the fleet."""
    values = {"fleet": "demo", "operation": operation, "requested_by": "test", "request_id": "r", "at": START}
    return RunFleetInput.model_validate(values | changes)


async def run(app: TestApp, fleet: FleetInMemory, asked: RunFleetInput, name: str = "run-1") -> RunDigest:
    """Run to the end; the digest."""
    await app.output(await app.start(names.RUN_FLEET, asked.to_wire(), instance_id=name))
    return digest_of(fleet, name)


def digest_of(fleet: FleetInMemory, name: str = "run-1") -> RunDigest:
    """The digest of a run that has ended."""
    found = fleet.runs.read(f"runs/demo/{name}/digest.json", RunDigest)
    assert found is not None
    return found


def cell_of(digest: RunDigest, name: str) -> CellState:
    """One cell."""
    return next(cell for cell in digest.cells if cell.name == name)


async def test_every_model_is_asked_once_and_told_of(app: TestApp, fleet: FleetInMemory) -> None:
    """Each gets its newest dataset version and the run's id; the digest and the row have the same figures."""
    digest = await run(app, fleet, order(again=True))
    assert digest.row.counts == {"passed": 6}
    assert digest.row.reason == "6 cells: 6 passed."
    assert fleet.runs.rows["run-1"] == digest.row
    assert len(fleet.asked) == 6
    for asked in fleet.asked:
        assert isinstance(asked, TrainingRequested)
        assert (asked.request_id, asked.again, asked.requested_by) == ("run-1", True, "test")
        assert asked.dataset.version == f"{asked.policy.labels['origin']}-2013-09-30"


async def test_models_of_one_cell_share_the_search_for_its_dataset(app: TestApp, fleet: FleetInMemory) -> None:
    """Labels that the dataset does not have make no further search."""
    await run(app, fleet, order())
    assert fleet.searches == len(ORIGINS)


async def test_some_failures_are_a_partial_success(app: TestApp, fleet: FleetInMemory) -> None:
    """What failed keeps nothing else from being done, and is told with its reason; rejected is no failure."""
    fleet.words = {SLOW: ("running", "failed"), FAST: ("waiting", "running", "rejected")}
    fleet.datasets.pop("LGA")
    digest = await run(app, fleet, order())
    assert digest.row.state == "done"
    assert digest.row.counts == {"failed": 1, "passed": 1, "rejected": 1, "skipped": 3}
    assert cell_of(digest, SLOW).reason == "it is failed"
    assert "no version" in cell_of(digest, "departures-lga-slow").reason


@pytest.mark.parametrize(
    ("words", "fail_on", "fails"),
    [
        ("failed", "any", True),
        ("failed", "all", False),
        ("failed", "never", False),
        ("rejected", "any", False),
        ("rejected", "rejected", True),
        ("failed", "rejected", True),
    ],
)
async def test_one_failure_fails_the_instance_only_if_asked(
    app: TestApp, fleet: FleetInMemory, words: str, fail_on: str, fails: bool
) -> None:
    """Data Factory sees a failed status; a timer does not; the digest is there either way."""
    fleet.words = {SLOW: (words,)}
    instance = await _finish(app, order(fail_on=fail_on))
    assert (instance.status is Status.FAILED) == fails
    assert digest_of(fleet).row.state == "done"
    if fails:
        assert instance.failure is not None
        assert f"6 cells: 5 passed, 1 {words}. `GET /api/runs/run-1` tells why" in instance.failure.message


@pytest.mark.parametrize(("fail_on", "fails"), [("any", True), ("all", True), ("never", False)])
async def test_a_run_that_could_do_nothing_has_failed(
    app: TestApp, fleet: FleetInMemory, fail_on: str, fails: bool
) -> None:
    """All skipped is a failed run, though no cell failed."""
    fleet.datasets.clear()
    instance = await _finish(app, order(fail_on=fail_on))
    assert (instance.status is Status.FAILED) == fails
    assert digest_of(fleet).row.state == "failed"


async def test_scoring_skips_what_cannot_be_scored(app: TestApp, fleet: FleetInMemory) -> None:
    """Models behind endpoints, and those without a version in production, are told with their reason."""
    fleet.champions = {SLOW, QUICK}
    moment = datetime(2013, 9, 9, tzinfo=UTC)
    digest = await run(app, fleet, order("score", as_of=moment))
    assert digest.row.counts == {"scored": 1, "skipped": 5}
    assert "endpoint" in cell_of(digest, QUICK).reason
    assert "in production" in cell_of(digest, FAST).reason
    (asked,) = fleet.asked
    assert isinstance(asked, ScoringRequested)
    assert (asked.as_of, asked.dataset.ends) == (moment, date(2013, 8, 31))


async def test_the_day_of_a_run_is_that_of_the_fleet(app: TestApp, fleet: FleetInMemory) -> None:
    """At one in the morning in London, the last day of September is not over in New York, and yet it is that day."""
    await run(app, fleet, order(as_of=datetime(2013, 9, 30, 3, tzinfo=UTC)))
    assert {asked.dataset.ends for asked in fleet.asked} == {date(2013, 8, 31)}
    await run(app, fleet, order(as_of=datetime(2013, 9, 30, 5, tzinfo=UTC)), "run-2")
    assert {asked.dataset.ends for asked in fleet.asked[6:]} == {date(2013, 9, 30)}


async def test_a_selection_is_any_of_the_values_of_every_label(app: TestApp, fleet: FleetInMemory) -> None:
    """Values of one label are alternatives, labels are conditions; a name is a label, too."""
    await run(app, fleet, order(select={"origin": ["JFK", "LGA"], "movement": ["slow"]}))
    assert sorted(asked.model for asked in fleet.asked) == [SLOW, "departures-lga-slow"]
    await run(app, fleet, order(select={"model": [QUICK]}), "run-2")
    assert fleet.asked[-1].model == QUICK


async def test_a_model_that_never_answers_does_not_keep_the_run(app: TestApp, fleet: FleetInMemory) -> None:
    """When nothing has moved for as long as two trainings may take, the run ends and tells how the model stood."""
    fleet.words = {SLOW: (), FAST: ("running",)}
    digest = await run(app, fleet, order())
    assert digest.row.counts == {"failed": 2, "passed": 4}
    assert "nothing was heard of it" in cell_of(digest, SLOW).reason
    assert "while it was running: it is running" in cell_of(digest, FAST).reason
    waited = cell_of(digest, SLOW).seconds
    assert waited is not None
    assert waited >= (2 * 120 + 120) * 60


async def test_pauses_grow(app: TestApp, fleet: FleetInMemory) -> None:
    """Two days of silence, as long as two jobs may wait in a queue and run, are looked at every five minutes."""
    fleet.words = {SLOW: ()}
    await run(app, fleet, order())
    assert 52 * 12 < app.calls[names.LOOK_AT_RUN] < 54 * 12 + 40


async def test_a_retry_takes_up_what_was_not_done_and_nothing_else(app: TestApp, fleet: FleetInMemory) -> None:
    """Failed, refused and skipped cells; with the operation and the moment of the earlier run."""
    fleet.words = {SLOW: ("failed",), FAST: ("refused",), "quick-lga": ("rejected",)}
    del fleet.datasets["LGA"]
    first = await run(app, fleet, order())
    assert first.row.counts == {"failed": 1, "passed": 1, "refused": 1, "skipped": 3}
    fleet.words, fleet.asked = {}, []
    fleet.datasets["LGA"] = (date(2013, 9, 30),)
    second = await run(app, fleet, order(retry_of="run-1"), "run-2")
    assert {cell.name for cell in second.cells} == {
        SLOW, FAST, "departures-lga-slow", "departures-lga-fast", "quick-lga"
    }  # fmt: skip
    assert second.row.counts == {"passed": 5}


async def test_a_retry_of_a_run_without_failures_is_refused(app: TestApp, fleet: FleetInMemory) -> None:
    """It fails at once, and its row says why."""
    await run(app, fleet, order())
    instance = await _finish(app, order(retry_of="run-1"), "run-2")
    assert instance.status is Status.FAILED
    assert fleet.runs.rows["run-2"].state == "failed"
    assert "nothing left to do" in fleet.runs.rows["run-2"].reason


async def test_a_fleet_file_that_is_wrong_is_told(
    app: TestApp, fleet: FleetInMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run fails at once, and its row says what the file's reader said."""

    def broken() -> Fleets:
        raise ConfigurationError("fleet.yaml:3: unknown key `matrx`; did you mean `matrix`?")

    monkeypatch.setattr("functions.adapters.fleets", broken)
    assert (await _finish(app, order())).status is Status.FAILED
    assert fleet.runs.rows["run-1"].reason == "fleet.yaml:3: unknown key `matrx`; did you mean `matrix`?"
    assert app.calls[names.PLAN_RUN] == 1


async def test_a_model_that_the_file_has_lost_is_not_waited_for(
    app: TestApp, fleet: FleetInMemory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A retry of a run over a larger fleet skips what is gone."""
    fleet.words = {"departures-lga-slow": ("failed",), SLOW: ("failed",)}
    await run(app, fleet, order())
    smaller = make_fleet(tmp_path, monkeypatch, ("JFK",))
    smaller.runs, fleet.words = fleet.runs, {}
    monkeypatch.setattr("functions.adapters.runs", lambda: fleet.runs)
    for port in ("read_model", "dataset_index"):
        monkeypatch.setattr(f"functions.adapters.{port}", lambda: fleet)
    digest = await run(app, fleet, order(retry_of="run-1"), "run-2")
    assert digest.row.counts == {"passed": 1, "skipped": 1}
    assert "does not have departures-lga-slow any more" in cell_of(digest, "departures-lga-slow").reason


async def test_a_fleet_of_three_hundred_stays_within_its_history(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run goes on in new histories; each is a fraction of what is allowed, and every model is asked once."""
    fleet = make_fleet(tmp_path, monkeypatch, tuple(f"A{number:02}" for number in range(100)))
    async with TestApp(fleet.functions()) as app:
        longest: list[int] = []
        _watch_histories(app, longest)
        digest = await run(app, fleet, order())
        assert digest.row.counts == {"passed": 300}
        assert len({asked.model for asked in fleet.asked}) == len(fleet.asked) == 300
        assert len(longest) > 5  # fifty or a few more are asked in one history
        assert max(longest) < 300


async def test_a_run_survives_the_death_of_its_process(fleet: FleetInMemory, tmp_path: Path) -> None:
    """Another process goes on where the first one was, and asks nobody a second time."""
    fleet.words = {SLOW: ("running", "running", "passed")}
    async with TestApp(fleet.functions(), database=tmp_path / "durable.db") as first:
        await first.start(names.RUN_FLEET, order().to_wire(), instance_id="run-1")
        await first.run_until_idle()
        assert first.custom_status("run-1")["counts"] == {"passed": 5, "running": 1}
    async with TestApp(fleet.functions(), database=tmp_path / "durable.db") as second:
        await second.output("run-1")
    assert digest_of(fleet).row.counts == {"passed": 6}
    assert len(fleet.asked) == 6


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("operation", ["train", "condition"])
async def test_what_is_lost_and_done_twice_changes_nothing(fleet: FleetInMemory, seed: int, operation: str) -> None:
    """Turns and activities are repeated at random: plan and digest are written once, and the figures are the same."""
    fleet.landed = [f"raw/JFK/2013-{month:02}.csv" for month in range(1, 7)]
    fleet.words = {SLOW: ("waiting", "failed"), "departures origin=JFK month=2013-05": ("dead",)}
    async with TestApp(fleet.functions(), chaos=Chaos(seed)) as app:
        digest = await run(app, fleet, order(operation))
        assert digest.row.counts == {"failed": 1, "passed" if operation == "train" else "published": 5}
        assert app.chaos is not None
        assert app.chaos.injected.total()
    assert fleet.runs.rows["run-1"] == digest.row
    asked = {(asked.model, asked.request_id) for asked in fleet.asked}
    assert len(asked) == (6 if operation == "train" else 0)
    assert len({one.key for one in fleet.conditioned}) == (0 if operation == "train" else 6)


async def test_the_real_interlocks_answer_a_run(fleet: FleetInMemory) -> None:
    """They note what each request came to; the same dataset versions once more are unchanged, unless asked again."""
    world = World()
    async with TestApp(fleet.functions_with_interlocks(world)) as app:
        assert (await run(app, fleet, order())).row.counts == {"passed": 6}
        assert (await run(app, fleet, order(), "run-2")).row.counts == {"unchanged": 6}
        world.mape = 0.465
        third = await run(app, fleet, order(again=True), "run-3")
        assert third.row.counts == {"rejected": 6}
        assert "46.5 %" in cell_of(third, SLOW).reason


class TestConditioning:
    """Cells of datasets, each by a child."""

    @pytest.fixture(autouse=True)
    def _landed(self, fleet: FleetInMemory) -> None:
        fleet.landed = ["raw/JFK/2013-08.csv", "raw/JFK/2013-09.csv", "raw/LGA/2013-09.csv", "raw/nobody's"]

    async def test_each_cell_with_files_is_conditioned(self, app: TestApp, fleet: FleetInMemory) -> None:
        """Files of nobody count for nothing."""
        digest = await run(app, fleet, order("condition"))
        assert digest.row.counts == {"published": 3}
        assert [cell.name for cell in digest.cells] == [
            "departures origin=JFK month=2013-08", "departures origin=JFK month=2013-09",
            "departures origin=LGA month=2013-09",
        ]  # fmt: skip

    async def test_one_that_fails_fails_alone(self, app: TestApp, fleet: FleetInMemory) -> None:
        """The others are published, one waits for a source, and a retry takes up both."""
        fleet.words = {
            "departures origin=JFK month=2013-08": ("dead",), "departures origin=LGA month=2013-09": ("waiting",)
        }  # fmt: skip
        digest = await run(app, fleet, order("condition"))
        assert digest.row.counts == {"failed": 1, "incomplete": 1, "published": 1}
        fleet.conditioned = []
        await run(app, fleet, order("condition", retry_of="run-1"), "run-2")
        assert len(fleet.conditioned) == 2

    async def test_what_is_up_to_date_is_left_alone(self, app: TestApp, fleet: FleetInMemory) -> None:
        """A version as young as its files is not made anew, unless that is asked for, or retried after a failure."""
        cells = [{"origin": "JFK", "month": "2013-08"}, {"month": "2013-09", "origin": "LGA"}]
        for cell, at in zip(cells, (START, START - timedelta(seconds=1)), strict=True):
            ref = DatasetRef(dataset="departures", version="d1", cell=cell, path="p/", rows=1, rejected=0)
            fleet.versions.append(IndexedDataset(fleet="demo", dataset=ref, at=at))
        digest = await run(app, fleet, order("condition"))
        assert digest.row.counts == {"published": 2, "unchanged": 1}
        assert cell_of(digest, "departures origin=JFK month=2013-08").outcome == "unchanged"
        fleet.words = {"departures origin=JFK month=2013-08": ("failed",)}
        assert (await run(app, fleet, order("condition", again=True), "run-2")).row.counts["failed"] == 1
        fleet.words = {}
        assert (await run(app, fleet, order("condition", retry_of="run-2"), "run-3")).row.counts == {"published": 1}

    async def test_later_periods_are_not_seen(self, app: TestApp, fleet: FleetInMemory) -> None:
        """A period that ends on the day counts."""
        digest = await run(app, fleet, order("condition", as_of=datetime(2013, 8, 31, 16, tzinfo=UTC)))
        assert [cell.labels["month"] for cell in digest.cells] == ["2013-08"]

    @pytest.mark.parametrize("select", [{"month": ["2013-08"]}, {"dataset": ["departures"], "origin": ["LGA"]}])
    async def test_cells_are_selected_by_any_of_their_labels(
        self, app: TestApp, fleet: FleetInMemory, select: dict[str, list[str]]
    ) -> None:
        """Periods and the dataset's name count as labels."""
        digest = await run(app, fleet, order("condition", select=select))
        assert len(digest.cells) == 1

    @pytest.mark.parametrize(
        ("select", "told"),
        [({"month": ["2012-01"]}, "no month `2012-01`"), ({"origin": ["LGA"], "month": ["2013-08"]}, "Nothing in")],
    )
    async def test_what_selects_no_landed_file_fails_with_what_there_is(
        self, app: TestApp, fleet: FleetInMemory, select: dict[str, list[str]], told: str
    ) -> None:
        """Only the landed files tell which months there are, so this is found when the run begins."""
        instance = await _finish(app, order("condition", select=select))
        assert instance.status is Status.FAILED
        reason = fleet.runs.rows["run-1"].reason
        assert told in reason
        assert "2013-08, 2013-09" in reason

    @pytest.mark.parametrize(
        ("prefix", "cells"),
        [
            ("raw/JFK/", ["JFK 2013-08", "JFK 2013-09"]),
            ("raw/JFK/2013-09", ["JFK 2013-09"]),
            ("raw/J", ["JFK 2013-08", "JFK 2013-09"]),
            ("raw/LGA/2013-09.csv", ["LGA 2013-09"]),
        ],
    )
    async def test_a_prefix_asks_only_cells_with_a_landed_file_under_it(
        self, app: TestApp, fleet: FleetInMemory, prefix: str, cells: list[str]
    ) -> None:
        """It is text, whether or not it ends with a folder; the row tells it."""
        digest = await run(app, fleet, order("condition", prefix=prefix, again=True))
        assert [" ".join(cell.labels.values()) for cell in digest.cells] == cells
        assert digest.row.counts == {"published": len(cells)}
        assert digest.row.prefix == prefix

    async def test_a_prefix_without_again_leaves_what_is_up_to_date(self, app: TestApp, fleet: FleetInMemory) -> None:
        """As a run without one does; a retry of it asks for what it did not get done."""
        ref = DatasetRef(
            dataset="departures",
            version="d1",
            cell={"origin": "JFK", "month": "2013-08"},
            path="p/",
            rows=1,
            rejected=0,
        )
        fleet.versions.append(IndexedDataset(fleet="demo", dataset=ref, at=START))
        fleet.words = {"departures origin=JFK month=2013-09": ("failed",)}
        digest = await run(app, fleet, order("condition", prefix="raw/JFK/"))
        assert digest.row.counts == {"failed": 1, "unchanged": 1}
        fleet.words = {}
        assert (await run(app, fleet, order("condition", retry_of="run-1"), "run-2")).row.counts == {"published": 1}

    async def test_a_prefix_under_which_no_cell_has_a_file_fails(self, app: TestApp, fleet: FleetInMemory) -> None:
        """Files of nobody are not conditioned."""
        assert (await _finish(app, order("condition", prefix="raw/nobody"))).status is Status.FAILED
        assert "has landed under `raw/nobody`" in fleet.runs.rows["run-1"].reason

    async def test_more_than_fifty_are_taken_in_turns(self, app: TestApp, fleet: FleetInMemory) -> None:
        """Each history has at most fifty children."""
        fleet.landed = [f"raw/JFK/{year}-{month:02}.csv" for year in range(2001, 2011) for month in range(1, 13)]
        longest: list[int] = []
        _watch_histories(app, longest)
        digest = await run(app, fleet, order("condition"))
        assert digest.row.counts == {"published": 120}
        assert max(longest) < 300


async def _finish(app: TestApp, asked: RunFleetInput, name: str = "run-1") -> Instance:
    return await app.finish(await app.start(names.RUN_FLEET, asked.to_wire(), instance_id=name))


def _watch_histories(app: TestApp, longest: list[int]) -> None:
    """Note, at each look, how long the run's present history is."""
    look = app.functions.activities[names.LOOK_AT_RUN]

    async def watched(payload: Any) -> Any:
        longest.append(len(app.history(payload["run"])))
        return await look(payload)

    app.functions.activities[names.LOOK_AT_RUN] = watched
