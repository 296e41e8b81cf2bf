# ruff: noqa: E501 - messages are compared whole, and a broken line would hide what a person reads
"""What people are told whose Azure ML files cannot be what the fleet file names them for."""

from pathlib import Path

import pytest

from shared.fleet.loader import check_fleet, load_fleet
from shared.settings import APP_ROOT
from tests.shared.fleet.files import PIPELINE, edited, write_fleet

_STEPS = "jobs: {a: {component: azureml:a:1}}\n"
_TYPED = """\
type: command
inputs:
  origin: {type: string, enum: [EWR, JFK]}
  epochs: {type: integer}
"""
_BOUND = """\
jobs:
  step:
    type: command
    component: ./step.yml
    inputs: {origin: "${{parent.inputs.origin}}", epochs: "${{ parent.inputs.epochs }}"}
"""
_WITH_STEP = PIPELINE[: PIPELINE.index("jobs:")] + _BOUND
_DEPLOYED = ('serve: {online: "departures-{origin}-fast"}', 'serve: {online: "departures-{origin}-fast", deployment: deployments/online.yml}')  # fmt: skip


def _told(folder: Path, *edits: tuple[str, str], **files: str) -> list[str]:
    """All that is said of the small fleet after edits, with files in `pipelines` or `deployments`."""
    for name, text in files.items():
        place = folder / name.replace("__", "/")
        place.parent.mkdir(exist_ok=True)
        place.with_suffix(".yml").write_text(text)
    path = write_fleet(folder, edited(*edits))
    return [problem.removeprefix(f"{path}:") for problem in check_fleet(path)]


def test_the_example_is_right() -> None:
    """Its pipelines take what Signalbox and the fleet file give them."""
    assert check_fleet(APP_ROOT / "examples/flights/fleet.yaml") == ()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "`pipelines/score.yml` is no YAML mapping; write an Azure ML definition: `key: value`"),
        ("type: pipeline\njobs: {a: {type", "`pipelines/score.yml:2` is no YAML (expected ',' or '}', but got '<stream end>'); correct it there"),
        ("type: command\n" + _STEPS, "`pipelines/score.yml` is no pipeline: its `type` is `command`; name an Azure ML YAML with `type: pipeline`"),
        (_STEPS, "`pipelines/score.yml` is no pipeline: it has no `type`; name an Azure ML YAML with `type: pipeline`"),
        ("type: pipeline\n", "`pipelines/score.yml` has no steps; write them under `jobs`, or name a registered `component`"),
        ("type: pipeline\ninputs: [model]\n" + _STEPS, "`pipelines/score.yml`: `inputs` is no mapping; write `NAME: …` below it"),
        ("type: pipeline\njobs: {a: ls}\n", "`pipelines/score.yml`: the step `a` is no mapping; write for example `type: command`"),
        ("type: pipeline\njobs: {a: {component: ./none.yml}}\n", "`pipelines/score.yml`: the component `./none.yml` of the step `a` does not exist; write it, or correct the path"),
        ("type: pipeline\njobs: {a: {comand: ls}}\n", "`pipelines/score.yml`: the step `a` has neither `component` nor `command`, only comand; write one of them"),
        ("type: pipeline\njobs: {a: {command: ls, code: ./src}}\n", "`pipelines/score.yml`: the step `a` has the code `./src`, which does not exist; write it, or correct the path"),
        ("type: pipeline\njobs: {a: {component: ./code.yml}}\n", "`pipelines/code.yml` has the code `../src`, which does not exist; write it, or correct the path"),
        (PIPELINE.replace("  rows: dataset\n", ""), "`pipelines/score.yml` has no input `rows`, which Signalbox fills; add `rows: dataset` to its inputs"),
        (PIPELINE.replace("  data: {type: uri_folder, path: ./data}\n", ""), "`pipelines/score.yml` has no input `data`, which Signalbox fills; add `data: {type: uri_folder}` to its inputs"),
        (PIPELINE.replace("model: {type: mlflow_model, path: ./model}", "model: flights"), "the input `model` of `pipelines/score.yml` takes string, not data of type mlflow_model, which Signalbox gives it; declare it as mlflow_model"),
    ],
)  # fmt: skip
def test_a_pipeline_that_cannot_be_submitted_is_told(tmp_path: Path, text: str, fault: str) -> None:
    """At the line that names it, once, with its own line where it is no YAML; the fleet is loaded all the same."""
    component = "type: command\ncode: ../src\ncommand: ls\n"
    assert _told(tmp_path, pipelines__score=text, pipelines__code=component) == [f"29: {fault}"]
    assert load_fleet(tmp_path / "fleet.yaml").models


@pytest.mark.parametrize(
    ("with_", "fault"),
    [
        ("epochs: 60", ""),
        ("epoch: 60", "`pipelines/train.yml` has no input `epoch`; did you mean `epochs`?"),
        ("epochs: many", "the input `epochs` of `pipelines/train.yml` takes integer, not 'many'; write such a value, or declare it otherwise there"),
        ("data: text", "the input `data` of `pipelines/train.yml` takes data of type uri_folder, not 'text'; write such a value, or declare it otherwise there"),
    ],
)  # fmt: skip
def test_what_a_pipeline_is_given_has_to_fit(tmp_path: Path, with_: str, fault: str) -> None:
    """By the pipeline, or by the component of a step that takes it."""
    files = {"pipelines__train": _WITH_STEP, "pipelines__step": _TYPED.replace("[EWR, JFK]", "[JFK, LGA]")}
    assert _told(tmp_path, ("epochs: 60", with_), **files) == ([f"22: {fault}"] if fault else [])


def test_a_value_that_is_wrong_for_some_models_is_told_once(tmp_path: Path) -> None:
    """The first of them stands for the others of the entry."""
    (told,) = _told(tmp_path, pipelines__train=_WITH_STEP, pipelines__step=_TYPED)
    assert told.startswith("22: the input `origin` of `pipelines/train.yml` takes one of EWR, JFK, not 'LGA'")


def test_a_registered_component_is_left_to_the_workspace(tmp_path: Path) -> None:
    """Only that one knows its inputs."""
    assert _told(tmp_path, pipelines__train="type: pipeline\ncomponent: azureml:train:3\n") == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("type: kubernetes\n", ""),
        ("scale_settings: {type: target_utilization, min_instances: 1, max_instances: 3}\n", ""),
        ("scale_settings: {min_instances: 5, max_instances: 3}\n", "`deployments/online.yml`: `min_instances` is 5, more than `max_instances`, which is 3; let `max_instances` be 5 or more"),
        ("scale_settings: {max_instances: many}\n", "`deployments/online.yml`: `max_instances` is 'many'; write a whole number of 1 or more"),
        ("a: [\n", "`deployments/online.yml:2` is no YAML (expected the node content, but found '<stream end>'); correct it there"),
        ("type: batch\n", "`deployments/online.yml` is no online deployment: its `type` is `batch`; write managed or kubernetes, or leave it out"),
    ],
)  # fmt: skip
def test_a_deployment_that_cannot_be_made_is_told(tmp_path: Path, text: str, fault: str) -> None:
    """At the line that names it."""
    told = _told(tmp_path, _DEPLOYED, deployments__online=text)
    assert told == ([f"23: {fault}"] if fault else [])


def test_the_endpoints_file_beside_it_is_read_as_well(tmp_path: Path) -> None:
    """Each release would read it."""
    told = _told(tmp_path, _DEPLOYED, deployments__online="type: managed\n", deployments__endpoint="- key\n")
    assert told == ["23: `deployments/endpoint.yml` is no YAML mapping; write an Azure ML definition: `key: value`"]
