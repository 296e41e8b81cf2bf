"""Run in a process of its own by `test_flights_pipelines`: uses saved models with none of the example's code at hand.

Arguments: two model folders, and a golden set of the first. Prints one JSON document.
"""

import json
import sys

import mlflow.pyfunc
import pandas as pd
from mlflow.pyfunc import scoring_server
from starlette.testclient import TestClient


def main(first: str, second: str, golden: str) -> None:
    """Asks both models for the golden rows, the first one over HTTP too."""
    rows = pd.read_csv(golden, keep_default_na=False)
    questions = rows.drop(columns=["expected", "tolerance"])
    models = [mlflow.pyfunc.load_model(folder) for folder in (first, second)]
    client = TestClient(scoring_server.init(models[0]))
    body = json.dumps({"dataframe_split": json.loads(questions.to_json(orient="split", index=False))})
    answer = client.post("/invocations", content=body, headers={"Content-Type": "application/json"})
    report = {
        "first": models[0].predict(questions).tolist(),
        "second": models[1].predict(questions).tolist(),
        "first_again": models[0].predict(questions).tolist(),
        "status": answer.status_code,
        "http": answer.json(),
        "example_code": sorted({"features", "segment", "target", "forecast_model"} & set(sys.modules)),
    }
    print(json.dumps(report))  # noqa: T201 - the parent reads it


if __name__ == "__main__":
    main(*sys.argv[1:])
