"""Run in a process of its own by `test_flights_fleet`: asks a saved baseline, with none of the example's code at hand.

Arguments: the model folder, and a CSV with routes. Prints a JSON list of numbers.
"""

import json
import sys

import mlflow.pyfunc
import pandas as pd


def main(model: str, routes: str) -> None:
    """Asks for every row of the CSV."""
    rows = pd.read_csv(routes, keep_default_na=False)[["destination", "carrier"]]
    print(json.dumps(mlflow.pyfunc.load_model(model).predict(rows).tolist()))  # noqa: T201 - the parent reads it


if __name__ == "__main__":
    main(*sys.argv[1:])
