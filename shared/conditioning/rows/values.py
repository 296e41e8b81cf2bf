"""Values of a recipe's columns: from raw text to trimmed text, and from that to the column's type."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Self

import polars as pl

from shared.conditioning.expressions.values import BLANKS
from shared.conditioning.recipe.columns import Column
from shared.conditioning.recipe.schema import Recipe
from shared.conditioning.rows import amounts, times

_TRUE: Final = ["true", "yes", "t", "y", "1"]
_FALSE: Final = ["false", "no", "f", "n", "0"]
#: Rows per value from which on each value is read once.
_OFTEN: Final = 16


class _Known(NamedTuple):
    """Values of a column that were read: what they are, and of each of them its text and its typed value."""

    values: pl.Series
    data_type: pl.Enum
    texts: pl.Series
    typed: pl.Series


@dataclass(frozen=True)
class Values:
    """How columns get their values, in two steps of expressions over a frame.

    Attributes:
        texts: From raw values: each column's text under `text_name`, null where there is no value.
        typed: From those: each column's typed value under its own name, null where the text has none.
        repeated: Columns in which few texts differ, so that each of them is read once.
        known: What was read of these, which frames that follow mostly have too; of one whose values move on, nothing.
    """

    texts: dict[str, pl.Expr]
    typed: dict[str, pl.Expr]
    repeated: frozenset[str]
    known: dict[str, _Known | None] = field(default_factory=dict)

    @classmethod
    def of(
        cls, recipe: Recipe, lookups: Mapping[str, pl.DataFrame], *, quick: Collection[str], repeated: frozenset[str]
    ) -> Self:
        """The values of a recipe's columns.

        Args:
            recipe: The recipe.
            lookups: Keys and values of each lookup's reference, by the column's name.
            quick: Columns, `readable_quickly`, whose values are read as if nothing had to be trimmed, no amount were
                negative and thousands were not separated. Whatever is read then is right, and what is not read breaks
                a rule: rows that are rejected must be read again.
            repeated: Columns in which few texts differ, of those `read_slowly`.
        """
        columns = recipe.columns.items()
        return cls(
            {name: _text(name, column, recipe, quick=name in quick).alias(text_name(name)) for name, column in columns},
            {name: _typed(name, column, recipe, lookups, quick=name in quick).alias(name) for name, column in columns},
            repeated,
        )

    def read(self, frame: pl.DataFrame, *, raw: bool = False) -> pl.LazyFrame:
        """Texts and typed values of a frame of raw ones; these too, under `raw_name`, where they are asked for."""
        once = {name: found for name in self.repeated if (found := self._once(name, frame[name])) is not None}
        texts, typed = self.texts | {name: pl.col(text_name(name)) for name in once}, self.typed
        read_once = [pl.col(_read_name(name)).alias(name) for name in once]
        kept = [pl.col(name).alias(raw_name(name)) for name in typed] if raw else []
        work = frame.with_columns(series for both in once.values() for series in both).lazy()
        work = work.select(*texts.values(), *read_once, *kept)
        return work.with_columns(value for name, value in typed.items() if name not in once)

    def _once(self, name: str, column: pl.Series) -> tuple[pl.Series, pl.Series] | None:
        """Text and typed value of each row of a column, each of which is read once; unless too many differ."""
        known = self.known.get(name)
        rows = None if known is None else column.cast(known.data_type, strict=False)
        if rows is None or rows.null_count() > column.null_count():
            known = self._learned(name, column, known)
            rows = None if known is None else column.cast(known.data_type)
        if known is None or rows is None:
            return None
        places = rows.to_physical()
        return known.texts.gather(places), known.typed.gather(places)

    def _learned(self, name: str, column: pl.Series, before: _Known | None) -> _Known | None:
        """The values of a column, of which those that are known are not read again; `None` if they are too many."""
        values = column.unique().drop_nulls()
        if len(values) * _OFTEN > len(column):
            return None
        if before is None:
            known = self._read(name, values)
            self.known.setdefault(name, known)
            return known
        new = values.filter(~values.is_in(before.values.implode()))
        if 2 * len(new) > len(values) or (len(before.values) + len(new)) * _OFTEN > len(column):
            self.known[name] = None  # to look for values that have moved on takes longer than to read them
            return self._read(name, values)
        read = self._read(name, new)
        texts, typed = pl.concat([before.texts, read.texts]), pl.concat([before.typed, read.typed])
        every = pl.concat([before.values, new])
        self.known[name] = known = _Known(every, pl.Enum(every), texts, typed)
        return known

    def _read(self, name: str, values: pl.Series) -> _Known:
        read = values.to_frame().select(self.texts[name]).with_columns(self.typed[name].alias(_read_name(name)))
        return _Known(values, pl.Enum(values), read[text_name(name)], read[_read_name(name)])


def repeats(sample: pl.Series, rows: int) -> bool:
    """Whether a column of so many rows seems to have each value many times, judged by how many of a sample are equal.

    Of n values that are drawn from N equally frequent ones, about n² / 2N are equal to one before.
    """
    equal = len(sample) - sample.n_unique()
    return len(sample) ** 2 * _OFTEN <= 2 * equal * rows


def read_slowly(recipe: Recipe) -> frozenset[str]:
    """The columns of which a value takes longer to read than to be looked up among those that were read."""
    return frozenset(
        name
        for name, column in recipe.columns.items()
        if column.type in ("money", "date", "timestamp") or column.case is not None
    )


def unread(name: str) -> pl.Expr:
    """Whether a row has a text in a column, but no value of its type."""
    return pl.col(text_name(name)).is_not_null() & pl.col(name).is_null()


def readable_quickly(recipe: Recipe) -> frozenset[str]:
    """The columns that may be read quickly: values that are read wrongly are noticed, since they have no value."""
    return frozenset(name for name, column in recipe.columns.items() if column.type not in ("text", "present"))


def text_name(name: str) -> str:
    """The column of a frame that has a column's texts."""
    return f"*text {name}"


