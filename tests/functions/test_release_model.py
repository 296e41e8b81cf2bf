"""A release ends in one of two states, whatever fails on the way: the version serves, or everything is as it was."""

from typing import Any

import pytest

from shared import names
from shared.contracts.policy import ServePolicy
from shared.contracts.release import ReleaseModelInput, ReleaseOutcome, Serving
from tests.functions.conftest import App
from tests.functions.world import Fault
from tests.shared.interlock.builders import MODEL, POLICY, at, dataset

FAULTS: tuple[Fault, ...] = ("permanent", "outage", "lost")
OLD = Serving(mode="online", endpoint=MODEL, deployment="v1-1")


def _order(mode: str, **changes: Any) -> ReleaseModelInput:
    serve = (
        ServePolicy(mode="online", endpoint=MODEL) if mode == "online" else ServePolicy(mode="batch", pipeline="s.yml")
    )
    policy = POLICY.model_copy(update={"serve": serve})
    order = ReleaseModelInput(model=MODEL, version="2", attempt=2, policy=policy, dataset=dataset(), at=at())
    return order.model_copy(update=changes)


def _with_version_one_in_production(app: App, mode: str) -> ReleaseModelInput:
    app.world.champion = "1"
    if mode == "online":
        app.world.deployments, app.world.traffic = {"v1-1": "1"}, {"v1-1": 100}
        return _order(mode, replaces=OLD)
    app.world.published = "predictions/v1.csv"
    return _order(mode, replaces=Serving(mode="batch", published="predictions/v1.csv"))


def _end(app: App) -> tuple[Any, ...]:
    world = app.world
    return world.champion, world.traffic, sorted(world.deployments), world.published


async def _release(app: App, order: ReleaseModelInput) -> ReleaseOutcome:
    state = await app.run(names.RELEASE_MODEL, order)
    assert state.runtime_status.name == "COMPLETED", state.failure_details
    return ReleaseOutcome.from_wire(state.get_output())


async def test_online_release_replaces_the_version_before(app: App) -> None:
    """The new version has all traffic, QA and the old deployment are gone, and each effect is in the ledger once."""
    outcome = await _release(app, _with_version_one_in_production(app, "online"))
    assert outcome.released
    assert outcome.previous == "1"
    assert _end(app) == ("2", {"v2-2": 100}, ["v2-2"], None)
    assert app.world.effects == ["VersionVerified", "QaDeployed", "GoldenSetTested", "QaTornDown",
                                 "ProductionDeployed", "TrafficShifted", "VersionPromoted", "ModelReleased",
                                 "ReplacedTornDown"]  # fmt: skip


async def test_batch_release_publishes_the_period(app: App) -> None:
    """The new version is champion, and its predictions are current."""
    outcome = await _release(app, _with_version_one_in_production(app, "batch"))
    assert outcome.released
    assert _end(app) == ("2", {}, [], "predictions/v2.csv")


async def test_readers_stay_at_a_later_period(app: App) -> None:
    """The version is released, and what serves is what readers see: a release after this one is undone to that."""
    app.world.kept = "predictions/later.csv"
    outcome = await _release(app, _with_version_one_in_production(app, "batch"))
    assert outcome.serving == Serving(mode="batch", published="predictions/later.csv")
    assert "Readers stay at predictions/later.csv" in outcome.reason
    after = _order("batch", version="3", attempt=3, replaces=outcome.serving)
    app.world.kept, app.world.faults = None, {names.PUBLISH_PREDICTIONS: "lost"}
    assert not (await _release(app, after)).released
    assert app.world.published == "predictions/later.csv"


async def test_undoing_leads_readers_to_what_was_published_meanwhile(app: App) -> None:
    """Not to what was current when the release was ordered; and the ledger tells each step back."""
    order = _with_version_one_in_production(app, "batch")
    app.world.published = "predictions/v1-next.csv"
    app.world.faults = {names.PROMOTE_VERSION: "permanent"}
    outcome = await _release(app, order)
    assert not outcome.released
    assert outcome.dataset is None
    assert _end(app) == ("1", {}, [], "predictions/v1-next.csv")
    assert app.world.effects[-3:] == ["ChampionRestored", "ReadersRestored", "ReleaseFailed"]
    key = app.world.ledger[-2]
    assert app.world.facts[key] == {"version": "2", "current": "predictions/v1-next.csv"}


