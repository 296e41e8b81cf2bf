"""Series at regular periods, and features made of nothing but what was known `HORIZON` periods before.

A *row* is one series in one period. Its *last known* period is the one `HORIZON` earlier: no feature looks later than
that, so a row of the test period is made as it would have been made then. All values are logarithms where `SCALE` is
log. The *anchor* is the last known value; features and target are distances from it, divided by the *spread*: 1 for
logarithms, else how much the series has varied from period to period until then. So big and small series are alike.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from settings import (
    COMBINE,
    EVERY,
    GAPS,
    HARMONICS,
    HORIZON,
    KEYS,
    SCALE,
    SEASON,
    SOURCE,
    TARGET,
    TEST_PERIODS,
    TIME,
    WHOLE_PERIODS,
)

NAMES: Final = list(KEYS) or ["series"]
"""The columns that name a series in every table that the steps write."""

PERIOD: Final = "period"
"""The column with the first day of a row's period."""

_STARTS: Final = {"day": "D", "week": "W-MON", "month": "MS", "quarter": "QS", "year": "YS"}
_SPANS: Final = {"day": "D", "week": "W-SUN", "month": "M", "quarter": "Q", "year": "Y"}
_DAYS_PER_YEAR: Final = 365.25
_LAGS: Final = (1, 2, 3)
_MEANS: Final = (4, 8)
_DECIMALS: Final = 6

