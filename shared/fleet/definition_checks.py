"""Whether the Azure ML files that a fleet file names are what they are named for, as far as plain reading tells.

It says nothing of computes, environments and registered components, which only a workspace knows. What it finds, the
first training or release would find otherwise.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from shared.contracts.policy import Scalar
from shared.fleet.draft import Draft
from shared.fleet.expansion import Expanded
from shared.fleet.pipeline_files import PipelineFile, UnusableFileError, read_mapping, read_pipeline_file
from shared.job_inputs import data_fault, value_fault
from shared.located_yaml import Place, Problem
from shared.near_names import nearest

#: What Signalbox gives a pipeline itself: data of a type, or a text.
_TRAINED: Final = {"dataset": "uri_folder"}
_SCORED: Final = {"model": "mlflow_model", "data": "uri_folder", "rows": "string"}
_DATA: Final = frozenset({"uri_folder", "mlflow_model"})
_KINDS: Final = ("managed", "kubernetes")
#: Beside a deployment's YAML, that of its endpoint.
_ENDPOINT_FILE: Final = "endpoint.yml"
_LEAST, _MOST = "min_instances", "max_instances"


class _Use(NamedTuple):
    """A pipeline where a model names it: the section and key, what Signalbox fills, and what `with` says."""

    section: str
    key: str
    file: str
    filled: Mapping[str, str]
    parameters: Mapping[str, Scalar]


def check_definitions(expanded: Sequence[Expanded], draft: Draft) -> Iterator[Problem]:
    """Pipelines, with what they are given, and deployments. A file that is not there is told elsewhere."""
    folder, told = draft.document.path.parent, set[tuple[Place, str]]()
    pipelines: dict[str, PipelineFile | str] = {}
    for one in expanded:
        for use in _uses(one):
            if not (folder / use.file).is_file():
                continue
            if use.file not in pipelines:
                pipelines[use.file] = _read(folder, use.file)
            for place, text in _use_faults(use, pipelines[use.file]):
                where: Place = ("models", one.key, use.section, *place)
                if (where, use.file) not in told:  # wrong for one model, it is for others of the entry as well
                    told.add((where, use.file))
                    yield draft.document.problem(where, text)
    deployments = {(one.key, file): None for one in expanded if (file := one.policy.serve.deployment)}
    for key, file in deployments:
        for text in _deployment_faults(folder, file) if (folder / file).is_file() else ():
            yield draft.document.problem(("models", key, "serve", "deployment"), text)


def _uses(one: Expanded) -> Iterator[_Use]:
    train, baseline, serve = one.policy.train, one.policy.baseline, one.policy.serve
    yield _Use("train", "pipeline", train.pipeline, _TRAINED, train.parameters)
    if baseline is not None:
        yield _Use("baseline", "pipeline", baseline.pipeline, _TRAINED, baseline.parameters)
    if serve.pipeline is not None:
        yield _Use("serve", "batch", serve.pipeline, _SCORED, serve.parameters)


def _read(folder: Path, file: str) -> PipelineFile | str:
    try:
        return read_pipeline_file(folder, file)
    except UnusableFileError as error:
        return str(error)


def _use_faults(use: _Use, pipeline: PipelineFile | str) -> Iterator[tuple[Place, str]]:
    """What is wrong, and where in the model's section that is said."""
    if isinstance(pipeline, str):
        yield (use.key,), pipeline
        return
    for name, kind in use.filled.items():
        if fault := _filled_fault(use.file, pipeline, name, kind):
            yield (use.key,), fault
    for name, value in use.parameters.items():
        if fault := _given_fault(use.file, pipeline, name, value):
            yield ("with", name), fault


def _filled_fault(file: str, pipeline: PipelineFile, name: str, kind: str) -> str | None:
    if name not in pipeline.inputs:
        declaration = f"{name}: {{type: {kind}}}" if kind in _DATA else f"{name}: dataset"
        told = f"`{file}` has no input `{name}`, which Signalbox fills; add `{declaration}` to its inputs"
        return told if pipeline.closed else None
    for wanted in pipeline.inputs[name]:
        fault = data_fault(wanted.type, kind) if kind in _DATA else value_fault(wanted.type, "dataset", wanted.choices)
        if fault:
            return f"the input `{name}` of `{file}` {fault}, which Signalbox gives it; declare it as {kind}"
    return None


def _given_fault(file: str, pipeline: PipelineFile, name: str, value: Scalar) -> str | None:
    if name not in pipeline.inputs:
        return f"`{file}` has no input `{name}`; {nearest(name, pipeline.inputs)}" if pipeline.closed else None
    faults = (value_fault(wanted.type, value, wanted.choices) for wanted in pipeline.inputs[name])
    fault = next((one for one in faults if one), None)
    return (
        f"the input `{name}` of `{file}` {fault}; write such a value, or declare it otherwise there" if fault else None
    )


def _deployment_faults(folder: Path, file: str) -> Iterator[str]:
    try:
        content = read_mapping(folder, file)
        beside = (Path(file).parent / _ENDPOINT_FILE).as_posix()
        if (folder / beside).is_file():
            read_mapping(folder, beside)
    except UnusableFileError as error:
        yield str(error)
        return
    kind = content.get("type", _KINDS[0])
    if kind not in _KINDS:
        yield f"`{file}` is no online deployment: its `type` is `{kind}`; write {' or '.join(_KINDS)}, or leave it out"
    scale = content.get("scale_settings")
    if isinstance(scale, dict):
        yield from _scale_faults(file, scale)


def _scale_faults(file: str, scale: Mapping[str, Any]) -> Iterator[str]:
    least, most = scale.get(_LEAST, 1), scale.get(_MOST)
    for key, value in ((_LEAST, least), (_MOST, most)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
            yield f"`{file}`: `{key}` is {value!r}; write a whole number of 1 or more"
            return
    if most is not None and least > most:
        yield f"`{file}`: `{_LEAST}` is {least}, more than `{_MOST}`, which is {most}; let `{_MOST}` be {least} or more"
