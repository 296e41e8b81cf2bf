"""The model that is served, as MLflow "model from code": a copy of this file travels with every version.

It imports no other file of this folder, so that a version can be loaded alone, and two of them beside each other.
"""

from typing import Any

import joblib
import numpy as np
import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel, PythonModelContext
from numpy.typing import NDArray


class Forecast(PythonModel):
    """A regression on the distance from the last value or the average; the artifact `model` is what `train` writes."""

    def load_context(self, context: PythonModelContext) -> None:
        """Loads the regression."""
        self._model = joblib.load(context.artifacts["model"])

    def predict(
        self,
        context: PythonModelContext,
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,  # noqa: ARG002 - MLflow's interface
    ) -> NDArray[np.float64]:
        """The value of each row's period, in the target's unit.

        Args:
            context: Brings the model's configuration: the columns that it learnt from, and the scale.
            model_input: Rows with the columns that `series.TAKEN` names.
            params: Not used; MLflow passes it.
        """
        settings = context.model_config
        distances = self._model["regression"].predict(model_input[settings["features"]])
        distances += self._model["from_average"] * model_input[settings["average"]].to_numpy()
        distances = np.clip(distances, *self._model["limits"])
        values = model_input["anchor"].to_numpy() + distances * model_input["spread"].to_numpy()
        if settings["scale"] == "log":
            values = np.maximum(np.expm1(values), 0.0)
        found: NDArray[np.float64] = np.asarray(values, dtype=float)
        return found


set_model(Forecast())
