"""Texts with `{labels}`: filled for names and paths, and read back from the paths of files that land."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from shared.fleet.periods import PERIOD_EXAMPLES, PERIOD_FORMS, read_period

#: Labels and the values that each can take; a label that is not in it can take any value, or any of its periods.
type Matrix = Mapping[str, Sequence[str]]

_PLACEHOLDER: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_NOT_IN_VALUES: Final = re.compile(r"[/\\{}*\s]")
_STAR: Final = "*"
_ANY: Final = ""  # one character, whichever; a literal character stands for itself
_DIGIT: Final = "0-9"  # one of these
_MANY: Final = "*"  # any number of characters
_DIGITS: Final = {_DIGIT, *"0123456789"}


def labels_in(text: str) -> tuple[str, ...]:
    """The labels of a pattern, each once, in order."""
    return tuple(dict.fromkeys(_PLACEHOLDER.findall(text)))


def fill(text: str, labels: Mapping[str, str]) -> str:
    """The pattern with the labels' values as they are written.

    Raises:
        KeyError: A label has no value.
    """
    return _PLACEHOLDER.sub(lambda match: labels[match[1]], text)


def fill_name(text: str, labels: Mapping[str, str]) -> str:
    """The pattern with the labels' values in lower case, as names of models, endpoints and golden sets have them."""
    return fill(text, {label: value.lower() for label, value in labels.items()})


def is_value(text: str) -> bool:
    """Whether a label may have this value: it becomes part of paths and names."""
    return bool(text) and not _NOT_IN_VALUES.search(text)


def stray_braces(text: str) -> str | None:
    """What is left of a `{` or `}` that makes no placeholder; `None` when all is well."""
    rest = _PLACEHOLDER.sub("", text)
    match = re.search(r"\{[^{}]*\}?|\}", rest)
    return match[0] if match else None


class PathPattern:
    """Where the files of a source lie: segments with at most a few labels each, and `*` for any text.

    A period label has the form of its period; in a segment with several others, each value but the last ends at the
    text between them. So a path has one reading only, and reading back what was filled in gives the same labels.

    Args:
        text: `raw/flights/{origin}/{month}*.csv`.
        matrix: Labels whose values are known.
    """

    def __init__(self, text: str, matrix: Matrix) -> None:
        self.text = text
        self.labels = labels_in(text)
        self.matrix = matrix
        seen: set[str] = set()
        self._regex = re.compile("/".join(_segment_regex(segment, matrix, seen) for segment in text.split("/")))

    def read(self, path: str) -> dict[str, str] | None:
        """The labels of a path, or `None` when the path is not of this pattern or its period not of the calendar."""
        match = self._regex.fullmatch(path)
        labels = match.groupdict() if match else None
        try:
            for label in PERIOD_FORMS.keys() & (labels or {}):
                read_period(label, (labels or {})[label])
        except ValueError:
            return None
        return labels

    def prefix(self, labels: Mapping[str, str]) -> str:
        """What all paths with these labels begin with: the text up to the first label that is not given, or `*`."""
        parts = _PLACEHOLDER.split(self.text)
        prefix = ""
        for index, part in enumerate(parts):
            text = labels.get(part) if index % 2 else part.partition(_STAR)[0]
            if text is None:
                break
            prefix += text
            if not index % 2 and _STAR in part:
                break
        return prefix

    def may_begin(self, text: str) -> bool:
        """Whether a path of this pattern may begin with a text, in which `*` stands for itself."""
        mine, begun = self.text.split("/"), text.split("/")
        if len(begun) > len(mine) or _STAR in text:
            return False
        texts = [*map(tuple, begun[:-1]), (*begun[-1], _MANY)]
        return all(
            any(_meet(glob, literal) for glob in _globs(segment, self.matrix))
            for segment, literal in zip(mine, texts, strict=False)
        )

    def overlaps(self, other: "PathPattern") -> bool:
        """Whether a path may be of both patterns."""
        mine, theirs = self.text.split("/"), other.text.split("/")
        return len(mine) == len(theirs) and all(
            any(_meet(a, b) for a in _globs(one, self.matrix) for b in _globs(two, other.matrix))
            for one, two in zip(mine, theirs, strict=True)
        )


