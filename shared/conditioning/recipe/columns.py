"""Columns of the standard CSV: where each comes from, its type, and what must hold of its values."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, field_validator, model_validator

from shared.conditioning.recipe.formats import format_fault, pattern_fault
from shared.conditioning.recipe.limits import Limit
from shared.conditioning.recipe.value_types import ColumnType
from shared.conditioning.units import UNITS, conversion
from shared.fleet.checks import zone_fault
from shared.located_validation import FileModel
from shared.near_names import nearest


def _null(value: Any) -> Any:
    return "null" if value is None else value  # `null` without quotes is nothing to YAML


def checked(fault: str | None) -> None:
    """Refuse a value that something is wrong with, as pydantic wants it."""
    if fault is not None:
        raise ValueError(fault)


#: What becomes of a value that a reference table does not have.
MissingValue = Annotated[
    Literal["reject", "keep", "null"],
    BeforeValidator(_null),
    WithJsonSchema({"enum": ["reject", "keep", "null", None]}),
]


class Unit(FileModel):
    """The units of a quantity, as in `unit: {from: km, to: mi}`."""

    source: str = Field(alias="from", description="What the raw file counts in.", examples=["from: km"])
    target: str = Field(alias="to", description="What the standard CSV counts in.", examples=["to: mi"])

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


class Lookup(FileModel):
    """A value replaced by its counterpart in a small reference table, a CSV beside the fleet file."""

    file: str = Field(
        min_length=1,
        description="Relative to the fleet file; UTF-8, commas, with a header; at most 64 MiB and 1,000,000 rows.",
        examples=["file: ref/regions.csv"],
    )
    key: str = Field(
        min_length=1,
        description="The reference's column that the value must equal; no key has two values.",
        examples=["key: code"],
    )
    value: str = Field(min_length=1, description="The reference's column that replaces it.", examples=["value: region"])
    missing: MissingValue = Field(
        default="reject",
        description="What becomes of a value without counterpart: `reject` the row, `keep` the value, or make it "
        "`null`.",
        examples=["missing: keep"],
    )


class Column(FileModel):
    """A column of the standard CSV."""

    source: str | None = Field(
        default=None,
        alias="from",
        min_length=1,
        description="The column's name in the raw file; the standard one where it is absent.",
        examples=["from: FlightDate"],
    )
    type: ColumnType = Field(
        default="text",
        description="`money` becomes integer cents; `timestamp` becomes UTC; `present` is true where the raw value is "
        "not null; `boolean` reads true/false, yes/no, t/f, y/n and 1/0.",
        examples=["type: date"],
    )
    format: str = Field(
        default="%Y-%m-%d",
        description="Of a date: %Y, %m, %d, %b (Jan), %B (January) and text between them; of a timestamp also %H, %M, "
        "%S, %f and %z.",
        examples=['format: "%m/%d/%Y"'],
    )
    timezone: str | None = Field(
        default=None,
        description="Of timestamps that do not say their zone: an IANA name. A time that a clock change skips or "
        "repeats is rejected, since nobody can say when it was.",
        examples=["timezone: America/Chicago"],
    )
    decimal: Literal[".", ","] | None = Field(
        default=None,
        description="What stands before the fraction, where it differs from the recipe's.",
        examples=['decimal: ","'],
    )
    thousands: Literal[".", ",", " ", "'"] | None = Field(
        default=None,
        description="What groups digits, where it differs from the recipe's.",
        examples=['thousands: ","'],
    )
    currency: str | None = Field(
        default=None,
        min_length=1,
        max_length=8,
        description="Of money and numbers: a sign or code that may stand before or after the amount.",
        examples=['currency: "$"'],
    )
    unit: Unit | None = Field(
        default=None,
        description="Of an integer or a number: it is converted, and an integer is then rounded.",
        examples=["unit: {from: km, to: mi}"],
    )
    case: Literal["lower", "upper"] | None = Field(
        default=None, description="Of a text: what it is turned into.", examples=["case: lower"]
    )
    lookup: Lookup | None = Field(
        default=None,
        description="Of a text: its counterpart in a reference table.",
        examples=["lookup: {file: ref/regions.csv, key: code, value: region}"],
    )
    required: bool = Field(
        default=True, description="Whether a row without a value is rejected.", examples=["required: false"]
    )
    min: Limit | None = Field(
        default=None,
        description="Smallest value kept, of integers, numbers, money, dates and timestamps (a date); in the unit of "
        "the standard CSV, of money in its main unit. Dates before 1900 and after 2199 are rejected unless limits say "
        "otherwise.",
        examples=["min: 0"],
    )
    max: Limit | None = Field(default=None, description="Largest value kept.", examples=["max: 100"])
    one_of: list[str] | None = Field(
        default=None, min_length=1, description="The texts that are kept.", examples=["one_of: [JFK, LGA]"]
    )
    pattern: str | None = Field(
        default=None,
        min_length=1,
        description="A regular expression that the whole text must match; in Rust's syntax, without look-around.",
        examples=["pattern: '[A-Z]{3}'"],
    )
    personal: bool = Field(
        default=False,
        description="Whether values are personal data: neither profiled by value nor copied into reports.",
        examples=["personal: true"],
    )

    @field_validator("format")
    @classmethod
    def _readable(cls, text: str) -> str:
        checked(format_fault(text))
        return text

    @field_validator("timezone")
    @classmethod
    def _on_earth(cls, name: str | None) -> str | None:
        checked(zone_fault(name) if name is not None else None)
        return name

    @field_validator("currency")
    @classmethod
    def _no_amount(cls, text: str | None) -> str | None:
        if text is not None and (text != text.strip() or any(sign.isdigit() or sign in "+-\"'" for sign in text)):
            raise ValueError(f"`{text}` is no sign or code of a currency; write for example `$` or `EUR`, in quotes")
        return text

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, text: str | None) -> str | None:
        checked(pattern_fault(text) if text is not None else None)
        return text
