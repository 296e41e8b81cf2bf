"""``signalbox check``: whether a pipeline keeps the contract, with file and line of what does not."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from shared.settings import APP_ROOT

EXAMPLE = APP_ROOT / "examples" / "flights"
TRAIN = """type: pipeline
inputs:
  dataset: {type: uri_folder}
  champion: {type: mlflow_model}
outputs:
  model: {type: uri_folder}
  evaluation: {type: uri_file}
jobs:
  fit:
    component: ./fit.yml
    inputs: {dataset: "${{parent.inputs.dataset}}", champion: "${{parent.inputs.champion}}"}
    outputs: {model: "${{parent.outputs.model}}", evaluation: "${{parent.outputs.evaluation}}"}
"""
FIT = """type: command
inputs:
  dataset: {type: uri_folder}
  champion: {type: mlflow_model, optional: true}
outputs: {model: {type: uri_folder}, evaluation: {type: uri_file}}
code: ./src
command: python fit.py
"""


def run(*arguments: str) -> Result:
    """The command, as somebody calls it."""
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture
def pipeline(tmp_path: Path) -> Path:
    """A pipeline that keeps the contract."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "fit.py").write_text("import mlflow\nmlflow.log_metric('mape', 0.1)\n")
    (tmp_path / "fit.yml").write_text(FIT)
    (tmp_path / "train.yml").write_text(TRAIN)
    return tmp_path / "train.yml"


def problems(pipeline: Path, *arguments: str) -> list[str]:
    """What is found, as `LINE: text`, without the folder."""
    result = run("check", str(pipeline), "--json", *arguments)
    told = json.loads(result.output)
    assert result.exit_code == (0 if told["kept"] else 1)
    return [f"{Path(one['file']).name}:{one['line']}: {one['text']}" for one in told["findings"]]


@pytest.mark.parametrize("name", ["train", "historical_average", "score"])
def test_the_example_keeps_it(name: str) -> None:
    """And runs on a laptop."""
    result = run("check", str(EXAMPLE / "pipelines" / f"{name}.yml"))
    assert (result.exit_code, "keeps the contract" in result.output) == (0, True)
    assert "It runs here and on Azure ML." in result.output


def test_what_signalbox_does_with_it_is_told(pipeline: Path) -> None:
    """Who registers, and what the fleet file may fill."""
    result = run("check", str(pipeline))
    assert result.exit_code == 0
    assert "reads `model` and `evaluation`, and registers `model`" in result.output


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("type: pipeline", "type: command", "train.yml:1: it is no pipeline: its `type` is `command`"),
        ("  dataset: {type: uri_folder}\n", "  datset: {type: uri_folder}\n",
         "train.yml:2: it has no input `dataset`, the dataset version that is trained on; rename `datset`, or add"),
        ("dataset: {type: uri_folder}", "dataset: 7", "train.yml:3: `dataset` takes string, not data of type"),
        ("{type: mlflow_model}", "{type: mlflow_model, path: x}", "train.yml:4: `champion` has a path"),
        ("evaluation: {type: uri_file}", "evaluation: {type: uri_folder}", "train.yml:7: `evaluation` is uri_folder"),
        ("  evaluation: {type: uri_file}\n", "  evalution: {type: uri_file}\n", "rename `evalution`, or add"),
        ("model: \"${{parent.outputs.model}}\", ", "", "train.yml:6: no step writes `model`"),
        ("parent.inputs.dataset", "parent.inputs.data", "train.yml:11: the pipeline has no input `data`; did you mean"),
        ("component: ./fit.yml", "component: ./fid.yml", "train.yml:10: the component `./fid.yml` does not exist"),
        ("jobs:", "steps:", "it has no steps"),
        ("  dataset: {type: uri_folder}", "  dataset: {type: uri_folder}\n  horizon: [1, 2]", "`horizon` is a list"),
    ],
)  # fmt: skip
def test_each_fault_is_at_its_line(pipeline: Path, old: str, new: str, told: str) -> None:
    """With what would be right."""
    assert old in TRAIN
    pipeline.write_text(TRAIN.replace(old, new, 1))
    assert any(told in one for one in problems(pipeline)), problems(pipeline)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (", optional: true", "", "fit.yml:4: `champion` is not optional"),
        ("code: ./src", "code: ./source", "fit.yml:6: has the code `./source`, which does not exist"),
        ("  dataset: {type: uri_folder}\n", "", "train.yml:11: the component of `fit` has no input `dataset`"),
        ("outputs: {model: {type: uri_folder}, ", "outputs: {", "has no output `model`"),
        ("champion:", "alpha: {type: number}\n  champion:", "gives its component no `alpha`"),
        ("python fit.py", "az ml model create --path model", "fit.yml:7: a model is registered here"),
    ],
)
def test_faults_of_components_are_at_theirs(pipeline: Path, old: str, new: str, told: str) -> None:
    """The file is named."""
    assert old in FIT
    pipeline.with_name("fit.yml").write_text(FIT.replace(old, new, 1))
    assert any(told in one for one in problems(pipeline)), problems(pipeline)


