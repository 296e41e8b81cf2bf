"""What may be written at the first level of a fleet file, key by key, and in its sections without entries.

The entries of the others are in `data_schema`, `model_schema` and `gate_schema`, the sections `team` and `release` in
`team_schema` and `release_schema`.
"""

from typing import Annotated, Any, ClassVar, Final, get_args

from pydantic import BeforeValidator, Field, field_validator

from shared.contracts.policy import Level, RetrainReason
from shared.fleet.amounts import Days
from shared.fleet.schedule import parse_schedule
from shared.located_validation import FileModel, not_supported_yet

#: How far automation may go.
LEVELS: Final = get_args(Level)


def _reason(value: Any) -> Any:
    if value == "drift":
        raise ValueError(not_supported_yet(value))
    return value


_Reason = Annotated[RetrainReason, BeforeValidator(_reason)]


def _whole(value: Any) -> Any:
    """Python takes true for 1 and 4.0 for 4, and nobody writes them so on purpose."""
    if isinstance(value, bool | float):
        known = ", ".join(map(str, LEVELS))
        raise ValueError(f"`level` cannot be `{str(value).lower()}`; known here: {known}")  # noqa: TRY004 - see `_reason`
    return value


class ScheduleSpec(FileModel):
    """What is started by the clock, in the fleet's time zone: `Mon 10:00`, `Mon-Fri 06:30` or `daily 04:00`."""

    not_yet: ClassVar = ("forecast_due",)

    condition: str | None = Field(
        default=None,
        description="When the datasets' cells are looked through for what has arrived.",
        examples=['condition: "daily 04:00"'],
    )
    train: str | None = Field(
        default=None,
        description="When models are trained on what is new; then arrival trains nothing unless `retrain` says so.",
        examples=['train: "Mon 10:00"'],
    )
    score: str | None = Field(
        default=None, description="When batch models score the newest period.", examples=['score: "Tue 04:00"']
    )

    @field_validator("condition", "train", "score")
    @classmethod
    def _is_schedule(cls, text: str | None) -> str | None:
        if text is not None:
            parse_schedule(text)
        return text


class RetrainSpec(FileModel):
    """What lets a training begin without anybody asking, and how many run at the same time."""

    when: list[_Reason] | None = Field(
        default=None,
        description="`data`: a dataset version is published. `code`: the pipeline's files are others. `stale`: the "
        "model is older than its `stale`.",
        examples=["when: [data, stale]"],
    )
    at_once: int | None = Field(
        default=None,
        ge=1,
        le=1000,
        description="How many trainings, evaluations, scorings and releases in batch may run at the same time; a "
        "rollback waits for none.",
        examples=["at_once: 8"],
    )
    cooldown: Days | None = Field(
        default=None,
        description="For so long after a training, no other begins by itself.",
        examples=["cooldown: 6d"],
    )
    park_after: int | None = Field(
        default=None,
        ge=1,
        le=100,
        description="So many trainings or releases that fail in a row park the model, until a person resumes it.",
        examples=["park_after: 3"],
    )


class RetentionSpec(FileModel):
    """How long what is not needed any more is kept."""

    runs: Days = Field(
        default=30, description="Finished orchestrations; 30 days unless said otherwise.", examples=["runs: 30d"]
    )
    versions: int = Field(
        default=20, ge=2, le=10_000, description="How many versions of a model.", examples=["versions: 20"]
    )
    datasets: Days = Field(
        default=365, description="Dataset versions; a year unless said otherwise.", examples=["datasets: 365d"]
    )
    quarantine: Days = Field(
        default=90, description="Rejected rows; 90 days unless said otherwise.", examples=["quarantine: 90d"]
    )


class FleetSpec(FileModel):
    """A fleet: what is waited for, what is trained on it, and what may be released.

    The entries of sections are checked one by one, with their own lines, so that one reading shows every mistake.
    """

    not_yet: ClassVar = ("publish", "budget")

    fleet: str = Field(
        description="The fleet's name: up to 63 of a-z, 0-9 and -, a-z first.", examples=["fleet: flights"]
    )
    team: dict[str, Any] = Field(default={}, description="Whose fleet it is.", examples=["team: {owner: forecasting}"])
    timezone: str = Field(
        default="UTC",
        description="IANA name of the zone of every time in this file.",
        examples=["timezone: America/New_York"],
    )
    level: Annotated[Level, BeforeValidator(_whole)] = Field(
        default=3,
        description="How far automation may go: 1 watch only, 2 + train, 3 + release, 4 + retrain what is stale.",
        examples=["level: 3"],
    )
    environments: dict[str, Any] = Field(
        default={},
        description="What differs per environment; it is laid over the file. SIGNALBOX_ENVIRONMENT chooses one.",
        examples=["environments: {dev: {level: 2}}"],
    )
    matrix: dict[str, list[str]] = Field(
        default={},
        description="Labels and their values; a model is made for each combination of those in its name.",
        examples=["matrix: {origin: [JFK, LGA]}"],
    )
    sources: dict[str, Any] = Field(
        min_length=1,
        description="Raw files as they land, and the recipes that make standard CSV of them.",
        examples=["sources: {flights: {files: …, recipe: …}}"],
    )
    datasets: dict[str, Any] = Field(
        min_length=1,
        description="What is published as one version per cell, when all of its sources have arrived.",
        examples=["datasets: {departures: {from: [flights], per: [year]}}"],
    )
    models: dict[str, Any] = Field(
        min_length=1,
        description="One model per combination of the labels in its name.",
        examples=["models: {departures: {train: …, serve: …}}"],
    )
    gates: dict[str, Any] = Field(
        default={},
        description="All must hold before a version may be released; their names show in rejections.",
        examples=["gates: {accuracy: {metric: mape, max: 45%}}"],
    )
    release: dict[str, Any] = Field(
        default={},
        description="How a version comes into production.",
        examples=['release: {golden: "golden/{origin}.csv"}'],
    )
    schedule: dict[str, Any] = Field(
        default={}, description="What is started by the clock.", examples=['schedule: {train: "Mon 10:00"}']
    )
    retrain: dict[str, Any] = Field(
        default={},
        description="What lets a training begin by itself, and how many run at once.",
        examples=["retrain: {when: [data, stale], at_once: 8}"],
    )
    retention: dict[str, Any] = Field(
        default={},
        description="How long what is not needed any more is kept.",
        examples=["retention: {runs: 30d, versions: 20, datasets: 365d, quarantine: 90d}"],
    )
    overrides: list[Any] = Field(
        default=[],
        description="Exceptions to gates: they stay visible, and end.",
        examples=["overrides: [{match: {origin: LGA}, gates: {accuracy: {max: 50%}}, by: …, reason: …, until: …}]"],
    )


class EnvironmentSpec(FileModel):
    """Keys of an environment beside those of the first level."""

    not_yet: ClassVar = ("workspace", "branch")
