"""The steps of a pipeline: components, bindings, code, and what only Azure ML can run. All by plain reading."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from cli.check_findings import Findings, opened
from shared.job_steps import code_fault, step_fault
from shared.located_yaml import Document, Place
from shared.near_names import nearest

_REGISTERED: Final = "azureml:"
_LOCAL: Final = "file:"
_PARENT_INPUT: Final = re.compile(r"\$\{\{\s*parent\.inputs\.(\w+)\s*\}\}")
_OTHER_STEP: Final = re.compile(r"\$\{\{\s*parent\.jobs\.(\w+)\.outputs\.(\w+)\s*\}\}")
_PARENT_OUTPUT: Final = re.compile(r"\$\{\{\s*parent\.outputs\.(\w+)\s*\}\}")
#: What registers a model: MLflow's calls, Azure ML's, and the command line.
_REGISTERS: Final = re.compile(
    r"register_model\(|registered_model_name\s*=|models\.create_or_update\(|create_model_version\(|az ml model create"
)
_SOURCES: Final = (".py", ".sh", ".R", ".ipynb")
_MOST_FILES: Final = 500
_LARGEST: Final = 1 << 20


@dataclass(frozen=True)
class StepFile:
    """A step, with the document and place that its component's definition is at.

    Attributes:
        name: In the pipeline.
        node: As the pipeline says it.
        document: Where the component is defined: the pipeline's file or its own.
        place: Of the definition.
        known: Whether it is: a registered component is on Azure ML only.
    """

    name: str
    node: Mapping[str, Any]
    document: Document
    place: Place
    known: bool

    def section(self, name: str) -> dict[str, Any]:
        """`inputs` or `outputs` of the component."""
        return self.document.mapping((*self.place, name))


@dataclass
class Steps:
    """All steps that could be read.

    Attributes:
        steps: By name.
        taken: By input of the pipeline, the steps that take it, each with the key there.
        written: By output of the pipeline, the step that writes it, with the key there.
    """

    steps: dict[str, StepFile] = field(default_factory=dict)
    taken: dict[str, list[tuple[StepFile, str]]] = field(default_factory=dict)
    written: dict[str, tuple[StepFile, str]] = field(default_factory=dict)


def read_steps(pipeline: Document, findings: Findings) -> Steps:
    """Read every step of a pipeline, and note what is wrong with it."""
    read = Steps()
    jobs = pipeline.mapping(("jobs",))
    for name, node in jobs.items():
        if not isinstance(node, dict):
            findings.add(
                pipeline, ("jobs", name), f"the step `{name}` is no mapping; write for example `type: command`"
            )
        elif step := _read(pipeline, name, node, findings):
            read.steps[name] = step
    for step in read.steps.values():
        _note_bindings(pipeline, step, read, findings)
        _note_code(step, findings)
    return read


def _read(pipeline: Document, name: str, node: dict[str, Any], findings: Findings) -> StepFile | None:
    place: Place = ("jobs", name)
    kind, component = node.get("type", "command"), node.get("component")
    if kind != "command":
        told = f"the step `{name}` is of type `{kind}`, which runs on Azure ML only; a laptop runs `command`"
        findings.add(pipeline, (*place, "type"), told, "elsewhere")
    if "distribution" in node:
        told = f"the step `{name}` is distributed, which runs on Azure ML only"
        findings.add(pipeline, (*place, "distribution"), told, "elsewhere")
    if isinstance(component, str) and component.startswith(_REGISTERED):
        told = f"`{component}` is registered, so it runs on Azure ML only; a laptop needs the path of its YAML"
        findings.add(pipeline, (*place, "component"), told, "elsewhere")
        return StepFile(name, node, pipeline, place, known=False)
    if kind == "command" and (fault := step_fault(node, pipeline.path.parent)):
        findings.add(pipeline, place, f"the step `{name}` {fault}")
        return None
    if not isinstance(component, str):
        inline = (*place, "component") if isinstance(component, dict) else place
        return StepFile(name, node, pipeline, inline, known=kind == "command" and isinstance(component, dict))
    file = pipeline.path.parent / component.removeprefix(_LOCAL)
    if not file.is_file():
        told = f"the component `{component}` does not exist; write it, or correct the path"
        findings.add(pipeline, (*place, "component"), told)
        return None
    document = opened(file, findings)
    if document is None:
        return None
    if fault := code_fault(document.value, file.parent):
        findings.add(document, ("code",), fault)
    if document.value.get("type", "command") != "command":
        told = f"a component of type `{document.value['type']}` runs on Azure ML only"
        findings.add(document, ("type",), told, "elsewhere")
    return StepFile(name, node, document, (), known=True)


def _note_bindings(pipeline: Document, step: StepFile, read: Steps, findings: Findings) -> None:
    given = pipeline.mapping(("jobs", step.name, "inputs"))
    for key, value in given.items():
        for text in _texts(value):
            _note_text(pipeline, ("jobs", step.name, "inputs", key), text, read, findings)
            for name in _PARENT_INPUT.findall(text):
                read.taken.setdefault(name, []).append((step, key))
    if step.known:
        _note_declared(pipeline, step, given, findings)
    outputs = pipeline.mapping(("outputs",))
    for key, value in pipeline.mapping(("jobs", step.name, "outputs")).items():
        for name in (found for text in _texts(value) for found in _PARENT_OUTPUT.findall(text)):
            read.written[name] = (step, key)
            if name not in outputs:
                told = f"the pipeline has no output `{name}`; {nearest(name, outputs)}"
                findings.add(pipeline, ("jobs", step.name, "outputs", key), told)


def _note_declared(pipeline: Document, step: StepFile, given: Mapping[str, Any], findings: Findings) -> None:
    """What a step gives its component, and what that wants."""
    declared = step.section("inputs")
    for key in given:
        if key not in declared:
            told = f"the component of `{step.name}` has no input `{key}`; {nearest(key, declared)}"
            findings.add(pipeline, ("jobs", step.name, "inputs", key), told)
    for key, one in declared.items():
        optional = isinstance(one, dict) and (one.get("optional") is True or "default" in one)
        if key not in given and not optional:
            told = f"the step `{step.name}` gives its component no `{key}`, which that requires; bind it"
            findings.add(pipeline, ("jobs", step.name, "inputs"), told)


def _note_text(pipeline: Document, place: Place, text: str, read: Steps, findings: Findings) -> None:
    inputs, jobs = pipeline.mapping(("inputs",)), pipeline.mapping(("jobs",))
    for name in _PARENT_INPUT.findall(text):
        if name not in inputs:
            findings.add(pipeline, place, f"the pipeline has no input `{name}`; {nearest(name, inputs)}")
    for other, output in _OTHER_STEP.findall(text):
        if other not in jobs:
            findings.add(pipeline, place, f"there is no step `{other}`; {nearest(other, jobs)}")
            continue
        step = read.steps.get(other)
        outputs = step.section("outputs") if step is not None and step.known else None
        if outputs is not None and output not in outputs:
            findings.add(pipeline, place, f"the step `{other}` has no output `{output}`; {nearest(output, outputs)}")


def _texts(value: Any) -> Iterator[str]:
    """A binding as it is written: a text, or a mapping with a path."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict) and isinstance(value.get("path"), str):
        yield value["path"]


def _note_code(step: StepFile, findings: Findings) -> None:
    """Where the step's own code registers a model."""
    definition = step.document.at(step.place) if step.place else step.document.value
    if not isinstance(definition, dict):
        return
    command, code = definition.get("command"), definition.get("code")
    told = (
        "a model is registered here, and Signalbox registers the output `model` with its verdict: "
        "remove this, or every training makes two versions"
    )
    if isinstance(command, str) and _REGISTERS.search(command):
        findings.add(step.document, (*step.place, "command"), told)
    if not isinstance(code, str) or "://" in code or code.startswith(_REGISTERED):
        return
    for file in _sources(step.document.path.parent / code):
        for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
            if _REGISTERS.search(line.partition("#")[0]):
                findings.at(file, number, told)


def _sources(code: Path) -> Iterator[Path]:
    files = [code] if code.is_file() else sorted(code.rglob("*")) if code.is_dir() else []
    shown = [one for one in files if one.suffix in _SOURCES and one.is_file() and one.stat().st_size <= _LARGEST]
    yield from shown[:_MOST_FILES]
