"""Saves and loads MLflow models. MLflow takes seconds to import, and reads its switches then: so only when needed."""

import os
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import pandas as pd
from series import AVERAGE, FEATURES, NAMES, TAKEN
from settings import SCALE

REQUIREMENTS: Final = ("joblib", "mlflow", "numpy", "pandas", "scikit-learn")
"""Packages that a served model needs; the installed versions are pinned in it."""

_SWITCHES: Final = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_UV_AUTO_DETECT": "false",
}


def save_forecast(folder: Path, model: Path, example: pd.DataFrame) -> None:
    """Saves what `train` has written as a model that can be served.

    Args:
        folder: Where to; it must be empty or not exist yet.
        model: The file `model.joblib`.
        example: A few rows that show what the model takes.
    """
    _save(
        folder,
        code="forecast_model.py",
        artifacts={"model": str(model)},
        model_config={"features": FEATURES, "average": AVERAGE, "scale": SCALE},
        signature=_signature([("double", name) for name in TAKEN]),
        input_example=example[TAKEN],
    )


def save_average(folder: Path, averages: Path, example: pd.DataFrame) -> None:
    """Saves the historical averages likewise; `averages` is a CSV with `NAMES` and `average`."""
    _save(
        folder,
        code="average_model.py",
        artifacts={"averages": str(averages)},
        model_config={"names": NAMES},
        signature=_signature([("string", name) for name in NAMES]),
        input_example=example[NAMES],
    )


def predicted(folder: Path, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with a column `prediction`, by the model in a folder, loaded as a deployment would load it."""
    model = _pyfunc().load_model(str(folder))
    taken = model.metadata.get_input_schema().input_names()
    return rows.assign(prediction=model.predict(rows[taken]))


def _pyfunc() -> Any:
    for name, value in _SWITCHES.items():
        os.environ.setdefault(name, value)
    import mlflow.pyfunc  # noqa: PLC0415 - see the module's docstring

    return mlflow.pyfunc


def _save(folder: Path, code: str, **parts: Any) -> None:
    _pyfunc().save_model(
        path=str(folder),
        python_model=str(Path(__file__).with_name(code)),
        pip_requirements=[f"{name}=={version(name)}" for name in REQUIREMENTS],  # inferring them takes ten seconds
        **parts,
    )


def _signature(columns: list[tuple[str, str]]) -> Any:
    from mlflow.models import ModelSignature  # noqa: PLC0415 - see the module's docstring
    from mlflow.types import ColSpec, Schema  # noqa: PLC0415 - see the module's docstring

    return ModelSignature(inputs=Schema([ColSpec(*column) for column in columns]), outputs=Schema([ColSpec("double")]))
