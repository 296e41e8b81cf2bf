"""What may be written of sources and datasets in a fleet file. What it means to the rest is in `data_checks`."""

from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import BeforeValidator, Field, field_validator

from shared.fleet.amounts import Days, Share
from shared.fleet.data import Dataset, Quality, Source, Wait
from shared.fleet.patterns import Matrix, PathPattern
from shared.fleet.schedule import parse_schedule
from shared.located_validation import FileModel
from shared.located_yaml import kind

#: What `since` can be; far outside of it, it is a slip of the keyboard.
_YEARS: Final = (1900, 2199)


def _day(value: Any) -> date:
    if isinstance(value, datetime) or not isinstance(value, date):
        raise ValueError(  # noqa: TRY004 - pydantic reports only ValueError
            f"`since` is a date as YYYY-MM-DD without quotes, not {kind(value)}; write for example `since: 2017-01-02`"
        )
    if not _YEARS[0] <= value.year <= _YEARS[1]:
        raise ValueError(f"`since: {value}` is out of range; write a day from {_YEARS[0]} to {_YEARS[1]}")
    return value


class SourceSpec(FileModel):
    """Raw files that land, and the recipe that makes standard CSV of them."""

    not_yet: ClassVar = ("as_of", "personal")

    files: str = Field(
        description="Where they land; {labels} are read from the path, {date}, {week}, {month} and {year} are periods, "
        "and * is any text.",
        examples=['files: "raw/flights/{origin}/{year}.csv"'],
    )
    recipe: str = Field(
        description="The file that says how they become standard CSV; may hold labels of the matrix.",
        examples=["recipe: recipes/flights.yaml"],
    )
    since: Annotated[date, BeforeValidator(_day)] | None = Field(
        default=None,
        description="A version holds the files of all periods since this day; those of its own period when absent.",
        examples=["since: 2017-01-02"],
    )
    take: Literal["all", "newest"] = Field(
        default="all",
        description="Whether several files of one period are joined, or the one that landed last replaces the others.",
        examples=["take: newest"],
    )
    max_age: Days | None = Field(
        default=None,
        description="A newest file that is older than this counts as missing.",
        examples=["max_age: 180d"],
    )


class WaitSpec(FileModel):
    """What a cell of a dataset waits for, and for how long."""

    sources: list[str] | None = Field(
        default=None,
        alias="for",
        min_length=1,
        description="The sources without which there is no version, all of them when absent; the others are taken when "
        "they are there.",
        examples=["for: [flights]"],
    )
    until: str | None = Field(
        default=None,
        description="The deadline: the first such weekday and time after the end of the cell's period.",
        examples=['until: "Mon 09:00"'],
    )
    otherwise: Literal["alert", "fail", "use_last"] = Field(
        default="alert",
        alias="else",
        description="What becomes of a cell that is late: it is shown as late, it fails, or it takes the files of the "
        "last period in place of the missing ones.",
        examples=["else: alert"],
    )

    @field_validator("until")
    @classmethod
    def _readable(cls, text: str | None) -> str | None:
        if text is not None:
            parse_schedule(text)
        return text


class QualitySpec(FileModel):
    """What must hold of a version; one of which it does not hold is not published."""

    max_rejected: Share | None = Field(
        default=None,
        description="The largest share of rows that may be in quarantine.",
        examples=["max_rejected: 1%"],
    )
    rows_vs_last: Share | None = Field(
        default=None,
        description="How far the number of rows may be from that of the last version with the same labels.",
        examples=["rows_vs_last: 20%"],
    )
    complete: str | None = Field(
        default=None,
        description="A CSV beside the fleet file; each of its rows must be in the dataset.",
        examples=["complete: ref/stores.csv"],
    )


class DatasetSpec(FileModel):
    """One version per cell, published when its sources have arrived."""

    sources: list[str] = Field(
        alias="from",
        min_length=1,
        description="The sources that it is made of.",
        examples=["from: [flights, holidays]"],
    )
    per: list[str] = Field(
        min_length=1,
        description="The labels of a cell; one of them may be a period.",
        examples=["per: [origin, year]"],
    )
    wait: WaitSpec = Field(
        default_factory=WaitSpec,
        description="What a cell waits for, and for how long; for all sources without end when absent.",
        examples=['wait: {for: [flights], until: "Mon 09:00", else: alert}'],
    )
    quality: QualitySpec = Field(
        default_factory=QualitySpec,
        description="What must hold of a version before it is published.",
        examples=["quality: {max_rejected: 1%, rows_vs_last: 20%}"],
    )

    @field_validator("sources", "per")
    @classmethod
    def _each_once(cls, names: list[str]) -> list[str]:
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice:
            raise ValueError(f"`{twice}` is listed twice; keep one of them")
        return names


def read_source(name: str, spec: SourceSpec, matrix: Matrix) -> Source:
    """A source as the app asks it."""
    return Source(
        name=name,
        files=PathPattern(spec.files, matrix),
        recipe=spec.recipe,
        since=spec.since,
        take=spec.take,
        max_age_days=spec.max_age,
    )


def read_dataset(name: str, spec: DatasetSpec) -> Dataset:
    """A dataset as the app asks it."""
    return Dataset(
        name=name,
        sources=tuple(spec.sources),
        per=tuple(spec.per),
        wait=Wait(tuple(spec.wait.sources or spec.sources), spec.wait.until, spec.wait.otherwise),
        quality=Quality(spec.quality.max_rejected, spec.quality.rows_vs_last, spec.quality.complete),
    )
