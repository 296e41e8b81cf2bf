"""Fills in a step's command when all that comes before it is there."""

from local.services.jobs import bindings
from local.services.jobs.definitions import Data, Job, Step, Value
from local.services.jobs.layout import JobFolder
from local.services.jobs.sources import is_remote
from local.services.jobs.worker import Invocation


def prepare(
    job: Job, step: Step, attempts: dict[str, int], files: JobFolder, environment: dict[str, str]
) -> Invocation:
    """Make the folders of a new attempt and the invocation that writes into them.

    Args:
        job: the step's job.
        step: the step to run.
        attempts: the number of the present attempt of every step; those of the needed steps are complete.
        files: the job's files.
        environment: what the service adds to the step's environment; the YAML's own variables win.
    """
    work = files.work(step.name, attempts[step.name])
    outputs = {name: files.output(step.name, attempts[step.name], name) for name in step.outputs}
    work.mkdir(parents=True, exist_ok=True)
    for name, path in outputs.items():
        (path.parent if step.outputs[name] == "uri_file" else path).mkdir(parents=True, exist_ok=True)

    def look_up(reference: bindings.Reference) -> str:
        if reference.step is None:
            return text_of(job.plan.inputs[reference.name])
        return str(files.output(reference.step, attempts[reference.step], reference.name))

    def text_of(value: Value) -> str:
        if isinstance(value, Data):
            return str(files.fetched(value)) if is_remote(value) else value.path
        return str(value)

    inputs = {
        name: bindings.fill_parent(value, look_up) if isinstance(value, str) else text_of(value)
        for name, value in step.inputs.items()
    }
    targets = {name: str(path) for name, path in outputs.items()}
    return Invocation(
        arguments=[bindings.fill(word, inputs, targets) for word in step.arguments] if step.arguments else None,
        command=bindings.fill(step.command, inputs, targets),
        folder=files.code(step.code_hash) if step.code_hash else work,
        environment=environment | step.environment,
    )
