"""Strategies online: in which shares a version gets its traffic, what is looked at, and what a bad look leads to."""

from datetime import datetime, timedelta
from typing import Any, Final

import pytest

from shared import names
from shared.contracts.policy import ServePolicy
from shared.contracts.release import ApprovalWord, ReleaseModelInput, ReleaseOutcome, ReleaseWord, Serving
from shared.contracts.release_policy import AnalysisPolicy, CanaryStep, ReleasePolicy, ShadowPolicy
from tests.functions.conftest import App
from tests.functions.world import Payload
from tests.shared.interlock.builders import MODEL, POLICY, at, dataset

OLD: Final = Serving(mode="online", endpoint=MODEL, deployment="v1-1")
CANARY: Final = ReleasePolicy(
    strategy="canary", steps=(CanaryStep(percent=5, bake_minutes=30), CanaryStep(percent=50, bake_minutes=60))
)
SHADOW: Final = ReleasePolicy(strategy="shadow", shadow=ShadowPolicy(percent=10, minutes=120, max_disagreement=0.2))
RELEASE: Final = "release-1"


def _order(app: App, release: ReleasePolicy, **changes: Any) -> ReleaseModelInput:
    """Version 2 is released while version 1 serves."""
    app.world.champion, app.world.deployments, app.world.traffic = "1", {"v1-1": "1"}, {"v1-1": 100}
    serve = ServePolicy(mode="online", endpoint=MODEL)
    policy = POLICY.model_copy(update={"serve": serve, "release": release})
    order = ReleaseModelInput(
        model=MODEL, version="2", attempt=2, policy=policy, dataset=dataset(), at=at(), replaces=OLD
    )
    return order.model_copy(update=changes)


async def _begin(app: App, order: ReleaseModelInput) -> None:
    await app.client.schedule_new_orchestration(names.RELEASE_MODEL, input=order.to_wire(), instance_id=RELEASE)
    await app.engine.run_until_idle()


async def _end(app: App) -> ReleaseOutcome:
    state = await app.finish(RELEASE)
    assert state.runtime_status.name == "COMPLETED", state.failure_details
    return ReleaseOutcome.from_wire(state.get_output())


async def _released(app: App, order: ReleaseModelInput) -> ReleaseOutcome:
    await _begin(app, order)
    return await _end(app)


async def _say(app: App, word: ReleaseWord) -> None:
    await app.client.raise_orchestration_event(RELEASE, names.RELEASE_WORD, data=word.to_wire())
    await app.engine.run_until_idle()


def _shifts(app: App) -> list[dict[str, int]]:
    """The traffic after each shift, in order, once each."""
    seen: list[dict[str, int]] = []
    really = app.engine_functions[names.SHIFT_TRAFFIC]

    def shift(payload: Payload) -> Payload:
        answer: Payload = really(payload)
        if not seen or seen[-1] != app.world.traffic:
            seen.append(dict(app.world.traffic))
        return answer

    app.engine_functions |= {names.SHIFT_TRAFFIC: shift}
    return seen


def _minutes(looks: list[Payload]) -> list[float | None]:
    """How long real requests were counted for each look."""

    def lasted(look: Payload) -> float | None:
        if look["since"] is None:
            return None
        seconds = datetime.fromisoformat(look["until"]) - datetime.fromisoformat(look["since"])
        return round(seconds / timedelta(minutes=1))

    return [lasted(look) for look in looks]


def _is_old(app: App) -> bool:
    world = app.world
    return (world.champion, world.traffic, world.mirror, list(world.deployments)) == ("1", {"v1-1": 100}, {}, ["v1-1"])


async def test_a_canary_gets_more_and_more_of_the_traffic(app: App) -> None:
    """Each share is watched by itself, beside the champion, and the last one is all; then the alias moves."""
    shifts = _shifts(app)
    outcome = await _released(app, _order(app, CANARY))
    assert outcome.released, outcome.reason
    assert shifts == [{"v2-2": 5, "v1-1": 95}, {"v2-2": 50, "v1-1": 50}, {"v2-2": 100}]
    assert _minutes(app.world.analysed) == [30, 60]
    assert {(look["challenger"], look["champion"]) for look in app.world.analysed} == {("v2-2", "v1-1")}
    assert app.world.effects[5:] == [
        "TrafficShifted-5", "ChallengerAnalysed-5 %", "TrafficShifted-50", "ChallengerAnalysed-50 %", "TrafficShifted",
        "VersionPromoted", "ModelReleased", "ReplacedTornDown",
    ]  # fmt: skip


async def test_a_month_of_bake_times(app: App) -> None:
    """Passes in a moment of the skipping clock, and by no other steps than an hour."""
    ten_days = 10 * 24 * 60
    steps = tuple(CanaryStep(percent=percent, bake_minutes=ten_days) for percent in (1, 10, 50))
    begun = app.engine.now
    outcome = await _released(app, _order(app, ReleasePolicy(strategy="canary", steps=steps)))
    assert outcome.released, outcome.reason
    assert 30 <= (app.engine.now - begun) / 86_400e6 < 30.1
    assert _minutes(app.world.analysed) == [ten_days] * 3


