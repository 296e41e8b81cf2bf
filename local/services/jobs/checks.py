"""What must hold of a step before it is planned: types of inputs, bindings, and a command that can be filled in.

Every function raises :class:`JobError`; ``where`` is the place that its message names.
"""

from local.services.jobs import bindings
from local.services.jobs.azureml_yaml import Declared, Node, Pipeline
from local.services.jobs.definitions import Data, JobError, Value
from shared.job_inputs import data_fault, is_plain, value_fault

_SHELL_SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./ -")


def check_value(pipeline: Pipeline, declared: Declared, value: Value, inputs: dict[str, Value], where: str) -> None:
    """``value``, given to an input, is of the ``declared`` kind and refers only to what exists."""
    given: Value | None = value
    if isinstance(value, str):
        given = _check_references(pipeline, value, inputs, where)
    if given is None:  # the output of a step
        fault = f"takes {declared.type}, not the output of a step" if is_plain(declared.type) else None
    elif isinstance(given, Data):
        fault = data_fault(declared.type, given.type)
    else:
        fault = value_fault(declared.type, given, declared.choices)
    if fault is not None:
        raise JobError("InvalidInput", f"{where} {fault}")


def _check_references(pipeline: Pipeline, text: str, inputs: dict[str, Value], where: str) -> Value | None:
    """The value that ``text`` stands for when it can be known; None for the output of a step."""
    if unknown := bindings.unknown_expression(text, parent=True):
        raise JobError("InvalidBinding", f"{where}: {unknown} is not known here")
    for reference in bindings.references(text):
        if reference.step is None and reference.name not in inputs:
            raise JobError("InvalidBinding", f"{where}: the pipeline has no input {reference.name!r}")
        if reference.step is not None and not _has_output(pipeline, reference.step, reference.name):
            raise JobError("InvalidBinding", f"{where}: there is no output {reference.name!r} of {reference.step!r}")
    if sole := bindings.sole_reference(text):
        return inputs[sole.name] if sole.step is None else None
    mixed = [ref for ref in bindings.references(text) if ref.step or isinstance(inputs[ref.name], Data)]
    if mixed:
        raise JobError("InvalidBinding", f"{where}: data cannot be part of a text")
    return bindings.fill_parent(text, lambda ref: str(inputs[ref.name]))


def _has_output(pipeline: Pipeline, step: str, output: str) -> bool:
    return any(node.name == step and output in node.declared_outputs for node in pipeline.nodes)


def check_command(command: str, node: Node, inputs: dict[str, Value], where: str) -> None:
    """``command`` mentions only what is declared, and of the optional inputs only what is given."""
    if unknown := bindings.unknown_expression(command, parent=False):
        raise JobError("InvalidBinding", f"{where}: its command has {unknown}, which is not known here")
    for kind, name in bindings.own_names(command):
        if name not in (node.declared_inputs if kind == "inputs" else node.declared_outputs):
            raise JobError("InvalidBinding", f"{where}: its command has {kind}.{name}, which is not declared")
        if kind == "inputs" and name not in inputs:
            remedy = f"put that part of the command into $[[ ]] or give {name!r}"
            raise JobError("MissingInput", f"{where}: its command needs the optional input {name!r}; {remedy}")


def check_shell_values(inputs: dict[str, Value], pipeline_inputs: dict[str, Value], where: str) -> None:
    """A value must not become code: where a shell reads the command, values have harmless characters only."""
    for name, value in inputs.items():
        sole = bindings.sole_reference(value) if isinstance(value, str) else None
        if isinstance(value, Data) or (sole and (sole.step or isinstance(pipeline_inputs[sole.name], Data))):
            continue
        text = bindings.fill_parent(str(value), lambda ref: str(pipeline_inputs[ref.name]))
        if not set(text) <= _SHELL_SAFE:
            remedy = "make the command a plain `python script.py …`, which needs no shell"
            raise JobError(
                "UnsafeInput", f"{where}: input {name!r} has characters that mean something to a shell; {remedy}"
            )
