"""Registers small models in an MLflow store; a program of its own, because it imports MLflow.

Run as ``python make_models.py STORE_URI FOLDER``. Versions 1 and 2 of ``speaker`` bring different code under the same
module name; version 3 cannot be loaded. A ``speaker`` ends its process when it is asked to predict "crash".
"""

import shutil
import sys
from pathlib import Path

import mlflow
import mlflow.pyfunc

_SPEECH = """
import os

WORD = "{word}"


def say(text: str) -> str:
    if text == "crash":
        os._exit(3)
    return f"{{WORD}} {{text}}"
"""

_MODEL = """
import mlflow.models
import mlflow.pyfunc
import pandas as pd


class Speaker(mlflow.pyfunc.PythonModel):
    def load_context(self, context):
        import speech
        if speech.WORD == "broken":
            raise RuntimeError("the weights are not there")
        self.say = speech.say

    def predict(self, context, model_input, params=None):
        return [self.say(text) for text in pd.DataFrame(model_input).iloc[:, 0]]


mlflow.models.set_model(Speaker())
"""


def main(uri: str, folder: Path) -> None:
    """Register ``speaker`` 1 (hello), 2 (goodbye) and 3 (broken)."""
    mlflow.set_tracking_uri(uri)
    mlflow.create_experiment("models", artifact_location=str(folder / "artifacts"))
    mlflow.set_experiment("models")
    (folder / "model.py").write_text(_MODEL)
    (folder / "speech.py").write_text(_SPEECH.format(word="hello"))
    saved = folder / "saved"
    code = {"python_model": str(folder / "model.py"), "code_paths": [str(folder / "speech.py")]}
    mlflow.pyfunc.save_model(saved, pip_requirements=["pandas"], **code)
    (copy,) = saved.rglob("speech.py")
    for word in ("hello", "goodbye", "broken"):
        copy.write_text(_SPEECH.format(word=word))
        shutil.rmtree(copy.with_name("__pycache__"), ignore_errors=True)
        with mlflow.start_run() as run:
            mlflow.log_artifacts(str(saved), "model")
            mlflow.register_model(f"runs:/{run.info.run_id}/model", "speaker")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
