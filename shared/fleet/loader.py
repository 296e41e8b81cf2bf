"""Reads fleet files: right as a whole, or refused with everything that is wrong, each at its line."""

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Final

from shared.contracts.policy import RetentionPolicy
from shared.errors import ConfigurationError
from shared.fleet.checks import check_automation, check_empty, check_matrix, check_names
from shared.fleet.clashes import clashes
from shared.fleet.data_checks import check_datasets, check_sources
from shared.fleet.data_schema import read_dataset, read_source
from shared.fleet.definition_checks import check_definitions
from shared.fleet.draft import Draft, read_draft
from shared.fleet.environments import environments_of, overlaid
from shared.fleet.expansion import Expanded, expand_model
from shared.fleet.files import check_recipes, check_wildcards
from shared.fleet.fleet import Fleet, Fleets
from shared.fleet.gate_checks import check_gates, check_sizes
from shared.fleet.model_checks import check_model
from shared.fleet.model_names import read_model_name
from shared.fleet.overrides import Override, read_overrides, with_overrides
from shared.fleet.release_checks import check_release
from shared.fleet.service_checks import check_services
from shared.located_yaml import Document, DocumentError, Problem, listed, read_document

#: What is asked of a file before its models are looked at.
_CHECKS: Final = (
    check_names,
    check_matrix,
    check_sources,
    check_wildcards,
    check_recipes,
    check_datasets,
    check_automation,
    check_release,
)


class FleetError(DocumentError):
    """A fleet file that cannot be used; `problems` lists all that is wrong as `file:line: what; remedy`."""


def load_fleet(path: Path, environment: str | None = None) -> Fleet:
    """Read a fleet file; a file that has not changed since (size and time) is not read again.

    Args:
        path: The file.
        environment: The one of its environments that is laid over it; the file as it is when absent.

    Raises:
        FleetError: All that is wrong with it.
    """
    path, environment = path.absolute(), environment or None  # the same file, wherever the process goes
    try:
        state = path.stat()
    except OSError:
        return _read_fleet(read_document(path), environment)  # it says what is wrong
    return _cached_fleet(path, environment, state.st_mtime_ns, state.st_size)


def load_fleets(paths: Iterable[Path], environment: str | None = None) -> Fleets:
    """Read several fleet files as one set.

    Raises:
        FleetError: What is wrong with one of them, or between them.
        ConfigurationError: There are none.
    """
    fleets = tuple(load_fleet(path, environment) for path in paths)
    if not fleets:
        raise ConfigurationError("no fleet file is given; name at least one in SIGNALBOX_FLEET")
    return _without_clashes(fleets)


def check_fleet(path: Path) -> tuple[str, ...]:
    """Everything that is wrong with a fleet file as it is and in each of its environments; nothing when it is right."""
    document = read_document(path.absolute())
    found = _problems(document, None)
    for environment in environments_of(document):
        known = set(found)
        found += [
            Problem(problem.line, f"{problem.text} (environment {environment})")
            for problem in _problems(document, environment)
            if problem not in known
        ]
    return listed(document.path, found)


def _problems(document: Document, environment: str | None) -> list[Problem]:
    draft = read_draft(overlaid(document, environment))
    expanded, _ = _checked_models(draft)
    draft.problems.extend(check_definitions(expanded, draft))
    return draft.problems


@lru_cache(maxsize=32)
def _cached_fleet(path: Path, environment: str | None, mtime_ns: int, size: int) -> Fleet:  # noqa: ARG001 - the key
    return _read_fleet(read_document(path), environment)


def _read_fleet(document: Document, environment: str | None) -> Fleet:
    draft = read_draft(overlaid(document, environment))
    expanded, overrides = _checked_models(draft)
    if draft.problems:
        raise FleetError(document.path, draft.problems)
    return Fleet(
        name=draft.name,
        path=document.path,
        revision=draft.revision,
        timezone=draft.timezone,
        matrix={label: tuple(values) for label, values in draft.matrix.items()},
        sources={name: read_source(name, spec, draft.matrix) for name, spec in draft.sources.specs.items()},
        datasets={name: read_dataset(name, spec) for name, spec in draft.datasets.specs.items()},
        models=tuple(one.policy for one in expanded),
        lines={one.policy.model: draft.document.lines["models", one.key] for one in expanded},
        environment=draft.environment,
        schedule=draft.schedule.model_dump(exclude_none=True),
        retention=_retention(draft),
        overrides=overrides,
        notify=tuple(dict.fromkeys(draft.team.notify)) if draft.team else (),
    )


def _checked_models(draft: Draft) -> tuple[tuple[Expanded, ...], tuple[Override, ...]]:
    """The models, and the exceptions to their gates; all that is wrong goes to the draft's problems."""
    for check in _CHECKS:
        draft.problems.extend(check(draft))
    expanded: list[Expanded] = []
    for key, spec in draft.models.specs.items():
        found = list(check_model(key, spec, draft))
        draft.problems.extend(found)
        if not found and all(label in draft.matrix for label in read_model_name(key).labels):
            expanded.extend(expand_model(key, spec, draft))
    draft.problems.extend(check_services(expanded, draft))
    draft.problems.extend(check_gates(expanded, draft))
    draft.problems.extend(check_empty(draft))
    overrides = read_overrides(expanded, draft)
    whole = tuple(with_overrides(expanded, overrides))
    draft.problems.extend(check_sizes(whole, draft))
    return whole, overrides


def _retention(draft: Draft) -> RetentionPolicy:
    kept = draft.retention
    return RetentionPolicy(
        runs_days=kept.runs, versions=kept.versions, datasets_days=kept.datasets, quarantine_days=kept.quarantine
    )


@lru_cache(maxsize=8)
def _without_clashes(fleets: tuple[Fleet, ...]) -> Fleets:
    """The fleets as one set; looked through once, since triggers ask for them with every delivery."""
    for fleet, problems in clashes(fleets):
        raise FleetError(fleet.path, problems)
    return Fleets(fleets)
