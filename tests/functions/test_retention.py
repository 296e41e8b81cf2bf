"""What has expired is written down first and deleted then, a bounded number at a time, however often it is tried."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from durabletask.client import OrchestrationState, OrchestrationStatus, PurgeInstancesResult

from functions.triggers import retention
from functions.triggers.http import BadRequestError
from functions.triggers.retention import RetentionRequest, begin_retention, expired_runs
from functions.triggers.starting import start_once
from local.testing.app import TestApp
from shared import names
from shared.contracts.conditioning import ConditionedFile, ConditionedFiles, SourceFile
from shared.contracts.datasets import DatasetRef
from shared.contracts.deliveries import Delivery
from shared.contracts.deployments import DeploymentState
from shared.contracts.fleet_runs import PlannedCell, RunFleetInput, RunPlan, RunRow
from shared.contracts.read_model import ModelRow
from shared.contracts.retention import (
    ApplyRetentionInput,
    DeleteExpiredInput,
    ExpiredCount,
    RetentionOutcome,
    RetentionPlan,
)
from shared.contracts.retirement import RetireDatasetInput
from shared.errors import PermanentError
from shared.fleet_runs.places import plan_path
from shared.interlock.commands import Command
from shared.retention import plan
from shared.storage.tables import table_key
from tests.functions.conftest import registered
from tests.functions.stored_in_memory import MODEL, NOW, Stored, functions, make_stored

ORDER = ApplyRetentionInput(at=NOW, requested_by="ana", dry_run=False, runs=ExpiredCount(kind="run", found=0, going=0))


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stored:
    """Nothing is stored yet."""
    return make_stored(tmp_path, monkeypatch)


@pytest.fixture
async def app(stored: Stored) -> AsyncIterator[TestApp]:
    """The app's retention over that store, with time under control."""
    async with TestApp(functions()) as app:
        yield app


async def _apply(app: TestApp, order: ApplyRetentionInput = ORDER) -> RetentionOutcome:
    return RetentionOutcome.from_wire(await app.run(names.APPLY_RETENTION, order.to_wire()))


def _gone(outcome: RetentionOutcome) -> dict[str, int]:
    return {line.kind: line.gone for line in outcome.counts if line.gone}


def _everything(stored: Stored) -> None:
    """One thing of each kind that has expired, and its neighbour that has not."""
    for version, dataset in (("1", "v1"), ("2", "v2"), ("3", "v3")):
        stored.register(version, dataset)
    for version, age in (("v0", 950), ("v1", 900), ("v2", 800), ("v3", 700), ("v4", 600)):
        stored.publish(version, age)
    stored.put("conditioned/flights/unused.csv", 900)
    stored.put("quarantine/flights/old.csv", 91)
    stored.put("quarantine/flights/young.csv", 90)
    stored.deployed = [
        DeploymentState(endpoint=MODEL, deployment=name, status="Succeeded", model=MODEL, version="3",
                        created_at=NOW - timedelta(days=2))
        for name in ("qa-v3-1", "v3-1")
    ]  # fmt: skip


async def test_what_has_expired_goes_and_the_rest_stays(app: TestApp, stored: Stored) -> None:
    """Of three versions two stay, with what they were trained on; the present dataset version stays in any case.

    What something needs goes a day later than that, so that a deletion which is refused leaves it complete.
    """
    _everything(stored)
    assert [_gone(await _apply(app)) for _ in range(4)] == [
        {"deployment": 1, "version": 1, "quarantine": 1, "dataset": 1, "conditioned": 1},
        {"dataset": 1, "conditioned": 1},
        {"conditioned": 1},
        {},
    ]
    assert [one.version for one in stored.registered] == ["2", "3"]
    assert [one.deployment for one in stored.deployed] == ["v3-1"]
    assert {path.split("/")[2] for path in stored.blobs if path.startswith("datasets/")} == {"v2", "v3", "v4"}
    assert {version for _, _, version in stored.entries} == {"v2", "v3", "v4"}
    assert "conditioned/flights/v1.csv" not in stored.blobs
    assert "quarantine/flights/young.csv" in stored.blobs