def ambiguities(text: str, matrix: Matrix) -> Iterator[str]:
    """Why a path of this pattern could be read in two ways, and what to do about it."""
    for segment in text.split("/"):
        parts = _PLACEHOLDER.split(segment)
        labels = list(zip(parts[1::2], parts[2::2], strict=True))
        for index, (label, behind) in enumerate(labels):
            if _STAR in "".join(parts[: 2 * index + 1 : 2]):
                yield f"`*` before `{{{label}}}` leaves open where it begins; put a / between them"
            elif label not in PERIOD_FORMS and (_STAR in behind or index < len(labels) - 1):
                yield from _open_end(label, behind, matrix)


def _open_end(label: str, behind: str, matrix: Matrix) -> Iterator[str]:
    """Why it is open where the value of a label ends."""
    if not behind:
        yield f"`{{{label}}}` runs into the next label; put a text or a / between them"
    elif behind.startswith(_STAR):
        yield f"`{{{label}}}` runs into `*`; put a text or a / between them"
    else:
        holder = next((value for value in matrix.get(label, ()) if behind[0] in value), None)
        if holder:
            yield f"`{holder}` holds the `{behind[0]}` that ends `{{{label}}}`; put a / between the labels"


def _segment_regex(segment: str, matrix: Matrix, seen: set[str]) -> str:
    parts = _PLACEHOLDER.split(segment)
    regex = _text_regex(parts[0])
    for index in range(1, len(parts), 2):
        label, behind = parts[index], parts[index + 1]
        last = index == len(parts) - 2 and _STAR not in behind
        regex += _label_regex(label, "" if last else behind[:1], matrix, seen) + _text_regex(behind)
    return regex


def _text_regex(text: str) -> str:
    return "[^/]*".join(re.escape(part) for part in text.split(_STAR))


def _label_regex(label: str, end: str, matrix: Matrix, seen: set[str]) -> str:
    if label in seen:
        return f"(?P={label})"
    seen.add(label)
    if label in PERIOD_FORMS:
        return f"(?P<{label}>{PERIOD_FORMS[label]})"
    if label in matrix:
        return f"(?P<{label}>{'|'.join(re.escape(value) for value in matrix[label])})"
    return rf"(?P<{label}>[^/\s{re.escape(end)}]+)"


def _globs(segment: str, matrix: Matrix) -> list[tuple[str, ...]]:
    """The segment as sequences of characters, one per combination of known values."""
    globs: list[tuple[str, ...]] = [()]
    for index, part in enumerate(_PLACEHOLDER.split(segment)):
        endings = _label_globs(part, matrix) if index % 2 else [tuple(part)]
        globs = [glob + ending for glob in globs for ending in endings]
    return globs


def _label_globs(label: str, matrix: Matrix) -> list[tuple[str, ...]]:
    if label in PERIOD_FORMS:
        return [tuple(_DIGIT if character.isdigit() else character for character in PERIOD_EXAMPLES[label])]
    return [tuple(value) for value in matrix[label]] if label in matrix else [(_ANY, _MANY)]


def _meet(one: tuple[str, ...], two: tuple[str, ...]) -> bool:
    """Whether a text fits both: walks the pairs of positions that a common text can reach."""
    todo, seen = [(0, 0)], {(0, 0)}
    while todo:
        i, j = todo.pop()
        if i == len(one) and j == len(two):
            return True
        here, there = one[i] if i < len(one) else None, two[j] if j < len(two) else None
        steps = []
        if here == _MANY:
            steps.append((i + 1, j))
        if there == _MANY:
            steps.append((i, j + 1))
        if here is not None and there is not None and _can_be_one(here, there):
            steps.append((i + (here != _MANY), j + (there != _MANY)))
        todo += [step for step in steps if step not in seen]
        seen.update(steps)
    return False


def _can_be_one(here: str, there: str) -> bool:
    if here == there or {_ANY, _MANY} & {here, there}:
        return True
    return _DIGIT in {here, there} and {here, there} <= _DIGITS
