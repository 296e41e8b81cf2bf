"""Recipes: what a raw file looks like, and what must hold for a row to be kept."""

import hashlib
import math
import re
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BeforeValidator, Field, PrivateAttr, field_validator, model_validator

from shared.conditioning.units import UNITS, conversion
from shared.located_validation import FileModel, nearest, validated
from shared.located_yaml import DocumentError, Problem, kind, read_document

ColumnType = Literal["text", "integer", "number", "date", "boolean", "present"]

_COLUMN_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
#: Directives of a date format and what each of them takes; a year has four digits, so that 19 is not the year 19.
DATE_DIRECTIVES: Final = {
    "%Y": "[1-9][0-9]{3}",
    "%m": "[0-9]{1,2}",
    "%d": "[0-9]{1,2}",
    "%b": "[A-Za-z]{3}",
    "%B": "[A-Za-z]{3,9}",
}


class RecipeError(DocumentError):
    """A recipe that cannot be used; `problems` lists all that is wrong as `file:line: what; remedy`."""


def _limit(value: Any) -> Any:
    if isinstance(value, bool | datetime) or not isinstance(value, int | float | date):
        raise ValueError(  # noqa: TRY004 - pydantic reports only ValueError
            f"a limit is a number, or a date as YYYY-MM-DD without quotes, not {kind(value)}"
        )
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a limit must be finite; leave it out if there is none")
    return value


#: The smallest or largest value that is kept.
Limit = Annotated[int | float | date, BeforeValidator(_limit)]


class Unit(FileModel):
    """The units of a quantity, as in `unit: {from: km, to: mi}`.

    Attributes:
        source: What the raw file counts in.
        target: What the standard CSV counts in.
    """

    source: str = Field(alias="from", examples=["unit: {from: km, to: mi}"])
    target: str = Field(alias="to", examples=["unit: {from: km, to: mi}"])

    @field_validator("source", "target")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in UNITS:
            raise ValueError(f"the unit `{name}` is unknown; {nearest(name, UNITS)}")
        return name

    @model_validator(mode="after")
    def _convertible(self) -> Self:
        conversion(self.source, self.target)
        return self


class Column(FileModel):
    """A column of the standard CSV.

    Attributes:
        source: The column's name in the raw file's header.
        type: `present` is true where the raw value is not null; `boolean` reads true/false, yes/no, t/f, y/n and 1/0.
        format: Of a date: %Y, %m, %d, %b (Jan), %B (January) and text between them.
        unit: Of an integer or a number: it is converted, and an integer is then rounded.
        required: Whether a row without a value is rejected.
        min: Smallest value kept, of integers, numbers and dates; in the unit of the standard CSV.
        max: Largest value kept.
        one_of: The texts that are kept.
    """

    source: str = Field(alias="from", min_length=1, examples=["from: FlightDate"])
    type: ColumnType = Field(default="text", examples=["type: date"])
    format: str = Field(default="%Y-%m-%d", examples=['format: "%m/%d/%Y"'])
    unit: Unit | None = Field(default=None, examples=["unit: {from: km, to: mi}"])
    required: bool = Field(default=True, examples=["required: false"])
    min: Limit | None = Field(default=None, examples=["min: 0"])
    max: Limit | None = Field(default=None, examples=["max: 100"])
    one_of: list[str] | None = Field(default=None, min_length=1, examples=["one_of: [JFK, LGA]"])

    @field_validator("format")
    @classmethod
    def _readable(cls, text: str) -> str:
        directives = re.findall("%.?", text)
        unknown = [directive for directive in directives if directive not in DATE_DIRECTIVES]
        if unknown:
            raise ValueError(f"`{unknown[0]}` in `{text}` is not supported; use {', '.join(DATE_DIRECTIVES)}")
        if [directives.count("%Y"), sum(map(directives.count, ("%m", "%b", "%B"))), directives.count("%d")] != [
            1,
            1,
            1,
        ]:
            raise ValueError(f"`{text}` must say year, month and day once each, such as %m/%d/%Y")
        return text

    @model_validator(mode="after")
    def _fits_its_type(self) -> Self:
        if self.type != "date" and "format" in self.model_fields_set:
            raise ValueError(f"`format` is for dates, and this column is {self.type}; remove it, or add `type: date`")
        if self.type != "text" and self.one_of is not None:
            raise ValueError(f"`one_of` is for texts, and this column is {self.type}; remove it, or use min and max")
        if self.type not in ("integer", "number") and self.unit is not None:
            raise ValueError(f"`unit` is for integers and numbers, and this column is {self.type}; remove it")
        if self.type == "present" and "required" in self.model_fields_set:
            raise ValueError("`required` says nothing of a `present` column, which is never null; remove it")
        for name, limit in (("min", self.min), ("max", self.max)):
            self._check_limit(name, limit)
        if self.min is not None and self.max is not None and self.min > self.max:  # type: ignore[operator] # one type
            raise ValueError(f"no value is between min {self.min} and max {self.max}; exchange them")
        return self

    def _check_limit(self, name: str, limit: float | date | None) -> None:
        if limit is None:
            return
        if self.type not in ("integer", "number", "date"):
            raise ValueError(f"`{name}` is for integers, numbers and dates, and this column is {self.type}; remove it")
        if (self.type == "date") != isinstance(limit, date):
            example = "2013-01-31" if self.type == "date" else "0"
            raise ValueError(f"`{name}: {limit}` is no {self.type}; write for example `{name}: {example}`")
        if self.type == "integer" and not isinstance(limit, int):
            raise ValueError(f"`{name}: {limit}` is no integer; write for example `{name}: {limit:.0f}`")


