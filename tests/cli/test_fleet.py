"""`signalbox fleet`: what a person reads of a fleet file, right or wrong."""

import json
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from shared.settings import APP_ROOT

_FLEET = """\
fleet: demand
matrix:
  region: [north, south]
  movement: [slow, fast]
sources:
  sales: {files: "raw/sales/{region}/{year}.csv", recipe: "sales-{region}.yaml"}
datasets:
  yearly: {from: [sales], per: [region, year]}
models:
  demand-{region}-{movement}:
    train: {pipeline: train.yml, data: yearly}
    baseline: {pipeline: average.yml, per: [region]}
    serve: {batch: score.yml}
    golden: golden.csv
gates:
  accuracy: {metric: mape, max: 45%}
environments:
  dev: {matrix: {region: [north]}, gates: {accuracy: {max: 60%}}}
"""
_PIPELINE = """\
type: pipeline
inputs:
  dataset: {type: uri_folder, path: ./data}
  model: {type: mlflow_model, path: ./model}
  data: {type: uri_folder, path: ./data}
  rows: dataset
jobs: {step: {type: command, component: azureml:step:1}}
"""
_RECIPE = "columns: {date: {from: Date, type: date}}\n"
_SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A fleet of four models with all its files."""
    for name in ("train.yml", "average.yml", "score.yml"):
        (tmp_path / name).write_text(_PIPELINE)
    (tmp_path / "golden.csv").touch()
    for region in ("north", "south"):
        (tmp_path / f"sales-{region}.yaml").write_text(_RECIPE)
    (tmp_path / "fleet.yaml").write_text(_FLEET)
    return tmp_path / "fleet.yaml"


def signalbox(*arguments: object, **environment: str) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(app, ["fleet", *map(str, arguments)], env=environment or None)


def test_a_right_file_is_summed_up(file: Path) -> None:
    """Counts of what it makes, and its environments; exit code 0."""
    done = signalbox("check", file)
    assert (done.exit_code, done.output.split(": ", 1)[1]) == (
        0,
        "4 models, 2 baselines, 1 source, 1 dataset, environments dev. All is well.\n",
    )


def test_mistakes_are_told_with_file_and_line_and_fail(file: Path) -> None:
    """Several at once, those of an environment too; exit code 1."""
    text = file.read_text().replace("max: 45%", "max: 45").replace("region: [north]}, gates", "region: [west]}, gates")
    file.write_text(text.replace("data: yearly", "data: weekly"))
    done = signalbox("check", file)
    assert done.exit_code == 1
    assert f"{file}:11: there is no dataset `weekly`; known here: yearly" in done.output
    assert f"{file}:16: `max: 45` would be 4500 % of MAPE; write 45% or 0.45" in done.output
    assert done.output.rstrip().endswith("found.")


def test_a_wrong_recipe_is_found_for_every_value_of_a_label(file: Path) -> None:
    """The fleet file is right, and one of the recipes that it names by label is not."""
    (file.parent / "sales-south.yaml").write_text("columns: {date: {from: Date, type: day}}\n")
    done = signalbox("check", file)
    assert done.exit_code == 1
    assert f"{file.parent / 'sales-south.yaml'}:1: " in done.output
    assert "sales-north" not in done.output


def test_two_fleets_with_one_model_are_refused(file: Path) -> None:
    """Each is right by itself; together they are not, and the lines of both are named."""
    other = file.with_name("other.yaml")
    other.write_text(file.read_text().replace("fleet: demand", "fleet: other", 1))
    done = signalbox("check", file, other, "--json")
    first, second = json.loads(done.stdout)
    assert (done.exit_code, first["problems"]) == (1, [])
    clash = f"{other}:10: the model `demand-north-slow` is also in {file}:10; let their names differ"
    assert clash in second["problems"]


def test_fleets_that_use_one_endpoint_are_refused(file: Path) -> None:
    """No file says by itself that another one has the endpoint."""
    other = file.with_name("other.yaml")
    online = file.read_text().replace("serve: {batch: score.yml}", 'serve: {online: "{region}-{movement}"}')
    file.write_text(online)
    other.write_text(online.replace("fleet: demand", "fleet: other", 1).replace("  demand-", "  other-"))
    done = signalbox("check", file, other)
    assert done.exit_code == 1
    assert f"{other}:10: `north-slow` would serve both `other-north-slow` and `demand-north-slow` of " in done.output


def test_two_fleets_that_clash_in_an_environment_only_are_refused(file: Path) -> None:
    """They differ as they are, and would not in `dev`."""
    other = file.with_name("other.yaml")
    text = file.read_text().replace("fleet: demand", "fleet: other", 1).replace("[north, south]", "[east, west]")
    for region in ("east", "west"):
        (file.parent / f"sales-{region}.yaml").write_text(_RECIPE)
    other.write_text(text)
    done = signalbox("check", file, other)
    assert (done.exit_code, "the model `demand-north-slow` is also in" in done.output) == (1, True)
    other.write_text(text.replace("dev: {matrix: {region: [north]}", "dev: {matrix: {region: [west]}"))
    assert signalbox("check", file, other).exit_code == 0


def test_an_expired_override_is_a_notice(file: Path) -> None:
    """It is over and changes nothing, so the file can be used; a person should tidy it up."""
    file.write_text(
        f"{file.read_text()}overrides:\n"
        "  - {match: {region: north}, gates: {accuracy: {max: 50%}}, by: ana, reason: x, until: 2020-01-31}\n"
    )
    done = signalbox("check", file, "--json")
    (report,) = json.loads(done.stdout)
    assert (done.exit_code, report["problems"]) == (0, [])
    assert "ended with 2020-01-31" in report["notices"][0]


def test_show_lists_the_models_of_an_environment(file: Path) -> None:
    """The matrix of the environment, chosen by option or by the app's own setting."""
    for done in (
        signalbox("show", "--file", file, "--environment", "dev", "--json"),
        signalbox("show", "--file", file, "--json", SIGNALBOX_ENVIRONMENT="dev"),
    ):
        assert [policy["model"] for policy in json.loads(done.stdout)] == ["demand-north-slow", "demand-north-fast"]
    assert "demand-south-fast" in signalbox("show", "--file", file).stdout


