"""``signalbox recipe infer``: what it drafts passes the check against the same data, and says what it guessed."""

import gzip
import io
import json
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from cli.main import app
from cli.recipe_draft import draft_recipe
from examples.flights.landing import raw_files
from shared.conditioning.recipe.loader import load_recipe
from shared.conditioning.recipe.schema import Recipe
from shared.errors import PermanentError

SALES = [("03.05.2013", "Köln", "1.234,50", "17", "ja"), ("21.12.2013", "Bonn", "0,99", "4", "nein")] * 5


def lines(rows: Sequence[tuple[str, ...]], delimiter: str, header: str = "") -> str:
    """A table as text; no value needs quotes."""
    return "\n".join([*([header] if header else []), *(delimiter.join(row) for row in rows), ""])


def drafted(folder: Path, content: bytes, name: str = "data.csv") -> tuple[Recipe, str, dict[str, Any]]:
    """The draft of a file, its text, and what `recipe check` makes of the same data."""
    data = folder / name
    data.write_bytes(content)
    made = CliRunner().invoke(app, ["recipe", "infer", str(data), "--out", str(folder / "recipe.yaml")])
    assert made.exit_code == 0, made.output
    checked = CliRunner().invoke(app, ["recipe", "check", str(folder / "recipe.yaml"), "--sample", str(data), "--json"])
    assert checked.exit_code == 0, checked.output
    recipe = load_recipe(folder / "recipe.yaml")
    return recipe, (folder / "recipe.yaml").read_text(), json.loads(checked.stdout)["sample"]


def types(recipe: Recipe) -> dict[str, str]:
    """Type of each column."""
    return {name: column.type for name, column in recipe.columns.items()}


@pytest.fixture(scope="module")
def examples() -> dict[str, bytes]:
    """The first file of each of the example's raw dialects, by its place in the landing zone."""
    found: dict[str, bytes] = {}
    for raw in raw_files():
        found.setdefault(raw.path.rpartition("/")[0], raw.content)
    return found


@pytest.mark.parametrize(
    ("place", "keys", "expected"),
    [
        ("raw/flights/EWR", {"delimiter": ";", "decimal": ",", "nulls": ["", "-"]},
         {"day": "date", "airline": "text", "from": "text", "to": "text", "departed": "text", "distance_km": "number"}),
        ("raw/flights/JFK", {"delimiter": ",", "nulls": ["", "NA"]},
         {"flight_date": "date", "carrier": "text", "tail_number": "text", "origin": "text", "dest": "text",
          "dep_time": "integer", "distance": "integer"}),
        ("raw/flights/LGA", {"delimiter": "\t", "nulls": ["", "null"]},
         {"scheduled": "date", "operator": "text", "origin": "text", "destination": "text", "off_block": "integer",
          "nautical_miles": "number"}),
        ("raw/weather/EWR", {"nulls": ["", "M"]},
         {"date": "date", "hour": "integer", "temperature_f": "number", "wind_mph": "number",
          "visibility_mi": "number", "pressure_hpa": "number"}),
        ("raw/holidays", {}, {"holiday": "text", "date": "date"}),
    ],
)  # fmt: skip
def test_the_examples_raw_dialects_are_recognized(
    examples: dict[str, bytes], tmp_path: Path, place: str, keys: dict[str, Any], expected: dict[str, str]
) -> None:
    """Columns have their types, and no more rows are rejected than are corrupt or cut short."""
    recipe, text, sample = drafted(tmp_path, examples[place])
    assert {key: getattr(recipe, key) for key in keys} == keys
    assert types(recipe) == expected
    assert sample["counts"]["rejected"] <= 2
    assert text.startswith("# yaml-language-server: $schema=")


