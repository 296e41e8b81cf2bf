# ruff: noqa: E501 - messages are compared whole, and a broken line would hide what a person reads
"""Mistakes in sources and datasets, and what people are told: the table is the specification of the messages."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.fleet.loader import FleetError, load_fleet
from tests.shared.fleet.files import edited, write_fleet

SOURCE = "    recipe: recipes/holidays.yaml\n"
PER = "    per: [origin, year]\n"

MISTAKES = [
    pytest.param([(SOURCE, f"{SOURCE}    as_of: issued_at\n    personal: true\n")], [
        "fleet.yaml:13: `as_of` is not supported yet; remove it",
        "fleet.yaml:14: `personal` is not supported yet; remove it",
    ], id="keys of a later version"),
    pytest.param([(SOURCE, f"{SOURCE}    since: 2013\n    take: newst\n    max_age: 6 months\n")], [
        "fleet.yaml:13: `since` is a date as YYYY-MM-DD without quotes, not a number; write for example `since: 2017-01-02`",
        "fleet.yaml:14: `take` cannot be `newst`; did you mean `newest`?",
        "fleet.yaml:15: `max_age: 6 months` is no number of days; write for example 60d",
    ], id="values that are none"),
    pytest.param([(SOURCE, f"{SOURCE}    since: 0201-01-01\n")], [
        "fleet.yaml:13: `since: 0201-01-01` is out of range; write a day from 1900 to 2199",
    ], id="a day of another age"),
    pytest.param([("raw/holidays/{year}.csv", "raw/holidays.csv"), (SOURCE, f"{SOURCE}    since: 2013-01-01\n")], [
        "fleet.yaml:13: `raw/holidays.csv` has no period, so it is one file for all times; remove `since`, or add {month} to it",
    ], id="since without a period"),
    pytest.param([("  format: [mainline]", "  format: [mainline]\n  week: [2013-W01]")], [
        "fleet.yaml:6: `week` is a period, whose values come with the files (2013-W40); take it out of the matrix",
    ], id="a period in the matrix"),
    pytest.param([("raw/holidays/{year}.csv", "raw/holidays/{year}/{month}.csv")], [
        "fleet.yaml:11: `{year}` and `{month}` are both periods; keep one, and write `*` for the other",
    ], id="two periods in a path"),
    pytest.param([("raw/holidays/{year}.csv", "raw/holidays/*{year}.csv")], [
        "fleet.yaml:11: `*` before `{year}` leaves open where it begins; put a / between them",
    ], id="a star that leaves open where a label begins"),
    pytest.param([("raw/holidays/{year}.csv", "raw/holidays/{kind}*.csv")], [
        "fleet.yaml:11: `{kind}` runs into `*`; put a text or a / between them",
    ], id="a label that runs into a star"),
    pytest.param([("raw/holidays/{year}.csv", "raw/flights/*/2013*.csv")], [
        "fleet.yaml:11: a path of `raw/flights/*/2013*.csv` can also be one of `raw/flights/{origin}/{year}.csv` (source `flights`, line 8); let their folders differ",
    ], id="a star that claims the files of another source"),
    pytest.param([(PER, "    per: [origin, year, month]\n")], [
        "fleet.yaml:16: `year` and `month` are both periods, and a cell has one; keep one of them",
    ], id="two periods in a cell"),
    pytest.param([(PER, "    per: [origin]\n")], [
        "fleet.yaml:15: `flights` has one file per {year}, but the dataset has not; add `year` to `per`",
        "fleet.yaml:15: `holidays` has one file per {year}, but the dataset has not; add `year` to `per`",
    ], id="a period that the dataset has not"),
    pytest.param([("{origin}/{year}.csv", "{origin}.csv"), ("holidays/{year}.csv", "holidays.csv")], [
        "fleet.yaml:16: no source of the dataset has a period in its path; add {year} to one of them",
    ], id="a period that no source has"),
    pytest.param([("raw/holidays/{year}.csv", "raw/holidays/{kind}/{year}.csv")], [
        "fleet.yaml:15: `holidays` has one file per {kind}, but the dataset has not; add `kind` to `per`, or write `*` for it in the path",
    ], id="a label that the dataset has not"),
    pytest.param([(PER, f"{PER}    wait: {{for: [flihts, flights], until: monday, else: use_lst}}\n")], [
        "fleet.yaml:17: `else` cannot be `use_lst`; did you mean `use_last`?",
        "fleet.yaml:17: `monday` is no schedule; write for example `Mon 10:00`, `Mon,Thu 10:00`, `Mon-Fri 06:30` or `daily 04:00`",
    ], id="a wait that is none"),
    pytest.param([(PER, f"{PER}    wait: {{for: [flihts, flights], else: fail}}\n")], [
        "fleet.yaml:17: `else` says what happens at the deadline, and there is none; add for example `until: \"Mon 09:00\"`",
        "fleet.yaml:17: `flihts` is no source of the dataset; did you mean `flights`?",
    ], id="a wait for an unknown source, and without a deadline"),
    pytest.param([
        ("{origin}/{year}.csv", "{origin}.csv"), ("holidays/{year}.csv", "holidays.csv"),
        (PER, "    per: [origin]\n    wait: {until: \"Mon 09:00\"}\n"),
    ], [
        "fleet.yaml:17: `until` counts from the end of a period, and the dataset has none; add for example `month` to `per`",
    ], id="a deadline without a period"),
    pytest.param([(PER, f"{PER}    quality: {{max_rejected: 1, rows_vs_last: many, complete: ref/stores.csv}}\n")], [
        "fleet.yaml:17: `max_rejected: 1` would be 100 %; write 1% or 0.01",
        "fleet.yaml:17: `rows_vs_last: many` is no share; write for example 1% or 0.01",
    ], id="shares that are none"),
    pytest.param([(PER, f"{PER}    quality: {{complete: recipes/flihts.yaml}}\n")], [
        "fleet.yaml:17: `recipes/flihts.yaml` does not exist; did you mean `recipes/flights.yaml`?",
    ], id="a reference that is not there"),
]  # fmt: skip


@pytest.mark.parametrize(("edits", "messages"), MISTAKES)
def test_a_mistake_is_shown_at_its_line_with_its_remedy(
    edits: list[tuple[str, str]], messages: list[str], tmp_path: Path
) -> None:
    """Each mistake gives exactly these messages: its line, what is wrong, what would be right, and nothing besides."""
    with pytest.raises(FleetError) as caught:
        load_fleet(write_fleet(tmp_path, edited(*edits)))
    assert [problem.removeprefix(f"{tmp_path}/") for problem in caught.value.problems] == messages


def test_all_keys_of_sources_and_datasets_are_read(tmp_path: Path) -> None:
    """Shares are fractions, days are days, and a wait without names is for all sources."""
    text = edited(
        (SOURCE, f"{SOURCE}    since: 2012-01-01\n    take: newest\n    max_age: 180d\n"),
        (PER, f'{PER}    wait: {{until: "Mon 09:00"}}\n    quality: {{max_rejected: 1%, rows_vs_last: 0.2}}\n'),
    )
    fleet = load_fleet(write_fleet(tmp_path, text))
    source, dataset = fleet.source("holidays"), fleet.dataset("departures")
    assert (str(source.since), source.take, source.max_age_days, source.period) == ("2012-01-01", "newest", 180, "year")
    assert (dataset.wait.sources, dataset.wait.otherwise) == (("flights", "holidays"), "alert")
    assert (dataset.quality.max_rejected, dataset.quality.rows_vs_last) == (0.01, 0.2)


@pytest.mark.parametrize(
    ("month", "deadline"),
    [("2013-02", "2013-03-03T14:00"), ("2013-03", "2013-04-07T13:00"), ("2013-10", "2013-11-03T14:00")],
)
def test_a_deadline_is_of_local_time_after_the_end_of_the_period(tmp_path: Path, month: str, deadline: str) -> None:
    """The first Sunday after the month, nine in the morning in New York, also where the clock has changed meanwhile."""
    text = edited((PER, '    per: [origin, month]\n    wait: {until: "Sun 09:00"}\n'))
    fleet = load_fleet(write_fleet(tmp_path, text))
    at = datetime.fromisoformat(f"{deadline}Z")
    assert fleet.dataset("departures").late(at, fleet.timezone) == {month: at}
    assert month not in fleet.dataset("departures").late(at - timedelta(seconds=1), fleet.timezone)


@pytest.mark.parametrize(
    ("label", "until", "late"),
    [
        ("date", "Mon 09:00", [f"2013-07-{day:02}" for day in range(7, 0, -1)]),  # Monday to Sunday wait for one Monday
        ("date", "daily 09:00", ["2013-07-13"]),
        ("week", "Mon 09:00", ["2013-W27"]),
        ("year", "Tue 09:00", ["2012"]),
    ],
)
def test_the_cells_of_the_last_deadline_are_late(tmp_path: Path, label: str, until: str, late: list[str]) -> None:
    """And no earlier ones: of Sunday 14 July 2013 at noon."""
    text = edited((PER, f'    per: [origin, {label}]\n    wait: {{until: "{until}"}}\n'))
    fleet = load_fleet(write_fleet(tmp_path, text))
    at = datetime(2013, 7, 14, 16, tzinfo=UTC)
    assert list(fleet.dataset("departures").late(at, fleet.timezone)) == late
