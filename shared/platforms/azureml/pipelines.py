"""A pipeline job as it is submitted: Azure ML's YAML with our inputs, and outputs where we read them.

The YAML has steps of its own (`jobs`), or names a pipeline component that is registered in the workspace:
`component: azureml:NAME:VERSION`.
"""

import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from shared.contracts.jobs import FolderInput, JobInput, ModelInput
from shared.errors import PermanentError
from shared.job_inputs import data_fault, value_fault
from shared.job_steps import step_fault
from shared.names import content_hash
from shared.platforms.azureml.connection import Connection
from shared.platforms.azureml.errors import INVALID_DEFINITION, definition_errors, found
from shared.platforms.azureml.paths import datastore_uri

if TYPE_CHECKING:
    from azure.ai.ml.entities import Component, PipelineJob

#: The SDK's parser shares state between threads: of a dozen at once, some fail.
PARSER: Final = threading.Lock()
_REGISTERED: Final = re.compile(r"^azureml:(?P<name>[\w.-]+)(?::(?P<version>[\w.-]+)|@(?P<label>[\w.-]+))$")
_FILE_TYPE: Final = "uri_file"


def read_pipeline(file: Path) -> dict[str, Any]:
    """A pipeline's YAML as it stands.

    Raises:
        PermanentError: `InvalidDefinition`: it cannot be read, or is not a pipeline.
    """
    import yaml  # noqa: PLC0415 - only submitting needs it

    with definition_errors(file):
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    if not isinstance(content, dict) or content.get("type") != "pipeline":
        msg = f"{file} is not an Azure ML pipeline: a YAML mapping with `type: pipeline`"
        raise PermanentError(INVALID_DEFINITION, msg)
    return content


def definition_of(content: Mapping[str, Any], experiment: str, inputs: Mapping[str, JobInput]) -> str:
    """A hash of what was asked for: the same job is adopted, another one refused.

    Components and code beside the YAML do not count: a job that runs stays the same when the app is deployed anew.
    """
    asked = {
        name: value.model_dump() if isinstance(value, FolderInput | ModelInput) else value
        for name, value in inputs.items()
    }
    return content_hash(content, experiment, asked, length=32)


def load_pipeline(
    connection: Connection, file: Path, content: Mapping[str, Any], name: str, inputs: Mapping[str, JobInput]
) -> "PipelineJob":
    """The SDK's job of a pipeline's YAML, checked as far as that goes without the service.

    Args:
        connection: The workspace, which is asked for a registered component only.
        file: The YAML; what it refers to lies beside it.
        content: What `read_pipeline` gave.
        name: Of the job; its outputs are written to `jobs/NAME/OUTPUT/` in the data container.
        inputs: Replace those in the YAML.

    Raises:
        PermanentError: `InvalidDefinition`; `UnknownInput`: the pipeline declares no such input; `InvalidInput`: it is
            of another type than the pipeline, or a step that takes it, declares.
    """
    from azure.ai.ml import load_job  # noqa: PLC0415 - vendor SDKs are loaded at first use
    from azure.ai.ml.entities import PipelineJob  # noqa: PLC0415 - likewise

    given, results = _mapping(content, "inputs", file), _mapping(content, "outputs", file)
    _require_steps(content, file)
    component = _registered(connection, file, content)
    known = set(component.inputs or {}) if component is not None else set()
    types = _output_types(component) if component is not None else {}
    _require_known(inputs, {*given, *known}, file)
    _require_fit(inputs, _declared(given, component), file)
    values = {f"inputs.{key}": _input(connection, value, given.get(key)) for key, value in inputs.items()}
    places = {
        f"outputs.{key}": _output(connection, name, key, results.get(key), types.get(key))
        for key in {**types, **results}
    }
    with PARSER, definition_errors(file):
        job = load_job(file, params_override=[{**values, **places}])
        if not isinstance(job, PipelineJob):
            msg = f"{file} is not a pipeline"
            raise PermanentError(INVALID_DEFINITION, msg)
        _require_fit(inputs, _taken(job, inputs), file)
        _leave_out(job, {key for key in given if key not in inputs})
        if component is not None:
            job.component = component.id  # the SDK would send the short name, which the service cannot know
        # What `create_or_update` checks before it asks the service, here, so that it cannot be mistaken for an answer
        job._validate(raise_error=True)  # noqa: SLF001 - the public one asks for computes, and hides why that failed
    return job


def _require_steps(content: Mapping[str, Any], file: Path) -> None:
    for name, step in _mapping(content, "jobs", file).items():
        fault = step_fault(step, file.parent) if isinstance(step, dict) else None
        if fault is not None:
            raise PermanentError(INVALID_DEFINITION, f"{file}: the step {name!r} {fault}")


