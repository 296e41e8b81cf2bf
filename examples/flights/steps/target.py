"""What the models learn: departures relative to the anchor, as a bounded logarithm.

`forecast_model.py` holds the way back.
"""

from typing import Final

import numpy as np
import pandas as pd

LIMIT: Final = 0.25
"""The ratio is clipped to ± this: a schedule seldom moves further in four weeks, and outliers must not teach."""


def to_ratio(departures: pd.Series, log_anchor: pd.Series) -> pd.Series:
    """The value to learn per row: log1p(departures) - log_anchor, clipped to ± `LIMIT`.

    Args:
        departures: Operated departures of the week that is forecast.
        log_anchor: log1p(anchor), see `features`.
    """
    return (np.log1p(departures) - log_anchor).clip(-LIMIT, LIMIT)
