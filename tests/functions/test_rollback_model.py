"""A rollback leaves production with one version: what clients get, alias and ledger agree, whatever fails."""

from pathlib import Path
from typing import Any

import pytest

from functions import adapters
from functions.activities.rollback import find_baseline_version, withdraw_champion
from shared import names
from shared.contracts.policy import BaselinePolicy
from shared.contracts.registry import RegisteredVersion
from shared.contracts.release import Serving
from shared.contracts.release_policy import ReleasePolicy
from shared.contracts.rollback import (
    FindBaselineInput,
    GoodVersion,
    RollbackModelInput,
    RollbackOutcome,
    WithdrawChampionInput,
)
from shared.contracts.routes import ModelRoute
from shared.errors import PermanentError
from tests.functions.conftest import App
from tests.functions.killed import run_killed
from tests.functions.world import Fault, World
from tests.shared.interlock.builders import MODEL, POLICY, at, batch, dataset

FAULTS: tuple[Fault, ...] = ("permanent", "outage", "lost")
BASELINE = BaselinePolicy(model="the-baseline", pipeline="b.yml")
ONLINE_STEPS = (names.READ_DEPLOYMENT, names.COMPARE_FILES, names.CREATE_DEPLOYMENT, names.SHIFT_TRAFFIC,
                names.PROMOTE_VERSION, names.DELETE_DEPLOYMENT, names.APPEND_LEDGER)  # fmt: skip
BATCH_STEPS = (names.RESTORE_PREDICTIONS, names.COMPARE_FILES, names.PROMOTE_VERSION, names.SUBMIT_JOB, names.READ_JOB,
               names.PUBLISH_PREDICTIONS, names.APPEND_LEDGER)  # fmt: skip
FAILOVER_STEPS = (names.FIND_BASELINE_VERSION, names.CREATE_DEPLOYMENT, names.SHIFT_TRAFFIC, names.WITHDRAW_CHAMPION,
                  names.APPEND_LEDGER)  # fmt: skip


def _online(version: str, deployment: str, route: str | None = None) -> GoodVersion:
    serving = Serving(mode="online", endpoint=MODEL, deployment=deployment, route=route)
    return GoodVersion(model=MODEL, version=version, serving=serving)


def _batch(version: str, period: str) -> GoodVersion:
    serving = Serving(mode="batch", published=f"predictions/v{version}.csv", rows=3)
    return GoodVersion(model=MODEL, version=version, serving=serving, dataset=dataset(period))


def _order(**changes: Any) -> RollbackModelInput:
    order = RollbackModelInput(
        model=MODEL,
        attempt=3,
        policy=POLICY,
        leaves=_online("2", "v2-2"),
        back_to=_online("1", "v1-1"),
        by="operator:ana",
        reason="it forecasts nonsense.",
        compares=True,
        at=at(600),
    )
    return order.model_copy(update=changes)


def _online_world(world: World, *, kept: bool = False) -> RollbackModelInput:
    """Version 2 serves; what served before is still there, or not any more."""
    world.champion, world.before = "2", {"1": None, "2": "1"}
    world.deployments, world.traffic = {"v2-2": "2"}, {"v2-2": 100}
    if kept:
        world.deployments["v1-1"] = "1"
    return _order()


def _batch_world(world: World) -> RollbackModelInput:
    world.champion, world.before, world.published = "2", {"1": None, "2": "1"}, "predictions/v2.csv"
    return _order(policy=batch(), leaves=_batch("2", "d2"), back_to=_batch("1", "d1"), period=dataset("d2"))


def _failover_world(world: World) -> RollbackModelInput:
    world.baselines = ["job-1"]
    return _online_world(world).model_copy(
        update={"back_to": None, "policy": POLICY.model_copy(update={"baseline": BASELINE})}
    )


async def _roll_back(app: App, order: RollbackModelInput) -> RollbackOutcome:
    state = await app.run(names.ROLLBACK_MODEL, order, "back")
    assert state.runtime_status.name == "COMPLETED", state.failure_details
    return RollbackOutcome.from_wire(state.get_output())


def _serving(world: World) -> str | None:
    """The version that clients get: by traffic, or as readers are pointed to it."""
    if world.published is not None:
        return world.published.removeprefix("predictions/v").removesuffix(".csv")
    return next((world.deployments[name] for name in world.traffic), None)


