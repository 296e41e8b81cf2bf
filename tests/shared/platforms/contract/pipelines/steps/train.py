"""Save an MLflow model that multiplies its input: by the number in the dataset, times the parameter."""

import json
import sys
from pathlib import Path

import mlflow.pyfunc

_MODEL = """
import mlflow.models
import mlflow.pyfunc


class Multiplies(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return (model_input["x"] * {factor}).tolist()


mlflow.models.set_model(Multiplies())
"""


def main(dataset: Path, times: int, model: Path, evaluation: Path) -> None:
    """Write the outputs `model` and `evaluation`."""
    factor = int((dataset / "factor.txt").read_text()) * times
    code = Path("model.py")
    code.write_text(_MODEL.format(factor=factor))
    mlflow.pyfunc.save_model(model, python_model=str(code), pip_requirements=["pandas"])
    evaluation.write_text(json.dumps({"factor": factor}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4]))
