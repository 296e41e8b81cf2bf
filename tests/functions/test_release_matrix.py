"""Every step of every strategy failed, and the process killed, before and after: all is new, or all is as it was."""

import random
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest

from functions import boundary
from local.testing.chaos import Chaos
from shared import names
from shared.contracts.policy import ServePolicy
from shared.contracts.release import ReleaseModelInput, Serving
from shared.contracts.release_policy import CanaryStep, ReleasePolicy, ShadowPolicy
from shared.contracts.routes import ModelRoute
from tests.functions.release_lab import ATTEMPTS, Case, Harm, Lab
from tests.functions.world import World
from tests.shared.interlock.builders import POLICY, at, dataset

pytestmark = pytest.mark.filterwarnings("ignore:azure.functions df_loads:DeprecationWarning")

CANARY: Final = (CanaryStep(percent=5, bake_minutes=30), CanaryStep(percent=50, bake_minutes=60))


@dataclass(frozen=True)
class Scenario:
    """A release that goes one way as long as nothing disturbs it.

    Attributes:
        analyses: Their outcomes, in order; all that follow pass.
        first: Whether nothing serves before it.
        ends: Whether the version serves in the end.
    """

    name: str
    policy: ReleasePolicy = field(default_factory=ReleasePolicy)
    analyses: tuple[str, ...] = ()
    first: bool = False
    shared: bool = False
    batch: bool = False
    ends: bool = True

    def case(self, number: int, **harm: Any) -> Case:
        """The release, as a case of its own."""
        model = f"case-{number}"
        world = World(analyses=list(self.analyses))
        replaces = None if self.first else self._version_one(world, model)
        serve = ServePolicy(mode="online", endpoint=model, shared=self.shared)
        if self.batch:
            serve = ServePolicy(mode="batch", pipeline="s.yml")
        policy = POLICY.model_copy(update={"model": model, "fleet": model, "serve": serve, "release": self.policy})
        order = ReleaseModelInput(
            model=model, version="2", attempt=2, policy=policy, dataset=dataset(), at=at(), replaces=replaces
        )
        return Case(order, world, **harm)

    def _version_one(self, world: World, model: str) -> Serving:
        world.champion = "1"
        if self.batch:
            world.published = "predictions/v1.csv"
            return Serving(mode="batch", published=world.published)
        world.deployments = {"v1-1": "1"}
        if self.shared:
            world.routes[model] = ModelRoute(
                model=model, endpoint=model, deployment="v1-1", version="1", at=at(-60), attempt=1
            )
            return Serving(mode="online", endpoint=model, deployment="v1-1", route=names.route_path(model))
        world.traffic = {"v1-1": 100}
        return Serving(mode="online", endpoint=model, deployment="v1-1")


SCENARIOS: Final = (
    Scenario("first", first=True),
    Scenario("all at once"),
    Scenario("shared", ReleasePolicy(grace_minutes=10), shared=True),
    Scenario("batch", batch=True),
    Scenario("blue green", ReleasePolicy(strategy="blue_green", grace_minutes=60)),
    Scenario("shadow", ReleasePolicy(strategy="shadow")),
    Scenario("canary", ReleasePolicy(strategy="canary", steps=CANARY[:1], shadow=ShadowPolicy(), grace_minutes=5)),
    Scenario("bad in the shadow", ReleasePolicy(strategy="shadow"), ("failed",), ends=False),
    Scenario("bad as a canary", ReleasePolicy(strategy="canary", steps=CANARY), ("passed", "failed"), ends=False),
    Scenario("bad in its grace", ReleasePolicy(grace_minutes=60), ("inconclusive", "failed"), ends=False),
    Scenario("nobody can tell", ReleasePolicy(strategy="canary", steps=CANARY[:1]), ("inconclusive",) * 2, ends=False),
)


@pytest.fixture(autouse=True)
def _three_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    """An outage is over, or is one, after three of them."""
    monkeypatch.setattr(boundary, "_ATTEMPTS", ATTEMPTS)


async def _undisturbed(scenario: Scenario, folder: Path) -> Case:
    lab, case = Lab(folder), scenario.case(0)
    lab.add(case)
    await lab.run()
    return case


