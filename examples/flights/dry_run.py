"""Runs a pipeline of this example on this machine, step by step, with no service: enough to try a change to a step.

It understands as much of Azure ML's pipeline YAML as `pipelines/*.yml` use: command components in files, literal
inputs, optional ones that nobody gives, and `${{…}}` bindings between steps. Steps run one after another, in the order
of the file.
"""

import os
import re
import runpy
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

EXAMPLE: Final = Path(__file__).parent
TRAIN: Final = EXAMPLE / "pipelines" / "train.yml"
BASELINE: Final = EXAMPLE / "pipelines" / "historical_average.yml"
SCORE: Final = EXAMPLE / "pipelines" / "score.yml"

STEP_TIMEOUT: Final = 300.0
"""Seconds that one step may take."""

_BINDING: Final = re.compile(r"\$\{\{\s*(.+?)\s*\}\}")
_OPTIONAL: Final = re.compile(r"\$\[\[(.*?)\]\]", re.DOTALL)


class StepError(RuntimeError):
    """A step ended with an error; the message carries the end of what it wrote."""


def run_pipeline(file: Path, inputs: Mapping[str, str | Path], folder: Path, *, here: bool = False) -> dict[str, Path]:
    """Runs all steps of a pipeline.

    Args:
        file: The pipeline YAML.
        inputs: Values that replace the file's inputs; paths for folders.
        folder: Where each step's outputs go: `folder/STEP/OUTPUT`.
        here: Run the steps in this process instead of one process each: quicker, for who runs many. The process must
            be there for it, since what the steps import stays.

    Returns:
        Where each output of the pipeline lies.

    Raises:
        StepError: A step ended with an error or took longer than `STEP_TIMEOUT`.
        KeyError: An input or a binding names something that the pipeline does not have.
    """
    pipeline = yaml.safe_load(file.read_text(encoding="utf-8"))
    unknown = set(inputs) - set(pipeline["inputs"])
    if unknown:
        raise KeyError(f"{file.name} has no input {', '.join(sorted(unknown))}")
    given = {**{name: value for name, value in pipeline["inputs"].items() if _is_given(value)}, **inputs}
    values = {f"parent.inputs.{name}": str(value) for name, value in given.items()}
    outputs: dict[str, Path] = {}
    execute = _execute_here if here else _execute
    for name, job in pipeline["jobs"].items():
        step = _planned(name, job, file.parent, values, folder)
        (folder / name).mkdir(parents=True, exist_ok=True)
        execute(step)
        values |= {f"parent.jobs.{name}.outputs.{output}": str(path) for output, path in step.outputs.items()}
        outputs |= {_bound(binding): step.outputs[output] for output, binding in job.get("outputs", {}).items()}
    return outputs


@dataclass(frozen=True)
class _Step:
    """A step with all bindings resolved.

    Attributes:
        name: As in the pipeline.
        arguments: The script and what it is given.
        code: The folder that the script lies in.
        outputs: Where each output goes.
    """

    name: str
    arguments: list[str]
    code: Path
    outputs: dict[str, Path]


def _planned(name: str, job: Any, base: Path, values: Mapping[str, str], folder: Path) -> _Step:
    component_file = base / job["component"]
    component = yaml.safe_load(component_file.read_text(encoding="utf-8"))
    outputs = {output: folder / name / output for output in component["outputs"]}
    defaults = {known: spec["default"] for known, spec in component["inputs"].items() if "default" in spec}
    optional = {known for known, spec in component["inputs"].items() if spec.get("optional")}
    inputs = {known: str(value) for known, value in {**defaults, **job["inputs"]}.items()}
    names = {
        f"inputs.{known}": _resolve(value, values)
        for known, value in inputs.items()
        if known not in optional or set(_BINDING.findall(value)) <= set(values)
    }
    names |= {f"outputs.{output}": str(path) for output, path in outputs.items()}
    known = set(names)
    command = _OPTIONAL.sub(
        lambda part: part[1] if set(_BINDING.findall(part[1])) <= known else "", component["command"]
    )
    program, *arguments = shlex.split(_resolve(command, names))
    if program != "python":
        raise StepError(f"step {name}: the command must start with `python`, not {program!r}")
    return _Step(name, arguments, (component_file.parent / component["code"]).resolve(), outputs)


def _execute(step: _Step) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - the command comes from this example's own files
            [sys.executable, *step.arguments],
            cwd=step.code,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            timeout=STEP_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise StepError(f"step {step.name} took longer than {STEP_TIMEOUT:.0f} s") from error
    if done.returncode:
        raise StepError(f"step {step.name} ended with code {done.returncode}:\n{done.stderr[-2000:]}")


def _execute_here(step: _Step) -> None:
    if str(step.code) not in sys.path:
        sys.path.insert(0, str(step.code))
    before, sys.argv = sys.argv, step.arguments
    try:
        runpy.run_path(str(step.code / step.arguments[0]), run_name="__main__")
    except (Exception, SystemExit) as error:
        raise StepError(f"step {step.name} ended with {error!r}") from error
    finally:
        sys.argv = before


def _is_given(value: Any) -> bool:
    """Whether an input has a value in the file: data without a path has none."""
    return not isinstance(value, dict) or "path" in value


def _resolve(text: str, values: Mapping[str, str]) -> str:
    return _BINDING.sub(lambda found: values[found[1]], text)


def _bound(binding: str) -> str:
    """`model` of `${{parent.outputs.model}}`."""
    return _BINDING.sub(lambda found: found[1].removeprefix("parent.outputs."), binding)
