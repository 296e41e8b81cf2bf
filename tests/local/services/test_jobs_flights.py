"""The flights example on the real services: data from Azurite, the model back from MLflow's registry."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from azure.storage.blob import ContainerClient

from examples.flights.standard import write_dataset
from tests.local.services.polling import eventually

pytestmark = [pytest.mark.stack, pytest.mark.soak]

PIPELINES = Path(__file__).resolve().parents[3] / "examples" / "flights" / "pipelines"
REGISTER = """
import sys, mlflow
mlflow.set_tracking_uri(sys.argv[1])
mlflow.set_experiment("flights")
with mlflow.start_run() as run:
    mlflow.log_artifacts(sys.argv[2], "model")
    mlflow.register_model(f"runs:/{run.info.run_id}/model", "flights-jfk")
"""


def _upload(connection: str, container: str, folder: Path) -> None:
    with ContainerClient.from_connection_string(connection, container) as client:
        client.create_container()
        for file in folder.iterdir():
            client.upload_blob(f"flights/v1/{file.name}", file.read_bytes())


def _submit(http: httpx.Client, name: str, pipeline: str, **inputs: Any) -> None:
    answer = http.put(f"/jobs/{name}", json={"pipeline": str(PIPELINES / pipeline), "inputs": inputs})
    assert answer.status_code == 201, answer.text


def _completed(http: httpx.Client, name: str) -> None:
    assert eventually(lambda: http.get(f"/jobs/{name}").json()["status"] in {"Completed", "Failed"}, 300)
    job = http.get(f"/jobs/{name}").json()
    assert job["status"] == "Completed", job["error"]


def _save_output(http: httpx.Client, job: str, output: str, folder: Path) -> None:
    for file in http.get(f"/jobs/{job}/outputs").json()["outputs"][output]["files"]:
        target = folder / file["path"]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(http.get(f"/jobs/{job}/outputs/{output}/{file['path']}").content)
        assert target.stat().st_size == file["size"]


def test_flights_are_trained_and_scored(azurite: str, mlflow_server: str, job_service: str, tmp_path: Path) -> None:
    """Two models are trained on blobs; one, taken out of the service and registered, scores the same blobs by name.

    As the champion it is an input of the next training, which puts out its predictions beside its own.
    """
    (tmp_path / "dataset").mkdir()
    write_dataset(tmp_path / "dataset")
    _upload(azurite, "flights-data", tmp_path / "dataset")
    data = {"type": "uri_folder", "path": "azureml://datastores/flights-data/paths/flights/v1/"}
    with httpx.Client(base_url=job_service, timeout=60, trust_env=False) as http:
        for movement in ("fast", "slow"):
            _submit(http, f"train-{movement}", "train.yml", dataset=data, movement=movement)
        for movement in ("fast", "slow"):
            _completed(http, f"train-{movement}")
        _save_output(http, "train-fast", "model", tmp_path / "model")
        command = [sys.executable, "-c", REGISTER, mlflow_server, str(tmp_path / "model")]
        subprocess.run(command, check=True, timeout=60, cwd=tmp_path, capture_output=True)
        model = {"type": "mlflow_model", "path": "azureml:flights-jfk:1"}
        _submit(http, "score-fast", "score.yml", model=model, data=data)
        _completed(http, "score-fast")
        predictions = http.get("/jobs/score-fast/outputs/predictions/predictions").text.splitlines()
        assert predictions[0] == "origin,carrier,destination,week,prediction"
        assert len(predictions) > 10
        _submit(http, "train-again", "train.yml", dataset=data, movement="fast", champion=model)
        _completed(http, "train-again")
        evaluation = http.get("/jobs/train-again/outputs/evaluation/evaluation").text.splitlines()
        assert evaluation[0].endswith(",actual,prediction,naive,champion")
        _submit(http, "no-model", "score.yml", model={"type": "mlflow_model", "path": "azureml:nobody:1"}, data=data)
        assert eventually(lambda: http.get("/jobs/no-model").json()["status"] == "Failed")
        error = http.get("/jobs/no-model").json()["error"]
        assert error["code"] == "InputNotAvailable"
        assert "MLflow has no version 1 of the model 'nobody'" in error["message"]