def _require_agreement(world: World, outcome: RollbackOutcome, *, left: str = "2") -> None:
    """What the outcome says is so; where nobody can tell, it says that a person has to look."""
    serving = _serving(world)
    assert serving is not None, "clients are sent nowhere"
    assert len(set(world.ledger)) == len(world.ledger)
    if outcome.serves is not None:
        shown = f"baseline-{outcome.serves.version}" if world.published and outcome.serves.model != MODEL else None
        assert serving == (shown or outcome.serves.version)
    if outcome.outcome == "rolled_back":
        assert world.champion == serving
    elif outcome.outcome == "failed_over":
        assert world.champion is None
    else:
        assert "person has to look" in outcome.reason or "stays" in outcome.reason
        # Alias and clients are apart only where the step that failed is the alias' own, or the shift's answer is lost.
        assert world.champion == serving or "alias and stage" in outcome.reason or outcome.serves is None
    assert world.champion == left or serving != left, "the registry tells of a version that nobody gets"


@pytest.mark.parametrize("archive", [True, False])
async def test_what_is_left_is_archived_as_the_fleet_file_says(app: App, archive: bool) -> None:
    """As after a release."""
    promoted: list[dict[str, Any]] = []
    really = app.engine_functions[names.PROMOTE_VERSION]

    def promote(payload: dict[str, Any]) -> Any:
        promoted.append(payload)
        return really(payload)

    app.engine_functions |= {names.PROMOTE_VERSION: promote}
    policy = POLICY.model_copy(update={"release": ReleasePolicy(archive_previous=archive)})
    order = _online_world(app.world).model_copy(update={"policy": policy})
    state = await app.run(names.ROLLBACK_MODEL, order)
    assert state.runtime_status.name == "COMPLETED", state.failure_details
    assert [payload.get("archive", True) for payload in promoted] == [archive]


async def test_traffic_alias_and_stage_return_together(app: App) -> None:
    """The version that was gone is deployed anew, asked by all, and champion; what was left is torn down."""
    outcome = await _roll_back(app, _online_world(app.world))
    assert outcome.outcome == "rolled_back"
    assert outcome.serves == _online("1", "v1-3")
    assert outcome.reason == "Version 2 gave way to version 1: it forecasts nonsense. Ordered by operator:ana."
    world = app.world
    assert (world.champion, world.traffic, list(world.deployments)) == ("1", {"v1-3": 100}, ["v1-3"])
    assert world.effects == ["RollbackStarted", "ProductionDeployed", "TrafficShifted", "VersionPromoted", "RolledBack",
                             "ReplacedTornDown"]  # fmt: skip
    assert world.facts["back/RollbackStarted"]["by"] == "operator:ana"
    assert world.facts["back/RolledBack"]["leaves"] == "2"


async def test_a_deployment_in_its_grace_takes_over_at_once(app: App) -> None:
    """Nothing is deployed: the recorded one still answers."""
    outcome = await _roll_back(app, _online_world(app.world, kept=True))
    assert outcome.serves == _online("1", "v1-1")
    assert app.world.calls[names.CREATE_DEPLOYMENT] == 0
    assert (app.world.traffic, list(app.world.deployments)) == ({"v1-1": 100}, ["v1-1"])


async def test_another_version_in_the_recorded_deployment_is_not_asked(app: App) -> None:
    """Its name was given to something else since: the version gets one of its own."""
    order = _online_world(app.world)
    app.world.deployments["v1-1"] = "7"
    outcome = await _roll_back(app, order)
    assert outcome.serves == _online("1", "v1-3")


@pytest.mark.parametrize("way", ["anew", "batch", "kept", "failover"])
async def test_files_that_are_not_the_registered_ones_are_never_asked(app: App, way: str) -> None:
    """The version that was to be left stays, or readers at what was published before; what stands was compared then."""

    def compare(payload: dict[str, Any]) -> Any:
        return {"permanent": {"code": "ArtifactChanged", "message": f"Version {payload['version']} was changed."}}

    app.engine_functions |= {names.COMPARE_FILES: compare}
    outcome = await _roll_back(app, WAYS[way][0](app.world))
    _require_agreement(app.world, outcome)
    assert outcome.outcome == {"kept": "rolled_back", "failover": "failed_over"}.get(way, "failed")
    if outcome.outcome == "failed":
        assert "Version 1 was changed." in outcome.reason
        assert app.world.calls[names.CREATE_DEPLOYMENT] + app.world.calls[names.SUBMIT_JOB] == 0
        assert _serving(app.world) == ("2" if way == "anew" else "1")


async def test_what_could_not_be_compared_is_told_of(app: App) -> None:
    """A rollback does not wait for a ledger that is down, and says so."""
    app.engine_functions |= {names.COMPARE_FILES: lambda _: {"result": {"unknown": "the ledger cannot be read"}}}
    told: list[str] = []
    really = app.engine_functions[names.APPEND_LEDGER]

    def append(payload: dict[str, Any]) -> Any:
        told.append(payload["reason"])
        return really(payload)

    app.engine_functions |= {names.APPEND_LEDGER: append}
    assert (await _roll_back(app, _online_world(app.world))).outcome == "rolled_back"
    assert "Deployed as v1-3: version 1. Its files were not compared, since the ledger cannot be read." in told


