"""Whether the sources and datasets of a fleet file fit each other and the matrix."""

from collections.abc import Iterator

from shared.fleet.data_schema import DatasetSpec, SourceSpec
from shared.fleet.draft import Draft
from shared.fleet.files import file_fault
from shared.fleet.patterns import PathPattern, ambiguities, labels_in, stray_braces
from shared.fleet.periods import PERIOD_EXAMPLES, period_label, period_labels
from shared.located_yaml import Place, Problem
from shared.near_names import nearest


def check_sources(draft: Draft) -> Iterator[Problem]:
    """Path patterns: well formed, read in one way only, and no path claimed twice."""
    for label in period_labels(draft.document.mapping(("matrix",))):
        text = f"`{label}` is a period, whose values come with the files ({PERIOD_EXAMPLES[label]})"
        yield draft.document.problem(("matrix", label), f"{text}; take it out of the matrix")
    patterns: dict[str, PathPattern] = {}
    for name, spec in draft.sources.specs.items():
        found = list(_pattern_faults(spec, draft))
        yield from (draft.document.problem(("sources", name, "files"), text) for text in found)
        if not found:
            yield from _overlaps(name, PathPattern(spec.files, draft.matrix), patterns, draft)
        yield from _since_faults(name, spec, draft)


def _overlaps(name: str, pattern: PathPattern, patterns: dict[str, PathPattern], draft: Draft) -> Iterator[Problem]:
    for earlier, other in patterns.items():
        if pattern.overlaps(other):
            line = draft.document.problem(("sources", earlier, "files"), "").line
            text = f"a path of `{pattern.text}` can also be one of `{other.text}` (source `{earlier}`, line {line})"
            yield draft.document.problem(("sources", name, "files"), f"{text}; let their folders differ")
    patterns[name] = pattern


def _pattern_faults(spec: SourceSpec, draft: Draft) -> Iterator[str]:
    files, stray = spec.files, stray_braces(spec.files)
    periods = period_labels(labels_in(files))
    if stray:
        yield f"`{stray}` in `{files}` is no label; write {{label}} with a-z, 0-9 and _"
    elif files.startswith("/") or "\\" in files or "" in files.split("/") or {".", ".."} & set(files.split("/")):
        yield f"`{files}` is no path inside the landing container; write for example raw/{{year}}.csv"
    elif len(periods) > 1:
        yield f"`{{{periods[0]}}}` and `{{{periods[1]}}}` are both periods; keep one, and write `*` for the other"
    else:
        yield from ambiguities(files, draft.matrix)


def _since_faults(name: str, spec: SourceSpec, draft: Draft) -> Iterator[Problem]:
    if spec.since is not None and period_label(labels_in(spec.files)) is None:
        text = f"`{spec.files}` has no period, so it is one file for all times; remove `since`, or add {{month}} to it"
        yield draft.document.problem(("sources", name, "since"), text)


def check_datasets(draft: Draft) -> Iterator[Problem]:
    """Sources exist, their files can be told apart by cell, and what is waited for and required can be had."""
    for name, spec in draft.datasets.specs.items():
        place = ("datasets", name, "from")
        for index, source in enumerate(spec.sources):
            if source not in draft.sources.names:
                text = f"there is no source `{source}`; {nearest(source, draft.sources.names)}"
                yield draft.document.problem((*place, index), text)
            yield from (draft.document.problem((*place, index), text) for text in _cell_faults(spec, source, draft))
        yield from _label_faults(name, spec, draft)
        yield from _wait_faults(("datasets", name, "wait"), spec, draft)
        yield from _quality_faults(("datasets", name, "quality"), spec, draft)


def _cell_faults(spec: DatasetSpec, source: str, draft: Draft) -> Iterator[str]:
    """Why it is not known which files of a source belong to a cell; nothing where a mistake is reported elsewhere."""
    raw = draft.sources.specs.get(source)
    if raw is None or any(_pattern_faults(raw, draft)) or not all(_is_known(label, draft) for label in spec.per):
        return
    labels, has_period = labels_in(raw.files), period_label(spec.per) is not None
    surplus = [label for label in labels if label not in spec.per and not (has_period and period_labels([label]))]
    if surplus:
        remedy = f"add `{surplus[0]}` to `per`"
        if not period_labels(surplus[:1]):
            remedy += ", or write `*` for it in the path"
        yield f"`{source}` has one file per {{{surplus[0]}}}, but the dataset has not; {remedy}"
    for label in spec.per:
        if label not in labels and label not in draft.document.mapping(("matrix",)) and not period_labels([label]):
            yield (
                f"`{source}` has no {{{label}}} in its path, and the matrix has no values of it; "
                f"add {{{label}}} to the path, or `{label}` to the matrix"
            )


def _label_faults(name: str, spec: DatasetSpec, draft: Draft) -> Iterator[Problem]:
    place, periods = ("datasets", name, "per"), period_labels(spec.per)
    for index, label in enumerate(spec.per):
        if not _is_known(label, draft):
            text = f"there is no label `{label}`; {nearest(label, _known_labels(draft))}"
            yield draft.document.problem((*place, index), text)
    for label in periods[1:]:
        text = f"`{periods[0]}` and `{label}` are both periods, and a cell has one; keep one of them"
        yield draft.document.problem((*place, spec.per.index(label)), text)
    read = [draft.sources.specs.get(source) for source in spec.sources]
    without = all(raw is not None and period_label(labels_in(raw.files)) is None for raw in read)
    if periods and without:
        text = f"no source of the dataset has a period in its path; add {{{periods[0]}}} to one of them"
        yield draft.document.problem((*place, spec.per.index(periods[0])), text)


def _wait_faults(place: Place, spec: DatasetSpec, draft: Draft) -> Iterator[Problem]:
    for index, source in enumerate(spec.wait.sources or ()):
        if source not in spec.sources:
            text = f"`{source}` is no source of the dataset; {nearest(source, spec.sources)}"
            yield draft.document.problem((*place, "for", index), text)
    if spec.wait.until is not None and period_label(spec.per) is None:
        text = "`until` counts from the end of a period, and the dataset has none; add for example `month` to `per`"
        yield draft.document.problem((*place, "until"), text)
    if spec.wait.until is None and "otherwise" in spec.wait.model_fields_set:
        text = '`else` says what happens at the deadline, and there is none; add for example `until: "Mon 09:00"`'
        yield draft.document.problem((*place, "else"), text)


def _quality_faults(place: Place, spec: DatasetSpec, draft: Draft) -> Iterator[Problem]:
    fault = file_fault(draft.document.path.parent, spec.quality.complete) if spec.quality.complete is not None else None
    if fault:
        yield draft.document.problem((*place, "complete"), fault)


def _is_known(label: str, draft: Draft) -> bool:
    return label in _known_labels(draft)


def _known_labels(draft: Draft) -> set[str]:
    in_paths = (label for spec in draft.sources.specs.values() for label in labels_in(spec.files))
    return {*draft.document.mapping(("matrix",)), *in_paths, *PERIOD_EXAMPLES}
