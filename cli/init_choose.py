"""What follows from the data: how often, how far ahead, what is learnt and how it is measured. Pure.

Every choice says why, in a sentence that is written into the files that it concerns.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from cli.init_seen import Every, Seen
from shared.errors import PermanentError

#: Periods without which nothing can be learnt and measured.
FEWEST_PERIODS: Final = 24
#: Rows of a series that are trained on at least.
FEWEST_TRAINED: Final = 8
_PER_YEAR: Final = {"day": 365, "week": 52, "month": 12, "quarter": 4, "year": 1}
_HORIZON: Final = {"day": 7, "week": 4, "month": 1, "quarter": 1, "year": 1}
_SEASON: Final = {"day": 7, "week": 52, "month": 12, "quarter": 4, "year": 0}
_MOST_TESTED: Final = {"day": 90, "week": 26, "month": 24, "quarter": 8, "year": 6}
_FEWEST_TESTED: Final = 4
_TESTED: Final = 0.2
#: Share of values next to zero from which on percentages mean nothing.
_MOST_SMALL: Final = 0.05
#: Names of what does not add up.
_LEVELS: Final = re.compile(
    r"(?:^|_)(?:price|rate|temp\w*|level|share|avg|average|mean|ratio|percent|score|index)(?:_|$)"
)
_ONE: Final = {"day": "a day", "week": "a week", "month": "a month", "quarter": "a quarter", "year": "a year"}
_WHY_GAPS: Final = {
    "sum": "Rows are events here, so none means zero.",
    "mean": "It was not measured; such a period is never part of the test.",
}


@dataclass(frozen=True)
class Choices:
    """All that a drafted fleet is made of, beside names.

    Attributes:
        every: The period.
        combine: What becomes of several rows of a period: `sum` or `mean`.
        gaps: What a period without a row means: `zero` or `last`.
        horizon: Periods ahead.
        season: Periods after which things come again; 0 for none.
        harmonics: Waves over the year.
        scale: Of what is learnt: `log` or `plain`.
        test_periods: At the end.
        whole_periods: Whether parts of a period at the ends are left out.
        metric: What the gates hold models to.
        why: By choice, the sentence behind it.
        several: Whether there are several rows of a period.
        gapped: Whether there are periods without a row.
        labels: The columns and values that make models; the other keys name series within each.
        findings: What was found, for a person.
    """

    every: Every
    combine: str
    gaps: str
    horizon: int
    season: int
    harmonics: int
    scale: str
    test_periods: int
    whole_periods: bool
    metric: Literal["mape", "rmse"]
    why: Mapping[str, str]
    several: bool
    gapped: bool
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    findings: tuple[str, ...] = ()

    @property
    def models(self) -> int:
        """How many there will be."""
        number = 1
        for values in self.labels.values():
            number *= len(values)
        return number

    @property
    def needed(self) -> int:
        """Periods of past without which a series gives no row to learn from."""
        back = self.season * -(-self.horizon // self.season) if self.season else 0
        return max(8, back, self.season) + self.horizon + 1

    @property
    def said(self) -> list[tuple[str, str]]:
        """The choices that concern this data, for a person: what, and why."""
        every, many = self.every, "s" * (self.horizon > 1)
        told = [(f"one value per {every}, forecast {self.horizon} {every}{many} ahead", self.why["every"])]
        if self.several:
            told.append((f"several rows of a {every} are combined by {self.combine}", self.why["combine"]))
        if self.gapped:
            means = "counts as zero" if self.gaps == "zero" else "is as before"
            told.append((f"a {every} without a row {means}", self.why["gaps"]))
        told.append((f"the last {self.test_periods} {every}s are the test", "No model is trained on them."))
        told.append((f"judged by {self.metric.upper()}", self.why["metric"]))
        return told


def choose(seen: Seen, target: str, horizon: int | None) -> Choices:
    """Choose.

    Args:
        seen: What the data is like.
        target: The column that is forecast.
        horizon: Periods ahead that a person wants; by the period unless given.

    Raises:
        PermanentError: There is too little past.
    """
    every, periods = seen.every, seen.periods
    if periods < FEWEST_PERIODS:
        what = f"the data covers {max(periods, 0)} {every}s, and it takes {FEWEST_PERIODS} to train and to measure"
        finer = f", or say --every {seen.own}" if seen.in_part else ""
        raise PermanentError("TooShort", f"{what}; give more of the past{finer}")
    ahead = horizon or _HORIZON[every]
    tested = max(_FEWEST_TESTED, min(_MOST_TESTED[every], round(periods * _TESTED)))
    season, harmonics = _seasons(every, periods - tested, ahead)
    combine, why_combine = _combining(seen, target)
    metric, why_metric = _metric(seen, combine)
    chosen = Choices(
        every=every,
        combine=combine,
        gaps="zero" if combine == "sum" else "last",
        horizon=ahead,
        season=season,
        harmonics=harmonics,
        scale="log" if seen.smallest >= 0 else "plain",
        test_periods=tested,
        whole_periods=seen.in_part,
        metric=metric,
        why={
            "every": "So it was asked for." if seen.in_part else f"The rows are {_ONE[every]} apart.",
            "combine": why_combine,
            "gaps": _WHY_GAPS[combine],
            "season": _why_season(every, season, harmonics),
            "scale": "No value is negative." if seen.smallest >= 0 else f"Values go down to {seen.smallest:g}.",
            "metric": why_metric,
        },
        several=seen.several > 0,
        gapped=seen.gaps > 0,
    )
    if periods - tested < chosen.needed + FEWEST_TRAINED:
        what = f"--horizon {ahead}: the data covers {periods} {every}s, the last {tested} of which are the test"
        raise PermanentError("TooFarAhead", f"{what}; look less far ahead")
    return chosen


def _combining(seen: Seen, target: str) -> tuple[str, str]:
    if not seen.several:
        return "mean", "Every series has one row per period here."
    if seen.negatives or _LEVELS.search(target):
        return "mean", f"A {target} is no amount that adds up."
    return "sum", f"A {target} is taken for an amount that adds up."


def _seasons(every: Every, trained: int, horizon: int) -> tuple[int, int]:
    season = _SEASON[every]
    if trained < 3 * season + horizon + FEWEST_TRAINED:
        season = 0
    years = trained / _PER_YEAR[every]
    return season, (0 if years < 2 or every == "year" else 1 if every == "quarter" else 2)


def _why_season(every: Every, season: int, harmonics: int) -> str:
    if harmonics:
        return "The training period has more than two years."
    if season:
        return f"The training period has less than two years, so only the {season} {every}s can be learnt."
    return "The training period is too short for a season."


def _metric(seen: Seen, combine: str) -> tuple[Literal["mape", "rmse"], str]:
    if seen.negatives:
        return "rmse", "Some values are negative, and a percentage of them means nothing."
    small = seen.small(combine)
    if small > _MOST_SMALL:
        return "rmse", f"{small:.0%} of the values are zero or next to it, where a percentage means nothing."
    return "mape", "Errors count as shares, since hardly a value is next to zero."
