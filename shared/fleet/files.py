"""Files that a fleet file refers to."""

from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path, PurePosixPath

from shared.fleet.data_schema import SourceSpec
from shared.fleet.draft import Draft
from shared.fleet.patterns import fill_name, labels_in, stray_braces
from shared.located_validation import nearest, similar
from shared.located_yaml import Problem


def file_fault(folder: Path, file: str) -> str | None:
    """What is wrong with a reference to a file beside the fleet file; `None` when it is there."""
    path = PurePosixPath(file)
    if path.is_absolute() or ".." in path.parts or "\\" in file:
        return f"`{file}` leads out of the fleet's folder; keep the file beside the fleet file, and use / in its path"
    try:
        if (folder / path).is_file():
            return None
        beside = (folder / path).parent
        others = [f"{path.parent / other.name}" for other in beside.iterdir()] if beside.is_dir() else []
    except OSError as error:
        return f"`{file}` cannot be read: {error.strerror}; correct the path"
    meant = similar(file, others)
    return f"`{file}` does not exist; {f'did you mean `{meant}`?' if meant else 'write it, or correct the path'}"


def check_recipes(draft: Draft) -> Iterator[Problem]:
    """Every source's recipe is there; what it says is checked when it is loaded."""
    for name, spec in draft.sources.specs.items():
        place = ("sources", name, "recipe")
        faults = list(_label_faults(spec, draft)) or _missing(spec, draft)
        yield from (draft.document.problem(place, fault) for fault in faults)


def _label_faults(spec: SourceSpec, draft: Draft) -> Iterator[str]:
    stray = stray_braces(spec.recipe)
    if stray:
        yield f"`{stray}` in `{spec.recipe}` is no label; write {{label}} with a-z, 0-9 and _"
    for label in labels_in(spec.recipe):
        known = draft.document.mapping(("matrix",))
        if label not in known:
            yield f"the matrix has no label `{label}`; {nearest(label, known)}"
        elif label not in labels_in(spec.files):
            yield f"`{{{label}}}` is not in the path `{spec.files}`; add it there, or leave it out"


def _missing(spec: SourceSpec, draft: Draft) -> Iterator[str]:
    labels = labels_in(spec.recipe)
    values = [draft.matrix.get(label, ()) for label in labels]
    for cell in product(*values):
        filled: Mapping[str, str] = dict(zip(labels, cell, strict=True))
        fault = file_fault(draft.document.path.parent, fill_name(spec.recipe, filled))
        if fault:
            yield fault