def test_code_that_registers_is_named(pipeline: Path) -> None:
    """A comment about it is none."""
    code = pipeline.parent / "src" / "fit.py"
    code.write_text("# register_model() is Signalbox's\nimport mlflow\nmlflow.register_model('runs:/1/model', 'm')\n")
    (found,) = [one for one in problems(pipeline) if "registered here" in one]
    assert found.startswith("fit.py:3: a model is registered here, and Signalbox registers the output `model`")
    assert found.endswith("remove this, or every training makes two versions")


@pytest.mark.parametrize(
    ("node", "told"),
    [
        ("type: sweep\n    trial: ./fit.yml", "of type `sweep`, which runs on Azure ML only"),
        ("type: parallel", "of type `parallel`, which runs on Azure ML only"),
        ("component: azureml:fit:3", "`azureml:fit:3` is registered, so it runs on Azure ML only"),
        ("component: ./fit.yml\n    distribution: {type: pytorch}", "is distributed, which runs on Azure ML only"),
    ],
)
def test_what_only_azure_ml_runs_is_no_fault(pipeline: Path, node: str, told: str) -> None:
    """It keeps the contract all the same, and is told to run there."""
    pipeline.write_text(TRAIN.replace("component: ./fit.yml", node, 1))
    assert any(told in one for one in problems(pipeline))
    result = run("check", str(pipeline))
    assert (result.exit_code, "It runs on Azure ML only." in result.output) == (0, True), result.output


def test_a_scoring_is_told_by_what_it_takes(tmp_path: Path) -> None:
    """Without `rows: evaluation`, versions of others cannot be judged."""
    shutil.copytree(EXAMPLE, tmp_path / "flights")
    component = tmp_path / "flights" / "pipelines" / "components" / "score.yml"
    component.write_text(
        component.read_text().replace("enum: [dataset, features, evaluation]", "enum: [dataset, features]")
    )
    found = problems(tmp_path / "flights" / "pipelines" / "score.yml")
    assert [one for one in found if "`rows` does not take `evaluation`" in one]


def test_an_evaluation_is_read_as_signalbox_reads_it(pipeline: Path, tmp_path: Path) -> None:
    """Figures of a good one; what a bad one lacks."""
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text("store,actual,prediction\na,10,9\nb,20,22\n")
    bad.write_text("store,prediction\na,9\n")
    assert (
        json.loads(run("check", str(pipeline), "--json", "--evaluation", str(good)).output)["evaluation"]["mape"] == 0.1
    )
    assert any("lacks the column actual" in one for one in problems(pipeline, "--evaluation", str(bad)))


def test_what_is_no_yaml_or_not_there_is_told(tmp_path: Path) -> None:
    """As by every command."""
    (tmp_path / "odd.yml").write_text("type: [pipeline\n")
    assert problems(tmp_path / "odd.yml")[0].startswith("odd.yml:")
    missing = run("check", str(tmp_path / "od.yml"))
    assert (missing.exit_code, f"did you mean {tmp_path / 'odd.yml'}?" in missing.output) == (1, True)
