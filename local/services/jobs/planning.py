"""Makes a plan of a parsed pipeline and a request, and refuses what could not run, naming file and step."""

import graphlib
from pathlib import Path

from local.services.jobs import bindings, checks
from local.services.jobs.azureml_yaml import Node, Pipeline
from local.services.jobs.definitions import Data, JobError, JobRequest, Output, Plan, Step, Value
from local.services.jobs.snapshot import tree_hash
from local.services.jobs.sources import locate
from shared.job_inputs import data_fault, value_fault

_DEFAULT_EXPERIMENT = "Default"


def make_plan(pipeline: Pipeline, request: JobRequest) -> Plan:
    """Check everything and put the steps in order.

    Raises:
        JobError: with the file and the step or input that is wrong.
    """
    inputs = _pipeline_inputs(pipeline, request)
    steps = [_step(pipeline, node, inputs) for node in pipeline.nodes]
    if not steps:
        raise JobError("InvalidPipeline", f"{pipeline.file}: the pipeline has no steps")
    return Plan(
        display_name=pipeline.display_name,
        experiment_name=request.experiment_name or pipeline.experiment_name or _DEFAULT_EXPERIMENT,
        tags=pipeline.tags | request.tags,
        inputs=inputs,
        outputs=_pipeline_outputs(pipeline),
        steps=_in_order(pipeline.file, steps),
        continue_on_step_failure=pipeline.continue_on_step_failure,
    )


def _pipeline_inputs(pipeline: Pipeline, request: JobRequest) -> dict[str, Value]:
    if unknown := sorted(set(request.inputs) - set(pipeline.inputs)):
        known = ", ".join(pipeline.inputs) or "none"
        raise JobError("UnknownInput", f"{pipeline.file}: the pipeline has no input {unknown[0]!r}; it has: {known}")
    wanted = (name for name in pipeline.inputs if name in request.inputs or not _may_be_absent(pipeline, name))
    return {name: _pipeline_input(pipeline, request, name) for name in wanted}


def _may_be_absent(pipeline: Pipeline, name: str) -> bool:
    """Data without a path, which every step that takes it declares optional: nobody has to give it."""
    declared = pipeline.inputs[name]
    if not isinstance(declared, Data) or declared.path:
        return False
    takers = [
        node.declared_inputs[key].optional
        for node in pipeline.nodes
        for key, value in node.inputs.items()
        if isinstance(value, str) and bindings.sole_reference(value) == bindings.Reference(None, name)
    ]
    return bool(takers) and all(takers)


def _pipeline_input(pipeline: Pipeline, request: JobRequest, name: str) -> Value:
    declared, value = pipeline.inputs[name], request.inputs.get(name, pipeline.inputs[name])
    where = f"{pipeline.file}: input {name!r}"
    if isinstance(value, Data):
        fault = None if isinstance(declared, Data) else data_fault("string", value.type)
    else:
        fault = value_fault(declared.type if isinstance(declared, Data) else "string", value)
    if fault is not None:
        raise JobError("InvalidInput", f"{where} {fault}")
    return locate(value, pipeline.file.parent, where) if isinstance(value, Data) else value


def _step(pipeline: Pipeline, node: Node, pipeline_inputs: dict[str, Value]) -> Step:
    where = f"{pipeline.file}: step {node.name!r}"
    inputs = _step_inputs(pipeline, node, pipeline_inputs, where)
    command = bindings.expand_optional(node.command, set(inputs)).strip()
    checks.check_command(command, node, inputs, where)
    arguments = bindings.python_arguments(command)
    if arguments is None:
        checks.check_shell_values(inputs, pipeline_inputs, where)
    code = _code_folder(node, where)
    return Step(
        name=node.name,
        command=command,
        arguments=arguments,
        inputs=inputs,
        outputs=node.declared_outputs,
        needs=sorted({ref.step for text in _texts(inputs) for ref in bindings.references(text) if ref.step}),
        code=str(code) if code else None,
        code_hash=tree_hash(code) if code else None,
        environment=node.environment,
        timeout=node.timeout,
    )


def _texts(inputs: dict[str, Value]) -> list[str]:
    return [value for value in inputs.values() if isinstance(value, str)]


def _step_inputs(pipeline: Pipeline, node: Node, pipeline_inputs: dict[str, Value], where: str) -> dict[str, Value]:
    inputs: dict[str, Value] = {}
    for name, declared in node.declared_inputs.items():
        value = node.inputs.get(name, declared.default)
        place = f"{where}: input {name!r}"
        sole = bindings.sole_reference(value) if isinstance(value, str) else None
        if sole and sole.step is None and sole.name in pipeline.inputs and sole.name not in pipeline_inputs:
            continue  # nobody has given it, and nobody has to
        if isinstance(value, Data):
            value = locate(value, pipeline.file.parent, place)
        if value is not None:
            checks.check_value(pipeline, declared, value, pipeline_inputs, place)
            inputs[name] = value
        elif not declared.optional:
            raise JobError("MissingInput", f"{place} is required and is not given")
    return inputs


def _code_folder(node: Node, where: str) -> Path | None:
    if node.code is None:
        return None
    folder = (node.base / node.code).resolve()
    if not folder.is_dir():
        raise JobError("CodeNotFound", f"{where}: its code {node.code!r} is not a folder at {folder}")
    return folder


def _pipeline_outputs(pipeline: Pipeline) -> dict[str, Output]:
    found: dict[str, Output] = {}
    for node in pipeline.nodes:
        for output, binding in node.outputs.items():
            name = bindings.parent_output(binding) if binding else None
            if name is not None:
                found[name] = Output(type=node.declared_outputs[output], step=node.name, output=output)
    for name in pipeline.outputs:
        if name not in found:
            raise JobError("InvalidBinding", f"{pipeline.file}: no step writes the pipeline's output {name!r}")
    if undeclared := sorted(set(found) - set(pipeline.outputs)):
        raise JobError("InvalidBinding", f"{pipeline.file}: the pipeline declares no output {undeclared[0]!r}")
    return found


def _in_order(file: Path, steps: list[Step]) -> list[Step]:
    by_name = {step.name: step for step in steps}
    try:
        order = list(graphlib.TopologicalSorter({step.name: step.needs for step in steps}).static_order())
    except graphlib.CycleError as error:
        raise JobError(
            "InvalidPipeline", f"{file}: these steps wait for each other: {' → '.join(error.args[1])}"
        ) from error
    return [by_name[name] for name in order]
