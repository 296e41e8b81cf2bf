"""Files that a fleet file refers to."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from shared.fleet.draft import Draft
from shared.located_validation import similar
from shared.located_yaml import Problem


def file_fault(folder: Path, file: str) -> str | None:
    """What is wrong with a reference to a file beside the fleet file; `None` when it is there."""
    path = PurePosixPath(file)
    if path.is_absolute() or ".." in path.parts or "\\" in file:
        return f"`{file}` leads out of the fleet's folder; keep the file beside the fleet file, and use / in its path"
    if (folder / path).is_file():
        return None
    beside = (folder / path).parent
    others = [f"{path.parent / other.name}" for other in beside.iterdir()] if beside.is_dir() else []
    meant = similar(file, others)
    return f"`{file}` does not exist; {f'did you mean `{meant}`?' if meant else 'write it, or correct the path'}"


def check_recipes(draft: Draft) -> Iterator[Problem]:
    """Every source's recipe is there; what it says is checked when it is loaded."""
    for name, spec in draft.sources.specs.items():
        fault = file_fault(draft.document.path.parent, spec.recipe)
        if fault:
            yield draft.document.problem(("sources", name, "recipe"), fault)