async def test_behind_a_shared_endpoint_the_route_goes_back(app: App) -> None:
    """No traffic moves, since shares of it cannot tell models apart."""
    world, path = app.world, names.route_path(MODEL)
    order = _online_world(world, kept=True)
    world.traffic = {}
    world.routes[MODEL] = ModelRoute(model=MODEL, endpoint=MODEL, deployment="v2-2", version="2", at=at(0), attempt=2)
    routed = {"leaves": _online("2", "v2-2", path), "back_to": _online("1", "v1-1", path)}
    outcome = await _roll_back(app, order.model_copy(update=routed))
    assert outcome.serves == _online("1", "v1-1", path)
    assert (world.routes[MODEL].deployment, world.traffic, list(world.deployments)) == ("v1-1", {}, ["v1-1"])
    assert world.champion == "1"


async def test_the_interlock_is_always_told(app: App) -> None:
    """Also when everything is broken: nothing waits for ever."""
    order = _online_world(app.world)
    app.world.faults = dict.fromkeys((*ONLINE_STEPS, *BATCH_STEPS), "permanent")
    told = await _roll_back(app, order)
    assert told.outcome == "failed"
    assert told.serves == order.leaves
    assert _serving(app.world) == "2"


async def test_a_ledger_that_comes_back_says_what_it_has_missed(app: App) -> None:
    """Nothing waits for it but once; the last record names what is not written."""
    order = _online_world(app.world)
    app.world.ledger_refuses = ("RollbackStarted",)
    outcome = await _roll_back(app, order)
    assert outcome.outcome == "rolled_back"
    assert app.world.effects == ["RolledBack", "ReplacedTornDown"]
    missed = ["RollbackStarted", "ProductionDeployed", "TrafficShifted", "VersionPromoted"]
    assert app.world.facts["back/RolledBack"]["unwritten"] == missed


class TestBatch:
    """Readers first, then the period once more."""

    async def test_readers_alias_and_the_period_return(self, app: App) -> None:
        """At once what it has published last, and then the period that the other version had scored."""
        outcome = await _roll_back(app, _batch_world(app.world))
        assert outcome.outcome == "rolled_back"
        assert outcome.serves == _batch("1", "d2")
        assert (app.world.champion, app.world.published) == ("1", "predictions/v1.csv")
        assert app.world.effects == ["RollbackStarted", "PredictionsRestored", "VersionPromoted",
                                     "PredictionsPublished", "RolledBack"]  # fmt: skip
        job = app.world.jobs["back-period"]["inputs"]
        assert (job["model"]["version"], job["data"]["path"]) == ("1", "datasets/d2/")

    async def test_what_cannot_be_scored_leaves_readers_at_the_last_good_predictions(self, app: App) -> None:
        """The period is missing, and a person is told."""
        order = _batch_world(app.world)
        app.world.job_status = "Failed"
        outcome = await _roll_back(app, order)
        assert (outcome.outcome, outcome.serves) == ("failed", _batch("1", "d1"))
        assert "the period: The job back-period ended as Failed: boom" in outcome.reason
        assert (app.world.champion, app.world.published) == ("1", "predictions/v1.csv")

    async def test_without_a_period_readers_return(self, app: App) -> None:
        """Nothing is scored where nobody knows what."""
        order = _batch_world(app.world)
        back_to = _batch("1", "d1").model_copy(update={"dataset": None})
        outcome = await _roll_back(app, order.model_copy(update={"period": None, "back_to": back_to}))
        assert (outcome.outcome, app.world.jobs) == ("rolled_back", {})

    async def test_the_baseline_is_published_where_readers_look(self, app: App) -> None:
        """Under the model's own name, and under a version that none of its own has; no version is champion."""
        order = _batch_world(app.world)
        app.world.baselines = ["job-1"]
        policy = batch(baseline=BASELINE)
        outcome = await _roll_back(app, order.model_copy(update={"back_to": None, "policy": policy}))
        assert (outcome.outcome, outcome.serves and outcome.serves.model) == ("failed_over", "the-baseline")
        assert (app.world.champion, app.world.published) == (None, "predictions/vbaseline-1.csv")
        assert app.world.jobs["back-period"]["inputs"]["model"]["model"] == "the-baseline"

    async def test_a_job_that_is_somebody_elses_is_left_alone(self, app: App) -> None:
        """Its name is taken: nothing is scored, and nothing cancelled."""
        order = _batch_world(app.world)
        app.world.jobs["back-period"] = {"pipeline": "x", "experiment": "x", "inputs": {}, "tags": {}}
        outcome = await _roll_back(app, order)
        assert (outcome.outcome, app.world.canceled) == ("failed", [])


