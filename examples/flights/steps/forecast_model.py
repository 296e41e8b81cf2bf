"""The model that is served, as MLflow "model from code".

MLflow copies this file into the model and runs the copy whenever the model is loaded, each time as a module of its
own. So it imports no other file of this folder, can be deployed alone, and two versions in one process do not get
each other's code. Nothing else imports it.
"""

from typing import Any

import joblib
import numpy as np
import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel, PythonModelContext
from numpy.typing import NDArray


class DepartureForecast(PythonModel):
    """The mean of a lasso regression and a neural network, in whole departures a week.

    The artifacts `lasso` and `neural_network` are scikit-learn pipelines that give the ratio that `target.py` defines;
    `limit` in the model's configuration is the bound that it was clipped to.
    """

    def load_context(self, context: PythonModelContext) -> None:
        """Loads both members from the model's artifacts."""
        self._members = [joblib.load(context.artifacts[name]) for name in ("lasso", "neural_network")]

    def predict(
        self,
        context: PythonModelContext,
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,  # noqa: ARG002 - MLflow's interface
    ) -> NDArray[np.int64]:
        """Operated departures of each row's week.

        Args:
            context: Brings the model's configuration.
            model_input: Rows with the columns that `features.FEATURES` names.
            params: Not used; MLflow passes it.
        """
        limit = context.model_config["limit"]
        log_anchor = model_input["log_anchor"].to_numpy()
        ratios = np.clip([member.predict(model_input) for member in self._members], -limit, limit)
        departures = np.maximum(np.expm1(ratios + log_anchor), 0.0)
        whole: NDArray[np.int64] = np.rint(departures.mean(axis=0)).astype(np.int64)
        return whole


set_model(DepartureForecast())
