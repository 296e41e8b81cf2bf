"""Which of the columns that name a series make models of their own, and which name the series within each."""

import re
from dataclasses import replace
from typing import Final

import polars as pl

from cli.init_choose import FEWEST_TRAINED, Choices
from cli.init_seen import Seen, periods_between
from shared.errors import PermanentError
from shared.fleet.periods import PERIOD_FORMS

#: Models beyond which labels become part of the series.
MOST_MODELS: Final = 12
_SHOWN: Final = 3
_LABEL: Final = re.compile(r"[a-z][a-z0-9_]*")
_VALUE: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,18}[A-Za-z0-9])?")
_RESERVED: Final = frozenset({"target", "dataset", "champion", "model", "data", "rows", "as_of", *PERIOD_FORMS})


def with_labels(chosen: Choices, seen: Seen, keys: tuple[str, ...]) -> Choices:
    """The choices with their labels: the keys before the first that cannot be one, as long as there are few models.

    Values of the first key that no series with enough of a past has are left out.

    Raises:
        PermanentError: No series has enough of a past.
    """
    if not keys:
        return chosen
    series = _judged(chosen, seen, keys)
    if not series["good"].any():
        what = f"no series has {chosen.needed + FEWEST_TRAINED} {chosen.every}s before the last {chosen.test_periods}"
        remedy = "name fewer columns with --by, or give more of the past"
        raise PermanentError("TooShort", f"{what}, and a value among these; {remedy}")
    findings = [*chosen.findings, *_short(series, keys)]
    labels: dict[str, tuple[str, ...]] = {}
    for place, key in enumerate(keys):
        good = series.filter(pl.col("good")).select(keys[: place + 1]).unique()
        values = tuple(sorted(good[key].unique().to_list()))
        models = replace(chosen, labels={**labels, key: values}).models
        if why := _why_none(key, values, models, complete=place == 0 or good.height == models):
            inner = keys[place:]
            findings.append(f"{' and '.join(inner)} tell{'s' * (len(inner) == 1)} series apart within a model: {why}")
            break
        labels[key] = values
    return replace(chosen, labels=labels, findings=tuple(findings))


def _judged(chosen: Choices, seen: Seen, keys: tuple[str, ...]) -> pl.DataFrame:
    """Each series, and whether it has enough of a past and a value in the test period."""
    whole = seen.grid.slice(0, len(seen.grid) - seen.in_part)
    begin = whole[-chosen.test_periods]
    series = seen.values.group_by(keys).agg(
        pl.col("period").filter(pl.col("period") < begin).min().alias("first"),
        (pl.col("period") >= begin).any().alias("tested"),
    )
    past = periods_between("first", begin, chosen.every)
    return series.with_columns(good=(past >= chosen.needed + FEWEST_TRAINED) & pl.col("tested"))


def _short(series: pl.DataFrame, keys: tuple[str, ...]) -> list[str]:
    short = series.filter(~pl.col("good")).select(keys).sort(keys)
    if short.is_empty():
        return []
    names = ", ".join("/".join(row) for row in short.head(_SHOWN).iter_rows())
    more = f" and {short.height - _SHOWN:,} more" if short.height > _SHOWN else ""
    what = "1 series is too short" if short.height == 1 else f"{short.height:,} series are too short"
    return [f"{what} to be learnt from, or ended early: {names}{more}"]


def _why_none(key: str, values: tuple[str, ...], models: int, *, complete: bool) -> str:
    """Why a column does not make models of its own; empty when it does."""
    odd = next((value for value in values if not _VALUE.fullmatch(value)), None)
    if models > MOST_MODELS:
        return f"there would be {models:,} models, and {MOST_MODELS} are drafted at most"
    if not _LABEL.fullmatch(key) or key in _RESERVED:
        return f"`{key}` means something else in a fleet file"
    if odd is not None:
        return f"names of models cannot hold {odd[:40]!r}"
    if len({value.lower() for value in values}) < len(values):
        return "two values differ by capital letters only"
    return "" if complete else "not every combination has enough of a past"
