"""Azure ML's YAML files, read as far as that goes without the SDK and without a workspace."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from shared.job_steps import code_fault, step_fault

_BINDING: Final = re.compile(r"\s*\$\{\{\s*parent\.inputs\.(?P<name>\w+)\s*\}\}\s*")
_REGISTERED: Final = "azureml:"
_LOCAL: Final = "file:"


class UnusableFileError(Exception):
    """What is wrong with a file, and what would be right, for a person."""


@dataclass(frozen=True)
class InputType:
    """A type that an input has to be of, and the texts that it may be; any when there are none."""

    type: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class PipelineFile:
    """What a pipeline can be given.

    Attributes:
        inputs: By name, each type that the pipeline and the components of its steps want it to be of.
        closed: Whether there are no other inputs; of a registered component only the workspace knows.
    """

    inputs: Mapping[str, tuple[InputType, ...]]
    closed: bool


def read_mapping(folder: Path, file: str) -> dict[str, Any]:
    """A YAML file's content.

    Args:
        folder: The fleet file's.
        file: As it is written there.

    Raises:
        UnusableFileError: It cannot be read, or is no YAML mapping.
    """
    import yaml  # noqa: PLC0415 - only at first use, so that importing the app stays cheap

    try:
        content = yaml.safe_load((folder / file).read_text(encoding="utf-8"))
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise UnusableFileError(f"`{file}{line}` is no YAML ({error.problem}); correct it there") from error
    except (yaml.YAMLError, ValueError) as error:
        raise UnusableFileError(f"`{file}` is no YAML ({type(error).__name__}); save it as text in UTF-8") from error
    except OSError as error:
        raise UnusableFileError(f"`{file}` cannot be read: {error.strerror or error}; correct the path") from error
    if not isinstance(content, dict):
        raise UnusableFileError(f"`{file}` is no YAML mapping; write an Azure ML definition: `key: value`")
    return content


def read_pipeline_file(folder: Path, file: str) -> PipelineFile:
    """A pipeline's inputs. Arguments as in `read_mapping`.

    Raises:
        UnusableFileError: It is no pipeline, or a component that it names is not there.
    """
    content = read_mapping(folder, file)
    if content.get("type") != "pipeline":
        said = f"its `type` is `{content['type']}`" if content.get("type") else "it has no `type`"
        raise UnusableFileError(f"`{file}` is no pipeline: {said}; name an Azure ML YAML with `type: pipeline`")
    inputs, steps = _section(content, "inputs", file), _section(content, "jobs", file)
    if not steps and not content.get("component"):
        raise UnusableFileError(f"`{file}` has no steps; write them under `jobs`, or name a registered `component`")
    types: dict[str, list[InputType]] = {str(name): _own(value) for name, value in inputs.items()}
    for name, wanted in _taken(folder, file, steps):
        types.setdefault(name, []).append(wanted)
    known = {name: tuple(wanted) for name, wanted in types.items() if name in inputs}
    return PipelineFile(known, closed="component" not in content)


def _own(value: Any) -> list[InputType]:
    """What the pipeline says itself: a type, or a plain value, which any plain value may replace."""
    if isinstance(value, dict):
        return [InputType(str(value["type"]))] if "type" in value else []
    return [InputType("string")] if isinstance(value, bool | int | float | str) else []


def _taken(folder: Path, file: str, steps: Mapping[str, Any]) -> Iterator[tuple[str, InputType]]:
    """The inputs of the pipeline that steps take as they are, with the types that their components declare."""
    for step, node in steps.items():
        if not isinstance(node, dict):
            raise UnusableFileError(f"`{file}`: the step `{step}` is no mapping; write for example `type: command`")
        if fault := step_fault(node, (folder / file).parent):
            raise UnusableFileError(f"`{file}`: the step `{step}` {fault}")
        declared = _component_inputs(folder, file, str(step), node.get("component"))
        bound = node.get("inputs")
        for key, value in bound.items() if isinstance(bound, dict) else ():
            binding = _BINDING.fullmatch(value) if isinstance(value, str) else None
            one = declared.get(key)
            if binding and isinstance(one, dict) and "type" in one:
                choices = one.get("enum")
                texts = tuple(str(choice) for choice in choices) if isinstance(choices, list) else ()
                yield binding["name"], InputType(str(one["type"]), texts)


def _component_inputs(folder: Path, file: str, step: str, component: Any) -> dict[str, Any]:
    """What the component beside a pipeline declares; nothing is known of one that is registered."""
    if isinstance(component, dict):
        return _section(component, "inputs", file)
    if not isinstance(component, str) or component.startswith(_REGISTERED):
        return {}
    path = (Path(file).parent / component.removeprefix(_LOCAL)).as_posix()
    if not (folder / path).is_file():
        what = f"`{file}`: the component `{component}` of the step `{step}` does not exist"
        raise UnusableFileError(f"{what}; write it, or correct the path")
    content = read_mapping(folder, path)
    if fault := code_fault(content, (folder / path).parent):
        raise UnusableFileError(f"`{path}` {fault}")
    return _section(content, "inputs", path)


def _section(content: Mapping[str, Any], key: str, file: str) -> dict[str, Any]:
    found = content.get(key) or {}
    if not isinstance(found, dict):
        raise UnusableFileError(f"`{file}`: `{key}` is no mapping; write `NAME: …` below it")
    return found
