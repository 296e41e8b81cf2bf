"""What the Bicep files of this repository say, where they say it in so many words."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from infra.checks.bicep import parse_bicep
from infra.checks.bicep.declarations import BicepFile, Resource
from infra.checks.bicep.tree import Expression, Name, Property, Record, Text, walk
from infra.checks.settings import VARIABLE

INFRA: Final = Path(__file__).parents[2] / "infra"
APP_SETTINGS: Final = INFRA / "modules" / "app_settings.bicep"


@cache
def parsed(file: Path) -> BicepFile:
    """A file, read once."""
    return parse_bicep(file.read_text())


def resource(file: str, kind: str) -> Record:
    """The body of the one resource of a type that a module makes."""
    (found,) = [one for one in parsed(INFRA / "modules" / file).of(Resource) if one.type == kind and not one.existing]
    return found.body


def settings() -> dict[str, Expression]:
    """The app's settings by name, those of a condition among them; channels, whose names are made, are not."""
    variable = parsed(APP_SETTINGS).variable(VARIABLE)
    assert variable is not None
    entries = [node for node in walk(variable.value) if isinstance(node, Property)]
    return {entry.key: entry.value for entry in entries if isinstance(entry.key, str)}


def literals() -> dict[str, str]:
    """Those of them that are written out."""
    found = {name: value.literal for name, value in settings().items() if isinstance(value, Text)}
    return {name: value for name, value in found.items() if value is not None}


def filled(value: Expression, given: Mapping[str, str]) -> str | None:
    """An expression with what stands for its symbols; `None` for more than texts and symbols."""
    match value:
        case Name(name=name):
            return given.get(name)
        case Text(parts=parts):
            texts = [part if isinstance(part, str) else filled(part, given) for part in parts]
            return None if None in texts else "".join(map(str, texts))
        case _:
            return None
