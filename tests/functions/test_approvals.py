"""A release that waits for a person: what its question is bound to, and that no channel keeps it from going on."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from shared import names
from shared.contracts.policy import ServePolicy
from shared.contracts.release import ApprovalWord, ReleaseModelInput, ReleaseOutcome, ReleaseWord, TellReleaseInput
from shared.contracts.release_policy import ApprovalPolicy, ReleasePolicy
from tests.functions.conftest import App
from tests.functions.world import Fault
from tests.shared.interlock.builders import MODEL, POLICY, at, dataset

INSTANCE = "release-under-test"
type Answer = Callable[[App], Awaitable[ReleaseOutcome]]


def _order() -> ReleaseModelInput:
    release = ReleasePolicy(approval=ApprovalPolicy(reasons=("first_release",)), archive_previous=False)
    serve = ServePolicy(mode="online", endpoint=MODEL)
    policy = POLICY.model_copy(update={"serve": serve, "release": release, "notify": ("teams:demand",)})
    return ReleaseModelInput(model=MODEL, version="2", attempt=2, policy=policy, dataset=dataset(), at=at())


async def _answered(app: App, *, approved: bool) -> ReleaseOutcome:
    """Release, and say yes or no before anything is asked: the word is kept until somebody listens."""
    word = ReleaseWord(approved=ApprovalWord(approved=approved, by="operator:bo", reason="looked at it"))
    order = _order().to_wire()
    await app.client.schedule_new_orchestration(names.RELEASE_MODEL, input=order, instance_id=INSTANCE)
    await app.run(names.TELL_RELEASE, TellReleaseInput(instance=INSTANCE, word=word))
    state = await app.finish(INSTANCE)
    return ReleaseOutcome.from_wire(state.get_output())


@pytest.mark.parametrize("excepted", [False, True])
async def test_an_exception_of_the_fleet_file_is_an_override(app: App, *, excepted: bool) -> None:
    """A person is asked where a gate holds by that alone, as where a person has let it pass."""
    policy = _order().policy
    release = policy.release.model_copy(update={"approval": ApprovalPolicy(reasons=("override",))})
    order = _order().model_copy(update={"policy": policy.model_copy(update={"release": release})})
    app.world.excepted = excepted
    state = await app.run(names.RELEASE_MODEL, order, "excepted-release")
    outcome = ReleaseOutcome.from_wire(state.get_output())
    assert (outcome.ended, bool(app.world.asked)) == (("refused", True) if excepted else (None, False))


def _facts(app: App, effect: str) -> dict[str, Any]:
    return next(facts for key, facts in app.world.facts.items() if key.endswith(f"/{effect}"))


async def test_a_question_is_bound_to_all_that_was_found(app: App) -> None:
    """The ledger keeps what was asked, whom it was told, and who has answered what."""
    assert (await _answered(app, approved=True)).released
    asked, said = _facts(app, "ApprovalAsked"), _facts(app, "Approved")
    (question,) = app.world.asked
    assert question["evidence"]["report_sha256"] == asked["report_sha256"] == said["report_sha256"]
    assert asked["report_sha256"] != "b" * 64  # of figures and gates alone: golden set and shadow are in it, too
    assert (asked["told"], said["by"]) == (["teams"], "operator:bo")


async def test_the_report_is_another_when_the_golden_set_went_otherwise(app: App) -> None:
    """So an approval of what was found before does not fit what is found now."""
    await _answered(app, approved=False)
    before = _facts(app, "ApprovalAsked")["report_sha256"]
    golden = app.world._golden
    app.world._golden = lambda: golden() | {"reason": "compared again"}  # type: ignore[method-assign]
    order = _order().model_copy(update={"attempt": 3})
    state = await app.run(names.RELEASE_MODEL, order, "another-release")
    assert ReleaseOutcome.from_wire(state.get_output()).ended == "refused"  # nobody has answered
    after = app.world.facts["another-release/ApprovalAsked"]["report_sha256"]
    assert after != before


@pytest.mark.parametrize("fault", ["permanent", "outage", "lost"])
async def test_a_release_waits_whether_or_not_anybody_could_be_told(app: App, fault: Fault) -> None:
    """The page and the command line show it; the ledger says that no channel was reached."""
    app.world.faults = {names.ASK_APPROVAL: fault}
    outcome = await _answered(app, approved=False)
    assert (outcome.released, outcome.ended) == (False, "refused")
    assert _facts(app, "ApprovalAsked")["told"] == []
