"""Recipes with steps over the whole table, through the app: what several files of a cell become together."""

import json
from datetime import timedelta
from typing import Any

import pytest

from shared.conditioning.engine.quarantine import QuarantinedRow, read_quarantine
from shared.conditioning.whole.run import Whole
from shared.errors import PermanentError
from tests.functions.landing_site import Site, csv, ready
from tests.functions.large_files import Ranges

COLUMNS = "columns: {route: {from: route}, flights: {from: flights, type: integer, min: 0}}\n"
FIRST, SECOND = "raw/flights/JFK/2013-06-a.csv", "raw/flights/JFK/2013-06-b.csv"


async def prepared(site: Site, recipe: str, columns: str = COLUMNS) -> Site:
    """The site with a recipe for the flights, and all else landed."""
    (site.folder / "flights.yaml").write_text(columns + recipe)
    site.fleet(('{month}*.csv", recipe: recipe.yaml', '{month}*.csv", recipe: flights.yaml'))
    await ready(site)
    return site


def described(site: Site) -> dict[str, Any]:
    """The flights in the manifest of the present version."""
    manifest = json.loads(site.data.read(f"{site.newest().path}manifest.json"))
    found: dict[str, Any] = next(one for one in manifest["sources"] if one["source"] == "flights")
    return found


def quarantined(site: Site, path: str | None = None) -> list[QuarantinedRow]:
    """What the steps over the whole table have rejected."""
    return list(read_quarantine(site.data.read(path or described(site)["table"]["quarantine"])))


async def test_a_key_is_kept_once_in_all_files_of_a_cell(site: Site) -> None:
    """The last one stays, wherever it lies, and the others are counted."""
    await prepared(site, "deduplicate: {by: [route], keep: last}\n")
    await site.land(FIRST, "A,1", "B,2", "A,3", "X,-1")
    assert site.rows() == ["B,2", "A,3"]
    await site.land(SECOND, "B,4", "C,5", "C,x")
    assert site.rows() == ["A,3", "B,4", "C,5"]
    made = described(site)
    assert {name: made[name] for name in ("rows_in", "rows_out", "rejected", "deduplicated")} == {
        "rows_in": 7,
        "rows_out": 3,
        "rejected": 2,
        "deduplicated": 2,
    }
    assert made["profile"]["columns"]["flights"]["max"] == 5
    assert [blob.path for blob in site.data.list("scratch/")] == []


async def test_large_files_are_deduplicated_together(large: Site) -> None:
    """Each is cut into ranges first; the result is that of small ones."""
    (large.folder / "flights.yaml").write_text(f"{COLUMNS}deduplicate: {{by: [route], keep: first}}\n")
    ranges, rows = Ranges(large), [f"R{number % 37},{number}" for number in range(60)]
    for path in (FIRST, SECOND):
        await large.land(path, *rows)
    assert len(ranges.calls) > 3
    assert large.rows() == rows[:37]
    assert described(large)["deduplicated"] == 120 - 37
    assert large.newest().rows == 39  # with a row of the holidays and one of the events


async def test_rows_become_groups_per_week(site: Site) -> None:
    """Over all files, ordered by the key; rows that went into groups are counted."""
    columns = "columns: {day: {from: route, type: date}, flights: {from: flights, type: integer}}\n"
    await prepared(
        site,
        'derive: {week: "week(day)"}\naggregate: {by: [week], values: {flights: sum(flights), days: count()}}\n',
        columns,
    )
    await site.land(FIRST, "2013-06-03,1", "2013-06-10,2")
    await site.land(SECOND, "2013-06-04,5", "2013-06-09,7", "2013-06-31,9")
    header, *rows = site.data.read(f"{site.newest().path}flights.csv").decode().splitlines()
    assert header == "week,flights,days"
    assert [row.split(",")[1:] for row in rows] == [["13", "3"], ["2", "1"]]
    made = described(site)
    assert (made["rows_in"], made["rows_out"], made["rejected"], made["aggregated"]) == (5, 2, 1, 2)
    assert set(made["columns"]) == {"week", "flights", "days"}


