"""Rules of a recipe over the whole table that only a publication can judge: the version before it, and the time."""

import json
from typing import Any

import pytest

from tests.functions.landing_site import Site, ready

FLIGHTS = 'flights: {files: "raw/flights/{origin}/{month}*.csv", recipe: '
COLUMNS = "columns: {day: {from: route, type: date, required: false}, flights: {from: flights, type: integer}}\n"


async def rules(site: Site, *said: str, columns: str = COLUMNS) -> None:
    """The flights have a recipe of their own with these rules, and everything else has landed."""
    (site.folder / "flights.yaml").write_text(f"{columns}rules:\n" + "".join(f"  - {rule}\n" for rule in said))
    site.fleet((f"{FLIGHTS}recipe.yaml", f"{FLIGHTS}flights.yaml"))
    await ready(site)


def days(first: int, last: int) -> list[str]:
    """A row for each of some days of July."""
    return [f"2013-07-{day:02},1" for day in range(first, last + 1)]


def manifest(site: Site) -> dict[str, Any]:
    """The manifest of the present version."""
    told: dict[str, Any] = json.loads(site.data.read(f"{site.newest().path}manifest.json"))
    return told


async def test_a_newest_day_that_is_too_old_is_not_published(site: Site) -> None:
    """It is evening of the 19th in New York, whose day of the 9th ended less than ten days ago, and of the 8th more."""
    await rules(site, "{fresh: {column: day, within: 10d}}")
    assert await site.land("raw/flights/JFK/2013-07.csv", *days(1, 8)) == ["dead"]
    told = (
        "fresh: day of the source flights requires a newest day of at most 10d ago, got 2013-07-08, "
        "10 d 20 h before 2013-07-20 00:03 UTC. Nothing was published; mend the files, or change the recipe's `rules`."
    )
    assert told in site.reasons[-1]
    assert site.versions == {}
    assert await site.land("raw/flights/JFK/2013-07-b.csv", *days(2, 9)) == ["done"]
    assert manifest(site)["warnings"] == []


async def test_the_newest_of_several_files_counts_in_a_table_that_is_put_in_order(site: Site) -> None:
    """Its profile is that of the whole table."""
    await rules(site, "{fresh: {column: day, within: 10d}}", columns=f"{COLUMNS}order: [-day]\n")
    assert await site.land("raw/flights/JFK/2013-07.csv", *days(1, 2)) == ["dead"]
    assert await site.land("raw/flights/JFK/2013-07-a.csv", *days(9, 10)) == ["done"]


async def test_a_column_without_values_is_not_fresh(site: Site) -> None:
    """No value is no proof of anything."""
    await rules(site, "{name: recent, fresh: {column: day, within: 10d}}")
    assert await site.land("raw/flights/JFK/2013-07.csv", ",1") == ["dead"]
    assert "recent of the source flights requires a newest day of at most 10d ago, got no value" in site.reasons[-1]


async def test_a_source_that_shrinks_is_not_published(site: Site) -> None:
    """Compared with the same source of the last version, whatever its other sources have; a first one passes."""
    await rules(site, "{rows_vs_last: 20%}")
    assert await site.land("raw/flights/JFK/2013-06.csv", *days(1, 10)) == ["done"]
    version = site.newest().version
    assert await site.land("raw/flights/LGA/2013-06.csv", *days(1, 3)) == ["done"]
    assert await site.land("raw/flights/JFK/2013-07.csv", *days(1, 7)) == ["dead"]
    told = (
        "rows_vs_last of the source flights requires at most 20% more or fewer rows than the 10 of "
        f"{version}, got 7 (30% fewer)."
    )
    assert told in site.reasons[-1]
    assert site.newest().version == version
    assert await site.land("raw/flights/JFK/2013-07-b.csv", *days(8, 8)) == ["done"]


async def test_what_only_warns_is_published_and_noted(site: Site) -> None:
    """In the manifest and in the reason of the delivery, every rule with its source."""
    await rules(
        site, "{rows_vs_last: 20%, else: warn}", "{name: recent, fresh: {column: day, within: 90m}, else: warn}"
    )
    assert await site.land("raw/flights/JFK/2013-06.csv", *days(18, 19)) == ["done"]
    assert manifest(site)["warnings"] == []
    assert await site.land("raw/flights/JFK/2013-07.csv", *days(1, 7)) == ["done"]
    rows, recent = manifest(site)["warnings"]
    assert rows.startswith("rows_vs_last of the source flights requires at most 20%")
    assert recent.startswith("recent of the source flights requires a newest day of at most 90m ago, got 2013-07-07, ")
    assert f"Warned: {rows}; {recent}." in site.reasons[-1]


@pytest.mark.parametrize(("severity", "outcome"), [("fail", "dead"), ("warn", "done")])
async def test_all_that_is_broken_is_told_at_once(site: Site, severity: str, outcome: str) -> None:
    """Of the fleet file and of the recipe; what would only warn is not among what must be mended."""
    await rules(site, f"{{fresh: {{column: day, within: 1d}}, else: {severity}}}", "{rows_vs_last: 1%}")
    assert await site.land("raw/flights/JFK/2013-07.csv", *days(1, 5)) == [outcome]
    assert ("rows_vs_last" in site.reasons[-1]) is False
    site.fleet(
        (f"{FLIGHTS}recipe.yaml", f"{FLIGHTS}flights.yaml"),
        ("per: [origin, month]", "per: [origin, month], quality: {max_rejected: 1%}"),
    )
    assert await site.land("raw/flights/LGA/2013-07.csv", *days(1, 5), "x,1") == ["dead"]
    assert "max_rejected requires" in site.reasons[-1]
    assert ("and the recipe's `rules`." in site.reasons[-1]) is (severity == "fail")
    assert ("fresh: day" in site.reasons[-1]) is (severity == "fail")
