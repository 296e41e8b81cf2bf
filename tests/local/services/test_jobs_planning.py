"""From YAML to a plan: what is understood, and what is refused with its place."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from local.services.jobs.azureml_yaml import read_pipeline
from local.services.jobs.definitions import Data, JobError, JobRequest, Plan
from local.services.jobs.planning import make_plan
from shared.settings import APP_ROOT

PIPELINES = Path(__file__).with_name("pipelines")


def plan_of(file: Path, **inputs: Any) -> Plan:
    """The plan of a file with some inputs."""
    return make_plan(read_pipeline(file), JobRequest(pipeline=str(file), inputs=inputs))


def written(folder: Path, text: str) -> Path:
    """A pipeline file beside the components and steps of the tests."""
    shutil.copytree(PIPELINES, folder, dirs_exist_ok=True)
    (folder / "p.yml").write_text(text)
    return folder / "p.yml"


def refused(file: Path, **inputs: Any) -> tuple[str, str]:
    """The code and the message of the refusal."""
    with pytest.raises(JobError) as caught:
        plan_of(file, **inputs)
    return caught.value.code, caught.value.message


def test_plan_has_all_that_a_run_needs() -> None:
    """Steps in order with their needs, bindings and types; outputs of the pipeline; defaults; experiment and tags."""
    plan = plan_of(PIPELINES / "combine_and_count.yml", word="day")
    assert [(step.name, step.needs) for step in plan.steps] == [("combine", []), ("count", ["combine"])]
    combine = plan.steps[0]
    assert combine.inputs == {"word": "a-${{parent.inputs.word}}", "number": 7, "trace": "${{parent.inputs.trace}}"}
    assert combine.arguments is not None
    assert combine.arguments[:3] == ["combine.py", "--word", "${{inputs.word}}"]
    assert "--suffix" not in combine.arguments
    assert combine.code == str(PIPELINES / "steps")
    assert (plan.experiment_name, plan.tags, plan.inputs["word"]) == ("words", {"kind": "test"}, "day")
    assert {name: (one.type, one.step) for name, one in plan.outputs.items()} == {
        "text": ("uri_folder", "combine"),
        "length": ("uri_file", "count"),
    }


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("sweep", "UnsupportedStep", "step 'search': steps of type 'sweep' run on Azure ML only"),
        ("parallel", "UnsupportedStep", "step 'spread': steps of type 'parallel' run on Azure ML only"),
        ("registered_component", "UnsupportedReference", "step 'train': azureml:train:3 is a registered component"),
        ("cycle", "InvalidPipeline", "wait for each other: "),
    ],
)
def test_what_only_azure_can_run_is_named(name: str, code: str, words: str) -> None:
    """The refusal names the file, the step and the reason."""
    file = PIPELINES / f"{name}.yml"
    found, message = refused(file)
    assert found == code
    assert str(file) in message
    assert words in message


STEP = "type: pipeline\ninputs: {word: a, count: 3}\njobs:\n  s:\n    type: command\n    "


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("type: pipeline\njobs: {s: {type: command", "InvalidPipeline", "yaml"),
        (
            "type: command\ncommand: echo\nenvironment: azureml:a:1\n",
            "UnsupportedPipeline",
            "only jobs of type pipeline",
        ),
        (STEP + "component: ./nowhere.yml", "InvalidPipeline", "jobs.s.component"),
        (
            STEP + "component: ./components/combine.yml\n    inputs: {trace: t}",
            "MissingInput",
            "step 's': input 'word'",
        ),
        (
            STEP + "component: ./components/combine.yml\n    inputs: {trace: t, word: a, wrod: b}",
            "UnknownInput",
            "step 's': its component has no input 'wrod'",
        ),
        (
            STEP + 'component: ./components/combine.yml\n    inputs: {trace: t, word: "${{parent.inputs.nobody}}"}',
            "InvalidBinding",
            "the pipeline has no input 'nobody'",
        ),
        (
            STEP + 'component: ./components/combine.yml\n    inputs: {trace: t, word: "${{parent.jobs.x.outputs.y}}"}',
            "InvalidBinding",
            "there is no output 'y' of 'x'",
        ),
        (
            STEP
            + 'component: ./components/combine.yml\n    inputs: {trace: t, word: b, number: "${{parent.inputs.word}}"}',
            "InvalidInput",
            "input 'number' takes integer, not 'a'",
        ),
        (
            STEP + "command: echo ${{outputs.x}}\n    environment: azureml:a:1",
            "InvalidBinding",
            "outputs.x, which is not declared",
        ),
        (
            STEP + "command: echo 1\n    code: ./shell.yml\n    environment: azureml:a:1",
            "CodeNotFound",
            "'./shell.yml' is not a folder",
        ),
        (
            STEP + "command: ls\n    environment: azureml:a:1\noutputs: {o: {type: uri_file}}",
            "InvalidBinding",
            "no step writes the pipeline's output 'o'",
        ),
    ],
)
def test_mistakes_are_found_before_anything_runs(tmp_path: Path, text: str, code: str, words: str) -> None:
    """Each refusal has a code and names the place."""
    found, message = refused(written(tmp_path, text))
    assert (found, words in message) == (code, True), message
    assert str(tmp_path) in message


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [
        ({"type": "uri_folder", "path": "https://example.test/x"}, "UnsupportedReference", "cannot be read"),
        ({"type": "uri_folder", "path": "azureml:registered"}, "UnsupportedReference", "only azureml://datastores"),
        ({"type": "uri_folder", "path": "./nowhere"}, "InputNotFound", "nowhere"),
        ({"type": "uri_folder", "path": "./shell.yml"}, "InputNotFound", "is not a folder"),
        ("text", "InvalidInput", "takes data of type uri_folder"),
    ],
)
def test_data_that_cannot_be_had_is_refused(given: Any, code: str, words: str) -> None:
    """A reference that only Azure ML can resolve, and a path where nothing is."""
    found, message = refused(PIPELINES / "remote_data.yml", folder=given)
    assert (found, words in message) == (code, True), message


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"horizon_weeks": "abc"}, "step 'prepare': input 'horizon_weeks' takes integer, not 'abc'"),
        ({"alpha": "low"}, "step 'train_lasso': input 'alpha' takes number, not 'low'"),
        ({"dataset": "text"}, "input 'dataset' takes data of type uri_folder, not 'text'"),
        ({"origin": {"type": "uri_folder", "path": "/"}}, "input 'origin' takes string, not data of type uri_folder"),
    ],
)
def test_an_input_of_another_type_is_refused(given: dict[str, Any], words: str) -> None:
    """By the same rule as on Azure ML: the pipeline's declaration, or that of a step's component."""
    found, message = refused(APP_ROOT / "examples/flights/pipelines/train.yml", **given)
    assert (found, words in message) == ("InvalidInput", True), message


def test_data_that_only_optional_inputs_take_may_be_absent() -> None:
    """The example's champion: given, its step gets it; not given, neither input nor option is there."""
    file = APP_ROOT / "examples/flights/pipelines/train.yml"
    without = plan_of(file)
    with_it = plan_of(file, champion={"type": "mlflow_model", "path": "azureml:departures:3"})
    alone, beside = (next(step for step in plan.steps if step.name == "ensemble") for plan in (without, with_it))
    assert "champion" not in without.inputs
    assert "champion" not in alone.inputs
    assert "--champion" not in (alone.arguments or ())
    assert with_it.inputs["champion"] == Data(type="mlflow_model", path="azureml:departures:3")
    assert beside.inputs["champion"] == "${{parent.inputs.champion}}"
    assert "--champion" in (beside.arguments or ())