async def test_a_row_that_is_not_unique_is_found_where_it_was(site: Site) -> None:
    """Quarantine names its file and its offset there, and the manifest where quarantine is."""
    await prepared(site, "rules: [{unique: [route], name: one_per_route}]\n")
    content = csv("C,1", "A,2")
    await site.land(FIRST, "A,1", "B,2")
    await site.land(SECOND, "C,1", "A,2")
    assert site.rows() == ["A,1", "B,2", "C,1"]
    (row,) = quarantined(site)
    assert (row.file, row.rule, row.raw) == (SECOND, "one_per_route", "A,2")
    assert content[row.offset :].startswith("A,2\n")
    assert described(site)["reasons"] == {"one_per_route": 1}


async def test_rejected_rows_with_line_feeds_stay_one_record_each(site: Site) -> None:
    """Rows are written together, and cut where records end, not where lines do."""
    await prepared(site, "rules: [{unique: [flights], name: once}]\n")
    await site.land(FIRST, "A,1", '"B\n""b""\nb",1', '"\n""\n,",1', "C,1")
    assert [row.raw for row in quarantined(site)] == ['"B\n""b""\nb",1', '"""\n,",1', "C,1"]


@pytest.mark.parametrize("rule", ["{unique: [route], name: once, else: fail}", "{monotonic: flights, name: once}"])
async def test_a_rule_that_must_hold_fails_the_dataset(site: Site, rule: str) -> None:
    """The reason tells the rule and the row; the version before stays the present one."""
    await prepared(site, f"rules: [{rule}]\n")
    assert await site.land(FIRST, "A,1", "B,2") == ["done"]
    before = site.newest().version
    assert await site.land(SECOND, "A,1") == ["dead"]
    assert site.newest().version == before
    assert "flights: rules that must hold are broken (1 x once): once: " in site.reasons[-1]


async def test_a_warning_is_counted_and_nothing_else(site: Site) -> None:
    """Rows stay, in files and over the whole table."""
    unique = "{unique: [route], name: once, else: warn}"
    await prepared(site, f'rules: [{unique}, {{check: "flights < 5", name: few, else: warn}}]\n')
    await site.land(FIRST, "A,1", "A,7")
    assert site.rows() == ["A,1", "A,7"]
    assert described(site)["warned"] == {"few": 1, "once": 1}


async def test_the_same_files_again_are_no_work(site: Site) -> None:
    """Neither a table nor a file is made, and the version is the same."""
    await prepared(site, "deduplicate: {by: [route]}\norder: [flights]\n")
    await site.land(FIRST, "B,2", "A,1")
    site.clock += timedelta(minutes=1)
    arrival = site.landing.land(SECOND, csv("C,3", "A,0"), site.clock)
    assert await site.arrive(arrival) == ["done"]
    versions, made = site.versions, [path for path in site.data.written if path.endswith(".csv")]
    assert await site.arrive(arrival) == ["done"]
    assert [path for path in site.data.written if path.endswith(".csv")] == made
    assert site.versions == versions
    assert site.rows() == ["A,0", "B,2", "C,3"]


async def test_files_of_which_nothing_is_kept_are_no_rows_of_the_table(site: Site) -> None:
    """All of one file is filtered: the others are the table, and the counts reconcile."""
    await prepared(site, 'filter: "flights > 0"\ndeduplicate: {by: [route]}\n')
    await site.land(FIRST, "A,0", "B,0")
    assert site.rows() == []
    await site.land(SECOND, "C,3")
    assert site.rows() == ["C,3"]
    made = described(site)
    assert (made["rows_in"], made["rows_out"], made["filtered"]) == (3, 1, 2)


STEP = """\
import polars as pl
from shared.conditioning.custom import step


@step(row_wise={row_wise})
def louder(frame: pl.LazyFrame) -> pl.LazyFrame:
    return {does}
"""


