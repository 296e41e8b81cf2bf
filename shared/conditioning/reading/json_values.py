"""Values of JSON lines as texts, each as it was written."""

import json
from collections.abc import Callable
from types import NoneType
from typing import Any, Final, NoReturn

from shared.conditioning.reading.stretch import Layout
from shared.conditioning.recipe.schema import Recipe

#: What is put between lines that are parsed at once. No JSON has it, so no line can mean it.
_BETWEEN: Final = "-Infinity"
#: Objects and arrays in each other, of a value that is read. What Python's own stack allows depends on who calls.
_DEEPEST: Final = 100
_TOO_DEEP: Final = "objects or arrays are nested too deeply in it"


class MalformedLineError(Exception):
    """A line that cannot be read.

    Args:
        rule: Machine-readable.
        reason: For a person.
    """

    def __init__(self, rule: str, reason: str) -> None:
        super().__init__(reason)
        self.rule = rule
        self.reason = reason


def refuse(rule: str, reason: str) -> NoReturn:
    """Give a line up.

    Raises:
        MalformedLineError: Always.
    """
    raise MalformedLineError(rule, reason)


class LineValues:
    """Takes the values of lines by the names that a recipe gives them."""

    def __init__(self, recipe: Recipe, layout: Layout) -> None:
        self._sources = [layout.names[place] for place in layout.wanted.values()]
        columns = [recipe.columns[name] for name in layout.wanted]
        self._commas = [
            (column.decimal or recipe.decimal) == "," and column.type in ("integer", "number", "money")
            for column in columns
        ]
        # Numbers need to be told from texts only where a comma is put into them, and inside of objects and arrays.
        self._number = _Number if any(self._commas) else str
        self._bulk = _decoder(self._number, _between)
        self._single = _decoder(self._number, _not_a_number)
        self._exact = _decoder(_Number, _not_a_number)

    def of_lines(self, content: bytes, count: int) -> list[list[str | None]] | None:
        """The values of many lines by column; `None` when a line is blank or bad, or holds what needs a closer look."""
        try:
            text = content.decode().removesuffix("\n")
            if text.count("\n") != count - 1 or _BETWEEN in text:
                return None
            found, end = self._bulk.raw_decode(joined := "[" + text.replace("\n", f",{_BETWEEN},") + "]")
            records = found[::2]
            # Each line is one value exactly when all that was put between them is between values of the outer array.
            if end < len(joined) or len(found) != 2 * count - 1 or found[1::2].count(_between) != count - 1:
                return None
            if set(map(type, records)) != {dict}:
                return None
            columns = [_column(records, source) for source in self._sources]
            if "\\u" in text:  # an escape can say what UTF-8 cannot
                for values in columns:
                    _check_characters(values)
        except (ValueError, RecursionError, MalformedLineError):
            return None
        return self._as_columns(columns)

    def of(self, line: bytes) -> list[str | None]:
        """The values of a line that is not blank.

        Raises:
            MalformedLineError: It is no object, or holds what no text can.
        """
        try:
            text = line.decode()
        except UnicodeDecodeError as error:
            refuse("not_utf8", f"byte {error.start + 1} of the line, 0x{line[error.start]:02x}, is not UTF-8")
        try:
            values = self._taken(_parsed(text, self._single))
            if any(type(value) in (dict, list) for value in values):
                values = self._taken(_parsed(text, self._exact))
            texts = [_text(value, comma) for value, comma in zip(values, self._commas, strict=True)]
        except RecursionError:
            refuse("malformed_json", _TOO_DEEP)
        if "\\u" in text:
            _check_characters(texts)
        return texts

    def _taken(self, record: dict[str, Any]) -> list[Any]:
        return [_at(record, source) for source in self._sources]

    def _as_columns(self, columns: list[list[Any]]) -> list[list[str | None]] | None:
        for place, (values, comma) in enumerate(zip(columns, self._commas, strict=True)):
            types = set(map(type, values))
            if dict in types or list in types:
                return None
            if not types <= {str, NoneType}:
                columns[place] = [_text(value, comma) for value in values]
        return columns


class _Number(str):
    """A number as it was written, told from a text."""

    __slots__ = ()


def _parsed(text: str, decoder: json.JSONDecoder) -> dict[str, Any]:
    try:
        record, end = decoder.raw_decode(text)
    except json.JSONDecodeError as error:
        if "\0" in text:
            refuse("nul_byte", f"character {text.index('\0') + 1} of the line is a NUL")
        what = f"it is not JSON: {error.msg.removesuffix(' at')}"
        refuse("malformed_json", f"{what} at character {error.pos + 1} of the line")
    if end < len(text):
        refuse("malformed_json", f"it goes on after its end, at character {end + 1} of the line")
    if not isinstance(record, dict):
        what = "an array" if isinstance(record, list) else "a single value"
        refuse("malformed_json", f"it is {what}, not an object, at character 1 of the line")
    return record


def _decoder(number: type[str], constant: Callable[[str], Any]) -> json.JSONDecoder:
    return json.JSONDecoder(object_pairs_hook=_object, parse_float=number, parse_int=number, parse_constant=constant)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        refuse("malformed_json", f"it has the key {json.dumps(twice[:40])} twice, so one of the values would be lost")
    return record


def _not_a_number(constant: str) -> NoReturn:
    refuse("malformed_json", f"{constant} is no JSON; write null, or a text that `nulls` names")


def _between(constant: str) -> Any:
    """What stands for `_BETWEEN` in a parsed block: this function itself, which nothing else becomes."""
    return _between if constant == _BETWEEN else _not_a_number(constant)


def _column(records: list[dict[str, Any]], source: str) -> list[Any]:
    if "." in source:
        return [_at(record, source) for record in records]
    return [record.get(source) for record in records]


def _at(record: dict[str, Any], source: str) -> Any:
    """The value of a key, or of a way through objects."""
    if source in record:
        return record[source]
    value: Any = record if "." in source else None
    for key in source.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _text(value: Any, comma: bool) -> str | None:
    if value is None or type(value) is str:
        return value
    if type(value) is _Number:
        return value.replace(".", ",") if comma else str(value)
    return _compact(value)


def _compact(value: Any, depth: int = 1) -> str:
    """JSON without blanks, with numbers as they were written."""
    if depth > _DEEPEST and type(value) in (dict, list):
        refuse("malformed_json", _TOO_DEEP)
    if type(value) is dict:
        return "{" + ",".join(f"{_quoted(key)}:{_compact(item, depth + 1)}" for key, item in value.items()) + "}"
    if type(value) is list:
        return "[" + ",".join(_compact(item, depth + 1) for item in value) + "]"
    return str(value) if type(value) is _Number else _quoted(value)


def _quoted(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _check_characters(values: list[Any]) -> None:
    for value in values:
        if not isinstance(value, str) or value.isalnum():
            continue
        if "\0" in value:
            refuse("nul_byte", "a value in it has a NUL, written as \\u0000")
        if not value.isascii() and value.encode("utf-8", "ignore").decode() != value:
            refuse("malformed_json", "a value in it has half a character: a lone escape from \\ud800 to \\udfff")