#: How far back the same season lies: the first of them that is known.
_BACK: Final = SEASON * -(-HORIZON // SEASON) if SEASON else 0

FEATURES: Final = [
    *(f"lag_{lag}" for lag in _LAGS),
    *(f"mean_{count}" for count in _MEANS),
    *(["season_lag", "season_change", "season_mean"] if SEASON else []),
    *(f"{wave}_{number}" for number in range(1, HARMONICS + 1) for wave in ("sine", "cosine")),
]
"""What the model learns from:

- `lag_1` … `lag_3`: the values before the last known one;
- `mean_4`, `mean_8`: means of the last known values;
- `season_lag`: the value one season before; `season_change`: how it moved then over the same time; `season_mean`: the
  mean of the last season;
- `sine_1`, `cosine_1` …: the time of the year.
"""

AVERAGE: Final = "mean_all"
"""The mean of all known values: what a model may forecast distances from, in place of the last one."""

TAKEN: Final = [*FEATURES, AVERAGE, "anchor", "spread"]
"""The columns that a model is given, in this order."""


def read_series(dataset: Path, labels: Mapping[str, str], before: str | None = None) -> pd.DataFrame:
    """The values of a model's series: a row per period, a column per series, empty where nothing was measured.

    The periods are those of the whole dataset, so that all models and the baseline have the same test period.

    Args:
        dataset: The folder.
        labels: Only series with these values, by column.
        before: Only data before this day, YYYY-MM-DD.

    Raises:
        FileNotFoundError: The folder has no such file.
        ValueError: A column is missing, a value is none of its type, or no series is left.
    """
    rows = read_rows(dataset)
    if before is not None:
        rows = rows[rows[TIME] < pd.Timestamp(before)]
    wide = in_periods(rows)
    for column, value in labels.items():
        if column not in wide.columns.names:
            raise ValueError(f"{column!r} names no series: the columns that do are {', '.join(wide.columns.names)}")
        wide = wide.loc[:, wide.columns.get_level_values(column) == value]
    if wide.empty or not wide.notna().any(axis=None):
        raise ValueError(f"no series has {' '.join(f'{column}={value}' for column, value in labels.items())}")
    return wide


def read_rows(dataset: Path) -> pd.DataFrame:
    """The rows of a dataset folder: `NAMES`, the time and the target; without those that have no target.

    Raises:
        FileNotFoundError: The folder has no such file.
        ValueError: A column is missing, a value is none of its type, or no row is left.
    """
    file = dataset / f"{SOURCE}.csv"
    table = pd.read_csv(file, dtype=dict.fromkeys(KEYS, str), keep_default_na=False, na_values={TARGET: ""})
    missing = sorted({TIME, TARGET, *KEYS} - set(table.columns))
    if missing:
        raise ValueError(f"{file.name} lacks the columns {', '.join(missing)}: compare settings.py with the recipe")
    table = table.dropna(subset=[TARGET])
    if table.empty:
        raise ValueError(f"{file.name} has no row with a {TARGET}")
    # Times are in UTC; a day is what counts.
    time = pd.to_datetime(table[TIME], utc=True, format="ISO8601").dt.tz_localize(None).dt.normalize()
    return table.assign(**{TIME: time}, **({} if KEYS else {NAMES[0]: TARGET}))[[*NAMES, TIME, TARGET]]


def in_periods(rows: pd.DataFrame) -> pd.DataFrame:
    """One value per period and series: a row per period, a column per series, empty where nothing was measured."""
    spans = rows[TIME].dt.to_period(_SPANS[EVERY])
    if WHOLE_PERIODS:
        first, last = rows[TIME].min(), rows[TIME].max()
        whole = (spans.dt.start_time >= first) & (spans.dt.end_time.dt.normalize() <= last)
        rows, spans = rows[whole], spans[whole]
        if rows.empty:
            raise ValueError(f"the data covers no whole {EVERY}")
    values = rows.assign(**{PERIOD: spans.dt.start_time}).groupby([PERIOD, *NAMES])[TARGET].agg(COMBINE)
    wide: pd.DataFrame = values.unstack(NAMES).sort_index(axis=1)
    wide = wide.reindex(pd.date_range(wide.index[0], wide.index[-1], freq=_STARTS[EVERY], name=PERIOD))
    if GAPS == "zero":  # from the first row of a series on
        wide = wide.where(wide.notna() | ~wide.notna().cummax(), 0.0)
    return wide


def build_rows(wide: pd.DataFrame) -> pd.DataFrame:
    """A row per series and period that has a past, up to `HORIZON` periods after the last.

    Args:
        wide: From `in_periods`.

    Returns:
        `NAMES`, `period`, `TAKEN`, `actual` (empty where it is not known), `naive` (the last known value), and
        `distance`: what is learnt, the distance of the actual value from the anchor. Sorted by series and period.
    """
    ahead = pd.date_range(wide.index[0], periods=len(wide) + HORIZON, freq=_STARTS[EVERY], name=PERIOD)
    actual = wide.reindex(ahead)
    values = _scaled(actual.ffill().where(_alive(actual)))
    known = values.shift(HORIZON)
    spread = _spread(values)
    columns = {name: (value - known) / spread for name, value in _levels(values).items()}
    columns |= {name: _broadcast(value, known) for name, value in _waves(ahead).items()}
    columns |= {"anchor": known, "spread": spread}
    if SEASON:
        columns["season_change"] = (values.shift(_BACK) - values.shift(_BACK + HORIZON)) / spread
    table = pd.DataFrame({name: columns[name].unstack() for name in TAKEN}).round(_DECIMALS)
    table["actual"] = actual.unstack()
    table["naive"] = _unscaled(known).unstack()
    table["distance"] = ((_scaled(actual) - known) / spread).unstack()
    return table.dropna(subset=TAKEN).reset_index()


def divided(rows: pd.DataFrame, wide: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The training rows, and those of the last `TEST_PERIODS` periods.

    Raises:
        ValueError: One of them is empty.
    """
    if len(wide) <= TEST_PERIODS:
        raise ValueError(f"there are {len(wide)} periods, and the last {TEST_PERIODS} are the test: lower TEST_PERIODS")
    begin = wide.index[-TEST_PERIODS]
    measured = rows[rows["actual"].notna()]
    train, test = measured[measured[PERIOD] < begin], measured[measured[PERIOD] >= begin]
    for name, part in (("training", train), ("test", test)):
        if part.empty:
            raise ValueError(f"no series has a row in the {name} period: it needs more past, or a lower TEST_PERIODS")
    return train, test


def labels_of(texts: list[str]) -> dict[str, str]:
    """`COLUMN=VALUE` texts as a mapping.

    Raises:
        ValueError: One of them has no `=`.
    """
    pairs = [text.partition("=") for text in texts]
    wrong = next((text for text, pair in zip(texts, pairs, strict=True) if not pair[1]), None)
    if wrong is not None:
        raise ValueError(f"{wrong!r} is no label: write COLUMN=VALUE")
    return {column: value for column, _, value in pairs}


def write_csv(rows: pd.DataFrame, file: Path) -> None:
    """Writes the rows, dates as YYYY-MM-DD; the same rows give the same bytes."""
    file.parent.mkdir(parents=True, exist_ok=True)
    rows.to_csv(file, index=False, date_format="%Y-%m-%d", lineterminator="\n")


def _alive(actual: pd.DataFrame) -> pd.DataFrame:
    """Where a series has had a value lately: one that has ended is not forecast for ever."""
    return actual.notna().rolling(max(SEASON, 8) + HORIZON, min_periods=1).max().astype(bool)


def _levels(values: pd.DataFrame) -> dict[str, pd.DataFrame]:
    levels = {f"lag_{lag}": values.shift(HORIZON + lag) for lag in _LAGS}
    levels |= {f"mean_{count}": values.rolling(count).mean().shift(HORIZON) for count in _MEANS}
    levels[AVERAGE] = values.expanding().mean().shift(HORIZON)
    if SEASON:
        levels["season_lag"] = values.shift(_BACK)
        levels["season_mean"] = values.rolling(SEASON).mean().shift(HORIZON)
    return levels


def _waves(periods: pd.DatetimeIndex) -> dict[str, "pd.Series[float]"]:
    angle = 2 * np.pi * (periods.dayofyear.to_numpy() - 1) / _DAYS_PER_YEAR
    waves = {}
    for number in range(1, HARMONICS + 1):
        waves[f"sine_{number}"] = pd.Series(np.sin(number * angle), index=periods)
        waves[f"cosine_{number}"] = pd.Series(np.cos(number * angle), index=periods)
    return waves


def _spread(values: pd.DataFrame) -> pd.DataFrame:
    if SCALE == "log":
        return values.shift(HORIZON).notna().astype(float)
    moves = values.diff().abs().expanding(min_periods=4).mean().shift(HORIZON)
    return moves.where((moves > 0) | moves.isna(), 1.0)


def _broadcast(values: "pd.Series[float]", like: pd.DataFrame) -> pd.DataFrame:
    wide = np.repeat(values.to_numpy()[:, None], len(like.columns), axis=1)
    return pd.DataFrame(wide, index=like.index, columns=like.columns)


def _scaled(values: pd.DataFrame) -> pd.DataFrame:
    return np.log1p(values) if SCALE == "log" else values


def _unscaled(values: pd.DataFrame) -> pd.DataFrame:
    return np.expm1(values) if SCALE == "log" else values
