"""Windows hold for any files: those of the window belong to a cell, and one listing under the prefix finds them."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.conditioning import BlobArrival
from shared.fleet.data import Source, Take
from shared.fleet.patterns import PathPattern
from shared.fleet.periods import PERIOD_FORMS, read_period, value_of, values_required
from shared.fleet.windows import gather, gather_earlier, prefix_of

LABELS = st.sampled_from(sorted(PERIOD_FORMS))
DAYS = st.dates(date(2011, 11, 1), date(2014, 2, 28))
NOW = datetime(2014, 1, 1, tzinfo=UTC)
CELL = {"origin": "JFK"}


def source(label: str = "month", since: date | None = None, take: Take = "all", max_age: int | None = None) -> Source:
    """A source with one file or more per origin and period."""
    pattern = PathPattern(f"raw/{{origin}}/{{{label}}}*.csv", {"origin": ["JFK", "LGA"]})
    return Source("flights", pattern, "recipe.yaml", since, take, max_age)


def landed(*paths: str, size: int = 1) -> list[BlobArrival]:
    """Files, each a minute younger than the one before."""
    return [
        BlobArrival(
            container="landing", path=path, etag="1", size=size, at=NOW - timedelta(minutes=len(paths) - number)
        )
        for number, path in enumerate(paths)
    ]


@given(LABELS, LABELS, st.lists(DAYS, max_size=20, unique=True), DAYS, st.none() | DAYS)
def test_a_cell_takes_the_files_of_its_window_and_no_others(
    label: str, per: str, days: list[date], day: date, since: date | None
) -> None:
    """All periods that have a day in the window, and it has arrived when every period of its own is there."""
    own = source(label, since)
    value = value_of(per, day)
    cell, period = {**CELL, per: value}, read_period(per, value)
    values = sorted({value_of(label, one) for one in days})
    files = landed(*[f"raw/{origin}/{one}.csv" for origin in ("JFK", "LGA") for one in values])
    window = own.window(period)
    wanted = [f"raw/JFK/{one}.csv" for one in values if read_period(label, one).overlaps(window)]
    under = [file for file in files if file.path.startswith(prefix_of(own, cell, period))]
    found = gather(own, cell, period, under, NOW)
    assert [file.path for file in found.files] == wanted
    assert found == gather(own, cell, period, files, NOW)
    assert (not found.lacks) == (set(values_required(label, period)) <= set(values))
    assert since is not None or not found.gaps


@given(LABELS, st.lists(DAYS, max_size=20, unique=True), DAYS)
def test_what_stands_in_is_the_newest_before(label: str, days: list[date], day: date) -> None:
    """One period, all before the cell's own."""
    cell, period = {**CELL, "month": value_of("month", day)}, read_period("month", value_of("month", day))
    values = sorted({value_of(label, one) for one in days})
    found = gather_earlier(source(label), cell, period, landed(*[f"raw/JFK/{one}.csv" for one in values]))
    before = [one for one in values if read_period(label, one).last < period.first]
    assert [file.path for file in found.files] == [f"raw/JFK/{one}.csv" for one in before[-1:]]
    assert bool(found.lacks) == (not before)


def test_an_empty_file_has_not_landed_yet() -> None:
    """Storage tells of a file before its content is there."""
    period = read_period("month", "2013-06")
    assert gather(source(), CELL, period, landed("raw/JFK/2013-06.csv", size=0), NOW).lacks == "no file of 2013-06"


def test_the_newest_of_each_period_replaces_its_others() -> None:
    """By the time when it landed, not by its name."""
    files = landed("raw/JFK/2013-05.csv", "raw/JFK/2013-06-z.csv", "raw/JFK/2013-06-a.csv")
    june = source(since=date(2013, 1, 1), take="newest")
    found = gather(june, CELL, read_period("month", "2013-06"), files, NOW)
    assert [file.path for file in found.files] == ["raw/JFK/2013-05.csv", "raw/JFK/2013-06-a.csv"]
    assert found.gaps == ("2013-01", "2013-02", "2013-03", "2013-04")


def test_a_long_list_of_missing_periods_is_cut() -> None:
    """Three are named."""
    found = gather(source(), CELL, read_period("year", "2013"), landed("raw/JFK/2013-02.csv"), NOW)
    assert found.lacks == "no file of 2013-01, 2013-03, 2013-04 and 8 more"


def test_age_counts_to_the_moment_of_asking() -> None:
    """On the last day the file still counts."""
    files, period = landed("raw/JFK/2013-06.csv"), read_period("month", "2013-06")
    old = source(max_age=30)
    at = files[0].at + timedelta(days=30)
    assert gather(old, CELL, period, files, at).lacks == ""
    late = gather(old, CELL, period, files, at + timedelta(seconds=1))
    assert (late.files, late.lacks) == ((), "its newest file is of 2013-12-31, older than 30 days")