async def test_a_ledger_that_is_down_holds_up_no_step_back(app: App) -> None:
    """They are taken before any is written down."""
    order = _with_version_one_in_production(app, "online")
    before = _end(app)
    app.world.faults, app.world.ledger_refuses = {names.PROMOTE_VERSION: "permanent"}, ("ChampionRestored",)
    assert not (await _release(app, order)).released
    assert _end(app) == before
    assert "TrafficRestored" not in app.world.effects
    assert app.world.effects[-1] == "ReleaseFailed"


async def test_another_dataset_is_scored_where_the_fleet_file_names_one(app: App) -> None:
    """Its newest version, and not the one that was trained on; when there is none, nothing is begun."""
    order = _order("batch")
    serve = ServePolicy(mode="batch", pipeline="s.yml", dataset="weekly")
    order = order.model_copy(update={"policy": order.policy.model_copy(update={"serve": serve})})
    outcome = await _release(app, order)
    assert outcome.released
    assert outcome.dataset == dataset("weekly-1", name="weekly")
    scored = [job["inputs"]["data"]["path"] for job in app.world.jobs.values() if job["inputs"]["rows"] == "dataset"]
    assert scored == ["datasets/weekly-1/"]
    app.world.faults = {names.FIND_DATASET: "permanent"}
    app.world.champion, calls = "1", app.world.calls[names.SUBMIT_JOB]
    assert not (await _release(app, order.model_copy(update={"attempt": 3}))).released
    assert (app.world.champion, app.world.calls[names.SUBMIT_JOB]) == ("1", calls)


@pytest.mark.parametrize("mode", ["online", "batch"])
async def test_a_version_that_fails_its_golden_set_is_not_released(app: App, mode: str) -> None:
    """Everything is as it was, and the reason names the golden set."""
    order = _with_version_one_in_production(app, mode)
    before = _end(app)
    app.world.golden_passes = False
    outcome = await _release(app, order)
    assert not outcome.released
    assert "failed its golden set" in outcome.reason
    assert _end(app) == before
    assert app.world.effects[-1] == "ReleaseFailed"


async def test_what_cannot_be_undone_is_left_to_a_person(app: App) -> None:
    """The way back is down, too, and the reason says so; what has no traffic is deleted nevertheless."""
    order = _with_version_one_in_production(app, "online")
    app.world.faults = {names.SHIFT_TRAFFIC: "permanent"}
    outcome = await _release(app, order)
    assert not outcome.released
    assert "a person has to look" in outcome.reason
    assert (app.world.champion, list(app.world.deployments)) == ("1", ["v1-1"])


async def test_a_deployment_that_has_traffic_is_never_deleted(app: App) -> None:
    """Where the shift was done, its answer lost, and the way back is down, the version's deployment stays."""
    order = _with_version_one_in_production(app, "online")
    really = app.engine_functions[names.SHIFT_TRAFFIC]

    def done_and_broken(payload: dict[str, Any]) -> Any:
        if "v2-2" in payload["traffic"]:
            really(payload)
        return {"permanent": {"code": "Broken", "message": "nobody knows"}}

    app.engine_functions |= {names.SHIFT_TRAFFIC: done_and_broken}
    outcome = await _release(app, order)
    assert "v2-2 has some of the traffic" in outcome.reason
    assert (app.world.traffic, sorted(app.world.deployments)) == ({"v2-2": 100}, ["v1-1", "v2-2"])


