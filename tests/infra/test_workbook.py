"""The workbook: built of the layout and the queries, and nothing in it names a resource."""

import json
from collections.abc import Iterator
from typing import Any

from infra.workbook.build import PLACEHOLDER, WORKBOOK, build, read_queries
from infra.workbook.layout import SECTIONS
from tests.infra.bicep_values import INFRA

_TILES = [tile for section in SECTIONS for tile in section.tiles]
_TYPES = {1: "json", 3: "query", 9: "parameters", 12: "items"}


def _items(items: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for one in items:
        yield one
        yield from _items(one["content"].get("items", []))


def _workbook() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(WORKBOOK.read_text())
    return found


def test_the_file_is_what_is_built() -> None:
    """`python -m infra.workbook build` changes nothing."""
    assert WORKBOOK.read_text() == build()


def test_each_query_has_one_tile_and_the_reverse() -> None:
    """No query is written for nothing, and none is missing."""
    assert sorted(f"{tile.query}.kql" for tile in _TILES) == sorted(read_queries())


def test_items_have_the_form_of_workbooks() -> None:
    """A number for their type, content of that type, a name of their own; tiles take their time from the parameter."""
    workbook = _workbook()
    assert workbook["version"] == "Notebook/1.0"
    items = list(_items(workbook["items"]))
    for item in items:
        assert _TYPES[item["type"]] in item["content"]
        assert item["name"]
    assert len({item["name"] for item in items}) == len(items)
    (parameters,) = (item["content"]["parameters"] for item in items if item["type"] == 9)
    names = {one["name"] for one in parameters}
    queries = [item["content"] for item in items if item["type"] == 3]
    assert {one["timeContextFromParameter"] for one in queries} <= names
    assert {one["resourceType"] for one in queries} == {"microsoft.insights/components"}


def test_halves_come_in_pairs() -> None:
    """Between two wide tiles, so that no half of a row is empty."""
    for section in SECTIONS:
        row = 0
        for tile in section.tiles:
            assert not (tile.wide and row % 2), (section.name, tile.query)
            row += 0 if tile.wide else 1
        assert row % 2 == 0, section.name


def test_nothing_in_it_names_a_resource() -> None:
    """The template puts the component's id in one place."""
    text = WORKBOOK.read_text()
    assert text.count(PLACEHOLDER) == 1
    assert "/subscriptions/" not in text
    assert f"'{PLACEHOLDER}'" in (INFRA / "modules" / "workbook.bicep").read_text()


def test_formats_name_columns_of_their_query() -> None:
    """A format of a column that is not there would be ignored."""
    queries = read_queries()
    for tile in _TILES:
        for column in tile.formats:
            assert f"{column}" in queries[f"{tile.query}.kql"], (tile.query, column)
