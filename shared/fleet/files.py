"""Files that a fleet file refers to."""

import re
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path, PurePosixPath
from typing import Final

from shared.fleet.data_schema import SourceSpec
from shared.fleet.draft import Draft
from shared.fleet.patterns import fill_name, labels_in, stray_braces
from shared.located_yaml import Problem
from shared.near_names import nearest, similar

#: Signs of other patterns, what they are here, and what says the same.
_FOREIGN: Final = {
    r"%[A-Za-z]": "is text as it stands; write {date}, {week}, {month} or {year}",
    r"\*\*": "is any text up to the next / only; write `*` once for each folder",
    r"\?": "is text as it stands; write `*` for any text",
}


def file_fault(folder: Path, file: str) -> str | None:
    """What is wrong with a reference to a file beside the fleet file; `None` when it is there."""
    path = PurePosixPath(file)
    if path.is_absolute() or ".." in path.parts or "\\" in file:
        return f"`{file}` leads out of the fleet's folder; keep the file beside the fleet file, and use / in its path"
    try:
        if (folder / path).is_file():
            return None
        beside = (folder / path).parent
        others = {other.stem: f"{path.parent / other.name}" for other in beside.iterdir()} if beside.is_dir() else {}
    except OSError as error:
        return f"`{file}` cannot be read: {error.strerror}; correct the path"
    meant = similar(path.stem, others)
    remedy = f"did you mean `{others[meant]}`?" if meant else "write it, or correct the path"
    return f"`{file}` does not exist; {remedy}"


def check_recipes(draft: Draft) -> Iterator[Problem]:
    """Every source's recipe is there; what it says is checked when it is loaded."""
    for name, spec in draft.sources.specs.items():
        place = ("sources", name, "recipe")
        faults = list(_label_faults(spec, draft)) or _missing(spec, draft)
        yield from (draft.document.problem(place, fault) for fault in faults)


def check_wildcards(draft: Draft) -> Iterator[Problem]:
    """A source's path says what differs by labels and `*`: by other signs, hardly a file would ever be of it."""
    for name, spec in draft.sources.specs.items():
        for sign, meaning in _FOREIGN.items():
            found = re.search(sign, spec.files)
            if found:
                text = f"`{found[0]}` in `{spec.files}` {meaning}"
                yield draft.document.problem(("sources", name, "files"), text)


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
