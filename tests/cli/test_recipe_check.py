"""``signalbox recipe check``: what is wrong with a recipe, and what it makes of a sample."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.main import app

RECIPE = """\
delimiter: ";"
columns:
  day: {from: Day, type: date, format: "%d.%m.%Y"}
  store: {from: Store, lookup: {file: ref/stores.csv, key: code, value: name}}
  units: {from: Units, type: integer, min: 0}
derive: {double: "units * 2"}
rules:
  - {check: "units < 100", else: warn, name: many}
  - {rows_vs_last: 10%}
filter: "units > 0"
"""
DATA = """\
Day;Store;Units;Note
03.05.2013;K;5;x
31.02.2013;K;5;x
04.05.2013; B ;150;x
04.05.2013;B;0;x
04.05.2013;B
04.05.2013;?;1;x
"""


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    """A fleet's folder with a recipe in a folder below, its reference, and a raw file."""
    for folder in ("recipes", "ref"):
        (tmp_path / folder).mkdir()
    (tmp_path / "fleet.yaml").touch()
    (tmp_path / "ref/stores.csv").write_text("code,name\nK,Köln\nB,Bonn\n")
    (tmp_path / "recipes/sales.yaml").write_text(RECIPE)
    (tmp_path / "data.csv").write_text(DATA)
    return tmp_path


def check(fleet: Path, *arguments: str, sample: str = "data.csv") -> Result:
    """Try the recipe on a file."""
    recipe = str(fleet / "recipes/sales.yaml")
    return CliRunner().invoke(app, ["recipe", "check", recipe, "--sample", str(fleet / sample), *arguments])


def tried(fleet: Path, *arguments: str, sample: str = "data.csv") -> dict[str, Any]:
    """The same, as JSON."""
    told: dict[str, Any] = json.loads(check(fleet, *arguments, "--json", sample=sample).stdout)["sample"]
    return told


def edit(fleet: Path, *edits: tuple[str, str]) -> None:
    """Change the recipe."""
    text = (fleet / "recipes/sales.yaml").read_text()
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    (fleet / "recipes/sales.yaml").write_text(text)


def test_a_recipe_alone_is_checked(fleet: Path) -> None:
    """Its files are looked for beside the fleet file above it, or where one says."""
    recipe = str(fleet / "recipes/sales.yaml")
    result = CliRunner().invoke(app, ["recipe", "check", recipe])
    assert (result.exit_code, "3 columns, 2 rules. All is well." in result.output) == (0, True)
    assert CliRunner().invoke(app, ["recipe", "check", recipe, "--beside", str(fleet / "ref")]).exit_code == 1


@pytest.mark.parametrize("as_json", [True, False])
def test_all_that_is_wrong_with_a_recipe_is_said(fleet: Path, as_json: bool) -> None:
    """Each with file, line and remedy."""
    edit(fleet, ("min: 0", "mni: 0"), ("units > 0", "unit > 0"))
    result = check(fleet, *(["--json"] if as_json else []))
    said = "\n".join(json.loads(result.stdout)["problems"]) if as_json else result.stderr
    assert result.exit_code == 1
    assert "sales.yaml:5: unknown key `mni`; did you mean `min`?" in said
    assert "sales.yaml:10: " in said
    assert "did you mean `units`?" in said


def test_every_row_is_counted_once(fleet: Path) -> None:
    """In is out, rejected and filtered; each rule has its count, and the first row that breaks it."""
    told = tried(fleet)
    counts = {name: told["counts"][name] for name in ("rows_in", "rows_out", "rejected", "filtered")}
    assert counts == {"rows_in": 6, "rows_out": 2, "rejected": 3, "filtered": 1}
    rules = {name: (rule["severity"], rule["count"]) for name, rule in told["rules"].items()}
    broken = {name: rule for name, rule in rules.items() if rule[1]}
    assert broken.pop("many") == ("warn", 1)
    assert sorted(broken.values()) == [("reject", 1)] * 3
    example = told["rules"]["day.not_a_date"]["example"]
    assert (example["line"], example["raw"]) == (3, "31.02.2013;K;5;x")
    assert told["rules"]["field_count"]["example"]["line"] == 6
    example = told["rules"]["many"]["example"]
    assert (example["line"], example["row"], example["raw"]) == (4, 3, "04.05.2013; B ;150;x")
    assert told["rules"]["rows_vs_last"]["note"] == "checked when a version is published"


def test_first_rows_are_shown_before_and_after(fleet: Path) -> None:
    """Raw values as the file has them, and values as they are written, derived ones too; or why a row is not."""
    first, second, third = tried(fleet, "--rows", "3")["rows"]
    assert first["before"] == {"day": "03.05.2013", "store": "K", "units": "5"}
    assert first["after"] == {"day": "2013-05-03", "store": "Köln", "units": "5", "double": "10"}
    assert (second["line"], second["after"], second["rule"]) == (3, None, "day.not_a_date")
    assert (third["line"], third["before"]["store"], third["after"]["store"]) == (4, " B ", "Bonn")
    told = tried(fleet)
    assert told["rows"][3]["rule"] == "filter"
    assert told["types"] == {"day": "date", "store": "text", "units": "integer", "double": "integer"}
    assert told["header"] == ["Day", "Store", "Units", "Note"]


