"""Texts with `{labels}`: filled for names and paths, and read back from the paths of files that land."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

#: Labels and the values that each can take; a label that is not in it (a year, a week) can take any value.
type Matrix = Mapping[str, Sequence[str]]

_PLACEHOLDER: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_NOT_IN_VALUES: Final = re.compile(r"[/\\{}*\s]")
_ANY: Final = ""  # one character, whichever; a literal character stands for itself
_MANY: Final = "*"  # any number of characters


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
    """Where the files of a source lie: segments with at most a few labels each.

    In a segment with several labels, each value but the last ends at the text between them. So a path has one
    reading only, and reading back what was filled in gives the same labels.

    Args:
        text: `raw/flights/{origin}/{year}.csv`.
        matrix: Labels whose values are known.
    """

    def __init__(self, text: str, matrix: Matrix) -> None:
        self.text = text
        self.labels = labels_in(text)
        self.matrix = matrix
        seen: set[str] = set()
        self._regex = re.compile("/".join(_segment_regex(segment, matrix, seen) for segment in text.split("/")))

    def read(self, path: str) -> dict[str, str] | None:
        """The labels of a path, or `None` when the path is not of this pattern."""
        match = self._regex.fullmatch(path)
        return match.groupdict() if match else None

    def fill(self, labels: Mapping[str, str]) -> str:
        """The path of these labels; labels that the pattern does not have are left aside.

        Raises:
            ValueError: A label is missing, or has a value that would not be read back from the path.
        """
        wanted = {label: labels[label] for label in self.labels if label in labels}
        missing = [label for label in self.labels if label not in labels]
        if missing:
            raise ValueError(f"{self.text} needs a value for {', '.join(missing)}")
        path = fill(self.text, wanted)
        if self.read(path) != wanted:
            raise ValueError(f"{path} is not a path of {self.text} with {wanted}")
        return path

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
        for label, behind in zip(parts[1:-2:2], parts[2:-1:2], strict=True):
            if not behind:
                yield f"`{{{label}}}` runs into the next label; put a text or a / between them"
                continue
            holder = next((value for value in matrix.get(label, ()) if behind[0] in value), None)
            if holder:
                yield f"`{holder}` holds the `{behind[0]}` that ends `{{{label}}}`; put a / between the labels"


def _segment_regex(segment: str, matrix: Matrix, seen: set[str]) -> str:
    parts = _PLACEHOLDER.split(segment)
    regex = re.escape(parts[0])
    for index in range(1, len(parts), 2):
        label, behind = parts[index], parts[index + 1]
        last = index == len(parts) - 2
        regex += _label_regex(label, "" if last else behind[:1], matrix, seen) + re.escape(behind)
    return regex


def _label_regex(label: str, end: str, matrix: Matrix, seen: set[str]) -> str:
    if label in seen:
        return f"(?P={label})"
    seen.add(label)
    if label in matrix:
        return f"(?P<{label}>{'|'.join(re.escape(value) for value in matrix[label])})"
    return rf"(?P<{label}>[^/\s{re.escape(end)}]+)"


def _globs(segment: str, matrix: Matrix) -> list[tuple[str, ...]]:
    """The segment as sequences of characters, one per combination of known values."""
    globs: list[tuple[str, ...]] = [()]
    for index, part in enumerate(_PLACEHOLDER.split(segment)):
        if index % 2 == 0:
            endings = [tuple(part)]
        else:
            endings = [tuple(value) for value in matrix[part]] if part in matrix else [(_ANY, _MANY)]
        globs = [glob + ending for glob in globs for ending in endings]
    return globs


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
    return here == there or _ANY in (here, there) or _MANY in (here, there)