async def test_it_is_written_down(app: TestApp, stored: Stored) -> None:
    """A sentence and figures in the inbox, and every thing with its reason in a blob."""
    _everything(stored)
    outcome = await _apply(app)
    ((_, _), delivery) = next(item for item in stored.deliveries.items() if item[0][0] == "retention")
    assert delivery.reason == (
        "Deleted: 1 deployments for testing, 1 model versions, 1 quarantined files, 1 dataset versions, "
        "1 conditioned files."
    )
    assert RetentionOutcome.model_validate_json(delivery.body) == outcome
    things = json.loads(stored.blobs[outcome.plan][0])["things"]
    assert {"kind": "version", "name": f"{MODEL}@1", "reason": "3 versions are registered, and the newest 2 stay."} in (
        things
    )


async def test_a_dry_run_only_tells(app: TestApp, stored: Stored) -> None:
    """It finds the same, and nothing is deleted."""
    _everything(stored)
    before = dict(stored.blobs)
    dry = await _apply(app, ORDER.model_copy(update={"dry_run": True}))
    assert _gone(dry) == {}
    assert {path: blob for path, blob in stored.blobs.items() if path != dry.plan} == before
    wet = await _apply(app)
    assert {line.kind: line.going for line in dry.counts} == {line.kind: line.gone for line in wet.counts}


async def test_a_deletion_that_breaks_off_is_repeated(app: TestApp, stored: Stored) -> None:
    """Storage is down in the middle of a batch; the next attempt ends it, and counts everything once."""
    _everything(stored)
    stored.breaks = 3
    assert _gone(await _apply(app)) == {"deployment": 1, "version": 1, "quarantine": 1, "dataset": 1, "conditioned": 1}


async def test_what_is_refused_is_told_and_does_not_stop_the_rest(app: TestApp, stored: Stored) -> None:
    """Somebody gave the version an alias between plan and deletion; what it was trained on stays with it."""
    _everything(stored)
    stored.refuses = {"1"}
    outcome = await _apply(app)
    assert outcome.kept == (f"{MODEL}@1: version 1 is champion",)
    assert "datasets/departures/v1/flights.csv" in stored.blobs
    assert _gone(outcome) == {"deployment": 1, "quarantine": 1, "dataset": 1, "conditioned": 1}


async def test_a_deployment_whose_route_may_lead_there_is_kept(app: TestApp, stored: Stored) -> None:
    """Nobody can tell while the route cannot be read; the report says so, and the rest goes."""
    _everything(stored)
    stored.put(names.route_path(MODEL), 1, "{")
    outcome = await _apply(app)
    assert [one.deployment for one in stored.deployed] == ["qa-v3-1", "v3-1"]
    assert "is no route" in outcome.kept[0]
    assert "version" in _gone(outcome)


