"""Runs a pipeline of this example on this machine, step by step, with no service: enough to try a change to a step.

It understands as much of Azure ML's pipeline YAML as `pipelines/*.yml` use: command components in files, literal
inputs, and `${{…}}` bindings between steps. Steps run one after another, in the order of the file.
"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

EXAMPLE: Final = Path(__file__).parent
TRAIN: Final = EXAMPLE / "pipelines" / "train.yml"
SCORE: Final = EXAMPLE / "pipelines" / "score.yml"

STEP_TIMEOUT: Final = 300.0
"""Seconds that one step may take."""

_BINDING: Final = re.compile(r"\$\{\{\s*(.+?)\s*\}\}")


class StepError(RuntimeError):
    """A step ended with an error; the message carries the end of what it wrote."""


def run_pipeline(file: Path, inputs: Mapping[str, str | Path], folder: Path) -> dict[str, Path]:
    """Runs all steps of a pipeline.

    Args:
        file: The pipeline YAML.
        inputs: Values that replace the file's inputs; paths for folders.
        folder: Where each step's outputs go: `folder/STEP/OUTPUT`.

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
    values = {f"parent.inputs.{name}": str(value) for name, value in {**pipeline["inputs"], **inputs}.items()}
    outputs: dict[str, Path] = {}
    for step, job in pipeline["jobs"].items():
        made = _run_step(step, job, file.parent, values, folder)
        values |= {f"parent.jobs.{step}.outputs.{name}": str(path) for name, path in made.items()}
        outputs |= {_bound(binding): made[name] for name, binding in job.get("outputs", {}).items()}
    return outputs


def _run_step(step: str, job: Any, base: Path, values: Mapping[str, str], folder: Path) -> dict[str, Path]:
    component_file = base / job["component"]
    component = yaml.safe_load(component_file.read_text(encoding="utf-8"))
    made = {name: folder / step / name for name in component["outputs"]}
    defaults = {name: spec["default"] for name, spec in component["inputs"].items() if "default" in spec}
    names = {f"inputs.{name}": _resolve(str(value), values) for name, value in {**defaults, **job["inputs"]}.items()}
    names |= {f"outputs.{name}": str(path) for name, path in made.items()}
    (folder / step).mkdir(parents=True, exist_ok=True)
    _execute(step, _resolve(component["command"], names), (component_file.parent / component["code"]).resolve())
    return made


def _execute(step: str, command: str, code: Path) -> None:
    program, *arguments = shlex.split(command)
    if program != "python":
        raise StepError(f"step {step}: the command must start with `python`, not {program!r}")
    try:
        done = subprocess.run(  # noqa: S603 - the command comes from this example's own files
            [sys.executable, *arguments],
            cwd=code,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            timeout=STEP_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise StepError(f"step {step} took longer than {STEP_TIMEOUT:.0f} s") from error
    if done.returncode:
        raise StepError(f"step {step} ended with code {done.returncode}:\n{done.stderr[-2000:]}")


def _resolve(text: str, values: Mapping[str, str]) -> str:
    return _BINDING.sub(lambda found: values[found[1]], text)


def _bound(binding: str) -> str:
    """`model` of `${{parent.outputs.model}}`."""
    return _BINDING.sub(lambda found: found[1].removeprefix("parent.outputs."), binding)
