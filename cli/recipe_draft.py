"""A recipe drafted from a raw file: what was found, and in comments what was guessed and why."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

import polars as pl

from cli.printing import printable
from cli.recipe_amounts import writes_comma
from cli.recipe_days import Reading, reading_of
from cli.recipe_guess import guess, null_markers
from cli.recipe_sniff import Sniffed, sniff
from cli.recipe_values import Guess, Values, yaml_text
from shared.conditioning.expressions.values import BLANKS
from shared.conditioning.reading.header import read_layout
from shared.conditioning.reading.parquet_records import read_parquet
from shared.conditioning.reading.raw import FileSource
from shared.conditioning.reading.records import read_stretch
from shared.conditioning.recipe.schema import Recipe

#: Rows that types are guessed from.
_ROWS: Final = 20_000
_LONGEST_NAME: Final = 63
_KEYS: Final = ("encoding", "delimiter", "quote", "header")


def draft_recipe(path: Path, schema: str) -> str:
    """A recipe for a file, as YAML.

    Args:
        path: The raw file.
        schema: Where the JSON Schema lies, from the recipe.

    Raises:
        PermanentError: The file cannot be read as a table.
    """
    found = sniff(path)
    names = _standard_names(found.names)
    frame = _read(path, found, names)
    counted = {name: Counter(frame[name].fill_null("").to_list()) for name in names}
    nulls = null_markers(counted.values())
    values = {name: _values(name, counts, nulls) for name, counts in counted.items()}
    comma = found.format == "csv" and writes_comma(values.values(), str(found.keys.get("delimiter", ",")))
    guesses = _guesses(values, comma=comma)
    if len(guesses) == 1:  # the only column must be required
        next(iter(guesses.values())).keys.pop("required", None)
    lines = [
        f"# yaml-language-server: $schema={schema}",
        f"# Drafted by `signalbox recipe infer` from {frame.height:,} rows of {printable(path.name)}: look through it.",
        f"format: {found.format}",
        *_dialect_lines(found),
        *(['decimal: ","  # what stands before a fraction'] if _uses_comma(guesses, values, comma=comma) else []),
        *_null_lines(nulls),
        "columns:",
        *_column_lines(names, guesses),
        *(f"  # {yaml_text(name)} is left out: {why}" for name, why in found.left_out.items()),
        "# max_rejected: 1%  # fail the dataset when more rows than this are rejected",
    ]
    return "\n".join(lines) + "\n"


def _read(path: Path, found: Sniffed, names: Mapping[str, str]) -> pl.DataFrame:
    """The first rows as the engine reads them: trimmed texts by standard name."""
    columns = {name: {"from": source} for name, source in names.items()}
    recipe = Recipe.model_validate({"format": found.format, **found.keys, "columns": columns})
    if found.format == "parquet":
        frames, height = [pl.DataFrame(schema=dict.fromkeys(names, pl.String))], 0
        for stretch in read_parquet(FileSource(path), recipe, path.name):
            frames.append(stretch.frame)
            height += stretch.frame.height
            if height >= _ROWS:
                break
        frame = pl.concat(frames)
    else:
        layout = read_layout(found.content, recipe, path.name, final=True)
        assert layout is not None, "a file that has ended has a layout, or is refused"
        frame = read_stretch(found.content[layout.body :], recipe, layout, final=found.whole).frame
    return frame.head(_ROWS).select(pl.all().str.strip_chars(BLANKS))


def _values(name: str, counts: Counter[str], nulls: list[str]) -> Values:
    there = Counter({text: count for text, count in counts.items() if text not in nulls})
    return Values(name, there, counts.total() - there.total())


def _guesses(values: Mapping[str, Values], *, comma: bool) -> dict[str, Guess]:
    """Columns whose dates can only be read in one way say how the others are read."""
    found = {name: guess(one, comma=comma, days=None) for name, one in values.items()}
    certain = {reading_of(one.keys.get("format")) for one in found.values() if one.swapped is None} - {None}
    days: Reading | None = certain.pop() if len(certain) == 1 else "day first" if comma else None
    for name, one in found.items():
        if one.swapped is not None and days is not None:
            found[name] = guess(values[name], comma=comma, days=days)
    return found


def _uses_comma(guesses: Mapping[str, Guess], values: Mapping[str, Values], *, comma: bool) -> bool:
    numbers = [name for name, one in guesses.items() if one.keys.get("type") in ("number", "money", "integer")]
    return comma and any("," in text for name in numbers for text in values[name].counts)


def _standard_names(sources: list[str]) -> dict[str, str]:
    """The file's names by the standard ones: a to z, digits and underscores."""
    names: dict[str, str] = {}
    for number, source in enumerate(sources, start=1):
        spaced = re.sub(r"(?<=[a-z0-9]{2})(?=[A-Z][a-z])", "_", source.replace("ß", "ss"))  # FlightDate
        plain = unicodedata.normalize("NFKD", spaced).encode("ascii", "ignore").decode().lower()
        name = re.sub("[^a-z0-9]+", "_", plain).strip("_")[: _LONGEST_NAME - 6].rstrip("_")
        name = name if name[:1].isalpha() else f"column_{name or number}"
        twin = 2
        unique = name
        while unique in names:
            unique, twin = f"{name}_{twin}", twin + 1
        names[unique] = source
    return names


def _dialect_lines(found: Sniffed) -> Iterator[str]:
    for key in _KEYS:
        if key in found.keys:
            comment = found.comments.get(key)
            yield f"{key}: {_yaml(found.keys[key])}" + (f"  # {printable(comment)}" if comment else "")


def _null_lines(nulls: list[str]) -> Iterator[str]:
    if len(nulls) > 1:
        yield f"nulls: {_yaml(nulls)}  # taken for no value wherever they stand, in all columns"


def _column_lines(names: Mapping[str, str], guesses: Mapping[str, Guess]) -> Iterator[str]:
    for name, source in names.items():
        one = guesses[name]
        yield from (f"  # {name}: {printable(comment)}" for comment in one.comments)
        keys = ({"from": source} if source != name else {}) | one.keys
        yield f"  {yaml_text(name)}: {{{', '.join(f'{key}: {_yaml(value)}' for key, value in keys.items())}}}"


def _yaml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{', '.join(_yaml(one) for one in value)}]"
    if isinstance(value, date):
        return value.isoformat()
    if value == "\t":
        return '"\\t"'
    return yaml_text(str(value))