class Recipe(FileModel):
    """How one kind of raw file becomes standard CSV.

    Attributes:
        format: The raw file's format.
        delimiter: One character; quotes are `"`, doubled inside a quoted value.
        decimal: What stands before a number's fraction; the other one is no part of a number.
        nulls: Spellings of "no value", compared after trimming.
        trim: Whether blanks around values are cut off.
        columns: The standard CSV's columns, in order, by name.
    """

    format: Literal["csv"] = Field(default="csv", examples=["format: csv"])
    delimiter: str = Field(default=",", examples=['delimiter: ";"'])
    decimal: Literal[".", ","] = Field(default=".", examples=['decimal: ","'])
    nulls: list[str] = Field(default=[""], examples=['nulls: ["", NA]'])
    trim: bool = Field(default=True, examples=["trim: true"])
    columns: dict[str, Column] = Field(min_length=1, examples=["columns: {date: {from: Date, type: date}}"])
    _sha256: str = PrivateAttr(default="")

    @property
    def sha256(self) -> str:
        """Hash of the recipe file's bytes; of its content where it does not come from a file."""
        return self._sha256 or hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    @field_validator("delimiter")
    @classmethod
    def _one_character(cls, text: str) -> str:
        if len(text) != 1 or text in '"\r\n ':
            raise ValueError(f'`{text}` cannot separate values; use one character, such as , or ; or a tab ("\\t")')
        return text

    @model_validator(mode="after")
    def _columns_fit(self) -> Self:
        unfit = next((name for name in self.columns if not _COLUMN_NAME.fullmatch(name)), None)
        if unfit is not None:
            raise ValueError(f"`{unfit}` is no name for a standard column; use a-z, 0-9 and _, a-z first")
        if len(self.columns) == 1 and not next(iter(self.columns.values())).required:
            raise ValueError("the only column must be required: a row without a value would be an empty line")
        return self


def load_recipe(path: Path) -> Recipe:
    """Read a recipe file.

    Raises:
        RecipeError: All that is wrong with it.
    """
    document = read_document(path)
    problems = list(document.problems)
    if document.value is None:
        raise RecipeError(path, problems or [Problem(1, "the file is empty; write for example `columns: …`")])
    recipe = validated(document, (), Recipe, problems)
    if problems or recipe is None:
        raise RecipeError(path, problems)
    recipe._sha256 = hashlib.sha256(document.content).hexdigest()  # noqa: SLF001 - of this module's own class
    return recipe


def missing_column(name: str, header: list[str]) -> str:
    """What to say of a column that the raw file does not have."""
    return f"there is no column `{name}`; {nearest(name, header)}"