def raw_name(name: str) -> str:
    """The column of a frame that has a column's raw values, while rejected rows are explained."""
    return f"*raw {name}"


def _read_name(name: str) -> str:
    """The column of a frame that has a column's typed values, beside its raw ones."""
    return f"*read {name}"


def _text(name: str, column: Column, recipe: Recipe, *, quick: bool) -> pl.Expr:
    text, nulls = pl.col(name), recipe.nulls
    if recipe.trim:
        if not (quick and _shows_blanks(column)):
            text = text.str.strip_chars(BLANKS)
        nulls = [null for null in nulls if null == null.strip(BLANKS)]  # the others are equal to nothing
    if nulls:
        text = pl.when(pl.all_horizontal(text != null for null in nulls)).then(text)  # of a few, faster than `is_in`
    if column.case is not None:
        text = text.str.to_lowercase() if column.case == "lower" else text.str.to_uppercase()
    return text


def _shows_blanks(column: Column) -> bool:
    """Whether a value with blanks around it has no value of the column's type, so that it is noticed."""
    if column.type in ("date", "timestamp"):
        return column.format == column.format.strip(BLANKS)
    return column.type not in ("text", "present")


def _typed(name: str, column: Column, recipe: Recipe, lookups: Mapping[str, pl.DataFrame], *, quick: bool) -> pl.Expr:
    text = pl.col(text_name(name))
    match column.type:
        case "text":
            typed = text if column.lookup is None else _looked_up(text, lookups[name], column.lookup.missing)
        case "integer":
            typed = (amounts.plain_integer if quick else amounts.integer)(text, column, recipe)
        case "number":
            typed = (amounts.plain_number if quick else amounts.number)(text, column, recipe)
        case "money":
            typed = (amounts.plain_money if quick else amounts.money)(text, column, recipe)
        case "date":
            typed = times.date(text, column.format)
        case "timestamp":
            typed = times.timestamp(text, column.format, column.timezone)
        case "boolean":
            word = text.str.to_lowercase()
            typed = pl.when(word.is_in(_TRUE)).then(True).when(word.is_in(_FALSE)).then(False)
        case "present":
            typed = text.is_not_null()
    return typed


def _looked_up(text: pl.Expr, reference: pl.DataFrame, missing: str) -> pl.Expr:
    keys, values = reference.get_columns()
    default = text if missing == "keep" else None
    return text.replace_strict(keys, values, default=default, return_dtype=pl.String)
