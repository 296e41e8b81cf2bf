"""Reads pipeline YAML with azure-ai-ml's own parser; the only module that knows that package.

``load_job`` needs no network and no account. What it offers only in private attributes (``_data``: the plain text of
a binding) is read here and nowhere else; the package's version is pinned for that reason. Importing the package takes
3-6 s, and parsing from several threads at once fails now and then: see :class:`Parser`.
"""

import asyncio
import json
import logging
import os
import re
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from local.services.jobs.definitions import Data, JobError, Scalar

_MESSAGE_LIMIT = 2000


@dataclass(frozen=True)
class Declared:
    """An input as its component declares it."""

    type: str
    optional: bool
    default: Scalar | None
    choices: tuple[str, ...]


@dataclass(frozen=True)
class Node:
    """A command node: ``inputs`` has what is given, ``outputs`` the bindings; paths are relative to ``base``."""

    name: str
    command: str
    base: Path
    code: str | None
    environment: dict[str, str]
    timeout: float | None
    inputs: dict[str, Scalar | Data]
    outputs: dict[str, str | None]
    declared_inputs: dict[str, Declared]
    declared_outputs: dict[str, str]


@dataclass(frozen=True)
class Pipeline:
    """A pipeline as its file says; data without a path has the path ``""``."""

    file: Path
    display_name: str
    experiment_name: str | None
    tags: dict[str, str]
    inputs: dict[str, Scalar | Data]
    outputs: dict[str, str]
    nodes: list[Node]
    continue_on_step_failure: bool


class Parser:
    """Parses in one thread of its own, which imports the package as soon as the parser is made."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="parse-pipeline")
        self._thread.submit(_import_package)

    async def parse(self, file: Path) -> Pipeline:
        """Read ``file``.

        Raises:
            JobError: the file is missing, invalid, or needs what only Azure ML has.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, read_pipeline, file)

    def close(self) -> None:
        """Free the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def _import_package() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package's own use of deprecated calls
        logging.getLogger("azure.ai.ml").setLevel(logging.ERROR)  # it announces experimental classes that we do not use
        # Whoever started this process may use the SDK, and has then left its own cloud here, which is unknown here.
        os.environ.pop("AZUREML_CURRENT_CLOUD", None)
        from azure.ai.ml import load_job  # noqa: PLC0415 - heavy

    return load_job


def read_pipeline(file: Path) -> Pipeline:
    """Parse ``file`` and everything that it includes. Not for several threads at once."""
    file = file.absolute()
    if not file.is_file():
        raise JobError("PipelineNotFound", f"{file}: no such file")
    load_job = _import_package()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            job = load_job(source=str(file))
    except Exception as error:  # the parser lets the errors of four libraries through
        raise JobError("InvalidPipeline", f"{file}: {_reason(error)}") from error
    if getattr(job, "type", None) != "pipeline":
        raise JobError("UnsupportedPipeline", f"{file}: only jobs of type pipeline run here, not {job.type}")
    return _pipeline(file, job)


def _reason(error: Exception) -> str:
    """The part of the parser's message that tells what is wrong and where."""
    text = str(error)
    found = re.search(r"\{.*\}", text, re.DOTALL)
    try:
        errors = json.loads(found[0])["errors"] if found else []
    except (ValueError, KeyError, TypeError):
        errors = []
    lines = [f"{one.get('path')}: {one.get('message')} ({one.get('location', 'no line known')})" for one in errors]
    return ("; ".join(lines) or text.strip())[:_MESSAGE_LIMIT]


def _pipeline(file: Path, job: Any) -> Pipeline:
    settings = job.settings
    stop = settings is not None and settings.continue_on_step_failure is False
    _refuse_unknown_inputs(file, job)
    return Pipeline(
        file=file,
        display_name=job.display_name or file.stem,
        experiment_name=job.experiment_name,
        tags={str(key): str(value) for key, value in (job.tags or {}).items()},
        inputs={name: given for name, value in job.inputs.items() if (given := _value(value._data)) is not None},  # noqa: SLF001 - see above
        outputs={name: _output_type(value) for name, value in job.outputs.items()},
        nodes=[_node(file, name, node) for name, node in job.jobs.items()],
        continue_on_step_failure=not stop,
    )


def _value(value: Any) -> Scalar | Data | None:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return Data(type=value.type, path=str(value.path or ""))


def _output_type(output: Any) -> str:
    data = output._data  # noqa: SLF001 - the public attribute raises on bindings
    return str(getattr(data, "type", None) or "uri_folder")


def _node(file: Path, name: str, node: Any) -> Node:
    where = f"{file}: step {name!r}"
    component = node.component
    if node.type != "command":
        raise JobError("UnsupportedStep", f"{where}: steps of type {node.type!r} run on Azure ML only; use a command")
    if isinstance(component, str):
        what = "a registered component, which only Azure ML has; give the path of its YAML instead"
        raise JobError("UnsupportedReference", f"{where}: azureml:{component} is {what}")
    if getattr(node, "distribution", None) is not None:
        raise JobError("UnsupportedStep", f"{where}: distributed training runs on Azure ML only")
    inputs = {key: given for key, one in node.inputs.items() if (given := _value(one._data)) is not None}  # noqa: SLF001 - see above
    return Node(
        name=name,
        command=str(component.command),
        base=Path(component.base_path).resolve(),
        code=str(component.code) if component.code else None,
        environment={str(key): str(value) for key, value in (node.environment_variables or {}).items()},
        timeout=float(node.limits.timeout) if node.limits is not None and node.limits.timeout else None,
        inputs=inputs,
        outputs={key: _binding(node, key) for key in component.outputs},
        declared_inputs={key: _declared(one) for key, one in component.inputs.items()},
        declared_outputs={key: str(one.type) for key, one in component.outputs.items()},
    )


def _binding(node: Any, output: str) -> str | None:
    data = node.outputs[output]._data if output in node.outputs else None  # noqa: SLF001 - see above
    return data if isinstance(data, str) else None


def _declared(one: Any) -> Declared:
    choices = tuple(str(choice) for choice in (getattr(one, "enum", None) or ()))
    return Declared(str(one.type), bool(one.optional), _scalar(one.default), choices)


def _scalar(value: Any) -> Scalar | None:
    return value if isinstance(value, bool | int | float | str) else None


def _refuse_unknown_inputs(file: Path, job: Any) -> None:
    """The parser drops an input that the component does not declare; a typing error must not stay unseen."""
    for name, node in (yaml.safe_load(file.read_text(encoding="utf-8")).get("jobs") or {}).items():
        unknown = set(node.get("inputs") or ()) - set(job.jobs[name].inputs)
        if unknown and node.get("type", "command") == "command" and not isinstance(job.jobs[name].component, str):
            raise JobError("UnknownInput", f"{file}: step {name!r}: its component has no input {sorted(unknown)[0]!r}")
