"""Which environments a pipeline's YAML names for its steps."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

#: A YAML file by its path, as plain values.
type Read = Callable[[PurePosixPath], Any]

#: Components in components; Azure ML allows fewer.
_DEEPEST: Final = 8


def environments_of(pipeline: PurePosixPath, read: Read) -> tuple[str, ...]:
    """The environments of a pipeline's steps, each once, by name.

    Args:
        pipeline: The file of the job; components are relative to the file that names them.
        read: Reads a file; what it raises is let through.

    Returns:
        `azureml:NAME:VERSION` as it is written; of an environment that is written out its image, and the beginning of
        the SHA-256 of its definition, since a conda section belongs to it.
    """
    return tuple(sorted(set(_found(read(pipeline), pipeline, read, _DEEPEST))))


def _found(definition: Any, file: PurePosixPath, read: Read, depth: int) -> Iterator[str]:
    if not isinstance(definition, Mapping) or depth == 0:
        return
    yield from _named(definition.get("environment"))
    component = definition.get("component")
    if isinstance(component, Mapping):
        yield from _found(component, file, read, depth - 1)
    elif isinstance(component, str) and (path := _file(component)) is not None:
        where = file.parent / path
        yield from _found(read(where), where, read, depth - 1)
    jobs = definition.get("jobs")
    for job in jobs.values() if isinstance(jobs, Mapping) else ():
        yield from _found(job, file, read, depth - 1)


def _file(component: str) -> PurePosixPath | None:
    """The file that a component is written in; `None` of one that is registered."""
    if component.startswith(("azureml:", "azureml://")):
        return None
    return PurePosixPath(component.removeprefix("file:"))


def _named(environment: Any) -> Iterator[str]:
    if isinstance(environment, str):
        yield environment
    elif isinstance(environment, Mapping):
        text = json.dumps(environment, sort_keys=True, default=str, separators=(",", ":"))
        image = environment.get("image") or environment.get("name") or "built"
        yield f"{image} (definition {hashlib.sha256(text.encode()).hexdigest()[:12]})"