@pytest.mark.parametrize("looks", [["failed"], ["passed", "failed"]], ids=["5 %", "50 %"])
async def test_a_canary_that_does_badly_is_taken_back(app: App, looks: list[str]) -> None:
    """All traffic goes back at once, nothing of it is left, and the reason says what was seen with which share."""
    order = _order(app, CANARY)
    app.world.analyses = looks
    outcome = await _released(app, order)
    assert not outcome.released
    assert f"failed its analysis ({[5, 50][len(looks) - 1]} %): looked at" in outcome.reason
    assert outcome.ended is None
    assert _is_old(app)


async def test_what_is_inconclusive_is_watched_once_more(app: App) -> None:
    """For as long again, with the same share, and by the second while alone."""
    order = _order(app, CANARY)
    app.world.analyses = ["inconclusive", "passed"]
    assert (await _released(app, order)).released
    assert _minutes(app.world.analysed) == [30, 30, 60]
    first, second, _ = app.world.analysed
    assert first["until"] <= second["since"]
    assert not app.world.asked


@pytest.mark.parametrize("answer", [True, False, None], ids=["yes", "no", "silence"])
async def test_a_person_is_asked_where_nobody_can_tell(app: App, answer: bool | None) -> None:
    """The traffic stays where it is until they have answered; no, and no answer, take the version back."""
    order = _order(app, CANARY)
    app.world.analyses = ["inconclusive"] * 2
    await _begin(app, order)
    await app.engine.advance(timedelta(minutes=61))
    (asked,) = app.world.asked
    assert (asked["why"], app.world.traffic) == ("inconclusive", {"v2-2": 5, "v1-1": 95})
    assert asked["evidence"]["report_sha256"] != "b" * 64
    await app.engine.advance(timedelta(hours=47))
    assert app.world.traffic == {"v2-2": 5, "v1-1": 95}
    if answer is not None:
        await _say(app, ReleaseWord(approved=ApprovalWord(approved=answer, by="operator:ana", reason="seen")))
    outcome = await _end(app)
    assert outcome.released is bool(answer)
    assert outcome.ended == (None if answer else "refused")
    assert answer or _is_old(app)


async def test_no_newer_version_takes_the_place_of_a_release_that_has_begun_to_shift(app: App) -> None:
    """A newer version waits for the end of a canary, also of one that a person is asked about."""
    order = _order(app, CANARY)
    app.world.analyses = ["inconclusive"] * 2
    await _begin(app, order)
    await app.engine.advance(timedelta(minutes=10))
    await _say(app, ReleaseWord(superseded="version 3"))
    await app.engine.advance(timedelta(minutes=61))
    await _say(app, ReleaseWord(superseded="version 4"))
    await _say(app, ReleaseWord(approved=ApprovalWord(approved=True, by="operator:ana", reason="seen")))
    assert (await _end(app)).released


@pytest.mark.parametrize("where", ["bake", "second bake", "person", "grace"])
async def test_a_release_that_shifts_is_told_to_go_back(app: App, where: str) -> None:
    """It hears that wherever it waits, and the champion has all of the traffic again, and the alias."""
    grace = CANARY.model_copy(update={"grace_minutes": 60})
    order = _order(app, grace)
    app.world.analyses = ["inconclusive"] * 2 if where == "person" else []
    await _begin(app, order)
    minutes = {"bake": 10, "second bake": 40, "person": 61, "grace": 100}[where]
    await app.engine.advance(timedelta(minutes=minutes))
    assert app.world.traffic.get("v2-2") == {"bake": 5, "second bake": 50, "person": 5, "grace": 100}[where]
    assert app.world.champion == ("2" if where == "grace" else "1")
    await _say(app, ReleaseWord(withdrawn="ben ordered it back: it is wrong."))
    outcome = await _end(app)
    assert (outcome.released, outcome.ended) == (False, "withdrawn")
    assert "ben ordered it back" in outcome.reason
    assert _is_old(app)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"replaces": None}, "no version serves before this one"),
        ({"replaces": Serving(mode="batch", published="p.csv")}, "no version serves before this one"),
        ({"replaces": Serving(mode="online", endpoint="elsewhere", deployment="v1-1")}, "serves elsewhere"),
        ({"replaces": OLD.model_copy(update={"route": "serving/m.json"})}, "serves elsewhere, behind serving/m.json"),
    ],
    ids=["first", "was batch", "other endpoint", "was routed"],
)
@pytest.mark.parametrize("policy", [CANARY, SHADOW], ids=["canary", "shadow"])
async def test_traffic_that_cannot_be_divided_goes_over_at_once(
    app: App, policy: ReleasePolicy, changes: dict[str, Any], why: str
) -> None:
    """And the ledger tells why."""
    order = _order(app, policy, **changes)
    app.world.traffic = {}
    shifts = _shifts(app)
    assert (await _released(app, order)).released
    assert shifts[0] == {"v2-2": 100}
    assert not app.world.analysed
    assert "StrategyReplaced" in app.world.effects
    assert why in app.world.reasons[f"{RELEASE}/StrategyReplaced"]


