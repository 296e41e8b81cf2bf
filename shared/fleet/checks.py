"""Whether the names, labels, sources and datasets of a fleet file fit each other."""

import re
import zoneinfo
from collections.abc import Iterator
from typing import Final

from shared.fleet.draft import Draft
from shared.fleet.patterns import PathPattern, ambiguities, is_value, labels_in, stray_braces
from shared.fleet.schema import DatasetSpec, SourceSpec
from shared.located_validation import nearest, similar
from shared.located_yaml import Problem

#: Names of models are names in the registry and parts of other names; 63 characters are what every service takes.
NAME: Final = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_ENTRY: Final = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_LABEL: Final = re.compile(r"[a-z][a-z0-9_]*")


def check_names(draft: Draft) -> Iterator[Problem]:
    """The fleet's name and time zone, and the names of sources, datasets and gates."""
    problem = draft.document.problem
    if draft.name and not NAME.fullmatch(draft.name):
        yield problem(("fleet",), f"`{draft.name}` is no name for a fleet; use up to 63 of a-z, 0-9 and -, a-z first")
    yield from _check_timezone(draft)
    sections = {"sources": draft.sources, "datasets": draft.datasets, "gates": draft.gates}
    for title, section in sections.items():
        for name in section.names:
            if not _ENTRY.fullmatch(name):
                yield problem((title, name), f"`{name}` is no name; use up to 63 of a-z, 0-9, - and _, a-z first")
    if not draft.gates.names and draft.document.mapping(()):
        example = "write for example `gates: {accuracy: {metric: mape, max: 45%}}`"
        yield problem(("gates",), f"there are no gates, and a model without gates is refused; {example}")


def _check_timezone(draft: Draft) -> Iterator[Problem]:
    known = zoneinfo.available_timezones()
    if draft.timezone not in known:
        meant = similar(draft.timezone, known)
        remedy = f"did you mean `{meant}`?" if meant else "write for example America/New_York"
        yield draft.document.problem(("timezone",), f"`{draft.timezone}` is no time zone; {remedy}")


def check_matrix(draft: Draft) -> Iterator[Problem]:
    """Labels and their values."""
    problem = draft.document.problem
    for label, values in draft.document.mapping(("matrix",)).items():
        place = ("matrix", label)
        if not _LABEL.fullmatch(label):
            yield problem(place, f"`{label}` is no label; use a-z, 0-9 and _, a-z first")
        if values == []:
            yield problem(place, f"`{label}` has no values; write for example `{label}: [JFK, LGA]`")
        texts = [value if isinstance(value, str) else "" for value in values] if isinstance(values, list) else []
        for index, value in enumerate(texts):
            here = (*place, index)
            if isinstance(values[index], str) and not is_value(value):
                yield problem(here, f"`{value}` is no value of a label; it may hold no blank and none of / \\ {{ }} *")
            if value.lower() in (earlier.lower() for earlier in texts[:index] if earlier):
                yield problem(here, f"`{value}` appears twice (names are in lower case); keep one of them")


def check_sources(draft: Draft) -> Iterator[Problem]:
    """Path patterns: well formed, read in one way only, and no path claimed twice."""
    patterns: dict[str, PathPattern] = {}
    for name, spec in draft.sources.specs.items():
        found = list(_pattern_faults(spec, draft))
        yield from (draft.document.problem(("sources", name, "files"), text) for text in found)
        if found:
            continue
        pattern = PathPattern(spec.files, draft.matrix)
        for earlier, other in patterns.items():
            if pattern.overlaps(other):
                line = draft.document.problem(("sources", earlier, "files"), "").line
                text = f"a path of `{spec.files}` can also be one of `{other.text}` (source `{earlier}`, line {line})"
                yield draft.document.problem(("sources", name, "files"), f"{text}; let their folders differ")
        patterns[name] = pattern


def _pattern_faults(spec: SourceSpec, draft: Draft) -> Iterator[str]:
    files = spec.files
    stray = stray_braces(files)
    if stray:
        yield f"`{stray}` in `{files}` is no label; write {{label}} with a-z, 0-9 and _"
    elif "*" in files:
        yield f"`*` in `{files}` is not supported yet; write a label instead, such as {{part}}"
    elif files.startswith("/") or "\\" in files or "" in files.split("/") or ".." in files.split("/"):
        yield f"`{files}` is no path inside the landing container; write for example raw/{{year}}.csv"
    else:
        yield from ambiguities(files, draft.matrix)


def check_datasets(draft: Draft) -> Iterator[Problem]:
    """Sources exist, and one file of each belongs to each cell."""
    for name, spec in draft.datasets.specs.items():
        place = ("datasets", name, "from")
        for index, source in enumerate(spec.sources):
            if source not in draft.sources.names:
                text = f"there is no source `{source}`; {nearest(source, draft.sources.names)}"
                yield draft.document.problem((*place, index), text)
            yield from (draft.document.problem((*place, index), text) for text in _cell_faults(spec, source, draft))
        yield from _check_labels_of(name, spec, draft)


def _cell_faults(spec: DatasetSpec, source: str, draft: Draft) -> Iterator[str]:
    """Why no one file of a source belongs to a cell; nothing where a mistake is reported elsewhere."""
    raw = draft.sources.specs.get(source)
    if raw is None or any(_pattern_faults(raw, draft)):
        return
    labels = labels_in(raw.files)
    surplus = [label for label in labels if label not in spec.per]
    if surplus and all(_is_known(label, draft) for label in spec.per):
        yield f"`{source}` has one file per {{{surplus[0]}}}, but the dataset has not; add `{surplus[0]}` to `per`"
    for label in spec.per:
        if label not in labels and label not in draft.document.mapping(("matrix",)) and _is_known(label, draft):
            yield (
                f"`{source}` has no {{{label}}} in its path, and the matrix has no values of it; "
                f"add {{{label}}} to the path, or `{label}` to the matrix"
            )


def _check_labels_of(name: str, spec: DatasetSpec, draft: Draft) -> Iterator[Problem]:
    for index, label in enumerate(spec.per):
        if not _is_known(label, draft):
            text = f"there is no label `{label}`; {nearest(label, _known_labels(draft))}"
            yield draft.document.problem(("datasets", name, "per", index), text)


def _is_known(label: str, draft: Draft) -> bool:
    return label in _known_labels(draft)


def _known_labels(draft: Draft) -> set[str]:
    in_paths = (label for spec in draft.sources.specs.values() for label in labels_in(spec.files))
    return {*draft.document.mapping(("matrix",)), *in_paths}