def test_a_person_reads_the_same(fleet: Path) -> None:
    """With what changed marked."""
    result = check(fleet)
    assert result.exit_code == 0, result.output
    for part in (
        "has the columns Day, Store, Units, Note", "day*", "03.05.2013 → 2013-05-03", "→ 10", "day.not_a_date",
        "6 rows read = 2 written + 3 rejected + 1 filtered", "store (text)", "The file would be taken.",
    ):  # fmt: skip
        assert part in result.output, part
    assert "units*" not in result.output


def test_steps_over_the_whole_table_are_tried_too(fleet: Path) -> None:
    """Duplicates, groups and order, and the counts of both stages together."""
    edit(fleet, ('filter: "units > 0"\n', ""), ("rules:\n", "rules:\n  - {unique: [day, store, units], name: once}\n"))
    with (fleet / "recipes/sales.yaml").open("a") as recipe:
        recipe.write("aggregate: {by: [store], values: {units: sum(units), days: count()}}\norder: [-units]\n")
    with (fleet / "data.csv").open("a") as data:
        data.write("03.05.2013;K;5;again\n05.05.2013;K;1;x\n")
    told = tried(fleet)
    assert told["table"] == [
        {"store": "Bonn", "units": "150", "days": "2"},
        {"store": "Köln", "units": "6", "days": "2"},
    ]
    assert told["types"] == {"store": "text", "units": "integer", "days": "integer"}
    counts = told["counts"]
    assert (counts["rows_in"], counts["rows_out"], counts["rejected"], counts["aggregated"]) == (8, 2, 4, 2)
    once = told["rules"]["once"]
    assert (once["count"], once["example"]["raw"]) == (1, "2013-05-03,Köln,5")
    assert "the table, after the steps over all rows" in check(fleet).output


def test_a_custom_step_is_run(fleet: Path) -> None:
    """As the app would run it."""
    (fleet / "steps.py").write_text(
        "import polars as pl\nfrom shared.conditioning.custom import step\n\n\n@step(row_wise=False)\n"
        "def first(rows: pl.LazyFrame) -> pl.LazyFrame:\n    return rows.head(1)\n"
    )
    edit(fleet, ("filter:", "custom: [{step: first, from: steps.py}]\nfilter:"))
    told = tried(fleet)
    assert (told["counts"]["rows_out"], told["counts"]["custom"], len(told["table"])) == (1, 1, 1)


@pytest.mark.parametrize(
    ("edits", "content", "right"),
    [
        ((), DATA.replace("Units;", "Unit;"), "there is no column `Units`; did you mean `Unit`?"),
        ((), "Day;Store;Units\n", "no rows"),
        ((), "Day;Store;Units\nx;K;1\n", "all 1 rows were rejected"),
        ((("filter:", "max_rejected: 10%\nfilter:"),), DATA, "the recipe allows 10.000%"),
        ((("else: warn", "else: fail"),), DATA, "rules that must hold are broken (1 x many)"),
    ],
)
def test_a_file_that_the_app_would_refuse_is_refused(
    fleet: Path, edits: tuple[tuple[str, str], ...], content: str, right: str
) -> None:
    """With its reason, and exit code 1."""
    edit(fleet, *edits)
    (fleet / "data.csv").write_text(content)
    result = check(fleet)
    assert (result.exit_code, right in result.output) == (1, True), result.output
    assert right in tried(fleet)["refused"]


def test_personal_values_are_shown_nowhere(fleet: Path) -> None:
    """Neither before nor after, nor in a reason, nor in the row that breaks a rule."""
    (fleet / "recipes/sales.yaml").write_text(
        "columns:\n  mail: {personal: true, pattern: '.+@.+'}\n  units: {type: integer}\n"
        "rules: [{unique: [mail], name: once}, {check: \"mail != 'x'\", else: warn}, {check: units > 1, else: warn}]\n"
    )
    (fleet / "data.csv").write_text("mail,units\nann@x.org,1\nann@x.org,2\nbob,3\ncat@x.org,four\ndan@x.org\n")
    result = check(fleet)
    told = json.dumps(tried(fleet))
    assert tried(fleet)["counts"]["rejected"] == 4
    for name in ("ann@", "bob", "cat@", "dan@"):
        assert name not in result.output
        assert name not in told


def test_json_lines_are_tried(fleet: Path) -> None:
    """Other formats go the same way."""
    (fleet / "recipes/sales.yaml").write_text("format: jsonl\ncolumns: {id: {type: integer}}\n")
    (fleet / "data.csv").write_text('{"id": 1}\n{"id": "x"}\n{\n')
    counts = tried(fleet)["counts"]
    assert (counts["rows_in"], counts["rows_out"], counts["reasons"]["malformed_json"]) == (3, 1, 1)