def custom(site: Site, *, row_wise: bool, does: str) -> None:
    """A file of custom steps beside the fleet."""
    (site.folder / "steps.py").write_text(STEP.format(row_wise=row_wise, does=does))


async def test_custom_steps_lie_beside_the_fleet(site: Site) -> None:
    """What the file says is part of the recipe's identity: another text is another version."""
    custom(site, row_wise=True, does='frame.with_columns(pl.col("route").str.to_lowercase())')
    await prepared(site, "custom: [{step: louder, from: steps.py}]\n")
    await site.land(FIRST, "A,1", "B,2")
    assert site.rows() == ["a,1", "b,2"]
    before = site.newest().version
    custom(site, row_wise=True, does='frame.with_columns(pl.col("route") + "!")')
    await site.land(SECOND, "C,3")
    assert site.rows() == ["A!,1", "B!,2", "C!,3"]
    assert site.newest().version != before


async def test_custom_steps_over_the_whole_table(site: Site) -> None:
    """They see all files together; the rows that they leave out are counted."""
    custom(site, row_wise=False, does='frame.filter(pl.col("flights") == pl.col("flights").max())')
    await prepared(site, "custom: [{step: louder, from: steps.py}]\n")
    await site.land(FIRST, "A,1", "B,7")
    await site.land(SECOND, "C,3", "D,7")
    assert site.rows() == ["B,7", "D,7"]
    assert described(site)["custom"] == 2


async def test_a_broken_custom_step_is_told_with_its_line(site: Site) -> None:
    """The arrival is dead, and the reason names the file."""
    custom(site, row_wise=True, does='frame.with_columns(pl.col("rout").str.to_lowercase())')
    await prepared(site, "custom: [{step: louder, from: steps.py}]\n")
    assert await site.land(FIRST, "A,1") == ["dead"]
    assert "the step `louder` failed at" in site.reasons[-1]
    assert "steps.py:5" in site.reasons[-1]


@pytest.mark.parametrize("more", ["", "order: [route]\n"])
async def test_the_manifest_has_the_columns_that_custom_steps_make(site: Site, more: str) -> None:
    """Also where steps over the whole table follow."""
    custom(site, row_wise=True, does='frame.with_columns(pl.col("flights").cast(pl.String), odd=pl.lit(True))')
    await prepared(site, f"custom: [{{step: louder, from: steps.py}}]\n{more}")
    await site.land(FIRST, "A,1")
    assert described(site)["columns"] == {"route": "text", "flights": "text", "odd": "boolean"}


@pytest.mark.parametrize("more", ["", "order: [route]\n"])
async def test_what_a_custom_step_makes_beside_personal_values_is_not_told(site: Site, more: str) -> None:
    """It may hold them under another name: there are counts of it only."""
    custom(site, row_wise=True, does='frame.with_columns(copy=pl.col("route"))')
    columns = COLUMNS.replace("from: route", "from: route, personal: true")
    await prepared(site, f"custom: [{{step: louder, from: steps.py}}]\n{more}", columns)
    await site.land(FIRST, "Alice,1", "Alice,2")
    assert "Alice" not in site.data.read(f"{site.newest().path}manifest.json").decode()


async def test_what_waits_in_scratch_goes_when_a_step_fails(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of it is left for retention."""
    seen: list[str] = []

    def failing(*order: Any, **more: Any) -> Whole:
        order[3].write("sort1/00000000", b"rows")
        seen.extend(blob.path for blob in site.data.list("scratch/"))
        raise PermanentError("CustomStepFailed", "the step `louder` failed")

    monkeypatch.setattr("functions.conditioning.whole.run_whole", failing)
    await prepared(site, "order: [route]\n")
    await site.land(FIRST, "A,1")
    assert "the step `louder` failed" in site.reasons[-1]
    assert len(seen) == 1
    assert site.data.list("scratch/") == []