async def test_green_is_asked_before_it_gets_traffic_and_blue_stays_for_the_grace(app: App) -> None:
    """A long grace is looked at in its middle, too; only then is the former deployment torn down."""
    shifts = _shifts(app)
    await _begin(app, _order(app, ReleasePolicy(strategy="blue_green", grace_minutes=60)))
    assert (shifts, app.world.champion, sorted(app.world.deployments)) == ([{"v2-2": 100}], "2", ["v1-1", "v2-2"])
    assert (await app.interlock()).release is None, "the interlock has ordered nothing here"
    await app.engine.advance(timedelta(minutes=59))
    assert sorted(app.world.deployments) == ["v1-1", "v2-2"]
    assert (await _end(app)).released
    assert list(app.world.deployments) == ["v2-2"]
    assert _minutes(app.world.analysed) == [None, 30, 30]


async def test_green_that_does_badly_gets_no_traffic(app: App) -> None:
    """It is refused before clients notice anything."""
    shifts, order = _shifts(app), _order(app, ReleasePolicy(strategy="blue_green"))
    app.world.analyses = ["failed"]
    assert "beside the champion" in (await _released(app, order)).reason
    assert (shifts, _is_old(app)) == ([], True)


@pytest.mark.parametrize("looks", [["failed"], ["inconclusive", "failed"]], ids=["middle", "end"])
@pytest.mark.parametrize("strategy", ["all_at_once", "blue_green", "canary"])
async def test_a_grace_undoes_what_was_promoted(app: App, strategy: Any, looks: list[str]) -> None:
    """Traffic, alias and stage return together, whatever the strategy was."""
    order = _order(app, ReleasePolicy(strategy=strategy, grace_minutes=30))
    app.world.analyses = ["passed", *looks] if strategy == "blue_green" else looks
    outcome = await _released(app, order)
    assert "grace" in outcome.reason
    assert _is_old(app)
    assert app.world.effects[-1] == "ReleaseFailed"


async def test_a_first_release_has_no_grace(app: App) -> None:
    """There is nothing that could take over again."""
    order = _order(app, ReleasePolicy(grace_minutes=600), replaces=None)
    app.world.traffic, app.world.deployments = {}, {}
    begun = app.engine.now
    assert (await _released(app, order)).released
    assert app.engine.now - begun < 60e6


async def test_a_shadow_answers_copies_of_requests(app: App) -> None:
    """Clients notice nothing meanwhile; the stricter limit of how far it may predict holds, and the mirror ends."""
    order = _order(app, SHADOW.model_copy(update={"analysis": AnalysisPolicy(max_shift=0.5)}))
    await _begin(app, order)
    assert (app.world.traffic, app.world.mirror) == ({"v1-1": 100}, {"v2-2": 10})
    outcome = await _end(app)
    assert outcome.released, outcome.reason
    assert (app.world.traffic, app.world.mirror) == ({"v2-2": 100}, {})
    (look,) = app.world.analysed
    assert (look["limits"]["max_shift"], _minutes([look])) == (0.2, [120])
    assert app.world.effects[5:8] == ["TrafficMirrored", "ChallengerAnalysed-shadow", "MirrorEnded"]


async def test_a_shadow_comes_before_any_other_strategy_and_before_a_person(app: App) -> None:
    """Who approves is told how it did there."""
    approval = {"reasons": ("every_release",)}
    policy = ReleasePolicy.model_validate(
        {**CANARY.to_wire(), "shadow": SHADOW.to_wire()["shadow"], "approval": approval}
    )
    await _begin(app, _order(app, policy))
    await app.engine.advance(timedelta(minutes=121))
    assert (app.world.traffic, app.world.mirror) == ({"v1-1": 100}, {})
    assert app.world.asked[0]["shadow"] == "In the shadow of v1-1 for 120 minutes: looked at."
    await _say(app, ReleaseWord(approved=ApprovalWord(approved=True, by="operator:ana", reason="seen")))
    assert (await _end(app)).released
    assert _minutes(app.world.analysed) == [120, 30, 60]


@pytest.mark.parametrize(
    ("word", "ended"),
    [
        (ReleaseWord(superseded="version 3"), "superseded"),
        (ReleaseWord(withdrawn="The model is being retired."), "withdrawn"),
    ],
    ids=["superseded", "withdrawn"],
)
async def test_a_shadow_gives_way(app: App, word: ReleaseWord, ended: str) -> None:
    """At once, and nothing of it is left: neither the deployment nor the mirror."""
    await _begin(app, _order(app, SHADOW))
    await app.engine.advance(timedelta(minutes=10))
    await _say(app, word)
    outcome = await _end(app)
    assert (outcome.released, outcome.ended) == (False, ended)
    assert _is_old(app)
    assert not app.world.analysed


async def test_a_bad_shadow_ends_its_mirror(app: App) -> None:
    """And its deployment goes."""
    order = _order(app, SHADOW)
    app.world.analyses = ["failed"]
    assert "failed its analysis (shadow)" in (await _released(app, order)).reason
    assert _is_old(app)