def test_semicolons_and_decimal_commas(tmp_path: Path) -> None:
    """Numbers with grouped digits and a comma are read as what they are, in Latin-1 as well."""
    content = lines(SALES, ";", "Tag;Ort;Umsatz;Menge;Neu").encode("latin-1")
    recipe, text, sample = drafted(tmp_path, content)
    assert (recipe.delimiter, recipe.decimal, recipe.encoding) == (";", ",", "latin-1")
    assert types(recipe) == {"tag": "date", "ort": "text", "umsatz": "number", "menge": "integer", "neu": "text"}
    assert sample["rows"][0]["after"]["umsatz"] == "1234.5"
    assert sample["rows"][0]["after"]["ort"] == "Köln"
    assert "line 2 is not UTF-8" in text


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-8"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    """UTF-16 is told by its first bytes; a byte order mark is no part of a name."""
    recipe, _, sample = drafted(tmp_path, lines(SALES, "\t", "Tag\tOrt\tUmsatz\tMenge\tNeu").encode(encoding))
    assert recipe.encoding == ("utf-16" if encoding == "utf-16" else "utf-8")
    assert list(recipe.columns) == ["tag", "ort", "umsatz", "menge", "neu"]
    assert sample["rows"][0]["after"]["ort"] == "Köln"


def test_a_file_without_a_header(tmp_path: Path) -> None:
    """Its columns are numbered, and the reason is said."""
    recipe, text, sample = drafted(tmp_path, lines(SALES, ";").encode())
    assert recipe.header == ["column_1", "column_2", "column_3", "column_4", "column_5"]
    assert "it has `03.05.2013`" in text
    assert sample["counts"]["rows_out"] == len(SALES)


def test_json_lines(tmp_path: Path) -> None:
    """All keys of all lines are columns, those of objects inside by their path."""
    rows = [{"id": 1, "store": {"id": 7, "City": "Köln"}, "at": "2013-05-03T10:00:00Z"}, {"id": 2, "extra": 1.5}] * 3
    content = "\n".join(["{damaged", *(json.dumps(row) for row in rows)]).encode()
    recipe, _, sample = drafted(tmp_path, content, "data.jsonl")
    assert recipe.format == "jsonl"
    assert types(recipe) == {
        "id": "integer", "store_id": "integer", "store_city": "text", "at": "timestamp", "extra": "number",
    }  # fmt: skip
    assert not recipe.columns["extra"].required
    assert sample["rows"][0]["after"]["at"] == "2013-05-03T10:00:00Z"


def test_parquet(tmp_path: Path) -> None:
    """Dates need no format; columns that have no text are left out by name."""
    frame = pl.DataFrame(
        {"Day": [date(2013, 5, 3)] * 3, "At": [datetime(2013, 5, 3, 10, tzinfo=UTC)] * 3, "Share": [0.5, None, 2.0],
         "Raw": [b"\x00"] * 3}
    )  # fmt: skip
    content = io.BytesIO()
    frame.write_parquet(content)
    recipe, text, sample = drafted(tmp_path, content.getvalue(), "data.parquet")
    assert types(recipe) == {"day": "date", "at": "timestamp", "share": "number"}
    assert "Raw is left out: it has bytes" in text
    assert sample["rows"][0]["after"] == {"day": "2013-05-03", "at": "2013-05-03T10:00:00Z", "share": "0.5"}


def test_gzip_is_unpacked(tmp_path: Path) -> None:
    """The draft is of what is in it."""
    recipe, _, _ = drafted(tmp_path, gzip.compress(b"a|b\n1|x\n2|y\n"))
    assert (recipe.delimiter, types(recipe)) == ("|", {"a": "integer", "b": "text"})


@pytest.mark.parametrize(
    ("column", "written", "comment"),
    [
        (["03/05/2013", "04/06/2013"], {"type": "date", "format": "%m/%d/%Y"}, "AMBIGUOUS: every date also fits %d/%m"),
        (["13/05/2013", "04/06/2013"], {"type": "date", "format": "%d/%m/%Y"}, ""),
        (["2013-05-03 10:00", "2013-05-03 11:30"], {"type": "timestamp", "timezone": "UTC"}, "NOBODY CAN TELL"),
        (["2013-05-03T10:00:00+02:00"], {"type": "timestamp", "format": "%Y-%m-%dT%H:%M:%S%z"}, ""),
        (["03.05.13", "04.06.13"], {"type": "text"}, "two-digit years"),
        (["10:30 AM", "11:45 PM"], {"type": "text"}, "AM and PM"),
        (["00501", "10001"], {"type": "text"}, "a code rather than a number"),
        (["9" * 20, "1"], {"type": "text"}, "more digits than an integer"),
        (["1,234", "5,678"], {"type": "integer", "thousands": ","}, "AMBIGUOUS: `1,234`"),
        (["0.125", "1.250"], {"type": "number"}, ""),
        (["1,234.50", "0.99"], {"type": "number", "thousands": ","}, ""),
        (["1234,50", "0,99"], {"type": "number", "decimal": ","}, ""),
        (["$1,234.50", "-$0.99"], {"type": "money", "currency": "$", "thousands": ","}, ""),
        (["1.234,50 €", "0,99 €"], {"type": "money", "currency": "€", "decimal": ",", "thousands": "."}, ""),
        (["EUR 12.345", "EUR 0.1"], {"type": "number", "currency": "EUR"}, ""),
        (["12 km", "7 km"], {"type": "text"}, "a number and its unit"),
        (["yes", "no"], {"type": "boolean"}, ""),
        (["0", "1"], {"type": "integer"}, ""),
        (["1e3", "-2.5E-4"], {"type": "number"}, ""),
        (["1850-01-01", "2013-01-01"], {"type": "date", "min": date(1850, 1, 1)}, "before 1900"),
        (["2013-01-01", "9999-12-31"], {"type": "date", "max": date(9999, 12, 31)}, "may stand for no date"),
        (["2013-01-01", ""], {"type": "date", "required": False}, "rows have no value"),
        (["12.5", "unknown"], {"type": "number", "required": False}, "rows have no value"),
        (["Namibia", "N/A"], {"type": "text", "required": False}, "rows have no value"),
        (["", ""], {"type": "text", "required": False}, "no value here"),
        (["red", "blue"], {"type": "text"}, "one_of: [blue, red]"),
        (["5' pipe", '3" pipe'], {"type": "text"}, ""),
    ],
)  # fmt: skip
def test_a_column_is_guessed(tmp_path: Path, column: list[str], written: dict[str, Any], comment: str) -> None:
    """What was guessed is said; the same data pass the check."""
    content = lines([(value, f"x{number}") for number, value in enumerate(column * 20)], "|", "value|other")
    recipe, text, _ = drafted(tmp_path, content.encode())
    known = {key: getattr(recipe.columns["value"], key) for key in written}
    known |= {"decimal": recipe.columns["value"].decimal or recipe.decimal} if "decimal" in written else {}
    assert known == written
    assert comment in text
    assert ("AMBIGUOUS" in text) == ("AMBIGUOUS" in comment)


def test_a_date_that_is_certain_tells_how_the_others_are_written(tmp_path: Path) -> None:
    """One column of days beyond the twelfth is enough."""
    content = lines([("03/05/2013", "25/12/2013")] * 5, ",", "ordered,shipped")
    recipe, text, _ = drafted(tmp_path, content.encode())
    assert recipe.columns["ordered"].format == "%d/%m/%Y"
    assert "day first, as other dates of the file" in text


def test_names_become_standard_names(tmp_path: Path) -> None:
    """Unique, in a to z, digits and underscores; twins and nameless columns are left out by name."""
    header = "Straße,ÉTÉ (m²),2013,a b,a-b,twin,twin,,customerEmail"
    content = f"{header}\n" + "x,y,z,1,2,3,4,5,6\n" * 3
    recipe, text, _ = drafted(tmp_path, content.encode())
    assert list(recipe.columns) == ["strasse", "ete_m2", "column_2013", "a_b", "a_b_2", "customer_email"]
    assert "twin is left out: 2 columns have this name" in text
    assert "is left out: it has no name" in text
    assert "perhaps personal data" in text


def test_one_column_alone_is_required(tmp_path: Path) -> None:
    """A row without a value would be a blank line."""
    recipe, _, _ = drafted(tmp_path, b"name\nAnn\nNA\nBob\n")
    assert recipe.columns["name"].required


def test_what_is_no_table_is_refused(tmp_path: Path) -> None:
    """With the reason and the remedy."""
    for name, content, right in (
        ("a.xlsx", b"PK\x03\x04" + bytes(600), "save the sheet as CSV"),
        ("b.csv", b"\n\n", "give a file with rows"),
        ("e.json", b'[\n  {"a": 1}\n]\n', "write each object on one line"),
        ("c.csv", bytes(range(256)) * 20, "is no text"),
        ("d.csv", b"x" * (5 << 20), "no row ends in the first 4 MiB"),
    ):
        (tmp_path / name).write_bytes(content)
        result = CliRunner().invoke(app, ["recipe", "infer", str(tmp_path / name)])
        assert (result.exit_code, right in result.output) == (1, True), result.output
    assert CliRunner().invoke(app, ["recipe", "infer", str(tmp_path / "none.csv")]).exit_code == 1


def test_what_cannot_be_read_or_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The raw file is, where that is at fault, and the recipe's, with what to do, where that is."""
    data = tmp_path / "sales.csv"
    data.write_text("a,b\n1,2\n")
    out = CliRunner().invoke(app, ["recipe", "infer", str(data), "--out", str(tmp_path / "none" / "r.yaml")])
    assert (out.exit_code, "name another file by --out" in out.stderr) == (1, True)

    def unreadable(path: Path, schema: str) -> str:
        raise OSError(5, "Input/output error", str(path))

    monkeypatch.setattr("cli.recipe_telling.draft_recipe", unreadable)
    result = CliRunner().invoke(app, ["recipe", "infer", str(data)])
    assert (result.exit_code, result.stderr) == (1, f"error: {data}: Input/output error\n")


def test_a_refusal_has_a_code_as_all_others_are_written(tmp_path: Path) -> None:
    """In small letters, with hyphens."""
    data = tmp_path / "b.csv"
    data.write_bytes(b"\n\n")
    told = json.loads(CliRunner().invoke(app, ["recipe", "infer", str(data), "--json"]).stdout)
    assert re.fullmatch("[a-z]+(-[a-z]+)*", told["error"]["code"]), told


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), max_size=8)


@given(st.lists(st.lists(texts, min_size=2, max_size=3), min_size=1, max_size=5))
def test_whatever_the_file_the_draft_is_a_recipe(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    """Or the file is refused by name; nothing in a name or a value breaks the YAML."""
    folder = tmp_path_factory.getbasetemp()
    (folder / "any.csv").write_text("\n".join(",".join(row) for row in rows), newline="")
    try:
        text = draft_recipe(folder / "any.csv", "schema.json")
    except PermanentError:
        return
    (folder / "any.yaml").write_text(text)
    load_recipe(folder / "any.yaml")