#: What a step meets, and whether after its effect.
_HARMS: Final[tuple[tuple[Harm, bool], ...]] = (
    ("refused", False), ("killed", True), ("down", True), ("killed", False), ("refused", True),
)  # fmt: skip


def _harms(name: str, step: int, scenario: Scenario, *, each: bool) -> tuple[tuple[Harm, bool], ...]:
    """All that a step can meet; or two of it, by turns. Every other step is a row of the ledger: those meet less."""
    if name == names.APPEND_LEDGER:
        return _HARMS[:2] if each and scenario.name == "canary" else _HARMS[1:2]
    turn = step + SCENARIOS.index(scenario)
    return _HARMS if each else tuple(_HARMS[(turn + more) % len(_HARMS)] for more in (0, 2))


@pytest.mark.parametrize("each", [False, pytest.param(True, marks=[pytest.mark.soak, pytest.mark.timeout(600)])])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
async def test_any_step_of_any_strategy_fails_or_is_killed(scenario: Scenario, tmp_path: Path, *, each: bool) -> None:
    """Traffic, mirror, route, alias, published period, deployments and ledger agree, and nothing is done twice."""
    model = await _undisturbed(scenario, tmp_path)
    assert model.outcome is not None
    assert model.outcome.released is scenario.ends, model.outcome.reason
    numbers, lab = count(1), Lab(tmp_path)
    for step, name in enumerate(model.steps, start=1):
        for harm, after in _harms(name, step, scenario, each=each):
            lab.add(scenario.case(next(numbers), step=step, harm=harm, after=after))
    await lab.run()
    for case in lab.cases.values():
        _require_agreement(case, model)


def _require_agreement(case: Case, model: Case) -> None:
    """All new or all old, as the outcome and the ledger say; and a kill leaves no trace."""
    outcome, effects = case.outcome, case.world.effects
    assert outcome is not None
    model_outcome = model.outcome
    assert model_outcome is not None
    told = f"{case.harm} {'after' if case.after else 'before'} {case.harmed}: {outcome.reason} {case.states} {effects}"
    assert case.harmed, told
    assert not case.broken, told
    if case.harm == "killed":  # whoever is killed goes on as if nothing had happened
        assert (case.states, effects) == (model.states, model.world.effects), told
        return
    assert ("ModelReleased" in effects) <= outcome.released, told
    assert ("ReleaseFailed" in effects) <= (not outcome.released), told
    if "a person has to look" in outcome.reason:
        assert not model_outcome.released, told  # only what undoing needs can fail in it
        return
    if outcome.released and "TearDownFailed" in effects:
        assert case.harmed.startswith(names.DELETE_DEPLOYMENT), told
    elif outcome.released:
        assert case.state == model.states[-1], told
    else:
        assert case.state == case.states[0] == model.states[0], told


@pytest.mark.parametrize("releases", [11, pytest.param(200, marks=[pytest.mark.soak, pytest.mark.timeout(600)])])
async def test_many_releases_under_chaos(releases: int, tmp_path: Path) -> None:
    """Results lost, activities run twice at once, messages late: each release ends as it would have, and once."""
    chaos, lab = Chaos(seed=random.SystemRandom().randrange(1_000_000)), Lab(tmp_path)
    lab.chaos = chaos
    models = {scenario.name: await _undisturbed(scenario, tmp_path) for scenario in SCENARIOS}
    for number in range(1, releases + 1):
        lab.add(SCENARIOS[number % len(SCENARIOS)].case(number))
    await lab.run()
    for number, case in enumerate(lab.cases.values(), start=1):
        model = models[SCENARIOS[number % len(SCENARIOS)].name]
        assert case.outcome is not None
        assert model.outcome is not None
        told = f"{case.outcome.reason} {case.states} {case.world.effects} {chaos.note()}"
        assert not case.broken, told
        assert case.outcome.released is model.outcome.released, told
        assert case.state == model.state, told
        assert len(set(case.world.ledger)) == len(case.world.ledger), told
        assert sorted(case.world.effects) == sorted(model.world.effects), told
