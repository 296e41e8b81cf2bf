"""The baseline, as MLflow "model from code"; like `forecast_model.py` it imports no other file of this folder."""

from typing import Any

import numpy as np
import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel, PythonModelContext
from numpy.typing import NDArray


class HistoricalAverage(PythonModel):
    """Each series' mean, whatever the period. The artifact `averages` is a CSV with the series' names and `average`."""

    def load_context(self, context: PythonModelContext) -> None:
        """Loads the averages."""
        names = context.model_config["names"]
        averages = pd.read_csv(context.artifacts["averages"], dtype=dict.fromkeys(names, str), keep_default_na=False)
        self._by_series = averages.set_index(names)["average"].astype(float)

    def predict(
        self,
        context: PythonModelContext,
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,  # noqa: ARG002 - MLflow's interface
    ) -> NDArray[np.float64]:
        """The average of each row's series; the mean of all averages for one that is not known.

        Args:
            context: Brings the names of the columns that name a series.
            model_input: Rows with these columns.
            params: Not used; MLflow passes it.
        """
        names = context.model_config["names"]
        rows = model_input[names].astype(str)
        wanted = pd.MultiIndex.from_frame(rows) if len(names) > 1 else pd.Index(rows[names[0]])
        found: NDArray[np.float64] = self._by_series.reindex(wanted).fillna(self._by_series.mean()).to_numpy()
        return found


set_model(HistoricalAverage())