def test_data_that_a_step_needs_must_be_given(tmp_path: Path) -> None:
    """Also where another step could do without."""
    text = STEP.replace("count: 3", "count: 3, folder: {type: uri_folder}")
    text += "command: ls ${{inputs.folder}}\n    environment: azureml:a:1\n    "
    code, message = refused(written(tmp_path, text + 'inputs: {folder: "${{parent.inputs.folder}}"}'))
    assert (code, "input 'folder': a uri_folder without a path" in message) == ("MissingInput", True)


def test_local_paths_are_relative_to_the_file() -> None:
    """A relative path in a request means the same as one in the YAML."""
    plan = plan_of(PIPELINES / "remote_data.yml", folder={"type": "uri_folder", "path": "./steps", "mode": "ro_mount"})
    assert plan.inputs["folder"] == Data(type="uri_folder", path=str(PIPELINES / "steps"))


def test_plan_survives_storage() -> None:
    """A plan read back from its JSON is the same plan, with its types."""
    plan = plan_of(PIPELINES / "remote_data.yml")
    assert Plan.model_validate_json(plan.model_dump_json()) == plan


def test_change_of_code_changes_the_plan(tmp_path: Path) -> None:
    """The code is part of the definition; byte code that lies beside it is not."""
    file = written(tmp_path, (PIPELINES / "isolation.yml").read_text())
    before = plan_of(file)
    (tmp_path / "steps" / "__pycache__").mkdir(exist_ok=True)
    (tmp_path / "steps" / "__pycache__" / "x.pyc").touch()
    assert plan_of(file) == before
    (tmp_path / "steps" / "leave_traces.py").write_text("pass\n")
    assert plan_of(file) != before
