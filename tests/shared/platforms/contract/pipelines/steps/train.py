"""Save an MLflow model that multiplies its input: by the number in the dataset, times the parameter.

It goes on once the test has said how it shall end, in the file that is called the verdict: empty, or an error.
"""

import json
import sys
import time
from pathlib import Path

import mlflow
import mlflow.pyfunc

_MODEL = """
import mlflow.models
import mlflow.pyfunc


class Multiplies(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return (model_input["x"] * {factor}).tolist()


mlflow.models.set_model(Multiplies())
"""


def main(dataset: Path, times: int, verdict: Path, model: Path, evaluation: Path) -> None:
    """Write the outputs `model` and `evaluation`, and log the metrics `factor` and `mape`."""
    while not verdict.exists():
        time.sleep(0.02)
    if message := verdict.read_text():
        sys.exit(message)
    factor = int((dataset / "factor.txt").read_text()) * times
    code = Path("model.py")
    code.write_text(_MODEL.format(factor=factor))
    mlflow.pyfunc.save_model(model, python_model=str(code), pip_requirements=["pandas"])
    evaluation.write_text(json.dumps({"factor": factor}))
    for step, mape in enumerate((20.0, 12.5)):
        mlflow.log_metrics({"factor": factor, "mape": mape}, step=step)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4]), Path(sys.argv[5]))