async def test_a_shift_of_traffic_that_was_begun_and_fails_is_undone(app: App) -> None:
    """Azure ML begins it and fails later: the version was never asked, so it is not released."""
    order, before, calls = _with_version_one_in_production(app, "online"), _end(app), 0
    really = app.engine_functions[names.SHIFT_TRAFFIC]

    def shift(payload: dict[str, Any]) -> Any:
        nonlocal calls
        calls += 1
        failed = {"permanent": {"code": "EndpointFailed", "message": "the endpoint has failed: no quota"}}
        return failed if calls == 2 else really(payload)

    app.engine_functions |= {names.SHIFT_TRAFFIC: shift}
    outcome = await _release(app, order)
    assert not outcome.released
    assert "no quota" in outcome.reason
    assert _end(app) == before


async def test_a_shift_that_was_not_done_is_looked_at_until_it_is(app: App) -> None:
    """A call that has to begin anew says nothing of the end: the release counts when one finds the traffic as asked."""
    order, calls = _with_version_one_in_production(app, "online"), 0
    really = app.engine_functions[names.SHIFT_TRAFFIC]

    def shift(payload: dict[str, Any]) -> Any:
        nonlocal calls
        calls += 1
        begun = {"endpoint": payload["endpoint"], "traffic": payload["traffic"], "previous": {}, "begun": True}
        return {"result": begun} if calls < 3 else really(payload)

    app.engine_functions |= {names.SHIFT_TRAFFIC: shift}
    outcome = await _release(app, order)
    assert outcome.released, outcome.reason
    assert calls == 3
    assert app.world.traffic == {"v2-2": 100}


@pytest.mark.parametrize("fault", FAULTS)
async def test_tearing_down_may_fail(app: App, fault: Fault) -> None:
    """The version serves already, so the release stands; what is left over is told in the ledger."""
    order = _with_version_one_in_production(app, "online")
    app.world.faults = {names.DELETE_DEPLOYMENT: fault}
    outcome = await _release(app, order)
    assert outcome.released
    assert app.world.traffic == {"v2-2": 100}
    assert app.world.effects[-2:] == ["ModelReleased", "TearDownFailed"]


@pytest.mark.usefixtures("a_whole_hour")
async def test_a_permanent_failure_is_not_repeated_and_an_outage_is(app: App) -> None:
    """One attempt where trying again cannot help; an hour of attempts where it can."""
    app.world.faults = {names.TEST_DEPLOYMENT: "permanent"}
    await _release(app, _order("online"))
    assert app.world.calls[names.TEST_DEPLOYMENT] == 1
    app.world.faults = {names.TEST_DEPLOYMENT: "outage"}
    await _release(app, _order("online", attempt=3))
    assert app.world.calls[names.TEST_DEPLOYMENT] > 60


async def test_the_ledger_may_be_down_at_the_end(app: App) -> None:
    """A release that has happened is told to the interlock, also when it cannot be written down."""
    order = _with_version_one_in_production(app, "online")
    app.world.ledger_refuses = ("TrafficShifted", "ModelReleased", "ReplacedTornDown")
    outcome = await _release(app, order)
    assert outcome.released
    assert app.world.traffic == {"v2-2": 100}
    assert app.world.effects[-1] == "VersionPromoted"


async def test_only_production_scales(app: App) -> None:
    """QA deployments are short-lived: the one that gets traffic scales, where the fleet file names a definition."""
    order = _order("online")
    serve = order.policy.serve.model_copy(update={"deployment": "online.yml"})
    policy = order.policy.model_copy(update={"serve": serve})
    assert (await _release(app, order.model_copy(update={"policy": policy}))).released
    assert app.world.scaled == ["v2-2"]


@pytest.mark.parametrize("fault", FAULTS)
async def test_what_cannot_scale_is_not_released(app: App, fault: Fault) -> None:
    """Everything is as it was: no alias, no traffic, no deployment of the version."""
    order = _with_version_one_in_production(app, "online")
    before = _end(app)
    serve = order.policy.serve.model_copy(update={"deployment": "online.yml"})
    policy = order.policy.model_copy(update={"serve": serve})
    app.world.faults = {names.SCALE_DEPLOYMENT: fault}
    assert not (await _release(app, order.model_copy(update={"policy": policy}))).released
    assert _end(app) == before
