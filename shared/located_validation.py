"""Checks a located document against pydantic models, and says what is wrong at the line where it is wrong."""

from types import NoneType
from typing import Annotated, Any, ClassVar, Final, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from shared.located_yaml import Document, Place, Problem, kind
from shared.near_names import nearest

_EXPECTED: Final = {
    "string_type": "text",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
}


class FileModel(BaseModel):
    """The base of what people write in files: nothing is converted, and unknown keys are refused.

    A field's first `examples` entry is shown to who left it out or wrote it wrongly.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)

    #: Keys that a later version will know; they are refused by name, since leaving them aside would be a lie.
    not_yet: ClassVar[tuple[str, ...]] = ()


def validated[M: BaseModel](
    document: Document, place: Place, model: type[M], problems: list[Problem], example: str = ""
) -> M | None:
    """The value at a place as a model; `None`, and problems added, where it does not fit.

    Args:
        document: The file.
        place: Where the value lies.
        model: What it has to fit.
        problems: Where what is wrong is added.
        example: What is shown to who wrote no mapping at all.
    """
    try:
        return model.model_validate(document.at(place))
    except ValidationError as error:
        said = [((*place, *detail["loc"]), _explain(place, model, detail, example)) for detail in error.errors()]
        unknown = [text for _, text in said if text.startswith("unknown key")]
        unread = {problem.line for problem in document.problems}
        for where, text in said:
            meant = any(f"did you mean {text.split(' is missing')[0]}?" in other for other in unknown)
            lost = where in document.lines and document.at(where) is None and document.lines[where] in unread
            if not meant and not lost:
                problems.append(document.problem(where, text))
        return None


def one_of(*keys: str) -> dict[str, Any]:
    """What a JSON Schema says of keys of which exactly one is written."""
    return {"oneOf": [{"required": [key]} for key in keys]}


def not_supported_yet(what: str) -> str:
    """The message about a key or a value that a later version will know."""
    return f"`{what}` is not supported yet; remove it"


def _explain(place: Place, model: type[BaseModel], detail: ErrorDetails, example: str) -> str:
    location, code, value = detail["loc"], detail["type"], detail["input"]
    owner, name = _owner(model, location[:-1]), _spoken((*place, *location))
    match code:
        case "value_error":
            return str(detail["ctx"]["error"])  # a model's own words
        case "extra_forbidden" if owner and location[-1] in owner.not_yet:
            return not_supported_yet(str(location[-1]))
        case "extra_forbidden":
            return f"unknown key `{location[-1]}`; {nearest(str(location[-1]), _keys(owner))}"
        case "literal_error":
            known = [str(choice) for choice in get_args(_annotation(model, location))]
            if isinstance(value, str) and value in known:
                return f"{name} must be a number, not text; write {value} without quotes"
            return f"{name} cannot be `{value}`; {nearest(str(value), known)}"
        case "missing" | "too_short" | "string_too_short":
            what, remedy = ("is missing" if code == "missing" else "is empty"), _example(model, location)
        case "too_long" | "string_too_long":
            what, remedy = f"is longer than {detail['ctx']['max_length']} characters", "shorten it"
        case "greater_than_equal" | "less_than_equal":
            bounds = detail["ctx"]
            limit = f"at least {bounds['ge']}" if "ge" in bounds else f"at most {bounds['le']}"
            what, remedy = f"must be {limit}, not {value}", _example(model, location)
        case _ if code in _EXPECTED:
            what = f"must be {_EXPECTED[code]}, not {value if isinstance(value, float) else kind(value)}"
            remedy = _type_remedy(code, value) or _example(model, location)
            remedy = remedy or (f"write for example `{example}`" if example else "")
        case _:
            what, remedy = f"does not fit: {detail['msg']}", _example(model, location)
    return f"{name} {what}; {remedy}" if remedy else f"{name} {what}"


def _spoken(place: Place) -> str:
    if not place:
        return "the file"
    if isinstance(place[-1], int):
        return f"item {place[-1] + 1} of {_spoken(place[:-1])}"
    return f"`{place[-1]}`"


def _type_remedy(code: str, value: Any) -> str:
    if code == "string_type" and isinstance(value, dict) and list(value.values()) == [None]:
        label = next(iter(value))
        return f'braces without quotes are a mapping to YAML: write "{{{label}}}"'
    if code == "string_type" and value is not None and not isinstance(value, dict | list):
        return "put it in quotes"
    if code == "list_type" and isinstance(value, str):
        return f"write `[{value}]`"
    return ""


def _example(model: type[BaseModel], location: tuple[str | int, ...]) -> str:
    """The example of the key that a place belongs to: the nearest one that has any."""
    for length in range(len(location), 0, -1):
        owner = _owner(model, location[: length - 1])
        for name, field in owner.model_fields.items() if owner else ():
            if (field.alias or name) == location[length - 1] and field.examples:
                return f"write for example `{field.examples[0]}`"
    return ""


def _keys(model: type[BaseModel] | None) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()] if model else []


def _owner(model: type[BaseModel], location: tuple[str | int, ...]) -> type[FileModel] | None:
    found = _annotation(model, location)
    return found if isinstance(found, type) and issubclass(found, FileModel) else None


def _annotation(model: type[BaseModel], location: tuple[str | int, ...]) -> Any:
    """What is declared at a place inside a model, without `| None`."""
    current: Any = model
    for step in location:
        if isinstance(current, type) and issubclass(current, BaseModel):
            fields = current.model_fields.items()
            current = next((field.annotation for name, field in fields if (field.alias or name) == step), None)
        else:
            current = next(reversed(get_args(current)), None)
        current = (
            next((part for part in get_args(current) if part is not NoneType), current)
            if (NoneType in get_args(current))
            else current
        )
        current = get_args(current)[0] if get_origin(current) is Annotated else current
    return current
