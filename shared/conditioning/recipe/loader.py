"""Reads recipe files: right as a whole, or refused with everything that is wrong, each at its line."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from shared.conditioning.recipe.checks import draft_faults
from shared.conditioning.recipe.draft import Draft
from shared.conditioning.recipe.references import file_faults, read_files
from shared.conditioning.recipe.schema import Recipe
from shared.errors import ConfigurationError
from shared.located_validation import validated
from shared.located_yaml import Document, DocumentError, Place, Problem, read_document

#: Sections whose entries stand for themselves, and what takes the place of an entry that is wrong.
_ENTRIES: Final[dict[str, Any]] = {
    "columns": {},
    "join": None,
    "derive": None,
    "rules": {"rows_vs_last": "100%"},
}
#: Sections that say which columns there are: without one of them nothing can be said of the others.
_NAMING: Final = ("columns", "join", "derive", "aggregate")


class RecipeError(DocumentError):
    """A recipe that cannot be used; `problems` lists all that is wrong as `file:line: what; remedy`."""


def load_recipe(path: Path, beside: Path | None = None) -> Recipe:
    """Read a recipe file, and check the files that it refers to.

    Args:
        path: The recipe.
        beside: The folder that its files are relative to, that of the fleet file; the recipe's own where absent.

    Raises:
        RecipeError: All that is wrong with it.
    """
    document, folder = read_document(path), beside or path.parent
    problems = list(document.problems)
    if document.value is None:
        raise RecipeError(path, problems or [Problem(1, "the file is empty; write for example `columns: …`")])
    recipe = validated(document, (), Recipe, problems)
    draft = Draft(recipe) if recipe is not None else _draft(document)
    if draft is not None and not document.problems:
        faults = [*draft_faults(draft), *file_faults(draft.recipe, folder)]
        problems += [document.problem(place, text) for place, text in faults]
    problems += _empty(document, {problem.line for problem in problems})
    if problems or recipe is None:
        raise RecipeError(path, problems)
    try:
        recipe._sha256 = _hash(document.content, recipe, folder)  # noqa: SLF001 - a private attribute is not frozen
    except ConfigurationError as error:  # it was there a moment ago
        raise RecipeError(path, [Problem(1, str(error))]) from error
    return recipe


def _hash(content: bytes, recipe: Recipe, folder: Path) -> str:
    """That of the recipe file, where it refers to no others: the versions that were made with it keep their names."""
    files = read_files(recipe, folder)
    if not files:
        return hashlib.sha256(content).hexdigest()
    whole = hashlib.sha256()
    for name, part in [("", content), *sorted(files.items())]:
        whole.update(f"{hashlib.sha256(part).hexdigest()} {name}\0".encode())
    return whole.hexdigest()


def _draft(document: Document) -> Draft | None:
    """What is well formed of a recipe that is not: `None` where that says too little of the rest."""
    value = document.value
    if not isinstance(value, dict):
        return None
    entries: set[tuple[str, str | int]] = set()
    lost: set[str] = set()
    for place in _wrong(value):
        section = str(place[0])
        if section in _ENTRIES and len(place) > 1 and isinstance(place[1], str | int):
            entries.add((section, place[1]))
        else:
            lost.add(section)
    if lost.intersection(_NAMING) or any(_taken(value, name) is None for key, name in entries if key == "join"):
        return None
    kept = {key: _without(key, part, entries) for key, part in value.items() if key not in lost}
    try:
        recipe = Recipe.model_validate(kept)
    except ValidationError:
        return None
    rules = frozenset(index for section, index in entries if section == "rules" and isinstance(index, int))
    return Draft(recipe, _names(value, entries), rules, frozenset(lost))


def _wrong(value: dict[str, Any]) -> list[Place]:
    try:
        Recipe.model_validate(value)
    except ValidationError as error:
        return [detail["loc"] for detail in error.errors() if detail["loc"]]
    return []


def _without(section: str, part: Any, entries: set[tuple[str, str | int]]) -> Any:
    """A section with something harmless in the place of entries that are wrong."""
    if section not in _ENTRIES:
        return part
    instead = _ENTRIES[section]
    if isinstance(part, list):
        return [instead if (section, index) in entries else entry for index, entry in enumerate(part)]
    kept = {name: instead if (section, name) in entries else entry for name, entry in part.items()}
    return {name: entry for name, entry in kept.items() if entry is not None}


def _names(value: dict[str, Any], entries: set[tuple[str, str | int]]) -> frozenset[str]:
    """The columns that wrong entries name."""
    names = frozenset(str(name) for section, name in entries if section in ("columns", "derive"))
    return names.union(*(_taken(value, name) or () for section, name in entries if section == "join"))


def _taken(value: dict[str, Any], join: str | int) -> dict[str, Any] | None:
    """What a join that is wrong takes; `None` where nobody can tell."""
    entry = value["join"][join]
    taken = entry.get("take") if isinstance(entry, dict) else None
    return taken if isinstance(taken, dict) else None


def _empty(document: Document, said: set[int]) -> Iterator[Problem]:
    """Keys without a value, in lines of which nothing has been said yet."""
    for place in _empty_places(document.value, ()):
        problem = document.problem(place, f"`{place[-1]}` is empty; write a value, or remove it")
        if problem.line not in said:
            yield problem


def _empty_places(value: Any, place: Place) -> Iterator[Place]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        if part is None and key != "missing":  # `missing: null` is a value
            yield (*place, key)
        yield from _empty_places(part, (*place, key))
