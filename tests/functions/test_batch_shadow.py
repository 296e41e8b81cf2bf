"""A challenger in the shadow scores what the champion has published, and readers see nothing of it until it is done."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from functions import adapters
from functions.activities.shadowing import compare_predictions, find_shadow_period
from shared import names
from shared.contracts.datasets import DatasetRef
from shared.contracts.policy import ModelPolicy
from shared.contracts.registry import RegisteredVersion
from shared.contracts.release import ReleaseModelInput, ReleaseOutcome, ReleaseWord, Serving, TellReleaseInput
from shared.contracts.release_policy import ReleasePolicy, ShadowPolicy
from shared.contracts.scoring import Publication
from shared.contracts.shadow import ComparePredictionsInput, FindShadowPeriodInput
from shared.errors import PermanentError
from tests.functions.conftest import App
from tests.functions.killed import INSTANCE, run_killed
from tests.functions.stores import Blobs
from tests.functions.world import Fault, World
from tests.shared.interlock.builders import MODEL, at, batch, dataset

FAULTS: tuple[Fault, ...] = ("permanent", "outage", "lost")
STEPS = (names.FIND_SHADOW_PERIOD, names.SUBMIT_JOB, names.READ_JOB, names.COMPARE_PREDICTIONS)
OLD = Serving(mode="batch", published="predictions/v1.csv", rows=3)
GO = ReleaseWord(go=True)


def _policy(runs: int = 1, most: float | None = 0.15, strategy: str = "shadow") -> ModelPolicy:
    shadow = ShadowPolicy(runs=runs, max_disagreement=most)
    return batch(release=ReleasePolicy.model_validate({"strategy": strategy, "shadow": shadow}))


def _order(policy: ModelPolicy | None = None, **changes: Any) -> ReleaseModelInput:
    order = ReleaseModelInput(
        model=MODEL, version="2", attempt=2, policy=policy or _policy(), dataset=dataset(), at=at(), replaces=OLD
    )
    return order.model_copy(update=changes)


def _served(world: World) -> None:
    """Version 1 is in production, and its predictions are published."""
    world.champion, world.published = "1", "predictions/v1.csv"


async def _say(app: App, word: ReleaseWord) -> None:
    """What the interlock would say; heard as soon as the release listens."""
    await app.run(names.TELL_RELEASE, TellReleaseInput(instance="shadowed", word=word))


async def _begin(app: App, order: ReleaseModelInput) -> None:
    await app.client.schedule_new_orchestration(names.RELEASE_MODEL, input=order.to_wire(), instance_id="shadowed")


async def _end(app: App) -> ReleaseOutcome:
    state = await app.finish("shadowed")
    assert state.runtime_status.name == "COMPLETED", state.failure_details
    return ReleaseOutcome.from_wire(state.get_output())


async def _release(app: App, order: ReleaseModelInput) -> ReleaseOutcome:
    """Release, and let it on when it asks."""
    await _begin(app, order)
    return await _let_on(app)


async def _let_on(app: App) -> ReleaseOutcome:
    ends = asyncio.create_task(_end(app))
    while not ends.done() and await _step(app) != "ready":
        await asyncio.wait([ends], timeout=0.02)
    if not ends.done():
        await _say(app, GO)
    return await ends


async def _step(app: App) -> str | None:
    state = await app.client.get_orchestration_state("shadowed")
    status = state.get_custom_status() if state is not None else None
    return status.get("step") if isinstance(status, dict) else None


def _agrees(world: World, outcome: ReleaseOutcome) -> bool:
    """All new or all old, and each effect once."""
    new = (world.champion, world.published) == ("2", "predictions/v2.csv")
    old = (world.champion, world.published) == ("1", "predictions/v1.csv")
    return (new if outcome.released else old) and len(set(world.ledger)) == len(world.ledger)


async def test_the_challenger_scores_what_the_champion_has_published(app: App) -> None:
    """Its job scores the same dataset version, nothing of it is published, and the figures are in the ledger."""
    _served(app.world)
    app.world.shadow_periods = ["d7"]
    outcome = await _release(app, _order())
    assert outcome.released, outcome.reason
    assert app.world.jobs["shadowed-shadow-1"]["inputs"]["data"]["path"] == "datasets/d7/"
    effects = app.world.effects
    assert effects.index("GoldenSetTested") < effects.index("ShadowScored-1") < effects.index("PredictionsPublished")
    figures = app.world.facts["shadowed/ShadowScored-1"]
    assert (figures["disagreement"], figures["dataset"], figures["champion"]) == (0.1, "d7", "1")
    assert app.world.calls[names.PUBLISH_PREDICTIONS] == 1
    assert _agrees(app.world, outcome)


async def test_several_periods_one_after_the_other(app: App) -> None:
    """Each once, as it comes: weeks of waiting are few looks, and readers stay where they are."""
    _served(app.world)
    app.world.shadow_periods = [None, "d7", *[None] * 30, "d8", *[None] * 30, "d9"]
    outcome = await _release(app, _order(_policy(runs=3)))
    assert outcome.released, outcome.reason
    assert [effect for effect in app.world.effects if effect.startswith("ShadowScored")] == [
        "ShadowScored-1", "ShadowScored-2", "ShadowScored-3"]  # fmt: skip
    assert app.world.looks == 64
    scored = [job["inputs"]["data"]["path"] for name, job in app.world.jobs.items() if "-shadow-" in name]
    assert scored == ["datasets/d7/", "datasets/d8/", "datasets/d9/"]


async def test_a_period_that_never_comes_ends_the_release(app: App) -> None:
    """After 35 days, with a history that stays small; nothing has changed."""
    _served(app.world)
    outcome = await _release(app, _order())
    assert not outcome.released
    assert "No new period came until" in outcome.reason
    assert "the champion has published nothing newer" in outcome.reason
    assert app.world.looks <= 80
    assert _agrees(app.world, outcome)


@pytest.mark.parametrize(
    ("compared", "told"),
    [
        ({"disagreement": 0.16}, "disagrees with the champion by 16.0%, and at most 15.0% is allowed"),
        ({"disagreement": None}, "no disagreement can be told"),
        ({"known": 3, "error": 2.0, "champion_error": 1.0}, "mean error 2 over 3 rows is worse than the champion's 1"),
    ],
)
async def test_what_disagrees_or_is_worse_is_not_released(app: App, compared: dict[str, Any], told: str) -> None:
    """The figures are in the reason and in the ledger, and nothing has changed."""
    _served(app.world)
    app.world.shadow_periods, app.world.compared = ["d7"], compared
    outcome = await _release(app, _order())
    assert not outcome.released
    assert told in outcome.reason
    assert "ShadowScored-1" in app.world.effects
    assert _agrees(app.world, outcome)


async def test_without_a_bound_it_is_only_told(app: App) -> None:
    """The fleet file sets no `max_disagreement`, and no actual value is known."""
    _served(app.world)
    app.world.shadow_periods, app.world.compared = ["d7"], {"disagreement": 3.0}
    assert (await _release(app, _order(_policy(most=None)))).released


@pytest.mark.parametrize(
    ("word", "ended"),
    [(ReleaseWord(superseded="3"), "superseded"), (ReleaseWord(withdrawn="a hold"), "withdrawn")],
)
async def test_it_gives_way_while_it_waits(app: App, word: ReleaseWord, ended: str) -> None:
    """A word reaches it in the shadow, and nothing has changed."""
    _served(app.world)
    await _begin(app, _order())
    await _say(app, word)
    outcome = await _end(app)
    assert (outcome.released, outcome.ended) == (False, ended)
    assert _agrees(app.world, outcome)


async def test_words_that_mean_nothing_here_do_not_hurry_it(app: App) -> None:
    """A `go` that nobody asked for does not end the wait for a period."""
    _served(app.world)
    app.world.shadow_periods = [None, "d7"]
    await _begin(app, _order())
    await _say(app, GO)
    assert (await _let_on(app)).released
    assert "ShadowScored-1" in app.world.effects


@pytest.mark.parametrize("replaces", [None, Serving(mode="online", endpoint="e", deployment="v1-1")])
async def test_without_published_predictions_there_is_no_shadow(app: App, replaces: Serving | None) -> None:
    """The first release, or one of a model that answered online: nothing can be compared, and nothing is waited for."""
    await _begin(app, _order(replaces=replaces))
    assert (await _end(app)).released
    assert app.world.looks == 0


async def test_the_shadow_comes_before_any_strategy(app: App) -> None:
    """`shadow` beside another strategy runs first."""
    _served(app.world)
    app.world.shadow_periods = ["d7"]
    assert (await _release(app, _order(_policy(strategy="all_at_once")))).released
    assert "ShadowScored-1" in app.world.effects


async def test_after_the_shadow_the_newest_period_is_published(app: App) -> None:
    """Weeks have passed: what the version was trained on is not the newest any more."""
    _served(app.world)
    app.world.shadow_periods = ["d7"]
    outcome = await _release(app, _order(dataset=dataset("d0")))
    assert outcome.released
    assert app.world.jobs["shadowed-period"]["inputs"]["data"]["path"] == "datasets/d1/"
    assert outcome.dataset == dataset("d1")


@pytest.mark.parametrize(
    ("later", "told"),
    [
        ({"artifact_sha256": "f" * 64}, "its files are not the same any more"),
        ({"report_sha256": "f" * 64}, "what the ledger has of it is not the same any more"),
        ({}, ""),
    ],
)
async def test_what_has_waited_is_verified_again(app: App, later: dict[str, str], told: str) -> None:
    """Another artifact or another report than was tested is not released, and nothing has changed."""
    _served(app.world)
    app.world.shadow_periods = ["d7"]
    really = app.engine_functions[names.VERIFY_VERSION]
    looks: list[dict[str, Any]] = []

    def verify(payload: dict[str, Any]) -> Any:
        looks.append(payload)
        answer = really(payload)
        return {"result": answer["result"] | later} if len(looks) > 1 else answer

    app.engine_functions |= {names.VERIFY_VERSION: verify}
    outcome = await _release(app, _order())
    assert (outcome.released, told in outcome.reason) == (not later, True), outcome.reason
    assert "VersionVerified-again" in app.world.effects
    assert len(looks) == 2
    assert _agrees(app.world, outcome)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("step", STEPS)
async def test_any_step_may_fail(app: App, step: str, fault: Fault) -> None:
    """Broken for good, down for an hour, or its answer lost: nothing has changed."""
    _served(app.world)
    app.world.shadow_periods, app.world.faults = ["d7"] * 100, {step: fault}
    outcome = await _release(app, _order())
    assert not outcome.released
    assert step in outcome.reason
    assert _agrees(app.world, outcome)


async def test_killed_after_any_effect(tmp_path: Path) -> None:
    """Opened again on the same database, it is refused by the same figures, told once."""
    killed, number = True, 0
    while killed:
        number += 1
        world, folder = World(), tmp_path / str(number)
        folder.mkdir()
        _served(world)
        world.shadow_periods, world.compared = [None, "d7", "d7", "d7"], {"disagreement": 0.5}
        killed, output = await run_killed(names.RELEASE_MODEL, _order(), world, folder, number)
        outcome = ReleaseOutcome.from_wire(output)
        assert not outcome.released
        assert "disagrees" in outcome.reason
        assert world.ledger.count(f"{INSTANCE}/ShadowScored-1") == 1
        assert _agrees(world, outcome)
    assert number > 8, "it has more effects than this"


# ── The activities ──────────────────────────────────────────────────────────────────────────────────────────────────


class Outside:
    """Index, registry and platform in memory."""

    def __init__(self) -> None:
        self.newest_version: DatasetRef | None = dataset("d7")
        self.aliases: tuple[str, ...] = ("champion",)
        self.output = b"route,prediction\nb,2\na,1\n"

    def newest(self, fleet: str, name: str, labels: dict[str, str]) -> DatasetRef | None:
        """The newest dataset version."""
        return self.newest_version

    def versions(self, model: str) -> list[RegisteredVersion]:
        """One version, which is champion."""
        return [RegisteredVersion(model=model, version="1", aliases=self.aliases)]

    def read_job_file(self, job: str, output: str) -> bytes:
        """What the challenger predicted."""
        return self.output


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> Outside:
    """In the place of the adapters."""
    made = Outside()
    for name in ("dataset_index", "registry", "platform"):
        monkeypatch.setattr(adapters, name, lambda: made)
    return made


@pytest.fixture
def blobs(monkeypatch: pytest.MonkeyPatch) -> Blobs:
    """The data container in memory."""
    made = Blobs("data")
    monkeypatch.setattr(adapters, "data", lambda: made)
    return made


def _publish(blobs: Blobs, version: str, dataset_version: str = "d7", as_of: datetime | None = None) -> str:
    moment = f"as-of-{as_of:%Y%m%d}/" if as_of else ""
    path = f"predictions/{MODEL}/{dataset_version}/{moment}v{version}.csv"
    told = Publication(model=MODEL, path=path, version=version, dataset=dataset_version, as_of=as_of)
    blobs.write(path, b"route,prediction\na,1\nb,3\n")
    blobs.write(path.replace(".csv", ".json"), told.model_dump_json().encode())
    return path


FIND = FindShadowPeriodInput(model=MODEL, fleet="flights", dataset="departures", labels={})


class TestFinding:
    """The newest period that both can be compared by."""

    async def test_what_the_champion_has_published_is_found(self, outside: Outside, blobs: Blobs) -> None:
        """By the champion's alias; what others have published of the same period is not taken."""
        path = _publish(blobs, "1")
        _publish(blobs, "11")
        found = (await find_shadow_period(FIND)).period
        assert found is not None
        assert (found.dataset.version, found.champion, found.path, found.as_of) == ("d7", "1", path, None)

    async def test_the_moment_of_the_champions_scoring_is_the_challengers(self, outside: Outside, blobs: Blobs) -> None:
        """The latest one; predictions for the present come first."""
        moments = [datetime(2026, 1, day, tzinfo=UTC) for day in (3, 9, 5)]
        for moment in moments:
            _publish(blobs, "1", as_of=moment)
        found = (await find_shadow_period(FIND)).period
        assert found is not None
        assert found.as_of == moments[1]
        path = _publish(blobs, "1")
        found = (await find_shadow_period(FIND)).period
        assert found is not None
        assert (found.as_of, found.path) == (None, path)

    async def test_what_is_missing_is_said(self, outside: Outside, blobs: Blobs) -> None:
        """No dataset version, none since, nothing published of it, nobody champion."""
        assert "has not published dataset version d7" in (await find_shadow_period(FIND)).missing
        again = FIND.model_copy(update={"scored": ("d7",)})
        assert "no version of departures has come after d7" in (await find_shadow_period(again)).missing
        outside.aliases = ()
        assert "which version is champion" in (await find_shadow_period(FIND)).missing
        outside.newest_version = None
        assert "has no version" in (await find_shadow_period(FIND)).missing

    async def test_a_baseline_that_stands_in_is_known_by_what_is_published(
        self, outside: Outside, blobs: Blobs
    ) -> None:
        """No version has the alias then."""
        outside.aliases = ()
        path = _publish(blobs, "baseline-4")
        found = (await find_shadow_period(FIND.model_copy(update={"published": path}))).period
        assert found is not None
        assert (found.champion, found.path) == ("baseline-4", path)


class TestComparing:
    """The job's output beside the champion's CSV."""

    async def test_rows_are_joined(self, outside: Outside, blobs: Blobs) -> None:
        """|2 - 3| of 1 + 3."""
        order = ComparePredictionsInput(job="j", champion="1", published=_publish(blobs, "1"))
        compared = await compare_predictions(order)
        assert (compared.rows, compared.disagreement) == (2, 0.25)

    async def test_what_cannot_be_compared_names_whose_it_is(self, outside: Outside, blobs: Blobs) -> None:
        """Refused for good."""
        outside.output = b"route,prediction\na,\n"
        order = ComparePredictionsInput(job="j", champion="1", published=_publish(blobs, "1"))
        with pytest.raises(PermanentError, match="The challenger's predictions, line 2"):
            await compare_predictions(order)
