"""Whether the names, labels and values of a fleet file are well formed."""

import re
import zoneinfo
from collections.abc import Iterator
from typing import Final

from shared.contracts.jobs import AS_OF
from shared.fleet.draft import Draft, is_zone
from shared.fleet.patterns import is_value
from shared.located_yaml import Place, Problem
from shared.near_names import similar

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
    if not draft.document.at(("gates",)) and draft.document.mapping(()):
        example = "write for example `gates: {accuracy: {metric: mape, max: 45%}}`"
        yield problem(("gates",), f"there are no gates, and a model without gates is refused; {example}")


def _check_timezone(draft: Draft) -> Iterator[Problem]:
    written = draft.document.at(("timezone",))
    fault = zone_fault(written) if isinstance(written, str) else None
    if fault:
        yield draft.document.problem(("timezone",), fault)


def zone_fault(written: str) -> str | None:
    """What is wrong with a text as the name of a time zone; `None` when it is one."""
    if is_zone(written):
        return None
    meant = _zone_meant(written)
    remedy = f"did you mean `{meant}`?" if meant else "write for example America/New_York"
    return f"`{written}` is no time zone; {remedy}"


def _zone_meant(written: str) -> str | None:
    """The zone of the city that was named: `CST` is none, and is not near to `UCT` either."""
    zones = (zone for zone in sorted(zoneinfo.available_timezones(), reverse=True) if not zone.startswith("Etc/"))
    cities = {city: zone for zone in zones if (city := zone.partition("/")[2])}
    meant = similar(written.partition("/")[2] or written, cities, likeness=0.8)
    return cities[meant] if meant else None


def check_automation(draft: Draft) -> Iterator[Problem]:
    """What is started by itself must have something to do."""
    specs = draft.models.specs
    if not specs or len(specs) < len(draft.models.names):
        return
    if "stale" in (draft.retrain.when or ()) and (fault := _stale_fault(draft)):
        yield draft.document.problem(("retrain", "when"), f"{fault}, or remove `stale` here")
    if draft.schedule.score and not any(spec.serve.batch for spec in specs.values()):
        text = "no model is served in batch, so there is nothing to score; remove `score`"
        yield draft.document.problem(("schedule", "score"), text)


def _stale_fault(draft: Draft) -> str | None:
    """Why no model would ever be trained for its age, and what to do about it."""
    aged = [spec for spec in draft.models.specs.values() if spec.stale]
    if not aged:
        return "no model says when it is stale; write for example `stale: 60d` for one"
    environments = draft.document.mapping(("environments",)).values()
    said = [draft.document.value, *(one for one in environments if isinstance(one, dict) and "level" in one)]
    levels = [one.get("level", draft.level) for one in said]
    if draft.environment is None and all(type(level) is int and level < 4 for level in levels):
        return f"only level 4 retrains a model for its age, and the level is {draft.level}; write `level: 4`"
    return None


def check_empty(draft: Draft) -> Iterator[Problem]:
    """Keys without a value, of which nothing has been said yet: an empty `stale:` is not meant as "never"."""
    said: dict[int, str] = {}
    for problem in draft.problems:
        said[problem.line] = f"{said.get(problem.line, '')} {problem.text}"
    unread = {problem.line for problem in draft.document.problems}
    for place in _empty_places(draft.document.value, ()):
        problem = draft.document.problem(place, f"`{place[-1]}` is empty; write a value, or remove it")
        words = said.get(problem.line, "")
        told = any(word in words for word in (f"`{place[-1]}`", "nothing", "None", "not supported", "braces"))
        if problem.line not in unread and not told:
            yield problem


def _empty_places(value: object, place: Place) -> Iterator[Place]:
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in entries:
        if place == () and key == "environments":
            continue  # there, an empty value takes away
        if inner is None and isinstance(value, dict):
            yield (*place, key)
        yield from _empty_places(inner, (*place, key))


def check_matrix(draft: Draft) -> Iterator[Problem]:
    """Labels and their values."""
    problem = draft.document.problem
    for label, values in draft.document.mapping(("matrix",)).items():
        place = ("matrix", label)
        if not _LABEL.fullmatch(label):
            yield problem(place, f"`{label}` is no label; use a-z, 0-9 and _, a-z first")
        if f"{{{label}}}" == AS_OF:
            yield problem(place, f"`{label}` is the moment that a run stands for; use another name")
        if values == []:
            yield problem(place, f"`{label}` has no values; write for example `{label}: [JFK, LGA]`")
        seen: set[str] = set()
        for index, value in enumerate(values if isinstance(values, list) else ()):
            if not isinstance(value, str):
                continue
            here = (*place, index)
            if not is_value(value):
                yield problem(here, f"`{value}` is no value of a label; it may hold no blank and none of / \\ {{ }} *")
            if value.lower() in seen:
                yield problem(here, f"`{value}` appears twice (names are in lower case); keep one of them")
            seen.add(value.lower())
