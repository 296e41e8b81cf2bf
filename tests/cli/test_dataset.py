"""``signalbox dataset``: what it asks the app, what it prints, and how versions are compared."""

import copy
import json
from typing import Any

import pytest

from cli.dataset_diff import differences
from tests.cli.played import Played, play, run

A, B = "weekly-sales-jfk-0f", "weekly-sales-jfk-1e"
COLUMN: dict[str, Any] = {
    "type": "integer", "count": 98, "nulls": 2, "min": 1, "max": 90, "mean": 40.5, "distinct": 80,
    "distinct_error": 0.0, "sampled": 50, "standard_error": 0.05,
    "quantiles": {"p5": 2, "p25": 20, "p50": 40, "p75": 60, "p95": 88},
    "top": [{"value": 7, "count": 5}],
}  # fmt: skip
MANIFEST: dict[str, Any] = {
    "schema": 3, "dataset": "weekly_sales", "version": A, "cell": {"origin": "JFK"}, "rows": 100, "rejected": 2,
    "made_by": {"signalbox": "0.1.0", "conditioning": 1}, "warnings": ["fresh: day is old"],
    "sources": [{
        "source": "sales", "recipe_sha256": "ab" * 32, "rows_in": 105, "rows_out": 100, "rejected": 2, "filtered": 3,
        "deduplicated": 0, "aggregated": 0, "reasons": {"units.below_min": 2}, "warned": {"late": 1}, "failed": {},
        "columns": {"units": "integer", "email": "text"}, "table": {"quarantine": "quarantine/sales/t.csv"},
        "gaps": ["2013-06"], "earlier": False,
        "files": [{
            "raw": {"source": "sales", "path": "raw/a.csv", "etag": "0x1", "size": 9}, "raw_sha256": "cd" * 32,
            "rows_in": 105, "rows_out": 100, "rejected": 2, "quarantine": "quarantine/sales/1.csv",
        }],
        "profile": {
            "rows": 100, "sample": 50,
            "columns": {"units": COLUMN, "email": {"type": "text", "count": 99, "nulls": 1, "personal": True}},
        },
    }],
}  # fmt: skip
SHOWN = {"manifest": MANIFEST, "published": [{"fleet": "shop", "at": "2013-08-01T09:30:00+00:00", "present": True}]}
LISTED = {
    "fleet": "shop", "dataset": "weekly_sales", "more": True,
    "versions": [{"version": A, "cell": {"origin": "JFK"}, "rows": 100, "rejected": 2, "ends": None,
                  "at": "2013-08-01T09:30:00+00:00", "present": False}],
}  # fmt: skip


def changed(**changes: Any) -> dict[str, Any]:
    """The manifest with changes to its source."""
    made: dict[str, Any] = copy.deepcopy(MANIFEST)
    made["sources"][0] |= changes
    return made


def texts(second: dict[str, Any], first: dict[str, Any] = MANIFEST) -> list[str]:
    """What is said of two manifests."""
    return [one.text for one in differences(first, second)]


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Played:
    """An app with two datasets, and two versions of one of them."""
    played = play(monkeypatch)
    others: list[dict[str, Any]] = [
        {"fleet": "shop", "dataset": name, "versions": [], "more": False} for name in ("weekly", "daily")
    ]
    played.answers_to("GET /api/datasets?limit=1", {"datasets": [*others, LISTED]})
    played.answers_to("GET /api/datasets?all=true&dataset=weekly_sales&limit=1", {"datasets": [LISTED]})
    played.answers_to("GET /api/datasets?limit=20", {"datasets": [*others, LISTED]})
    played.answers_to(f"GET /api/datasets/weekly_sales/{A}", SHOWN)
    second = {"manifest": changed(rows_out=150, rows_in=155), "published": []}
    played.answers_to(f"GET /api/datasets/weekly_sales/{B}", second)
    return played


def test_versions_are_listed_by_dataset(app: Played) -> None:
    """A dataset without one is named too."""
    result = run("dataset", "list")
    assert result.exit_code == 0, result.output
    for part in ("shop/daily has no version yet", "shop/weekly_sales", A, "origin=JFK", "2013-08-01 09:30", "replaced"):
        assert part in result.output


def test_a_list_is_narrowed_as_asked(app: Played) -> None:
    """And is, as JSON, what the app said."""
    result = run("dataset", "list", "weekly_sales", "--all", "--limit", "1", "--json")
    assert json.loads(result.stdout) == [LISTED]


