"""Figures of periods gone by: the newest of each model stay, and what nobody has in a fleet file or retired."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.conditioning import BlobArrival
from shared.retention.observations import KEPT, expired_observations

NOW = datetime(2026, 11, 20, 3, 30, tzinfo=UTC)
DAYS = {"mine": 365, "retired": 30}
FOLDERS = st.sampled_from(["mine", "retired", "unknown"])
PERIODS = st.dictionaries(st.tuples(FOLDERS, st.integers(1, 60)), st.integers(0, 900), max_size=60)


def _files(periods: dict[tuple[str, int], int]) -> list[BlobArrival]:
    found = [
        BlobArrival(
            container="data", path=f"observations/{model}/{number:02}.json", etag="1", size=1,
            at=NOW - timedelta(days=age),
        )
        for (model, number), age in periods.items()
    ]  # fmt: skip
    return sorted(found, key=lambda file: file.path)


@given(PERIODS)
def test_what_goes_is_old_and_none_of_the_newest(periods: dict[tuple[str, int], int]) -> None:
    """And everything goes that is old, but for the newest of models that are not retired, and what is nobody's."""
    gone = {one.name for one in expired_observations(_files(periods), NOW, DAYS, {"retired"})}
    numbers = sorted(number for model, number in periods if model == "mine")
    wanted = {
        f"observations/{model}/{number:02}.json"
        for (model, number), age in periods.items()
        if (model == "mine" and age > 365 and number not in numbers[-KEPT:]) or (model == "retired" and age > 30)
    }
    assert gone == wanted
