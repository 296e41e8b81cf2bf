"""How a raw file is written, guessed from its beginning: format, encoding, delimiter, quote, header."""

import codecs
import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from shared.conditioning.reading.decoding import text_encoding
from shared.conditioning.reading.parquet_texts import refusal
from shared.conditioning.reading.raw import FileSource, RangeFile
from shared.conditioning.reading.unpacking import HEAD, check_format, is_gzip, unpack
from shared.conditioning.recipe.dialect import Encoding, Format
from shared.errors import PermanentError

#: Bytes of a file, unpacked, that a draft is made from.
SAMPLE_BYTES: Final = 4 << 20
_READ_BYTES: Final = 1 << 20
_DELIMITERS: Final = (",", ";", "\t", "|", "^", "~")
_FIRST_LINES: Final = 5
_RECORDS: Final = 2_000  # looked at to choose a delimiter
_MOSTLY: Final = 0.8  # of a column's values, to say what they are
#: A number, a date or a time, at a glance: digits and signs, or the short name of a month among them.
_VALUE: Final = re.compile(r"[-+(]?[$€£]?\s?[0-9][0-9.,:/+\- 'TZ]*[%)]?|[A-Za-z]{3,9} [0-9]{1,2},? [0-9]{4}")
_JSON_DOCUMENT: Final = re.compile(r"\s*(?:\[\s*\{|\{\s*\n)")
_CONTROLS: Final = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_C1: Final = re.compile(rb"[\x80-\x9f]")


@dataclass
class Sniffed:
    """How a file is written.

    Attributes:
        content: Its first bytes, unpacked; nothing of Parquet.
        whole: Whether these are all of them.
        format: Of the recipe.
        keys: What the recipe says besides, by key.
        names: The columns, in order, as the file has them; of one without a header as they are called here.
        comments: Why, by key; those of the whole file under an empty key.
        left_out: Columns that no recipe can read, and why.
    """

    content: bytes
    whole: bool
    format: Format
    keys: dict[str, Any] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    comments: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


def sniff(path: Path) -> Sniffed:
    """Look at a file.

    Raises:
        PermanentError: There is no such file, or nothing that a recipe reads can be in it.
    """
    source = FileSource(path)
    head = source.read(0, HEAD)
    if head.startswith(b"PAR1"):
        return _sniff_parquet(source, path.name)
    raw = (source.read(offset, _READ_BYTES) for offset in range(0, source.size, _READ_BYTES))
    content, whole = _beginning(unpack(raw, path.name) if is_gzip(head) else raw)
    check_format(content[:HEAD], "csv", path.name)
    if not content.strip():
        raise PermanentError("EmptyFile", f"{path.name} is empty; give a file with rows")
    found = Sniffed(content, whole, "csv")
    text = _decoded(found, path.name)
    if _JSON_DOCUMENT.match(text):
        what = f"{path.name} is a JSON document over many lines, not JSON Lines"
        raise PermanentError("NotJsonLines", f"{what}; write each object on one line, as `jq -c '.[]'` does")
    if _is_json(text):
        found.format = "jsonl"
        _sniff_json(found, text)
    else:
        _sniff_csv(found, text)
    _leave_out_twins(found)
    return found


def _beginning(chunks: Iterator[bytes]) -> tuple[bytes, bool]:
    content = b""
    for chunk in chunks:
        content += chunk
        if len(content) > SAMPLE_BYTES:
            return content[:SAMPLE_BYTES], False
    return content, True


def _decoded(found: Sniffed, file: str) -> str:
    content = found.content
    encoding: Encoding = "utf-8"
    zeros = content[:64].count(b"\0")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or zeros > len(content[:64]) // 4:
        encoding = "utf-16"
        found.comments["encoding"] = "by its first bytes"
    else:
        try:
            codecs.getincrementaldecoder("utf-8")().decode(content, final=found.whole)
        except UnicodeDecodeError as error:
            if len(_CONTROLS.findall(content[:_READ_BYTES])) > len(content[:_READ_BYTES]) // 100:
                raise PermanentError("NotText", f"{file} is no text; give a CSV, JSON Lines or Parquet file") from error
            encoding = "latin-1"
            line = content.count(b"\n", 0, error.start) + 1
            found.comments["encoding"] = f"line {line} is not UTF-8; compare letters such as é and ü with the original"
            if _C1.search(content):
                found.comments["encoding"] += ", and signs such as € and “, which Windows-1252 has and Latin-1 has not"
    if encoding != "utf-8":
        found.keys["encoding"] = encoding
    known = text_encoding(content[:64], encoding, file)
    decoder = codecs.getincrementaldecoder(known)("replace")
    return decoder.decode(content, final=found.whole).removeprefix("\ufeff")


def _is_json(text: str) -> bool:
    """Whether one of the first lines is an object: the very first one may be damaged."""
    return any(isinstance(_json(line), dict) for line in text[:_READ_BYTES].split("\n", _FIRST_LINES)[:_FIRST_LINES])