class TestFailover:
    """No last good version: the baseline stands in, if there is one."""

    async def test_the_baseline_is_asked(self, app: App) -> None:
        """It is deployed behind the model's endpoint, and no version of the model is champion."""
        outcome = await _roll_back(app, _failover_world(app.world))
        serving = Serving(mode="online", endpoint=MODEL, deployment="v1-3")
        assert outcome.outcome == "failed_over"
        assert outcome.serves == GoodVersion(model="the-baseline", version="1", serving=serving)
        assert (app.world.champion, app.world.traffic) == (None, {"v1-3": 100})
        assert app.world.owners["v1-3"] == "the-baseline"
        assert app.world.effects == ["RollbackStarted", "ProductionDeployed", "TrafficShifted", "ChampionWithdrawn",
                                     "FailedOver", "ReplacedTornDown"]  # fmt: skip

    async def test_a_baseline_that_stood_in_before_can_be_the_last_good_one(self, app: App) -> None:
        """It serves again, and takes the alias away."""
        order = _online_world(app.world, kept=True)
        back_to = _online("1", "v1-1").model_copy(update={"model": "the-baseline"})
        outcome = await _roll_back(app, order.model_copy(update={"back_to": back_to}))
        assert (outcome.outcome, app.world.champion) == ("failed_over", None)

    async def test_without_one_the_version_stays(self, app: App) -> None:
        """Nothing is begun, and the reason says what is missing."""
        order = _online_world(app.world).model_copy(update={"back_to": None})
        outcome = await _roll_back(app, order)
        assert (outcome.outcome, outcome.serves) == ("failed", order.leaves)
        assert "names no baseline" in outcome.reason
        assert _serving(app.world) == "2"
        assert app.world.effects == ["RollbackStarted", "RollbackFailed"]


WAYS: dict[str, Any] = {
    "anew": (_online_world, ONLINE_STEPS),
    "kept": (lambda world: _online_world(world, kept=True), ONLINE_STEPS),
    "batch": (_batch_world, BATCH_STEPS),
    "failover": (_failover_world, FAILOVER_STEPS),
}
MATRIX = [(way, step) for way, (_, steps) in WAYS.items() for step in steps]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("way", "step"), MATRIX)
async def test_any_step_may_fail(app: App, way: str, step: str, fault: Fault) -> None:
    """Broken for good, down for an hour, or its answer lost: clients get one version, and it is told which."""
    order = WAYS[way][0](app.world)
    app.world.faults = {step: fault}
    outcome = await _roll_back(app, order)
    _require_agreement(app.world, outcome)


@pytest.mark.parametrize("way", list(WAYS))
async def test_killed_after_any_effect(tmp_path: Path, way: str) -> None:
    """Opened again on the same database, it ends as if nothing had happened, and the ledger has every effect once."""
    killed, number = True, 0
    while killed:
        number += 1
        world, folder = World(), tmp_path / str(number)
        folder.mkdir()
        killed, output = await run_killed(names.ROLLBACK_MODEL, WAYS[way][0](world), world, folder, number)
        outcome = RollbackOutcome.from_wire(output)
        assert outcome.outcome == ("failed_over" if way == "failover" else "rolled_back")
        _require_agreement(world, outcome)
    assert number > 6, "it has more effects than this"


class _Registry:
    """Versions of some models, oldest first."""

    def __init__(self, **versions: list[str]) -> None:
        self._versions = versions
        self.retired: list[str] = []

    def versions(self, model: str) -> list[RegisteredVersion]:
        """All of a model."""
        return [RegisteredVersion(model=model, version=version) for version in self._versions.get(model, [])]

    def retire(self, model: str) -> str | None:
        """Take the alias away; the version that had it."""
        self.retired.append(model)
        return self.versions(model)[-1].version


class TestActivities:
    """The registry's part of a failover."""

    async def test_the_newest_version_of_the_baseline_stands_in(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """They are told oldest first; a baseline that was never registered is named."""
        monkeypatch.setattr(adapters, "registry", lambda: _Registry(plain=["9", "10"]))
        assert (await find_baseline_version(FindBaselineInput(model="plain"))).version == "10"
        with pytest.raises(PermanentError, match="no version of the baseline other"):
            await find_baseline_version(FindBaselineInput(model="other"))

    async def test_a_model_of_the_fleet_loses_its_champion(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Unlike a retirement, a failover is of a model that the fleet file has."""
        registry = _Registry(plain=["1", "2"])
        monkeypatch.setattr(adapters, "registry", lambda: registry)
        assert (await withdraw_champion(WithdrawChampionInput(model="plain"))).version == "2"
        assert registry.retired == ["plain"]