async def test_a_deployment_that_serves_under_another_models_name_is_kept(
    app: TestApp, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A baseline stands in since the plan was made: the route that may lead to its deployment is the model's own."""
    _everything(stored)
    stored.put(names.route_path(MODEL), 1, "{")
    planned = plan.plan_retention

    def late(*args: Any) -> RetentionPlan:
        found = planned(*args)
        stored.rows = [_row(serving={"endpoint": MODEL, "deployment": "qa-v3-1"})]
        stored.deployed = [one.model_copy(update={"model": "the-baseline"}) for one in stored.deployed]
        return found

    monkeypatch.setattr(plan, "plan_retention", late)
    outcome = await _apply(app)
    assert [one.deployment for one in stored.deployed] == ["qa-v3-1", "v3-1"]
    assert "is no route" in outcome.kept[0]


async def test_a_run_takes_so_many_things_and_the_next_one_the_rest(
    app: TestApp, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report tells how many were found."""
    monkeypatch.setattr(plan, "LIMIT", 120)
    for number in range(130):
        stored.put(f"quarantine/flights/{number}.csv", 100)
    first, second = await _apply(app), await _apply(app)
    assert (_gone(first), _gone(second)) == ({"quarantine": 120}, {"quarantine": 10})
    assert first.summary == "Deleted: 120 of 130 quarantined files."


async def test_what_the_index_calls_present_stays(app: TestApp, stored: Stored) -> None:
    """An older folder may be the present version of its cell: its files landed again, later than the others."""
    stored.publish("v1", 900)
    stored.publish("v2", 800)
    stored.present = {"v1"}
    assert _gone(await _apply(app)) == {}


async def test_what_a_model_works_with_now_stays(app: TestApp, stored: Stored) -> None:
    """It is trained on an old version, and not registered yet."""
    for version, age in (("v1", 900), ("v2", 800)):
        stored.publish(version, age)
    stored.rows = [
        ModelRow(fleet="demo", model=MODEL, labels={}, revision=1, state="training", reason="", updated_at=NOW,
                 dataset="v1")
    ]  # fmt: skip
    assert _gone(await _apply(app)) == {}


def _row(**changes: Any) -> ModelRow:
    known = {"fleet": "demo", "model": MODEL, "labels": {}, "revision": 1, "state": "released", "reason": ""}
    return ModelRow.model_validate({**known, "updated_at": NOW, **changes})


async def test_what_a_model_waits_for_stays(app: TestApp, stored: Stored) -> None:
    """A request stands behind another training while a correction takes the place of its dataset version."""
    for version, age in (("v1", 900), ("v2", 800)):
        stored.publish(version, age)
    stored.rows = [_row(dataset="v2", datasets=["v1"])]
    assert _gone(await _apply(app)) == {}


async def test_what_a_fleet_run_will_ask_for_stays(app: TestApp, stored: Stored) -> None:
    """As long as it goes on: its plan names dataset versions of which no model knows yet."""
    for version, age in (("v1", 900), ("v2", 800)):
        stored.publish(version, age)
    _fleet_run(stored, "r1", data=stored.entries["demo", "departures", "v1"].dataset)
    assert _gone(await _apply(app)) == {}
    _fleet_run(stored, "r1", ended=1, data=stored.entries["demo", "departures", "v1"].dataset)
    assert _gone(await _apply(app)) == {"dataset": 1}


async def test_fleet_runs_expire(app: TestApp, stored: Stored) -> None:
    """With their documents, as finished runs do; what goes on stays, unless it has been silent for a month."""
    for run, ended, silent in (("old", 31, 31), ("young", 30, 30), ("open", None, 29), ("dead", None, 31)):
        _fleet_run(stored, run, ended=ended, silent=silent)
    assert _gone(await _apply(app)) == {"fleet_run": 2}
    assert {row.run for row in stored.fleet_runs} == {"young", "open"}
    assert {path for path in stored.blobs if path.startswith("runs/")} == {
        "runs/demo/young/plan.json", "runs/demo/open/plan.json",
    }  # fmt: skip


def _fleet_run(
    stored: Stored, run: str, ended: int | None = None, silent: int = 0, data: DatasetRef | None = None
) -> None:
    order = RunFleetInput(fleet="demo", operation="train", requested_by="ana", request_id=run, at=NOW)
    cell = PlannedCell(name=MODEL, labels={}, dataset="departures", data=data)
    document = RunPlan(order=order, cells=(cell,)).model_dump_json()
    stored.put(plan_path("demo", run), 0, document)
    row = RunRow(
        run=run, fleet="demo", operation="train", requested_by="ana", request_id=run, fail_on="never",
        state="running", reason="", started_at=NOW - timedelta(days=99), updated_at=NOW - timedelta(days=silent),
        ended_at=None if ended is None else NOW - timedelta(days=ended),
    )  # fmt: skip
    stored.fleet_runs = [*(one for one in stored.fleet_runs if one.run != run), row]


async def test_a_file_that_is_being_joined_stays(app: TestApp, stored: Stored) -> None:
    """It was made long ago, no version needs it any more, and at this moment another one is made of it."""
    stored.put("conditioned/flights/again.csv", 900)
    stored.put("conditioned/flights/once.csv", 900)
    stored.put("conditioned/flights/sets/now.json", 0, _set_of("conditioned/flights/again.csv"))
    stored.put("conditioned/flights/sets/then.json", 8, _set_of("conditioned/flights/once.csv"))
    assert _gone(await _apply(app)) == {"conditioned": 1}
    assert "conditioned/flights/again.csv" in stored.blobs


async def test_what_came_into_use_since_the_plan_stays(
    app: TestApp, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is joined now, a version that a model was asked for, and one that is published once more."""
    for version, age in (("v1", 900), ("v2", 800), ("v3", 700), ("v4", 600)):
        stored.publish(version, age)
    stored.put("conditioned/flights/again.csv", 900)
    planned = plan.plan_retention

    def late(*args: Any) -> RetentionPlan:
        found = planned(*args)
        stored.put("conditioned/flights/sets/now.json", 0, _set_of("conditioned/flights/again.csv"))
        stored.rows = [_row(datasets=["v1"])]
        stored.put("datasets/departures/v2/flights.csv", 0)
        return found

    monkeypatch.setattr(plan, "plan_retention", late)
    outcome = await _apply(app)
    assert [line.split(":")[0] for line in outcome.kept] == [
        "datasets/departures/v1/", "datasets/departures/v2/", "conditioned/flights/again.csv",
    ]  # fmt: skip
    assert {version for _, _, version in stored.entries} == {"v1", "v2", "v4"}
    assert "conditioned/flights/again.csv" in stored.blobs


def _set_of(path: str) -> str:
    file = ConditionedFile(
        raw=SourceFile(source="flights", path="raw/JFK/2013-01.csv", etag="1", size=1), raw_sha256="r",
        recipe_sha256="s", path=path, rows_in=1, rows_out=1, rejected=0, reasons={}, quarantine=None,
        columns={},
    )  # fmt: skip
    return ConditionedFiles(files=(file,)).model_dump_json()


@pytest.mark.parametrize("by", ["manifest", "list"])
async def test_all_that_a_version_was_made_of_stays(app: TestApp, stored: Stored, by: str) -> None:
    """Files, tables and their profiles, whether a manifest names them or a list of a version that is published now."""
    made = {name: f"conditioned/flights/{name}" for name in ("f.csv", "f.profile.json", "t.csv", "t.profile.json")}
    for path in (*made.values(), "conditioned/flights/other.csv", "conditioned/flights/other.profile.json"):
        stored.put(path, 900)
    file = {"path": made["f.csv"], "profile": made["f.profile.json"]}
    table = {"path": made["t.csv"], "profile": made["t.profile.json"]}
    if by == "manifest":
        source = {"source": "flights", "files": [file], "table": table}
        described = {"cell": {"origin": "JFK", "month": "2013-01"}, "sources": [source]}
        stored.put("datasets/departures/v1/manifest.json", 900, json.dumps(described))
    else:
        listed = json.loads(_set_of("x.csv"))
        listed = {"files": [listed["files"][0] | file], "table": table | {"quarantine": None, "columns": {}}}
        stored.put("conditioned/flights/sets/now.json", 0, json.dumps(listed))
    assert _gone(await _apply(app)) == {"conditioned": 2}
    assert {path for path in stored.blobs if path.startswith("conditioned/flights/") and "/sets/" not in path} == {
        *made.values()
    }


async def test_what_a_killed_run_left_in_scratch_goes_after_a_week(app: TestApp, stored: Stored) -> None:
    """However long datasets stay; until then its activities may be repeated."""
    stored.put("scratch/flights/run-1/000004-00000000001024.csv", 8)
    stored.put("scratch/flights/run-2/layout.json", 7)
    stored.put("scratch/gone/run-3/layout.json", 8)
    assert _gone(await _apply(app)) == {"conditioned": 2}
    assert [path for path in stored.blobs if path.startswith("scratch/")] == ["scratch/flights/run-2/layout.json"]


@pytest.mark.parametrize(("state", "left"), [("released", 13), ("retired", 0)])
async def test_figures_of_old_periods_go_but_for_the_newest(
    app: TestApp, stored: Stored, state: str, left: int
) -> None:
    """Of a model that is served the newest twelve stay; those of one that no file has stay until it is retired."""
    for model in (MODEL, "of/nobody"):
        for week in range(1, 14):
            stored.put(f"observations/{table_key(model)}/2024-W{week:02}.json", 366)
    stored.put(f"observations/{table_key(MODEL)}/2023-W01.json", 365)
    stored.rows = [ModelRow(
        fleet="gone", model="of/nobody", labels={}, revision=1, state=state, reason="", updated_at=NOW
    )]  # fmt: skip
    await _apply(app)
    kept = [path.split("/")[1] for path in stored.blobs if path.startswith("observations/")]
    assert (kept.count(MODEL), kept.count("of=2Fnobody")) == (13, left)
    assert f"observations/{MODEL}/2024-W01.json" not in stored.blobs


async def test_a_period_that_was_told_again_meanwhile_stays(app: TestApp, stored: Stored) -> None:
    """Between the plan and the deletion somebody has told of it."""
    for week in range(1, 14):
        stored.put(f"observations/{MODEL}/2024-W{week:02}.json", 366)
    dry = await _apply(app, ORDER.model_copy(update={"dry_run": True}))
    assert {line.kind: line.going for line in dry.counts}["observation"] == 1
    stored.put(f"observations/{MODEL}/2024-W01.json", 0)
    plan_of = DeleteExpiredInput(path=dry.plan, first=0, count=1)
    told = await registered().activities[names.DELETE_EXPIRED](plan_of.to_wire())
    (kept,) = told["result"]["kept"]
    assert kept == f"observations/{MODEL}/2024-W01.json: somebody has told of that period once more by now"


@pytest.mark.parametrize("state", ["released", "retired"])
async def test_what_no_fleet_file_has_stays_until_it_is_retired(app: TestApp, stored: Stored, state: str) -> None:
    """A fleet file may be missing by mistake: neither models nor datasets go before somebody has confirmed it."""
    for version in ("1", "2", "3"):
        stored.register(version, "w1", model="slow-jfk")
    stored.rows = [_row(model="slow-jfk", state=state)]
    for version, age in (("w1", 900), ("w2", 800)):
        stored.publish(version, age, dataset="weekly")
    stored.record(_waiting("demo/weekly/weekly origin=JFK@f"))
    if state == "retired":
        retire = RetireDatasetInput(fleet="demo", dataset="weekly", requested_by="ana", at=NOW - timedelta(days=799))
        await app.run(names.RETIRE_DATASET, retire.to_wire())
    assert _gone(await _apply(app)) == ({"version": 1, "dataset": 1} if state == "retired" else {})


async def test_an_old_retirement_does_not_count_for_what_came_later(app: TestApp, stored: Stored) -> None:
    """The dataset was back in a fleet file, and is missing there again without a word."""
    stored.publish("w1", 400, dataset="weekly")
    stored.record(_waiting("demo/weekly/weekly origin=JFK@f"))
    retire = RetireDatasetInput(fleet="demo", dataset="weekly", requested_by="ana", at=NOW - timedelta(days=401))
    await app.run(names.RETIRE_DATASET, retire.to_wire())
    assert _gone(await _apply(app)) == {}


async def test_every_step_may_be_killed_and_repeated(app: TestApp, stored: Stored) -> None:
    """After any number of deletions the rest goes with the next attempt, and nothing that stays is touched."""
    _everything(stored)
    await _apply(app)
    wanted = set(stored.blobs)
    for done in range(4):
        stored.clear()
        _everything(stored)
        stored.survives, stored.breaks = done, 1
        await _apply(app)
        kept = {path for path in stored.blobs if not path.startswith("retention/")}
        assert kept == {path for path in wanted if not path.startswith("retention/")}


async def test_a_manifest_that_cannot_be_read_is_named(app: TestApp, stored: Stored) -> None:
    """Nothing is deleted: whatever the version was made of may be needed."""
    _everything(stored)
    stored.put("datasets/departures/v9/manifest.json", 900, "{")
    instance = await app.start(names.APPLY_RETENTION, ORDER.to_wire())
    await app.run_until_idle()
    assert "datasets/departures/v9/manifest.json cannot be read" in stored.deliveries["retention", instance].reason
    assert "quarantine/flights/old.csv" in stored.blobs


async def test_a_baseline_stays_with_the_version_that_was_judged_by_it(app: TestApp, stored: Stored) -> None:
    """The champion is old and so is its baseline; baselines of versions that are gone go."""
    for version in ("1", "2", "3", "4"):
        stored.register(version, f"v{version}")
        stored.register(version, f"v{version}", model="quick-jfk-baseline")
    stored.registered[0] = stored.registered[0].model_copy(update={"aliases": ("champion",)})
    await _apply(app)
    left = [f"{one.model}@{one.version}" for one in stored.registered]
    assert sorted(left) == [
        "quick-jfk-baseline@1", "quick-jfk-baseline@3", "quick-jfk-baseline@4",
        "quick-jfk@1", "quick-jfk@3", "quick-jfk@4",
    ]  # fmt: skip


@pytest.mark.parametrize(("hours", "refused"), [(0, False), (1, False), (2, True), (-2, True)])
def test_a_clock_that_is_wrong_deletes_nothing(stored: Stored, hours: int, refused: bool) -> None:
    """Storage's clock is another one than ours; an hour between them is no matter for what is counted in days."""
    at = NOW + timedelta(hours=hours)
    if refused:
        with pytest.raises(BadRequestError, match="Set the clock"):
            retention.refuse_wrong_clock(at)
    else:
        retention.refuse_wrong_clock(at)
    assert stored.blobs.keys() == {"retention/clock.txt"}


async def test_a_version_that_became_present_since_the_plan_stays(
    app: TestApp, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A late duplicate of an old file has made it the present one of its cell again."""
    folder = stored.publish("v1", 900)
    stored.publish("v2", 800)
    forget = Stored.forget

    def late(self: Stored, *args: Any, **options: Any) -> None:
        self.present = {"v1"}
        forget(self, *args, **options)

    monkeypatch.setattr(Stored, "forget", late)
    outcome = await _apply(app)
    assert [line.split(":")[0] for line in outcome.kept] == [folder]
    assert f"{folder}manifest.json" in stored.blobs


async def test_a_retired_dataset_goes_as_a_whole(app: TestApp, stored: Stored) -> None:
    """No fleet has it, so its present version goes, too, and out of the index that its fleet had."""
    folder = stored.publish("w1", 400, dataset="weekly")
    retire = RetireDatasetInput(fleet="demo", dataset="weekly", requested_by="ana", at=NOW)
    stored.record(_waiting("demo/weekly/weekly origin=JFK@f"))
    await app.run(names.RETIRE_DATASET, retire.to_wire())
    outcome = await _apply(app)
    assert not [path for path in stored.blobs if path.startswith(folder)]
    assert stored.entries == {}
    assert _gone(outcome) == {"dataset": 1}


async def test_a_retired_dataset_waits_for_nothing(app: TestApp, stored: Stored) -> None:
    """Its open cells are dead, with who did it; cells of others, and cells that are done, stay as they are."""
    kept = {
        "demo/weekly/weekly origin=JFK@1": "waiting",
        "demo/weekly/weekly origin=JFK@2": "failed",
        "demo/weekly/weekly origin=JFK@3": "done",
        "demo/weekly2/weekly2 origin=JFK@1": "waiting",
    }
    for key, outcome in kept.items():
        stored.record(_waiting(key).model_copy(update={"outcome": outcome}))
    retire = RetireDatasetInput(fleet="demo", dataset="weekly", requested_by="ana", at=NOW)
    for _ in range(2):
        await app.run(names.RETIRE_DATASET, retire.to_wire())
    assert list(stored.outcomes("conditioning").values()) == ["dead", "dead", "done", "waiting"]
    assert "retired by ana" in stored.deliveries["conditioning", "demo/weekly/weekly origin=JFK@1"].reason
    assert stored.outcomes("retirement") == {"demo/weekly": "done"}


async def test_a_search_that_cannot_look_deletes_nothing(
    app: TestApp, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an unknown version was trained on may be in use; it is written down that the run failed."""
    _everything(stored)

    def refuse(self: Stored, model: str) -> Any:
        raise PermanentError("Forbidden", "no key")

    monkeypatch.setattr(Stored, "versions", refuse)
    before = dict(stored.blobs)
    instance = await app.start(names.APPLY_RETENTION, ORDER.to_wire())
    await app.run_until_idle()
    assert app.instance(instance).status.name == "FAILED"
    assert stored.blobs == before
    assert stored.deliveries["retention", instance].outcome == "failed"
    assert "no key" in stored.deliveries["retention", instance].reason


class TestRuns:
    """Finished runs are deleted by the trigger."""

    FORTY_DAYS = timedelta(days=40)

    async def test_a_late_duplicate_does_not_start_a_deleted_run_again(self, app: TestApp, stored: Stored) -> None:
        """The run's id is kept: a request that comes twice, forty days apart, is answered once."""
        order = RetireDatasetInput(fleet="demo", dataset="weekly", requested_by="ana", at=NOW)
        assert await start_once(app.client, names.RETIRE_DATASET, order, "once")
        await app.run_until_idle()
        later = datetime.now(UTC) + self.FORTY_DAYS
        assert not await start_once(app.client, names.RETIRE_DATASET, order, "once")
        await begin_retention(app.client, RetentionRequest(dry_run=False), later)
        await app.run_until_idle()
        assert await app.client.get_orchestration_state("once") is None
        stored.deliveries.pop(("retirement", "demo/weekly"))
        assert not await start_once(app.client, names.RETIRE_DATASET, order, "once")
        await app.run_until_idle()
        assert stored.outcomes("retirement") == {}

    async def test_a_dry_run_deletes_no_run(self, app: TestApp, stored: Stored) -> None:
        """It is counted, and still there."""
        order = RetireDatasetInput(fleet="demo", dataset="weekly", requested_by="ana", at=NOW)
        await start_once(app.client, names.RETIRE_DATASET, order, "once")
        await app.run_until_idle()
        instance = await begin_retention(app.client, RetentionRequest(), datetime.now(UTC) + self.FORTY_DAYS)
        await app.run_until_idle()
        report = RetentionOutcome.model_validate_json(stored.deliveries["retention", instance].body)
        assert (report.counts[0].kind, report.counts[0].found, report.counts[0].gone) == ("run", 1, 0)
        assert await app.client.get_orchestration_state("once") is not None

    async def test_only_what_ended_long_ago_is_found(self, stored: Stored) -> None:
        """Neither what runs, what ended lately however old it is, an entity, nor what is waited for; oldest first."""
        stored.rows = [_row(in_flight=[{"kind": "training", "instance": "awaited", "attempt": 1}])]
        client = _Client([
            _state("recent", OrchestrationStatus.COMPLETED, ended=29),
            _state("long", OrchestrationStatus.FAILED, ended=31),
            _state("longer", OrchestrationStatus.COMPLETED, ended=300),
            _state("running", OrchestrationStatus.RUNNING, ended=300),
            _state("awaited", OrchestrationStatus.COMPLETED, ended=300),
            _state("@model_interlock@m", OrchestrationStatus.COMPLETED, ended=300),
        ])  # fmt: skip
        found = await expired_runs(client, NOW)  # type: ignore[arg-type]  # it plays the client
        assert [state.instance_id for state in found] == ["longer", "long"]

    async def test_a_run_deletes_so_many(self, stored: Stored, monkeypatch: pytest.MonkeyPatch) -> None:
        """What an interlock has started needs no memory; everything else is remembered before it goes."""
        monkeypatch.setattr(retention, "_RUNS_LIMIT", 50)
        states = [_state(f"r{number}", OrchestrationStatus.COMPLETED, ended=300 + number) for number in range(60)]
        client = _Client(states[:-1])
        client.states.append(_state("trained", OrchestrationStatus.COMPLETED, ended=999, name=names.TRAIN_MODEL))
        await begin_retention(client, RetentionRequest(dry_run=False), NOW)  # type: ignore[arg-type]  # as above
        assert len(client.purged) == 50
        assert set(stored.outcomes("starts")) == set(client.purged) - {"trained"}
        assert "trained" in client.purged
        assert client.started[0].runs.found == 60
        assert client.started[0].runs.gone == 50


def test_what_triggers_start_is_remembered() -> None:
    """Only what no late delivery can ask for is not: an interlock's own runs, and what the clock starts."""
    assert not retention._NEVER_ASKED_AGAIN & {names.CONDITION_DATASET, names.TRAIN_ON_REQUEST, names.RUN_FLEET}


def _waiting(key: str) -> Delivery:
    return Delivery(channel="conditioning", key=key, subject=key, received_at=NOW, outcome="waiting", reason="")


def _state(
    instance: str, status: OrchestrationStatus, ended: int, name: str = names.CONDITION_DATASET
) -> OrchestrationState:
    at = (NOW - timedelta(days=ended)).replace(tzinfo=None)
    return OrchestrationState(instance, name, status, NOW - timedelta(days=900), at, None, None, None, None)


class _Client:
    """The engine's client, with what it is asked to do."""

    def __init__(self, states: list[OrchestrationState]) -> None:
        self.states = states
        self.purged: list[str] = []
        self.started: list[ApplyRetentionInput] = []

    async def get_all_orchestration_states(self, query: Any) -> list[OrchestrationState]:
        """All of them, whatever was asked: some backends know no such filter."""
        return self.states

    async def purge_orchestration(self, instance_id: str, recursive: bool) -> Any:
        """Gone."""
        assert not recursive, "a child may have ended later than its parent"
        self.purged.append(instance_id)
        return PurgeInstancesResult(1, True)

    async def schedule_new_orchestration(self, name: str, *, input: Any, **_: Any) -> None:  # noqa: A002
        """Started."""
        self.started.append(ApplyRetentionInput.from_wire(input))


def test_what_a_model_starts_is_not_remembered() -> None:
    """It remembers that itself, and nobody ever deletes a row of the inbox."""
    started = {one.orchestrator for one in get_args(Command) if hasattr(one, "orchestrator")}
    assert names.WAKE_MODEL in started
    assert started <= retention._NEVER_ASKED_AGAIN