def test_a_version_is_shown_with_what_it_was_made_of(app: Played) -> None:
    """The dataset is found by the version's name, also where another one's name begins alike."""
    result = run("dataset", "show", A)
    assert result.exit_code == 0, result.output
    for part in (
        "made by signalbox 0.1.0, conditioning 1", "warning: fresh: day is old",
        "origin=JFK", "in fleet shop, the present version", "recipe abababababab", "raw/a.csv", "0x1", "cdcdcdcdcdcd",
        "quarantine/sales/1.csv", "show quarantine/sales/t.csv",
        "105 rows read, 100 rows written, 2 rejected, 3 filtered", "units.below_min (2)",
        "warned by late (1)", "nothing has landed of 2013-06", "units", "40.5", "7 (5)", "personal",
        "shares are right within 5.0%",
    ):  # fmt: skip
        assert part in result.output, part
    assert json.loads(run("dataset", "show", A, "--json").stdout) == SHOWN


@pytest.mark.parametrize("version", ["weekly-sales-jfk-9", "nothing-like-it"])
def test_an_unknown_version_is_refused(app: Played, version: str) -> None:
    """With the command that lists those that there are, or the one that was probably meant."""
    for arguments in (["show", version], ["diff", A, version]):
        result = run("datasets", *arguments)
        told = f"there is no dataset version {version}, or it expired"
        assert (result.exit_code, told in result.output) == (1, True)
        assert "signalbox datasets list --all lists" in result.output


def test_two_versions_are_compared(app: Played) -> None:
    """In words, by source, or as JSON."""
    result = run("dataset", "diff", A, B)
    assert "rows written: 100 → 150 (+50.0%)" in result.output
    told = json.loads(run("dataset", "diff", A, B, "--json").stdout)
    assert told["differences"][1] == {"source": "sales", "kind": "rows", "text": "rows written: 100 → 150 (+50.0%)"}
    assert "nothing differs" in run("dataset", "diff", A, A).output


def test_the_same_manifest_differs_in_nothing() -> None:
    """Nor does one whose version only has another name."""
    assert texts(changed()) == []


def test_files_that_came_went_and_changed_are_named() -> None:
    """Other bytes under one name are a replacement; the same bytes under another eTag are none."""
    (file,) = MANIFEST["sources"][0]["files"]

    def made(path: str, sha: str, etag: str) -> dict[str, Any]:
        raw: dict[str, Any] = file["raw"]
        return {**file, "raw": raw | {"path": path, "etag": etag}, "raw_sha256": sha}

    first = changed(files=[made("gone", "1", "x"), made("replaced", "1", "x"), made("again", "1", "x")])
    second = changed(files=[made("replaced", "2", "y"), made("again", "1", "y"), made("new", "1", "x")])
    told = ["gone is gone", "new is new", "replaced is replaced", "again is delivered again with the same bytes"]
    assert texts(second, first) == told
    many = changed(files=[made(f"{number:03}", "1", "x") for number in range(25)])
    assert texts(many, changed(files=[]))[-1] == "5 more files are new"


def test_recipes_columns_and_rules_are_compared() -> None:
    """Each by its own name."""
    assert texts(changed(recipe_sha256="ef" * 32)) == ["the recipe is another one: abababababab → efefefefefef"]
    assert texts(changed(columns={"units": "number", "net": "integer"})) == [
        "column email is gone", "column net is new: integer", "column units was integer and is number",
    ]  # fmt: skip
    assert texts(changed(columns={"email": "text", "units": "integer"})) == [
        "the order of the columns is another one: email, units"
    ]
    assert texts(changed(reasons={"field_count": 2})) == [
        "rejected by field_count: 0 → 2", "rejected by units.below_min: 2 → 0 (-100.0%)",
    ]  # fmt: skip


def test_figures_of_the_profile_are_compared() -> None:
    """Of a personal column only its nulls; a column without values has no figures."""
    columns = MANIFEST["sources"][0]["profile"]["columns"]
    email = columns["email"] | {"nulls": 50, "count": 50}
    units = COLUMN | {"mean": 81.0, "max": None, "quantiles": COLUMN["quantiles"] | {"p50": 44}, "nulls": 2}
    profile = {"columns": {"units": units, "email": email}}
    assert texts(changed(profile=profile)) == [
        "units: largest 90 → none", "units: mean 40.5 → 81 (+100.0%)", "units: median 40 → 44 (+10.0%)",
        "email: nulls 1.00% → 50.00%",
    ]  # fmt: skip


def test_sources_and_cells_are_compared() -> None:
    """Versions of different cells or datasets can be compared as well."""
    other = changed(source="returns")
    other |= {"cell": {"origin": "LGA"}, "made_by": {"signalbox": "0.2.0"}, "warnings": ["rows_vs_last: few"]}
    assert texts(other) == [
        "cell: origin=JFK → origin=LGA", "made by: signalbox=0.1.0 conditioning=1 → signalbox=0.2.0",
        "no warning any more: fresh: day is old", "a new warning: rows_vs_last: few",
        "this source is gone", "this source is new: 100 rows",
    ]  # fmt: skip
