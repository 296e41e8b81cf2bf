"""What a recipe does with rows beyond typing their values: join, derive, filter, and what needs the whole table."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema

from shared.conditioning.recipe.aggregates import AggregateFunction, AggregateText, parse_aggregate
from shared.conditioning.recipe.value_types import BY_STANDARD_NAME
from shared.located_validation import FileModel

#: An expression in the language of `shared.conditioning.expressions`, such as `shipped - returned`.
ExpressionText = Annotated[str, StringConstraints(min_length=1, max_length=1000)]

#: What becomes of a row that a reference table does not have; `null` without quotes is nothing to YAML.
MissingRow = Annotated[
    Literal["reject", "null"],
    BeforeValidator(lambda value: "null" if value is None else value),
    WithJsonSchema({"enum": ["reject", "null", None]}),
]


class Join(FileModel):
    """Columns of a small reference table, a CSV beside the fleet file, taken over by equal keys."""

    file: str = Field(
        min_length=1,
        description="Relative to the fleet file; UTF-8, commas, with a header; at most 64 MiB and 1,000,000 rows.",
        examples=["file: ref/stores.csv"],
    )
    on: dict[str, str] = Field(
        min_length=1,
        description="Standard columns and the reference's columns that they must equal, compared as text. No key "
        "has two rows that differ in what is taken.",
        examples=["on: {store: store_id}"],
    )
    take: dict[str, str] = Field(
        min_length=1,
        description="The reference's columns to take, as texts, by the standard name that they get.",
        examples=["take: {region: region_name}"],
        json_schema_extra=BY_STANDARD_NAME,
    )
    missing: MissingRow = Field(
        default="reject",
        description="What becomes of a row that has no counterpart: `reject` it, or leave the values `null`.",
        examples=["missing: null"],
    )


class Deduplicate(FileModel):
    """Of all rows with the same key one is kept."""

    by: list[str] = Field(min_length=1, description="The key's columns.", examples=["by: [store, date]"])
    keep: Literal["first", "last"] = Field(
        default="last",
        description="The first or the last in the order of the files and their rows.",
        examples=["keep: last"],
    )


class Aggregate(FileModel):
    """One row per key; it has the key's columns and these values, ordered by the key."""

    by: list[str] = Field(
        min_length=1,
        description='The key\'s columns; a period is derived first: `week: "week(date)"`.',
        examples=["by: [store, week]"],
    )
    values: dict[str, AggregateText] = Field(
        min_length=1,
        description="Aggregates by the name that they get: `count()`, `sum(units)`, `mean(price)`, `min(...)`, "
        "`max(...)`, `count_distinct(...)`, `first(...)`, `last(...)`.",
        examples=["values: {units: sum(units)}"],
        json_schema_extra=BY_STANDARD_NAME,
    )

    @property
    def parsed(self) -> dict[str, tuple[AggregateFunction, str | None]]:
        """Function and column of each value, by its name."""
        return {name: parse_aggregate(text) for name, text in self.values.items()}


class CustomStep(FileModel):
    """A Python function from LazyFrame to LazyFrame, for what a recipe cannot say."""

    step: str = Field(
        min_length=1,
        description="The function's name; `@step` of `shared.conditioning.custom` registers it.",
        examples=["step: clean_sku"],
    )
    source: str = Field(
        alias="from",
        min_length=1,
        description="The Python file that registers it, relative to the fleet file.",
        examples=["from: recipes/steps.py"],
    )