def test_show_tells_exceptions_beside_their_models(file: Path) -> None:
    """As long as they hold; a fleet without any has no column for them."""
    assert "exceptions" not in signalbox("show", "--file", file).stdout
    over = "  - {match: {movement: fast}, gates: {accuracy: {max: 50%}}, by: ana, reason: x, until: 2020-01-31}\n"
    holds = "  - {match: {movement: slow}, gates: {accuracy: {max: 55%}}, by: ana, reason: x, until: 2090-01-31}\n"
    file.write_text(f"{file.read_text()}overrides:\n{over}{holds}")
    shown = signalbox("show", "--file", file).stdout
    slow, fast = (next(line for line in shown.splitlines() if f"north-{one} " in line) for one in ("slow", "fast"))
    assert ("accuracy 55%" in slow, "%" in fast) == (True, False)
    assert "accuracy: mape at most 45%" in shown


def test_a_setting_without_a_file_means_the_examples(file: Path) -> None:
    """As where it is not set at all: never a traceback."""
    done = signalbox("show", SIGNALBOX_FLEET=" ; ")
    assert (done.exit_code, "departures-jfk-mainline-fast" in done.stdout) == (0, True)


def test_effective_values_name_their_line(file: Path) -> None:
    """From the file, from the environment, or a default."""
    done = signalbox("show", "demand-north-slow", "--effective", "--file", file, "-e", "dev", "--json")
    origins = {one["key"]: (one["value"], one["origin"]) for one in json.loads(done.stdout)}
    assert origins["train.pipeline"] == ("train.yml", "fleet.yaml:11")
    assert origins["gates.accuracy.max"] == ("60%", "fleet.yaml:18 (environment dev)")
    assert origins["timezone"] == ("UTC", "default")


def test_an_unknown_model_is_answered_with_the_nearest(file: Path) -> None:
    """On stderr, with exit code 1 and no traceback."""
    done = signalbox("show", "demand-north-slo", "--file", file)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "did you mean `demand-north-slow`?" in done.stderr


def test_the_graph_has_every_entry_once(file: Path, tmp_path: Path) -> None:
    """Four models of one entry are one box, beside source, dataset and baseline; every line ends at boxes."""
    out = tmp_path / "fleet.svg"
    assert signalbox("graph", "--file", file, "--out", out).exit_code == 0
    svg = fromstring(out.read_text())
    titles = [group.find(f"{_SVG}title") for group in svg.iter(f"{_SVG}g")]
    assert [title.text.splitlines()[0] for title in titles if title is not None and title.text] == [
        "sales",
        "yearly",
        "demand-{region}-{movement}",
        "demand-{region}-baseline",
    ]
    assert len(list(svg.iter(f"{_SVG}path"))) == 3
    assert not list(svg.iter(f"{_SVG}script"))


def test_a_dataset_that_is_only_scored_leads_to_its_models(file: Path) -> None:
    """It is drawn as what it is for, not as left over."""
    text = file.read_text().replace("{batch: score.yml}", "{batch: score.yml, data: coming}")
    file.write_text(text.replace("models:\n", "  coming: {from: [sales], per: [region, year]}\nmodels:\n"))
    svg = fromstring(signalbox("graph", "--file", file, "--out", "-").stdout)
    assert len(list(svg.iter(f"{_SVG}path"))) == 5


def test_a_box_is_as_wide_as_its_name(file: Path) -> None:
    """A long name is read as a whole, or cut; it never runs out of its box."""
    for name in ("demand-{region}-{movement}", "demand-of-groceries-{region}-{movement}"):
        file.write_text(file.read_text().replace("demand-{region}-{movement}", name))
        svg = fromstring(signalbox("graph", "--file", file, "--out", "-").stdout)
        boxes = [group for group in svg.iter(f"{_SVG}g") if group.get("class") == "models"]
        (box,) = boxes
        (rect,), (title, *_) = box.findall(f"{_SVG}rect"), box.findall(f"{_SVG}text")
        assert title.text == name
        assert float(rect.get("width", "0")) >= 8.8 * len(name) + 28


def test_a_place_that_cannot_be_written_is_told(file: Path, tmp_path: Path) -> None:
    """One line with the path, exit code 1."""
    done = signalbox("graph", "--file", file, "--out", tmp_path / "nowhere" / "fleet.svg")
    assert (done.exit_code, "cannot be written" in done.stderr) == (1, True)


def test_the_picture_in_the_readme_is_of_the_example_as_it_is() -> None:
    """Drawn anew by `signalbox fleet graph --out docs/flights.svg` after a change of the fleet file."""
    assert signalbox("graph", "--out", "-").stdout == (APP_ROOT / "docs/flights.svg").read_text()
