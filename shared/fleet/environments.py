"""Environments: only what differs is written, and it is laid over the rest of the file.

As in a JSON merge patch (RFC 7396): mappings are merged, everything else replaces, and an empty value takes away.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from shared.fleet.schema import EnvironmentSpec, FleetSpec
from shared.located_validation import not_supported_yet
from shared.located_yaml import Document, Place, Problem, kind
from shared.near_names import nearest

_SECTION: Final = "environments"
_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,62}")
#: An environment is of the same fleet, and has none inside.
_KEYS: Final = tuple(key for key in FleetSpec.model_fields if key not in ("fleet", _SECTION))
_NOT_YET: Final = (*FleetSpec.not_yet, *EnvironmentSpec.not_yet)


@dataclass(frozen=True)
class Overlay:
    """A fleet file as one environment sees it.

    Attributes:
        document: Overlaid values have their lines in the section `environments`.
        base: The file as it is.
        environment: Its name; `None` for the file as it is.
        places: Where a value of the environment stands.
    """

    document: Document
    base: Document
    environment: str | None = None
    places: frozenset[Place] = frozenset()


def overlaid(document: Document, environment: str | None) -> Overlay:
    """The file with an environment laid over it; what is wrong with the section is in the document's problems."""
    found = (*document.problems, *_section_faults(document))
    if environment is None or not isinstance(document.value, dict):
        return Overlay(replace(document, problems=found), document)
    if environment not in document.mapping((_SECTION,)):
        unknown = document.problem((_SECTION,), _unknown(environment, document))
        return Overlay(replace(document, problems=(*found, unknown)), document)
    entry = document.mapping((_SECTION, environment))
    merge = _Merge(document, (_SECTION, environment))
    value = merge.over((), document.value, {key: value for key, value in entry.items() if key in _KEYS})
    lines = {place: line for place, line in document.lines.items() if not merge.covers(place)} | merge.lines
    merged = replace(document, value=value, lines=lines, problems=found)
    return Overlay(merged, document, environment, frozenset(merge.lines))


def environments_of(document: Document) -> tuple[str, ...]:
    """The names of a file's environments."""
    return tuple(document.mapping((_SECTION,)))


def _unknown(environment: str, document: Document) -> str:
    known = environments_of(document)
    example = f"write `environments: {{{environment}: {{}}}}` if nothing differs"
    remedy = nearest(environment, known) if known else example
    return f"there is no environment `{environment}`; {remedy}"


def _section_faults(document: Document) -> Iterator[Problem]:
    for name, entry in document.mapping((_SECTION,)).items():
        place: Place = (_SECTION, name)
        if not _NAME.fullmatch(name):
            yield document.problem(place, f"`{name}` is no name; use up to 63 of a-z, 0-9, - and _, a-z first")
        if not isinstance(entry, dict) and entry is not None:
            text = f"`{name}` must be a mapping, not {kind(entry)}; write for example `{name}: {{level: 2}}`"
            yield document.problem(place, text)
        for key in document.mapping(place):
            if key in _NOT_YET:
                yield document.problem((*place, key), not_supported_yet(key))
            elif key in ("fleet", _SECTION):
                yield document.problem((*place, key), f"`{key}` is the same in every environment; remove it here")
            elif key not in _KEYS:
                yield document.problem((*place, key), f"unknown key `{key}`; {nearest(key, _KEYS)}")


@dataclass
class _Merge:
    """One environment laid over one document, with the lines of what it brings."""

    document: Document
    root: Place
    lines: dict[Place, int] = field(default_factory=dict)
    _replaced: set[Place] = field(default_factory=set)

    def over(self, place: Place, base: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
        """The mapping at a place with the environment's over it."""
        merged = dict(base)
        for key, value in patch.items():
            here = (*place, key)
            if value is None:
                merged.pop(key, None)
                self._replaced.add(here)
            elif isinstance(value, dict):
                below = base.get(key)
                if not isinstance(below, dict):
                    self._replaced.add(here)
                    self._bring(here)
                merged[key] = self.over(here, below if isinstance(below, dict) else {}, value)
            else:
                merged[key] = value
                self._replaced.add(here)
                self._bring(here, value)
        return merged

    def covers(self, place: Place) -> bool:
        """Whether the file's own value at a place is gone."""
        return any(place[:length] in self._replaced for length in range(1, len(place) + 1))

    def _bring(self, place: Place, value: Any = None) -> None:
        """Note the line of a value, and of the items of a list."""
        source = (*self.root, *place)
        self.lines[place] = self.document.lines[source]
        for index, item in enumerate(value if isinstance(value, list) else ()):
            self._bring_all((*place, index), item)

    def _bring_all(self, place: Place, value: Any) -> None:
        self._bring(place, value)
        for key, item in value.items() if isinstance(value, dict) else ():
            self._bring_all((*place, key), item)
