"""What must hold of rows and of the whole table, beyond what the columns say themselves."""

import re
from datetime import timedelta
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema, field_validator, model_validator

from shared.conditioning.recipe.columns import checked
from shared.conditioning.recipe.formats import pattern_fault
from shared.conditioning.recipe.limits import Limit
from shared.conditioning.recipe.steps import ExpressionText
from shared.fleet.amounts import Share
from shared.located_validation import FileModel, one_of

Severity = Literal["reject", "warn", "fail"]
#: What a rule says, by the key that says it.
RuleKind = Literal["check", "not_null", "range", "set", "pattern", "unique", "monotonic", "rows_vs_last", "fresh"]

ROW_RULES: Final[tuple[RuleKind, ...]] = ("check", "not_null", "range", "set", "pattern")
TABLE_RULES: Final[tuple[RuleKind, ...]] = ("unique", "monotonic", "rows_vs_last", "fresh")
#: Of these no single row is at fault.
ROWLESS_RULES: Final[tuple[RuleKind, ...]] = ("monotonic", "rows_vs_last", "fresh")

_AGE: Final = re.compile(r"([1-9][0-9]{0,4})([mhd])")
_AGE_UNITS: Final = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,62}")
#: Why a record cannot be read at all: counted beside the rules, so no rule has these names.
_MALFORMED: Final = (
    "field_count",
    "malformed_quotes",
    "unclosed_quote",
    "not_utf8",
    "nul_byte",
    "record_too_long",
    "malformed_json",
)


def _age(text: str) -> str:
    if not _AGE.fullmatch(text):
        raise ValueError(f"`within: {text}` is no age; write for example 10d, 36h or 90m")
    return text


def _pattern(text: str) -> str:
    checked(pattern_fault(text))
    return text


class Range(FileModel):
    """The values that are kept; `min` and `max` are kept themselves."""

    min: Limit | None = Field(default=None, description="The smallest value kept.", examples=["min: 0"])
    max: Limit | None = Field(default=None, description="The largest value kept.", examples=["max: 100"])


class Fresh(FileModel):
    """How old the newest value of a date or time column may be when the dataset version is made."""

    column: str = Field(min_length=1, description="A date or timestamp that is written.", examples=["column: date"])
    within: Annotated[str, AfterValidator(_age), WithJsonSchema({"type": "string", "pattern": f"^{_AGE.pattern}$"})] = (
        Field(description="The largest age, in days, hours or minutes.", examples=["within: 10d"])
    )

    @property
    def age(self) -> timedelta:
        """The largest age."""
        amount, unit = re.findall("[0-9]+|[a-z]", self.within)
        return int(amount) * _AGE_UNITS[unit]


class RuleSpec(FileModel):
    """One rule; exactly one of the keys from `check` to `fresh` says what must hold.

    Rules of rows are `check`, `not_null`, `range`, `set` and `pattern`; a row without a value breaks only `not_null`.
    Rules of the whole table are `unique`, `monotonic`, `rows_vs_last` and `fresh`.
    """

    model_config = ConfigDict(json_schema_extra=one_of(*ROW_RULES, *TABLE_RULES))

    name: str | None = Field(
        default=None,
        min_length=1,
        description="How it is counted and shown; made of what it says where absent.",
        examples=["name: sold_at_most_shipped"],
    )
    check: ExpressionText | None = Field(
        default=None, description="An expression that must be true; null is not.", examples=['check: "sold <= shipped"']
    )
    not_null: list[str] | None = Field(
        default=None, min_length=1, description="Columns that must have a value.", examples=["not_null: [store]"]
    )
    range: dict[str, Range] | None = Field(
        default=None,
        min_length=1,
        description="Limits by column, as columns have them.",
        examples=["range: {units: {min: 0}}"],
    )
    set: dict[str, list[str]] | None = Field(
        default=None, min_length=1, description="Allowed texts by column.", examples=["set: {size: [S, M, L]}"]
    )
    pattern: dict[str, Annotated[str, AfterValidator(_pattern)]] | None = Field(
        default=None,
        min_length=1,
        description="A regular expression by column that the whole text must match; in Rust's syntax, without "
        "look-around.",
        examples=["pattern: {sku: '[A-Z]{3}[0-9]+'}"],
    )
    unique: list[str] | None = Field(
        default=None,
        min_length=1,
        description="No two rows have the same values of these columns; the first one keeps its place.",
        examples=["unique: [store, date]"],
    )
    monotonic: str | None = Field(
        default=None,
        min_length=1,
        description="Values of this column never fall, in the order of the output.",
        examples=["monotonic: date"],
    )
    rows_vs_last: Share | None = Field(
        default=None,
        description="How far the number of rows may be from that of the last version.",
        examples=["rows_vs_last: 20%"],
    )
    fresh: Fresh | None = Field(
        default=None, description="How old the newest value may be.", examples=["fresh: {column: date, within: 10d}"]
    )
    otherwise: Severity | None = Field(
        default=None,
        alias="else",
        description="What becomes of it: `reject` the row, only `warn`, or `fail` the dataset. `reject` unless said, "
        "and `fail` of monotonic, rows_vs_last and fresh, of which no single row is at fault.",
        examples=["else: warn"],
    )

    @field_validator("name")
    @classmethod
    def _countable(cls, name: str | None) -> str | None:
        if name in _MALFORMED:
            raise ValueError(f"`{name}` is what records are counted under that cannot be read; use another name")
        if name is not None and not _NAME.fullmatch(name):
            raise ValueError(f"`{name}` is no name of a rule; use up to 63 of a-z, 0-9, _ and -, a-z first")
        return name

    @model_validator(mode="before")
    @classmethod
    def _is_mapping(cls, value: Any) -> Any:
        if isinstance(value, str):
            raise ValueError(f'a rule says its kind; write for example `check: "{value}"`')  # noqa: TRY004 - see above
        return value

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        said = [kind for kind in (*ROW_RULES, *TABLE_RULES) if getattr(self, kind) is not None]
        if not said:
            kinds = ", ".join((*ROW_RULES, *TABLE_RULES))
            raise ValueError(f'the rule says nothing; write one of {kinds}, for example `check: "units >= 0"`')
        if len(said) > 1:
            raise ValueError(f"a rule says one thing, and this one `{said[0]}` and `{said[1]}`; make two rules of it")
        return self

    @property
    def kind(self) -> RuleKind:
        """What it says."""
        return next(kind for kind in (*ROW_RULES, *TABLE_RULES) if getattr(self, kind) is not None)

    @property
    def severity(self) -> Severity:
        """What becomes of what breaks it."""
        return self.otherwise or ("fail" if self.kind in ROWLESS_RULES else "reject")
