"""Whether an Azure ML pipeline keeps the contract: what Signalbox gives it, and what it reads of it.

docs/pipelines.md tells the same to people.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from cli.check_findings import Findings, Role, opened
from cli.check_steps import StepFile, Steps, read_steps
from shared.job_inputs import data_fault, is_plain, value_fault
from shared.located_yaml import Document
from shared.near_names import nearest, similar

_CHAMPION: Final = "champion"
#: What Signalbox gives: the type of each input, and what the input is.
_GIVEN: Final[dict[Role, dict[str, tuple[str, str]]]] = {
    "train": {"dataset": ("uri_folder", "the dataset version that is trained on")},
    "baseline": {"dataset": ("uri_folder", "the dataset version that the models are trained on")},
    "score": {
        "model": ("mlflow_model", "the version that scores"),
        "data": ("uri_folder", "a dataset version, or a folder with a golden set"),
        "rows": ("string", "what is wanted of `data`: dataset, features or evaluation"),
    },
}
#: What Signalbox reads: the types that an output may have, the first one as people write it, and what it is.
_READ: Final[dict[Role, dict[str, tuple[tuple[str, ...], str]]]] = {
    "train": {
        "model": (("uri_folder", "mlflow_model"), "the folder of an MLflow model"),
        "evaluation": (("uri_file",), "a CSV with the columns `actual` and `prediction`"),
    },
    "baseline": {
        "model": (("uri_folder", "mlflow_model"), "the folder of an MLflow model"),
        "evaluation": (("uri_file",), "a CSV with the columns `actual` and `prediction`"),
    },
    "score": {"predictions": (("uri_file",), "a CSV with the column `prediction`")},
}
_ROWS: Final = ("dataset", "features", "evaluation")


class Checked(NamedTuple):
    """What was found.

    Attributes:
        role: What the pipeline is for.
        findings: At their lines.
        local: Whether a laptop can run it, as far as plain reading tells.
        parameters: Its inputs that the fleet file's `with` may fill.
    """

    role: Role
    findings: Findings
    local: bool
    parameters: tuple[str, ...]


def check_pipeline(file: Path, role: Role | None) -> Checked:
    """Check a pipeline.

    Args:
        file: Its YAML.
        role: What it is for; guessed by its inputs and outputs unless given.
    """
    findings = Findings()
    document = opened(file, findings)
    if document is None:
        return Checked(role or "train", findings, local=False, parameters=())
    wanted = role or _guessed(document)
    if not _is_pipeline(document, findings):
        return Checked(wanted, findings, local=False, parameters=())
    steps = read_steps(document, findings)
    _check_inputs(document, wanted, steps, findings)
    _check_champion(document, wanted, steps, findings)
    _check_outputs(document, wanted, steps, findings)
    inputs = document.mapping(("inputs",))
    parameters = tuple(one for one in inputs if one not in {*_GIVEN[wanted], _CHAMPION})
    return Checked(wanted, findings, not findings.of("elsewhere"), parameters)


def _guessed(document: Document) -> Role:
    inputs, outputs = document.mapping(("inputs",)), document.mapping(("outputs",))
    return "score" if "predictions" in outputs or ("model" in inputs and "model" not in outputs) else "train"


def _is_pipeline(document: Document, findings: Findings) -> bool:
    kind = document.value.get("type")
    if kind != "pipeline":
        said = f"its `type` is `{kind}`" if kind else "it has no `type`"
        findings.add(document, ("type",), f"it is no pipeline: {said}; write a job with `type: pipeline`")
        return False
    if isinstance(document.value.get("component"), str):
        told = "it is a registered pipeline component, which only the workspace knows; check the YAML that made it"
        findings.add(document, ("component",), told, "elsewhere")
        return True
    if not document.mapping(("jobs",)):
        findings.add(document, ("jobs",), "it has no steps; write them under `jobs`")
        return False
    return True


def _check_inputs(document: Document, role: Role, steps: Steps, findings: Findings) -> None:
    inputs = document.mapping(("inputs",))
    closed = "component" not in document.value
    for name, (kind, what) in _GIVEN[role].items():
        if name not in inputs:
            if closed:
                findings.add(document, ("inputs",), _absent(name, kind, what, inputs))
            continue
        fault = _type_fault(inputs[name], kind)
        if fault:
            findings.add(document, ("inputs", name), f"`{name}` {fault}; Signalbox gives it {what}: declare {kind}")
        if name not in steps.taken and closed:
            findings.add(document, ("inputs", name), f"no step takes `{name}`, which is {what}; bind it in a step")
    for name, value in inputs.items():
        if value is None or isinstance(value, list):
            told = f"the input `{name}` is {'empty' if value is None else 'a list'}; write one value, or a `type`"
            findings.add(document, ("inputs", name), told)
    if role == "score":
        _check_rows(steps, findings)


def _absent(name: str, kind: str, what: str, inputs: Mapping[str, Any]) -> str:
    declaration = f"{name}: dataset" if name == "rows" else f"{name}: {{type: {kind}}}"
    meant = similar(name, inputs)
    rename = f"rename `{meant}`, or " if meant else ""
    return f"it has no input `{name}`, {what}; {rename}add `{declaration}`"


def _type_fault(value: Any, kind: str) -> str | None:
    """What is wrong with the declaration of an input that is given data of a kind, or a text."""
    declared = value.get("type") if isinstance(value, dict) else "string"
    if is_plain(kind):
        return None if not isinstance(value, dict) else value_fault(declared, _ROWS[0])
    return data_fault(declared, kind)


def _check_rows(steps: Steps, findings: Findings) -> None:
    """A component that does not take each of the words would fail where it is asked."""
    for step, key in steps.taken.get("rows", ()):
        declared = step.section("inputs").get(key)
        choices = declared.get("enum") if isinstance(declared, dict) else None
        missing = [word for word in _ROWS if isinstance(choices, list) and word not in map(str, choices)]
        for word in missing:
            place = (*step.place, "inputs", key)
            what = "versions that were not trained here cannot be judged" if word == "evaluation" else "it fails"
            told = f"`{key}` does not take `{word}`, so {what}; add it to `enum`"
            findings.add(step.document, place, told, "notice" if word == "evaluation" else "problem")


def _check_champion(document: Document, role: Role, steps: Steps, findings: Findings) -> None:
    """Optional as a whole: without it, gates that compare with the champion cannot be used."""
    if role == "baseline":
        return
    inputs = document.mapping(("inputs",))
    if _CHAMPION not in inputs:
        told = "it has no input `champion`, so no gate can compare with the version in production; docs/pipelines.md"
        findings.add(document, ("inputs",), told, "notice")
        return
    value = inputs[_CHAMPION]
    if fault := _type_fault(value, "mlflow_model"):
        findings.add(document, ("inputs", _CHAMPION), f"`champion` {fault}; declare `champion: {{type: mlflow_model}}`")
    elif isinstance(value, dict) and value.get("path"):
        told = "`champion` has a path, which would be used while nothing is in production; remove the path"
        findings.add(document, ("inputs", _CHAMPION, "path"), told)
    for step, key in steps.taken.get(_CHAMPION, ()):
        _check_optional(step, key, findings)


def _check_optional(step: StepFile, key: str, findings: Findings) -> None:
    if not step.known:
        return
    declared = step.section("inputs").get(key)
    place = (*step.place, "inputs", key)
    if isinstance(declared, dict) and declared.get("optional") is not True:
        told = f"`{key}` is not optional, and there is no champion before the first release; add `optional: true`"
        findings.add(step.document, place, told)


def _check_outputs(document: Document, role: Role, steps: Steps, findings: Findings) -> None:
    outputs = document.mapping(("outputs",))
    closed = "component" not in document.value
    for name, (kinds, what) in _READ[role].items():
        if name in outputs:
            kind = outputs[name].get("type", "uri_folder") if isinstance(outputs[name], dict) else "uri_folder"
            if kind not in kinds:
                told = f"`{name}` is {kind}; it is {what}: declare {kinds[0]}"
                findings.add(document, ("outputs", name), told)
            _check_written(document, name, steps, findings, closed=closed)
        elif closed:
            meant = similar(name, outputs)
            rename = f"rename `{meant}`, or " if meant else ""
            told = f"it has no output `{name}`, {what}; {rename}add `{name}: {{type: {kinds[0]}}}`"
            findings.add(document, ("outputs",), told)
    if role == "score" and "evaluation" not in outputs and closed:
        told = "it has no output `evaluation`, so versions that were not trained here cannot be judged"
        findings.add(document, ("outputs",), told, "notice")
    if "metrics" in outputs:
        told = "`metrics` is not read: Signalbox computes MAPE, RMSE and the rest from `evaluation`"
        findings.add(document, ("outputs", "metrics"), told, "notice")


def _check_written(document: Document, name: str, steps: Steps, findings: Findings, *, closed: bool) -> None:
    """Whether a step writes an output of the pipeline."""
    written = steps.written.get(name)
    if written is None:
        if closed:
            told = f"no step writes `{name}`; bind it: `outputs: {{{name}: ${{{{parent.outputs.{name}}}}}}}`"
            findings.add(document, ("outputs", name), told)
        return
    step, key = written
    declared = step.section("outputs")
    if step.known and key not in declared:
        told = f"the component of `{step.name}` has no output `{key}`; {nearest(key, declared)}"
        findings.add(document, ("jobs", step.name, "outputs", key), told)
