"""Weekly features of each route, made of what was known `horizon_weeks` before the week that is forecast.

Weeks begin on Monday and are named by it. Only full weeks of the dataset count. The *last known week* of a row is the
one `horizon_weeks` before its own. Two words stand for logarithms of departures, which keep big and small routes
alike: the *anchor* is the number of departures scheduled in the last known week (where none was scheduled, the mean
operated in the 4 weeks up to it), and a *ratio* is log1p(x) - log1p(anchor).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from dataset import KEYS

NUMERIC: Final = [
    "ratio_1_week_earlier",
    "ratio_2_weeks_earlier",
    "ratio_3_weeks_earlier",
    "ratio_mean_4_weeks",
    "ratio_mean_8_weeks",
    "cancelled_share",
    "holidays",
    "holidays_right_after",
    "holidays_last_known",
    "holidays_change",
    "log_anchor",
    "ratio_last_known",
    "log_distance",
    "idle_share_8_weeks",
    "spread_8_weeks",
]
"""Numeric feature columns, float:

- `ratio_last_known`, `ratio_1_week_earlier` … `ratio_3_weeks_earlier`: operated departures of the last known week and
  of the three before it, as ratios;
- `ratio_mean_4_weeks`, `ratio_mean_8_weeks`: means of the operated departures up to the last known week, as ratios;
- `cancelled_share`: cancelled per scheduled departure, mean of the last two known weeks;
- `holidays`, `holidays_right_after`: holidays in the week that is forecast, and in the three days after it;
- `holidays_last_known`, `holidays_change`: holidays in the last known week, and `holidays` minus that;
- `log_anchor`: log1p(anchor);
- `log_distance`: log(miles);
- `idle_share_8_weeks`: share of weeks without a departure in the 8 up to the last known;
- `spread_8_weeks`: standard deviation of the operated departures in these 8 weeks over their mean plus 1.
"""

CATEGORICAL: Final = ["destination", "carrier"]
"""Text feature columns."""

FEATURES: Final = [*NUMERIC, *CATEGORICAL]
"""What the model takes, in this order."""

DECIMALS: Final = 6
"""Features are rounded to this, so that a CSV carries them exactly and platforms agree on them."""

_WEEK: Final = pd.Timedelta(days=7)


@dataclass(frozen=True)
class _Counts:
    """Weekly departures: a row per week, a column per route (`KEYS`). Weeks beyond the data hold NaN.

    Attributes:
        operated: Departures that took place.
        scheduled: Departures that were planned.
        cancelled_share: Share of the planned ones that did not take place; 0 where none was planned.
    """

    operated: pd.DataFrame
    scheduled: pd.DataFrame
    cancelled_share: pd.DataFrame


def build_features(
    flights: pd.DataFrame, weeks: pd.DatetimeIndex, holidays: pd.DataFrame, horizon: int
) -> pd.DataFrame:
    """One row per route and week, for each week whose past is long enough, up to `horizon` weeks beyond the data.

    Args:
        flights: Flights of the routes wanted.
        weeks: The full weeks of the dataset, from `full_weeks`.
        holidays: With the column `date`.
        horizon: Weeks between the last known week and the week that is forecast.

    Returns:
        `KEYS`, `week` (timestamp of the Monday), `FEATURES`, and beside them `actual` (operated departures; NaN beyond
        the data), `naive` (operated departures of the last known week) and `active` (whether the route is in service:
        it had a departure in the 8 weeks up to the last known week, and has an anchor that is not 0, which takes a
        departure in the last 4 of them or one scheduled in the last). Sorted by route and week.

    Raises:
        ValueError: The horizon is not positive.
    """
    if horizon < 1:
        raise ValueError(f"the horizon is {horizon} weeks: it must be 1 or more")
    ahead = pd.date_range(weeks[0], periods=len(weeks) + horizon, freq=_WEEK, name="week")
    counts = _weekly_counts(flights, weeks, ahead)
    anchor = _anchor(counts, horizon)
    distance = np.log(flights.groupby(KEYS)["distance"].median())
    wide = {
        **_level_features(counts, anchor, horizon),
        **_calendar_features(counts.operated, holidays, horizon),
        "log_distance": _broadcast(distance.reindex(anchor.columns).to_numpy(), anchor),
    }
    table = pd.DataFrame({name: wide[name].unstack() for name in NUMERIC}).round(DECIMALS)
    table["actual"] = counts.operated.unstack()
    table["naive"] = counts.operated.shift(horizon).unstack()
    recent = counts.operated.shift(horizon).rolling(8, min_periods=2).mean()
    table["active"] = ((recent > 0) & (anchor > 0)).unstack()
    return table.dropna(subset=NUMERIC).reset_index()


def full_weeks(flights: pd.DataFrame) -> pd.DatetimeIndex:
    """Mondays of the weeks that lie entirely between the first and the last date of the flights.

    Raises:
        ValueError: There is no full week.
    """
    first, last = flights["date"].min(), flights["date"].max()
    start = first + pd.Timedelta(days=-first.weekday() % 7)
    weeks = pd.date_range(start, last - pd.Timedelta(days=6), freq=_WEEK, name="week")
    if weeks.empty:
        raise ValueError(f"the flights from {first:%Y-%m-%d} to {last:%Y-%m-%d} hold no full week, Monday to Sunday")
    return weeks


def _weekly_counts(flights: pd.DataFrame, known: pd.DatetimeIndex, weeks: pd.DatetimeIndex) -> _Counts:
    monday = flights["date"] - pd.to_timedelta(flights["date"].dt.day_of_week, unit="D")
    by_week = flights.assign(week=monday).groupby(["week", *KEYS])["operated"]

    def spread(series: pd.Series) -> pd.DataFrame:
        return series.unstack(KEYS, fill_value=0).reindex(known, fill_value=0).reindex(weeks).sort_index(axis=1)

    operated, scheduled = spread(by_week.sum()), spread(by_week.size())
    return _Counts(operated, scheduled, (1 - operated / scheduled).where(scheduled > 0, 0.0).where(scheduled.notna()))


def _anchor(counts: _Counts, horizon: int) -> pd.DataFrame:
    planned = counts.scheduled.shift(horizon)
    return planned.where(planned > 0, counts.operated.shift(horizon).rolling(4, min_periods=2).mean())


def _level_features(counts: _Counts, anchor: pd.DataFrame, horizon: int) -> dict[str, pd.DataFrame]:
    known = counts.operated.shift(horizon)
    log_anchor = np.log1p(anchor)
    last_8 = known.rolling(8, min_periods=2)
    idle = (known == 0).astype(float).where(known.notna())
    levels = {
        "ratio_last_known": known,
        "ratio_1_week_earlier": known.shift(1),
        "ratio_2_weeks_earlier": known.shift(2),
        "ratio_3_weeks_earlier": known.shift(3),
        "ratio_mean_4_weeks": known.rolling(4, min_periods=2).mean(),
        "ratio_mean_8_weeks": last_8.mean(),
    }
    return {
        **{name: np.log1p(level) - log_anchor for name, level in levels.items()},
        "log_anchor": log_anchor,
        "cancelled_share": counts.cancelled_share.shift(horizon).rolling(2).mean(),
        "idle_share_8_weeks": idle.rolling(8, min_periods=2).mean(),
        "spread_8_weeks": last_8.std() / (last_8.mean() + 1),
    }


def _calendar_features(like: pd.DataFrame, holidays: pd.DataFrame, horizon: int) -> dict[str, pd.DataFrame]:
    within = pd.Series(_holidays_between(like.index, holidays, 0, 7), like.index)
    calendar = {
        "holidays": within,
        "holidays_right_after": pd.Series(_holidays_between(like.index, holidays, 7, 10), like.index),
        "holidays_last_known": within.shift(horizon),
        "holidays_change": within - within.shift(horizon),
    }
    return {name: _broadcast(series.to_numpy()[:, np.newaxis], like) for name, series in calendar.items()}


def _holidays_between(weeks: pd.DatetimeIndex, holidays: pd.DataFrame, first: int, end: int) -> list[float]:
    """Per week, the holidays from its day `first` (Monday is 0) up to before its day `end`."""
    days = holidays["date"]
    return [
        float(((days >= week + pd.Timedelta(days=first)) & (days < week + pd.Timedelta(days=end))).sum())
        for week in weeks
    ]


def _broadcast(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]], like: pd.DataFrame) -> pd.DataFrame:
    """One value per week (a column) or per route (a row) as a table of weeks and routes."""
    return pd.DataFrame(np.broadcast_to(values, like.shape), like.index, like.columns)
