"""What may be written in a recipe file."""

import hashlib
from typing import Literal

from pydantic import Field, PrivateAttr

from shared.conditioning.recipe.columns import Column
from shared.conditioning.recipe.dialect import Dialect
from shared.conditioning.recipe.rules import RuleSpec
from shared.conditioning.recipe.steps import Aggregate, CustomStep, Deduplicate, ExpressionText, Join
from shared.conditioning.recipe.value_types import BY_STANDARD_NAME
from shared.fleet.amounts import Share


class Recipe(Dialect):
    """How one kind of raw file becomes standard CSV.

    What is written happens in one order, whatever the order in the file: columns (trim, nulls, case, type, lookup, what
    must hold of a value), `join`, `derive`, rules of rows, `custom`, `filter`; then, over all files of a cell together,
    `deduplicate`, `unique`, `aggregate`, `order`, `monotonic`. All up to `filter` is done row by row.

    Its parts are well formed each; whether they fit each other is said by `checks.draft_faults`, which `load_recipe`
    asks.
    """

    decimal: Literal[".", ","] = Field(
        default=".",
        description="What stands before a number's fraction; the other one is no part of a number unless it is "
        "`thousands`.",
        examples=['decimal: ","'],
    )
    thousands: Literal[".", ",", " ", "'"] | None = Field(
        default=None, description="What groups a number's digits.", examples=['thousands: "."']
    )
    nulls: list[str] = Field(
        default=[""], description='Spellings of "no value", compared after trimming.', examples=['nulls: ["", NA]']
    )
    trim: bool = Field(
        default=True, description="Whether blanks around values are cut off; true unless said.", examples=["trim: true"]
    )
    columns: dict[str, Column] = Field(
        min_length=1,
        description="The standard CSV's columns, in order, by name.",
        examples=["columns: {date: {from: Date, type: date}}"],
        json_schema_extra=BY_STANDARD_NAME,
    )
    join: dict[str, Join] = Field(
        default={},
        description="Columns of reference tables, by any name.",
        examples=["join: {stores: {file: ref/stores.csv, …}}"],
    )
    derive: dict[str, ExpressionText] = Field(
        default={},
        description="Further columns by name, each an expression over those before it.",
        examples=['derive: {net: "shipped - returned"}'],
        json_schema_extra=BY_STANDARD_NAME,
    )
    rules: list[RuleSpec] = Field(
        default=[],
        description="What must hold beyond what the columns say.",
        examples=["rules: [{unique: [store, date]}]"],
    )
    custom: list[CustomStep] = Field(
        default=[], description="Python functions.", examples=["custom: [{step: clean_sku, from: recipes/steps.py}]"]
    )
    filter: ExpressionText | None = Field(
        default=None,
        description="An expression; rows of which it is not true are left out, and counted.",
        examples=['filter: "units > 0"'],
    )
    deduplicate: Deduplicate | None = Field(
        default=None, description="Keep one row per key.", examples=["deduplicate: {by: [store, date]}"]
    )
    aggregate: Aggregate | None = Field(
        default=None,
        description="One row per key.",
        examples=["aggregate: {by: [store, week], values: {units: sum(units)}}"],
    )
    order: list[str] = Field(
        default=[],
        description="Columns to sort by; `-date` is falling. Nulls come last.",
        examples=["order: [store, -date]"],
    )
    drop: list[str] = Field(
        default=[],
        description="Columns, of those above, that serve the steps only and are not written.",
        examples=["drop: [note]"],
    )
    max_rejected: Share | None = Field(
        default=None,
        description="Share of a file's rows that may be rejected; above it the dataset fails.",
        examples=["max_rejected: 1%"],
    )
    _sha256: str = PrivateAttr(default="")

    @property
    def sha256(self) -> str:
        """Hash over the recipe file and every file that it refers to; of its content where it is from no file."""
        return self._sha256 or hashlib.sha256(self.model_dump_json().encode()).hexdigest()
