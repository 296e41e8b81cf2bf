"""Saves and loads models as MLflow models: the one place of the steps that touches MLflow.

MLflow takes seconds to import and reads its switches then, so it is imported when first needed, after they are set.
"""

import os
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import pandas as pd
from features import CATEGORICAL, FEATURES, NUMERIC
from segment import Segment
from target import LIMIT

REQUIREMENTS: Final = ("joblib", "mlflow", "numpy", "pandas", "scikit-learn")
"""Packages that the served model needs; their installed versions are pinned in it."""

_SWITCHES: Final = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_UV_AUTO_DETECT": "false",  # a project around the folder in which a step runs is no part of the model
}


def save_ensemble(folder: Path, members: dict[str, Path], segment: Segment, example: pd.DataFrame) -> None:
    """Saves the ensemble, complete with code, signature and requirements.

    Args:
        folder: Where to; it must be empty or not exist yet.
        members: The folders of `lasso` and `neural_network`, each with its `model.joblib`.
        segment: Kept as the model's metadata.
        example: A few rows that show what the model takes.
    """
    _save(
        folder,
        code="forecast_model.py",
        artifacts={name: str(member / "model.joblib") for name, member in members.items()},
        model_config={"limit": LIMIT},
        signature=_signature(NUMERIC, CATEGORICAL, output="long"),
        input_example=example[FEATURES],
        metadata=segment.to_dict(),
    )


def save_average(folder: Path, averages: Path, segment: Segment, example: pd.DataFrame) -> None:
    """Saves the historical average, complete with code, signature and requirements.

    Args:
        folder: Where to; it must be empty or not exist yet.
        averages: CSV with `carrier`, `destination` and `average`.
        segment: Kept as the model's metadata, but for its movement: it forecasts both.
        example: A few rows that show what the model takes.
    """
    _save(
        folder,
        code="average_model.py",
        artifacts={"averages": str(averages)},
        signature=_signature((), CATEGORICAL, output="double"),
        input_example=example[CATEGORICAL],
        metadata={name: value for name, value in segment.to_dict().items() if name != "movement"},
    )


class SavedModel:
    """A model loaded from its folder, as a deployment would load it."""

    def __init__(self, folder: Path) -> None:
        self._model = _pyfunc().load_model(str(folder))

    def segment(self, movement: str) -> Segment:
        """What the model was trained for.

        Args:
            movement: What a baseline stands in for, which forecasts both.

        Raises:
            TypeError: The model was not saved here.
        """
        return Segment.from_dict({"movement": movement, **(self._model.metadata.metadata or {})})

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The rows with a column `prediction` added: departures a week."""
        taken = self._model.metadata.get_input_schema().input_names()
        return rows.assign(prediction=self._model.predict(rows[taken]))


def _pyfunc() -> Any:
    for name, value in _SWITCHES.items():
        os.environ.setdefault(name, value)
    import mlflow.pyfunc  # noqa: PLC0415 - see the module's docstring

    return mlflow.pyfunc


def _save(folder: Path, code: str, **parts: Any) -> None:
    _pyfunc().save_model(
        path=str(folder),
        python_model=str(Path(__file__).with_name(code)),
        # Given, because inferring them loads the model in a second process.
        pip_requirements=[f"{name}=={version(name)}" for name in REQUIREMENTS],
        **parts,
    )


def _signature(numeric: Sequence[str], text: Sequence[str], output: str) -> Any:
    from mlflow.models import ModelSignature  # noqa: PLC0415 - see the module's docstring
    from mlflow.types import ColSpec, Schema  # noqa: PLC0415 - see the module's docstring

    columns = [("double", name) for name in numeric] + [("string", name) for name in text]
    return ModelSignature(inputs=Schema([ColSpec(*column) for column in columns]), outputs=Schema([ColSpec(output)]))
