"""A fleet file entry by entry: what is well formed goes on to be checked, though another entry is not.

So one reading shows every mistake, and a mistake in one entry is not reported again by all who refer to it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeGuard
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from shared.contracts.policy import Level
from shared.fleet.data_schema import DatasetSpec, SourceSpec
from shared.fleet.environments import Overlay
from shared.fleet.gate_schema import GateSpec, OverrideSpec
from shared.fleet.model_schema import ModelSpec
from shared.fleet.patterns import Matrix, is_value
from shared.fleet.release_schema import ReleaseSpec
from shared.fleet.schema import LEVELS, FleetSpec, RetentionSpec, RetrainSpec, ScheduleSpec
from shared.fleet.team_schema import TeamSpec
from shared.located_validation import validated
from shared.located_yaml import Document, Problem
from shared.near_names import similar


@dataclass(frozen=True)
class Section[S: BaseModel]:
    """The entries of one section.

    Attributes:
        names: All of them, as they are written.
        specs: Those that are well formed.
    """

    names: tuple[str, ...]
    specs: Mapping[str, S]


@dataclass(frozen=True)
class Draft:
    """A fleet file before its entries are checked against each other.

    Attributes:
        problems: What has been found so far; checks add to it.
        revision: Hash of the file's bytes, and of the environment's name where there is one.
        timezone: UTC where the file's is none.
        matrix: The labels that are well formed.
        base_matrix: Those of the file as it is: an environment may leave out values that it goes on to speak of.
        overrides: Those that are well formed, by their position.
    """

    document: Document
    problems: list[Problem]
    revision: str
    environment: str | None
    name: str
    timezone: str
    level: Level
    matrix: Matrix
    base_matrix: Matrix
    sources: Section[SourceSpec]
    datasets: Section[DatasetSpec]
    models: Section[ModelSpec]
    gates: Section[GateSpec]
    team: TeamSpec | None
    release: ReleaseSpec
    schedule: ScheduleSpec
    retrain: RetrainSpec
    retention: RetentionSpec
    overrides: Mapping[int, OverrideSpec]

    def values(self, label: str) -> tuple[str, ...]:
        """What a label may be, in this environment or in the file as it is."""
        return (*self.matrix.get(label, ()), *self.base_matrix.get(label, ()))


def read_draft(overlay: Overlay) -> Draft:
    """The well-formed entries of a fleet file; the others are in its problems."""
    document = overlay.document
    problems = list(document.problems)
    if document.value is not None:
        validated(document, (), FleetSpec, problems)
    elif not problems:
        problems.append(Problem(1, "the file is empty; write for example `fleet: flights`"))
    name, timezone, level = (document.at((key,)) for key in ("fleet", "timezone", "level"))
    return Draft(
        document=document,
        problems=problems,
        revision=_revision(document.content, overlay.environment),
        environment=overlay.environment,
        name=name if isinstance(name, str) else "",
        timezone=timezone if is_zone(timezone) else "UTC",
        level=level if level in LEVELS and not isinstance(level, bool | float) else 3,
        matrix=_matrix(document),
        base_matrix=_matrix(overlay.base),
        sources=_section(overlay, "sources", SourceSpec, problems),
        datasets=_section(overlay, "datasets", DatasetSpec, problems),
        models=_section(overlay, "models", ModelSpec, problems),
        gates=_section(overlay, "gates", GateSpec, problems),
        team=validated(document, ("team",), TeamSpec, problems) if isinstance(document.at(("team",)), dict) else None,
        release=_settings(document, "release", ReleaseSpec, problems),
        schedule=_settings(document, "schedule", ScheduleSpec, problems),
        retrain=_settings(document, "retrain", RetrainSpec, problems),
        retention=_settings(document, "retention", RetentionSpec, problems),
        overrides=_overrides(document, problems),
    )


def is_zone(name: object) -> TypeGuard[str]:
    """Whether this is the IANA name of a time zone."""
    try:
        return isinstance(name, str) and bool(ZoneInfo(name))
    except (KeyError, ValueError, OSError):  # unknown, no name at all, a folder of names
        return False


def _section[S: BaseModel](overlay: Overlay, name: str, model: type[S], problems: list[Problem]) -> Section[S]:
    document, specs = overlay.document, {}
    entries = document.mapping((name,))
    for entry in entries:
        spec = validated(document, (name, entry), model, problems, _example(name))
        if spec is not None:
            specs[entry] = spec
        elif meant := _meant(overlay, name, entry):
            text = f"`{entry}` is new in this environment; did you mean `{meant}`?"
            problems.append(document.problem((name, entry), text))
    return Section(tuple(entries), specs)


def _meant(overlay: Overlay, section: str, entry: str) -> str | None:
    """The entry of the file that an environment's entry may be meant to change: misspelt, it is a new one in parts."""
    names = overlay.base.mapping((section,))
    return similar(entry, names) if overlay.environment and entry not in names else None


def _settings[S: BaseModel](document: Document, name: str, model: type[S], problems: list[Problem]) -> S:
    """A section without entries of its own; its defaults where it is absent or wrong."""
    found = validated(document, (name,), model, problems) if document.mapping((name,)) else None
    return found or model()


def _overrides(document: Document, problems: list[Problem]) -> dict[int, OverrideSpec]:
    listed = document.at(("overrides",))
    count = len(listed) if isinstance(listed, list) else 0
    example = _example("overrides")
    read = {index: validated(document, ("overrides", index), OverrideSpec, problems, example) for index in range(count)}
    return {index: spec for index, spec in read.items() if spec is not None}


def _example(section: str) -> str:
    """The section as it could be written, for who wrote an entry of it that is no mapping."""
    return str((FleetSpec.model_fields[section].examples or [""])[0])


def _matrix(document: Document) -> Matrix:
    return {label: values for label, values in document.mapping(("matrix",)).items() if _are_values(values)}


def _revision(content: bytes, environment: str | None) -> str:
    seen = content if environment is None else content + b"\0" + environment.encode()
    return hashlib.sha256(seen).hexdigest()[:12]


def _are_values(values: object) -> bool:
    return isinstance(values, list) and bool(values) and all(isinstance(v, str) and is_value(v) for v in values)
