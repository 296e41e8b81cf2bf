"""The shares that a version passes through, whatever the fleet file says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.release import Serving
from shared.contracts.release_policy import CanaryStep, ReleasePolicy, ShadowPolicy
from shared.release.strategies import Stage, looks, plan_online, stages_of

CHAMPION = Serving(mode="online", endpoint="e", deployment="v1")
STEPS = st.lists(st.builds(CanaryStep, percent=st.integers(-5, 120), bake_minutes=st.integers(0, 50_000)), max_size=6)
POLICIES = st.builds(
    ReleasePolicy,
    strategy=st.sampled_from(["all_at_once", "blue_green", "canary", "shadow"]),
    steps=STEPS.map(tuple),
    shadow=st.none() | st.just(ShadowPolicy()),
)
CHAMPIONS = st.none() | st.sampled_from(
    [CHAMPION, CHAMPION.model_copy(update={"endpoint": "f"}), CHAMPION.model_copy(update={"route": "serving/m.json"}),
     Serving(mode="batch", published="p.csv")]
)  # fmt: skip


@given(STEPS)
def test_a_canary_ascends_to_all_of_the_traffic(steps: list[CanaryStep]) -> None:
    """Each share once and more than the one before, and nothing of what was asked for is lost."""
    shares = [stage.percent for stage in stages_of(ReleasePolicy(strategy="canary", steps=tuple(steps)))]
    assert shares == sorted(set(shares))
    assert shares[-1] == 100
    assert set(shares) - {100} == {step.percent for step in steps if 0 < step.percent < 100}


def test_the_whole_is_watched_if_asked_for() -> None:
    """A step of 100 % has its bake time; one that nobody asked for has none."""
    asked = ReleasePolicy(strategy="canary", steps=(CanaryStep(percent=100, bake_minutes=60),))
    assert stages_of(asked) == (Stage(100, 60),)
    assert stages_of(ReleasePolicy(strategy="canary")) == (Stage(100, 0),)


@given(POLICIES, CHAMPIONS, st.booleans())
def test_traffic_is_divided_with_a_champion_of_the_same_endpoint_only(
    policy: ReleasePolicy, champion: Serving | None, shared: bool
) -> None:
    """Whatever was asked for; and where something else is done, the plan tells why."""
    plan = plan_online(policy, endpoint="e", shared=shared, champion=champion)
    divisible = champion == CHAMPION and not shared
    assert plan.stages[-1].percent == 100
    if len(plan.stages) > 1 or plan.shadow is not None:
        assert divisible
    asked = policy.strategy in ("canary", "shadow") or policy.shadow is not None
    assert bool(plan.told) == (asked and not divisible)
    assert plan.told or plan.strategy == policy.strategy
    assert (plan.shadow is not None) == (divisible and (policy.shadow is not None or policy.strategy == "shadow"))


@given(st.integers(-10, 100_000))
def test_the_looks_of_a_grace_sum_up_to_it(minutes: int) -> None:
    """None without a grace, one for a short one, two for a longer one."""
    taken = looks(minutes)
    assert sum(taken) == max(0, minutes)
    assert all(pause > 0 for pause in taken)
    assert len(taken) == (0 if minutes <= 0 else 1 if minutes <= 10 else 2)


@pytest.mark.parametrize(
    ("strategy", "told"),
    [
        ("canary", "No canary: no version serves before this one. All requests go to the version at once."),
        ("shadow", "No shadow: no version serves before this one. All requests go to the version at once."),
        ("blue_green", "No shadow: no version serves before this one. All requests go to the version at once."),
    ],
)
def test_a_plan_tells_what_it_does_not_do(strategy: str, told: str) -> None:
    """Green is still asked before it gets traffic, also where it cannot have a shadow."""
    policy = ReleasePolicy.model_validate({"strategy": strategy, "shadow": {}})
    plan = plan_online(policy, endpoint="e", shared=False, champion=None)
    assert plan.told == told
    assert (plan.strategy == "blue_green") == (strategy == "blue_green")
