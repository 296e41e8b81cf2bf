"""The head of a file: its encoding, its columns, and where its records begin."""

from collections import Counter
from dataclasses import replace
from typing import Final

from shared.conditioning.reading.decoding import decode, text_encoding
from shared.conditioning.reading.stretch import Layout
from shared.conditioning.reading.unpacking import HEAD, check_format
from shared.conditioning.recipe.schema import Recipe
from shared.errors import PermanentError
from shared.near_names import nearest

#: Blanks that are cut off around names: ASCII's, and the no-break space that spreadsheets write.
_BLANKS: Final = " \t\r\n\v\f\u00a0"
_BOM: Final = b"\xef\xbb\xbf"


def read_layout(head: bytes, recipe: Recipe, file: str, *, final: bool) -> Layout | None:
    """Where a CSV or JSON Lines file's columns are.

    Args:
        head: The file's first bytes, unpacked; any number of them.
        recipe: How it is written, and which columns are wanted.
        file: Its name, for messages.
        final: Whether these are all of its bytes.

    Returns:
        The layout; `None` when more bytes are needed, which is at most a little more than `max_record`.

    Raises:
        PermanentError: The file as a whole cannot be used: see `check_format`, and `WrongEncoding`, `EmptyFile`,
            `NoHeader`, `NotText`, `MissingColumn`, `DuplicateColumn`; of JSON Lines `NotJsonLines`.
    """
    if not final and len(head) < HEAD:
        return None
    check_format(head[:HEAD], recipe.format, file)
    encoding = text_encoding(head, recipe.encoding, file)
    decoded = decode(head, encoding, final=final)
    if recipe.format == "jsonl":
        from shared.conditioning.reading.json_records import read_json_layout  # noqa: PLC0415 - loaded at first use

        layout = read_json_layout(decoded.content, recipe, file, final=final)
    else:
        layout = _csv_layout(decoded.content, recipe, file, final=final)
    return layout and replace(decoded.restored_layout(layout), encoding=encoding)


def _csv_layout(head: bytes, recipe: Recipe, file: str, *, final: bool) -> Layout | None:
    body = len(_BOM) if head.startswith(_BOM) else 0
    if not isinstance(recipe.header, bool):
        if final and not head[body:].strip(b"\r\n"):
            raise PermanentError("EmptyFile", f"{file} is empty; deliver it again with its rows")
        names = tuple(name.strip(_BLANKS) for name in recipe.header)
        return Layout(names, _wanted(names, recipe, file), body, 1)
    found = _first_record(head[body:], recipe, file, final=final)
    if found is None:
        return None
    values, length, lines = found
    names = tuple(value.strip(_BLANKS) for value in values)
    return Layout(names, _wanted(names, recipe, file), body + length, 1 + lines)


def _first_record(head: bytes, recipe: Recipe, file: str, *, final: bool) -> tuple[list[str], int, int] | None:
    """The header's values, the bytes up to its end, and the lines that end in them."""
    from shared.conditioning.reading.csv_quotes import Marks  # noqa: PLC0415 - loaded at first use
    from shared.conditioning.reading.csv_split import split  # noqa: PLC0415
    from shared.conditioning.reading.csv_tokens import tokenize  # noqa: PLC0415

    marks = Marks.of(recipe)
    begin = len(head) - len(head.lstrip(b"\r\n"))
    reach = min(len(head), begin + 2 * marks.longest)
    if begin > marks.longest:
        what = f"begins with more than {marks.longest:,} bytes of blank lines"
        raise PermanentError("NoHeader", f"{file} {what}; deliver it without")
    tokens = tokenize(head[begin:reach], marks, stop=1, final=final and reach == len(head)) if begin < reach else None
    if tokens is None or not tokens.consumed:
        if final:
            raise PermanentError("EmptyFile", f"{file} is empty; deliver it again with a header and rows")
        return None
    before = head[: begin + tokens.consumed]
    line = 1 + _lines(head[:begin])
    if tokens.rejected:
        what = "it is longer than `max_record`" if tokens.rejected[0] == "record_too_long" else "its quotes do not fit"
        raise PermanentError("NoHeader", f"{file}:{line}: the header cannot be read: {what}; mind quote and delimiter")
    record = head[begin : begin + int(tokens.ends[0])]
    if b"\0" in record:
        raise PermanentError("NotText", f"{file}:{line}: the header holds the byte 0; deliver the file as text")
    try:
        return split(record.decode(), marks), len(before), _lines(before)
    except UnicodeDecodeError as error:
        what = f"the byte 0x{record[error.start]:02x} in the header is not UTF-8"
        raise PermanentError(
            "NotText", f"{file}:{line}: {what}; deliver the file as UTF-8, or write its `encoding` in the recipe"
        ) from error


def _wanted(names: tuple[str, ...], recipe: Recipe, file: str) -> dict[str, int]:
    """Position of each column that the recipe reads."""
    sources = {name: (column.source or name).strip(_BLANKS) for name, column in recipe.columns.items()}
    counts = Counter(names)
    missing = [source for source in dict.fromkeys(sources.values()) if source not in counts]
    if missing:
        faults = "; ".join(f"there is no column `{source}`; {nearest(source, names)}" for source in missing[:5])
        what = f"{file}: {faults}{' …' if len(missing) > 5 else ''}"
        raise PermanentError("MissingColumn", f"{what}; deliver the column, or correct `from` in the recipe")
    twice = next((source for source in sources.values() if counts[source] > 1), None)
    if twice is not None:
        what = f"{file}: the header has the column `{twice}` {counts[twice]} times"
        raise PermanentError("DuplicateColumn", f"{what}; deliver it once")
    places = {name: place for place, name in enumerate(names)}
    return {name: places[source] for name, source in sources.items()}


def _lines(text: bytes) -> int:
    """Lines that end in a text."""
    return text.count(b"\n") + text.count(b"\r") - text.count(b"\r\n")
