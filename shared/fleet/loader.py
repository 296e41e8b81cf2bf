"""Reads fleet files: right as a whole, or refused with everything that is wrong, each at its line."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from shared.errors import ConfigurationError
from shared.fleet.checks import check_datasets, check_matrix, check_names, check_sources
from shared.fleet.draft import Draft, read_draft
from shared.fleet.expansion import expand_models
from shared.fleet.files import check_recipes
from shared.fleet.fleet import Dataset, Fleet, Fleets, Source
from shared.fleet.patterns import PathPattern
from shared.located_yaml import DocumentError, Problem, read_document


class FleetError(DocumentError):
    """A fleet file that cannot be used; `problems` lists all that is wrong as `file:line: what; remedy`."""


def load_fleet(path: Path) -> Fleet:
    """Read a fleet file; a file that has not changed since (size and time) is not read again.

    Raises:
        FleetError: All that is wrong with it.
    """
    path = path.absolute()  # the same file, wherever the process goes
    try:
        state = path.stat()
    except OSError:
        return _read_fleet(path)  # it says what is wrong
    return _cached_fleet(path, state.st_mtime_ns, state.st_size)


def load_fleets(paths: Iterable[Path]) -> Fleets:
    """Read several fleet files as one set.

    Raises:
        FleetError: What is wrong with one of them, or between them.
        ConfigurationError: There are none.
    """
    fleets = tuple(load_fleet(path) for path in paths)
    if not fleets:
        raise ConfigurationError("no fleet file is given; name at least one in SIGNALBOX_FLEET")
    for fleet, problems in _clashes(fleets):
        raise FleetError(fleet.path, problems)
    return Fleets(fleets)


@lru_cache(maxsize=32)
def _cached_fleet(path: Path, mtime_ns: int, size: int) -> Fleet:  # noqa: ARG001 - they are the key
    return _read_fleet(path)


def _read_fleet(path: Path) -> Fleet:
    draft = read_draft(read_document(path))
    for check in (check_names, check_matrix, check_sources, check_recipes, check_datasets):
        draft.problems.extend(check(draft))
    expanded = expand_models(draft)
    if draft.problems:
        raise FleetError(path, draft.problems)
    return Fleet(
        name=draft.name,
        path=path,
        revision=draft.revision,
        timezone=draft.timezone,
        matrix={label: tuple(values) for label, values in draft.matrix.items()},
        sources=_sources(draft),
        datasets={
            name: Dataset(name, tuple(spec.sources), tuple(spec.per)) for name, spec in draft.datasets.specs.items()
        },
        models=tuple(policy for policy, _ in expanded),
        lines={policy.model: draft.document.lines["models", name] for policy, name in expanded},
    )


def _sources(draft: Draft) -> dict[str, Source]:
    return {
        name: Source(name, PathPattern(spec.files, draft.matrix), spec.recipe)
        for name, spec in draft.sources.specs.items()
    }


def _clashes(fleets: tuple[Fleet, ...]) -> Iterator[tuple[Fleet, list[Problem]]]:
    """Fleets that use a name of an earlier one."""
    for index, fleet in enumerate(fleets):
        problems = []
        for earlier in fleets[:index]:
            if earlier.name == fleet.name:
                problems.append(Problem(1, f"the name `{fleet.name}` is also that of {earlier.path}; let them differ"))
            problems += [
                Problem(
                    fleet.lines[name], f"the model `{name}` is also in {earlier.path}:{line}; let their names differ"
                )
                for name, line in earlier.lines.items()
                if name in fleet.lines
            ]
        if problems:
            yield fleet, problems