def _json(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _sniff_json(found: Sniffed, text: str) -> None:
    """All keys of the lines, in the order in which they are met; those of objects inside by their path."""
    names: dict[str, None] = {}
    for line in re.split("[\r\n]+", text):  # not at the other line ends that Unicode has, which may stand in a text
        value = _json(line)
        if isinstance(value, dict):
            names |= dict.fromkeys(_paths(value, ""))
    found.names = list(names)


def _paths(value: dict[str, Any], prefix: str) -> Iterator[str]:
    for key, part in value.items():
        if isinstance(part, dict) and part:
            yield from _paths(part, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def _sniff_csv(found: Sniffed, text: str) -> None:
    delimiter, quote, share = _dialect(text, found.whole)
    records = _records(text, delimiter, quote, found.whole)
    if not records:
        what = "no row ends" if not found.whole else "there is no row"
        raise PermanentError("NoRows", f"{what} in the first {SAMPLE_BYTES >> 20} MiB; give a file with rows in lines")
    if delimiter != ",":
        found.keys["delimiter"] = delimiter
    if quote != '"':
        found.keys["quote"] = quote
    if share < 1:
        found.comments["delimiter"] = f"{1 - share:.1%} of the records have another number of values; they are rejected"
        found.keys["delimiter"] = delimiter
    first = [name.strip() for name in records[0]]
    why = _headerless(first, [record for record in records[1:] if len(record) == len(first)])
    if why:
        found.names = [f"column_{number}" for number in range(1, len(first) + 1)]
        found.keys["header"] = found.names
        found.comments["header"] = f"{why}; name the columns here and below"
    else:
        found.names = first


def _dialect(text: str, whole: bool) -> tuple[str, str, float]:
    """Delimiter, quote, and the share of records that have as many values as most have."""
    best: tuple[float, int, str, str, float] | None = None
    for quote in ('"', "'"):
        if quote == "'" and not re.search(r"(?:^|[,;\t|])'[^'\n]*'(?:[,;\t|]|\r?$)", text[:20_000], re.MULTILINE):
            continue
        for delimiter in _DELIMITERS:
            counts = Counter(len(record) for record in _records(text, delimiter, quote, whole))
            if not counts:
                continue
            usual, count = counts.most_common(1)[0]
            share = count / counts.total()
            first = len(next(iter(_records(text, delimiter, quote, whole)), []))
            score = (share if first == usual else share / 2) if usual > 1 else 0.0
            candidate = (round(score, 2), usual, delimiter, quote, share)
            if best is None or candidate[:2] > best[:2]:
                best = candidate
    if best is None or best[0] == 0:
        return ",", '"', 1.0
    return best[2:]


def _records(text: str, delimiter: str, quote: str, whole: bool) -> list[list[str]]:
    """The first records that are not blank; the last one of a part of a file is left, since it may be cut."""
    found: list[list[str]] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quotechar=quote)
    try:
        for record in reader:
            if record:
                found.append(record)
            if len(found) > _RECORDS:
                return found[:-1]
    except csv.Error:  # what is wrong with a record is for the check to say
        return found
    return found if whole else found[:-1]


def _headerless(first: list[str], rest: list[list[str]]) -> str:
    """Why the first record is no header; empty when it is one."""
    columns = [[row[place] for row in rest] for place in range(len(first))]
    valued = [bool(_VALUE.fullmatch(text)) for text in first]
    below = [_share(column) >= _MOSTLY for column in columns]
    named = sum(1 for value, values in zip(valued, below, strict=True) if values and not value)
    if any(valued) and sum(valued) > named:
        return f"the first record is no header: it has `{first[valued.index(True)]}`"
    if not named and any(text and text in set(column) for text, column in zip(first, columns, strict=True)):
        return "the first record seems to be no header: a value of it comes again below"
    return ""


def _share(column: list[str]) -> float:
    filled = [text.strip() for text in column if text.strip()]
    return sum(1 for text in filled if _VALUE.fullmatch(text)) / len(filled) if filled else 0.0


def _sniff_parquet(source: FileSource, file: str) -> Sniffed:
    import pyarrow as pa  # noqa: PLC0415 - loaded at first use
    import pyarrow.parquet as pq  # noqa: PLC0415 - loaded at first use

    try:
        schema = pq.ParquetFile(pa.PythonFile(RangeFile(source), mode="r")).schema_arrow
    except (pa.ArrowException, OSError) as error:
        raise PermanentError("CorruptParquet", f"{file} is damaged: {error}; write it again") from error
    found = Sniffed(b"", True, "parquet", names=list(schema.names))
    for place in range(len(schema)):
        one = schema.field(place)
        refused = refusal(one.type)
        if refused:
            found.left_out[one.name] = f"it has {refused}, which have no text"
    _leave_out_twins(found)
    return found


def _leave_out_twins(found: Sniffed) -> None:
    """Columns that cannot be told by their name."""
    for name, count in Counter(found.names).items():
        if not name:
            found.left_out[name] = "it has no name"
        elif count > 1:
            found.left_out[name] = f"{count} columns have this name"
    found.names = [name for name in found.names if name not in found.left_out]
    if not found.names:
        raise PermanentError("NoHeader", "no column of the file can be read by its name; deliver it with a header")
