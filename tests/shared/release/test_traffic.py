"""When deployments leave an endpoint, the others share what they had."""

from hypothesis import given
from hypothesis import strategies as st

from shared.release.traffic import traffic_without

NAMES = ("blue", "green", "red", "violet")


@st.composite
def _splits(draw: st.DrawFn) -> dict[str, int]:
    """Any traffic that sums to 100 or 0."""
    if draw(st.booleans()):
        return dict.fromkeys(NAMES, 0)
    cuts = sorted(draw(st.lists(st.integers(0, 100), min_size=3, max_size=3)))
    return dict(zip(NAMES, (b - a for a, b in zip([0, *cuts], [*cuts, 100], strict=True)), strict=True))


def test_proportions_are_kept() -> None:
    """Of 50, 30 and 20 the last two become 60 and 40."""
    assert traffic_without({"blue": 50, "green": 30, "red": 20}, ["blue"]) == {"blue": 0, "green": 60, "red": 40}


@given(_splits(), st.sets(st.sampled_from(NAMES)))
def test_the_others_have_everything_or_there_is_nothing(traffic: dict[str, int], leaving: set[str]) -> None:
    """Who leaves gets 0, who had nothing gets nothing, and the sum is 100 as long as somebody stays who had some."""
    after = traffic_without(traffic, leaving)
    staying = sum(share for name, share in traffic.items() if name not in leaving)
    assert sum(after.values()) == (100 if staying else 0)
    assert all(after[name] == 0 for name in leaving)
    assert all(after[name] == 0 for name, share in traffic.items() if not share)
    assert all(after[name] >= share for name, share in traffic.items() if name not in leaving)


@given(_splits(), st.sets(st.sampled_from(NAMES)))
def test_twice_is_once(traffic: dict[str, int], leaving: set[str]) -> None:
    """A repeated withdrawal changes nothing."""
    once = traffic_without(traffic, leaving)
    assert traffic_without(once, leaving) == once
