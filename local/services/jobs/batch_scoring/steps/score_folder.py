"""Score every table of a folder with an MLflow model: CSV, JSON lines and Parquet.

Writes ``predictions.csv`` as Azure ML's batch deployments of MLflow models do: ``row`` in its file, ``prediction``,
``file``.
"""

import sys
from pathlib import Path

import mlflow.pyfunc
import pandas as pd

_READERS = {
    ".csv": pd.read_csv,
    ".parquet": pd.read_parquet,
    ".jsonl": lambda file: pd.read_json(file, lines=True),
}


def main(model: Path, data: Path, score: Path) -> None:
    """Write the output ``score``; a folder without tables, or with a file of another kind, is an error."""
    files = sorted(file for file in data.rglob("*") if file.is_file())
    unknown = [file.name for file in files if file.suffix not in _READERS]
    if unknown or not files:
        what = f"{unknown[0]} is none of" if unknown else "the folder has none of"
        sys.exit(f"{what} {', '.join(_READERS)}")
    predict = mlflow.pyfunc.load_model(str(model), suppress_warnings=True).predict
    parts = [_predictions(predict(_READERS[file.suffix](file)), file.relative_to(data)) for file in files]
    pd.concat(parts).to_csv(score / "predictions.csv", index=False)


def _predictions(values: object, file: Path) -> pd.DataFrame:
    series = pd.DataFrame(values).iloc[:, 0].reset_index(drop=True)
    return pd.DataFrame({"row": series.index, "prediction": series, "file": file.as_posix()})


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))
