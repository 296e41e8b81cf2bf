"""What the training steps put out beside the model: an evaluation as CSV, and the training facts as JSON."""

import json
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
from dataset import KEYS
from model_store import REQUIREMENTS


def write_csv(rows: pd.DataFrame, file: Path) -> None:
    """Writes the rows, dates as YYYY-MM-DD; the same rows give the same bytes."""
    file.parent.mkdir(parents=True, exist_ok=True)
    rows.to_csv(file, index=False, date_format="%Y-%m-%d", lineterminator="\n")


def write_training_facts(facts: dict[str, Any], train: pd.DataFrame, test: pd.DataFrame, file: Path) -> None:
    """Writes what a person asks about a training years later: no clock, no path.

    Args:
        facts: What was trained, and its settings.
        train: Rows of the training period; of them and of the test's, numbers of rows, routes and weeks are written.
        test: Rows of the test period.
        file: JSON to write.
    """
    document = {
        **facts,
        "train": _extent(train),
        "test": _extent(test),
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in REQUIREMENTS},
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def _extent(rows: pd.DataFrame) -> dict[str, Any]:
    return {
        "rows": len(rows),
        "routes": int(rows.groupby(KEYS).ngroups),
        "weeks": int(rows["week"].nunique()),
        "first_week": f"{rows['week'].min():%Y-%m-%d}",
        "last_week": f"{rows['week'].max():%Y-%m-%d}",
    }
