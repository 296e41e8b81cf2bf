"""A fleet file entry by entry: what is well formed goes on to be checked, though another entry is not.

So one reading shows every mistake, and a mistake in one entry is not reported again by all who refer to it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel

from shared.fleet.patterns import Matrix, is_value
from shared.fleet.schema import DatasetSpec, FleetSpec, GateSpec, ModelSpec, ReleaseSpec, SourceSpec
from shared.located_validation import validated
from shared.located_yaml import Document, Problem


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
        revision: Hash of the file's bytes.
        matrix: The labels that are well formed.
    """

    document: Document
    problems: list[Problem]
    revision: str
    name: str
    timezone: str
    matrix: Matrix
    sources: Section[SourceSpec]
    datasets: Section[DatasetSpec]
    models: Section[ModelSpec]
    gates: Section[GateSpec]
    release: ReleaseSpec


def read_draft(document: Document) -> Draft:
    """The well-formed entries of a fleet file; the others are in its problems."""
    problems = list(document.problems)
    if document.value is not None:
        validated(document, (), FleetSpec, problems)
    elif not problems:
        problems.append(Problem(1, "the file is empty; write for example `fleet: flights`"))
    release = validated(document, ("release",), ReleaseSpec, problems) if document.at(("release",)) else None
    name, timezone = document.at(("fleet",)), document.at(("timezone",))
    return Draft(
        document=document,
        problems=problems,
        revision=hashlib.sha256(document.content).hexdigest()[:12],
        name=name if isinstance(name, str) else "",
        timezone=timezone if isinstance(timezone, str) else "UTC",
        matrix={label: values for label, values in document.mapping(("matrix",)).items() if _are_values(values)},
        sources=_section(document, "sources", SourceSpec, problems),
        datasets=_section(document, "datasets", DatasetSpec, problems),
        models=_section(document, "models", ModelSpec, problems),
        gates=_section(document, "gates", GateSpec, problems),
        release=release or ReleaseSpec(),
    )


def _section[S: BaseModel](document: Document, name: str, model: type[S], problems: list[Problem]) -> Section[S]:
    entries = document.mapping((name,))
    read = {entry: validated(document, (name, entry), model, problems) for entry in entries}
    return Section(tuple(entries), {entry: spec for entry, spec in read.items() if spec is not None})


def _are_values(values: object) -> bool:
    return isinstance(values, list) and bool(values) and all(isinstance(v, str) and is_value(v) for v in values)