def _leave_out(job: "PipelineJob", names: set[str]) -> None:
    """Drop the inputs of data without a path that no step needs: the service takes no input without a value.

    Azure ML's YAML has no optional input of a pipeline, and the service no way to say that a bound one is not there.
    """
    for name in names & set(job.inputs):
        data = job.inputs[name]._data  # noqa: SLF001 - the public attributes raise on bindings
        if not hasattr(data, "path") or data.path:
            continue
        bound = _bound(job, name)
        if bound and all(_is_optional(node, key) for node, key in bound):
            del job.inputs[name]
            for node, key in bound:
                del node.inputs[key]


def _bound(job: "PipelineJob", name: str) -> list[tuple[Any, str]]:
    """The steps that take an input of the pipeline as it is, each with its own name of it."""
    return [
        (node, key)
        for node in job.jobs.values()
        for key, value in node.inputs.items()
        if value._data == f"${{{{parent.inputs.{name}}}}}"  # noqa: SLF001 - the public attributes raise on bindings
    ]


def _declared(given: Mapping[str, Any], component: "Component | None") -> Iterator[tuple[str, str, Any]]:
    """Input, type and choices, by the pipeline's YAML and its component; a plain value there has any plain type."""
    for name, value in given.items():
        if isinstance(value, dict) and "type" in value:
            yield name, str(value["type"]), ()
        elif isinstance(value, bool | int | float | str):
            yield name, "string", ()
    for name, one in (component.inputs or {}).items() if component is not None else ():
        yield name, str(one.type), getattr(one, "enum", None)


def _taken(job: "PipelineJob", names: Iterable[str]) -> Iterator[tuple[str, str, Any]]:
    """Likewise, by the components of the steps that take the inputs."""
    for name in names:
        for node, key in _bound(job, name):
            declared = None if isinstance(node.component, str) else node.component.inputs.get(key)
            if declared is not None:
                yield name, str(declared.type), getattr(declared, "enum", None)


def _require_fit(inputs: Mapping[str, JobInput], declared: Iterable[tuple[str, str, Any]], file: Path) -> None:
    """The service would take any of them, or refuse it in words that do not name it."""
    for name, kind, choices in declared:
        if name not in inputs:
            continue
        value = inputs[name]
        if isinstance(value, FolderInput | ModelInput):
            fault = data_fault(kind, value.type)
        else:
            fault = value_fault(kind, value, tuple(map(str, choices or ())))
        if fault is not None:
            raise PermanentError("InvalidInput", f"{file}: input {name!r} {fault}")


def _is_optional(node: Any, key: str) -> bool:
    component = node.component
    return not isinstance(component, str) and bool(getattr(component.inputs.get(key), "optional", False))


def _registered(connection: Connection, file: Path, content: Mapping[str, Any]) -> "Component | None":
    """The pipeline component that a pipeline names; `None` where it has steps of its own."""
    component = content.get("component")
    if component is None:
        return None
    match = _REGISTERED.match(str(component))
    if match is None:
        msg = f"{file}: `component: {component}` is not azureml:NAME:VERSION, a pipeline component of the workspace"
        raise PermanentError(INVALID_DEFINITION, msg)
    components = connection.client.components
    there = found(f"read the component {component}", lambda: components.get(**match.groupdict()))
    if there is None:
        msg = f"{file}: the workspace {connection.workspace.name} has no component {component}"
        raise PermanentError(INVALID_DEFINITION, msg)
    return there


def _output_types(component: "Component") -> dict[str, str]:
    return {name: str(getattr(one.type, "value", one.type)) for name, one in (component.outputs or {}).items()}


def _require_known(inputs: Mapping[str, JobInput], known: set[str], file: Path) -> None:
    unknown = sorted(set(inputs) - known)
    if unknown:
        what = ", ".join(repr(name) for name in unknown)
        msg = f"{file} has no input {what}; it has {', '.join(sorted(known)) or 'none'}"
        raise PermanentError("UnknownInput", msg)


def _input(connection: Connection, value: JobInput, declared: Any) -> Any:
    """An input as Azure ML's YAML says it; how it is mounted stays as the pipeline declares it."""
    mode = {"mode": declared["mode"]} if isinstance(declared, dict) and "mode" in declared else {}
    match value:
        case FolderInput():
            return {"type": value.type, "path": datastore_uri(connection, value.path), **mode}
        case ModelInput():
            return {"type": value.type, "path": f"azureml:{value.model}:{value.version}", **mode}
        case _:
            return value


def _output(connection: Connection, job: str, name: str, declared: Any, registered: str | None) -> dict[str, Any]:
    """An output with its path: a folder of its own, and in it, where it is a file, a file of the output's name."""
    result = {"type": registered or "uri_folder", **(declared if isinstance(declared, dict) else {})}
    folder = datastore_uri(connection, f"jobs/{job}/{name}/")
    return {**result, "path": f"{folder}{name}" if result["type"] == _FILE_TYPE else folder}


def _mapping(content: Mapping[str, Any], key: str, file: Path) -> dict[str, Any]:
    value = content.get(key) or {}
    if not isinstance(value, dict):
        raise PermanentError(INVALID_DEFINITION, f"{file}: {key!r} is not a mapping of names")
    return value
