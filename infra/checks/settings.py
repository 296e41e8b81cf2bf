"""The app's settings as Bicep sets them, joined with those that the code reads.

The Bicep keeps them in one variable, `appSettings`: an object whose keys are the names. Objects that are spread into it
or joined to it with `union`, be it under a condition, count as a part of it.
"""

from collections.abc import Collection, Iterator
from pathlib import Path

from infra.checks.bicep import parse_bicep
from infra.checks.bicep.declarations import BicepFile
from infra.checks.bicep.tree import Call, Choice, Expression, Lambda, Place, Record, Text
from infra.checks.findings import Finding, nearest

#: The name of the variable.
VARIABLE = "appSettings"


def deployed_settings(file: Path) -> dict[str, Place]:
    """The names in the `appSettings` of a Bicep file, each with its place.

    A name that is put together, such as `'SIGNALBOX_CHANNEL_${kind}'`, is given as far as it is written out, then `*`.

    Raises:
        SyntaxFault: The file is not Bicep.
        LookupError: It has no variable `appSettings`.
    """
    return dict(_names(_variable(parse_bicep(file.read_text()), file)))


def check_settings(file: Path, *, needed: Collection[str], known: Collection[str] = ()) -> tuple[Finding, ...]:
    """What `appSettings` in `file` lacks, and what it sets although nothing reads it.

    Args:
        file: The Bicep file that holds the variable.
        needed: The settings that the code reads and that Azure must set. A name may end in `*`.
        known: Further ones that the code reads, which a deployment may leave out. A name may end in `*`.

    Returns:
        A finding of rule `setting-missing` for each needed name that is not set, and one of rule `setting-unread` for
        each that is set and neither needed nor known; none if all fit.
    """
    parsed = parse_bicep(file.read_text())
    set_there = dict(_names(_variable(parsed, file)))
    variable = parsed.variable(VARIABLE)
    assert variable is not None
    missing = [
        Finding(
            file.name,
            variable.at.line,
            variable.at.column,
            "setting-missing",
            f"the code reads {name}, and {VARIABLE} does not set it{nearest(name, set_there)}",
            name,
        )
        for name in needed
        if not _is_among(name, set_there)
    ]
    unread = [
        Finding(
            file.name,
            at.line,
            at.column,
            "setting-unread",
            f"{VARIABLE} sets {name}, which nothing reads{nearest(name, {*needed, *known})}",
            name,
        )
        for name, at in set_there.items()
        if not _is_among(name, {*needed, *known})
    ]
    return tuple(sorted([*missing, *unread]))


def _variable(parsed: BicepFile, file: Path) -> Expression:
    variable = parsed.variable(VARIABLE)
    if variable is None:
        msg = f"{file} has no variable {VARIABLE!r}; the app's settings are read from it"
        raise LookupError(msg)
    return variable.value


def _names(value: Expression) -> Iterator[tuple[str, Place]]:
    match value:
        case Record():
            for entry in value.properties:
                yield _written(entry.key), entry.at
            for spread in value.spreads:
                yield from _names(spread.value)
        case Choice():
            yield from _names(value.chosen)
            yield from _names(value.otherwise)
        case Call(name="union"):
            for argument in value.arguments:
                yield from _names(argument)
        case Call():
            yield from _made_names(value)
        case _:
            pass


def _made_names(call: Call) -> Iterator[tuple[str, Place]]:
    """`toObject(items, item => 'PREFIX_${item}', …)`: what its first function gives is a name."""
    functions = [argument for argument in call.arguments if isinstance(argument, Lambda)]
    if call.name == "toObject" and functions and isinstance(name := functions[0].body, Text):
        yield _written(name), name.at


def _written(key: str | Text) -> str:
    if isinstance(key, str):
        return key
    start = key.parts[0]
    return key.literal if key.literal is not None else f"{start if isinstance(start, str) else ''}*"


def _is_among(name: str, names: Collection[str]) -> bool:
    return name in names or any(
        pattern.endswith("*") and name.removesuffix("*").startswith(pattern.removesuffix("*")) for pattern in names
    )
