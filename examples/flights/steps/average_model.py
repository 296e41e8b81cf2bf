"""The baseline, as MLflow "model from code"; like `forecast_model.py` it imports no other file of this folder."""

from typing import Any

import numpy as np
import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel, PythonModelContext
from numpy.typing import NDArray


class HistoricalAverage(PythonModel):
    """Each route's mean of weekly departures, whatever the week.

    The artifact `averages` is a CSV with `carrier`, `destination` and `average`.
    """

    def load_context(self, context: PythonModelContext) -> None:
        """Loads the averages from the model's artifacts."""
        averages = pd.read_csv(context.artifacts["averages"], keep_default_na=False, dtype={"average": float})
        self._by_route = averages.set_index(["carrier", "destination"])["average"]

    def predict(
        self,
        context: PythonModelContext,  # noqa: ARG002 - MLflow's interface
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,  # noqa: ARG002 - MLflow's interface
    ) -> NDArray[np.float64]:
        """Departures a week of each row's route; the mean of all routes for one that is not known.

        Args:
            context: Not used; MLflow passes it.
            model_input: Rows with `carrier` and `destination`.
            params: Not used; MLflow passes it.
        """
        routes = pd.MultiIndex.from_frame(model_input[["carrier", "destination"]])
        found: NDArray[np.float64] = self._by_route.reindex(routes).fillna(self._by_route.mean()).to_numpy()
        return found


set_model(HistoricalAverage())
