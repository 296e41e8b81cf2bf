"""Step `ensemble`: joins both members into one MLflow model, and measures the model as it will be served.

Writes

- the model folder: an MLflow pyfunc model, complete with code, signature, requirements, and its segment as metadata;
- the evaluation: a CSV with a row per route and week of the test period: `origin`, `carrier`, `destination`, `week`,
  `actual`, `prediction`, `naive`, and `champion` where there is one: what the model in production predicts for the
  same rows. Departures a week; sorted by route and week;
- the golden set: a CSV of 12 rows of the test period, from small routes to big ones: `origin`, `carrier`,
  `destination`, `week`, the numeric features, `expected` (this model's prediction) and `tolerance` (departures either
  way that a deployed model may differ);
- the training facts: a JSON document with rows, weeks, settings and library versions.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from dataset import KEYS
from features import NUMERIC
from model_store import SavedModel, save_ensemble
from report import write_csv, write_training_facts
from segment import Segment

GOLDEN_ROWS: Final = 12
TOLERANCE_SHARE: Final = 0.15
TOLERANCE_MIN: Final = 2.0

EVALUATION_COLUMNS: Final = [*KEYS, "week", "actual", "prediction", "naive"]
_CHAMPION: Final = "champion"


def evaluation(test: pd.DataFrame) -> pd.DataFrame:
    """The evaluation's rows, made of the test period with predictions, the champion's too where they are there."""
    whole = test.astype({"actual": int, "naive": int})
    columns = [*EVALUATION_COLUMNS, *([_CHAMPION] if _CHAMPION in whole else [])]
    return whole[columns].sort_values([*KEYS, "week"])


def golden_set(test: pd.DataFrame) -> pd.DataFrame:
    """Twelve rows of the test period at even steps from the smallest route to the biggest."""
    ordered = test.sort_values(["log_anchor", "week", *KEYS])
    places = np.linspace(0, len(ordered) - 1, min(GOLDEN_ROWS, len(ordered))).round().astype(int)
    chosen = ordered.iloc[places].rename(columns={"prediction": "expected"})
    tolerance = (chosen["expected"] * TOLERANCE_SHARE).clip(lower=TOLERANCE_MIN).round(1)
    return chosen.assign(tolerance=tolerance)[[*KEYS, "week", *NUMERIC, "expected", "tolerance"]]


def main(argv: Sequence[str] | None = None) -> None:
    """Runs the step."""
    arguments = _parser().parse_args(argv)
    segment = Segment.read(arguments.features)
    train = pd.read_parquet(arguments.features / "train.parquet")
    test = pd.read_parquet(arguments.features / "test.parquet")
    members = {"lasso": arguments.lasso, "neural_network": arguments.neural_network}
    save_ensemble(arguments.model, members, segment, example=test.head(2))
    scored = SavedModel(arguments.model).predict(test)
    compared = scored
    if arguments.champion is not None:
        compared = scored.assign(champion=SavedModel(arguments.champion).predict(test)["prediction"])
    write_csv(evaluation(compared), arguments.evaluation)
    write_csv(golden_set(scored), arguments.golden)
    facts = {"segment": segment.to_dict(), "alpha": arguments.alpha, "seed": arguments.seed}
    write_training_facts(facts, train, test, arguments.training)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--features", type=Path, required=True, help="folder written by prepare")
    parser.add_argument("--lasso", type=Path, required=True, help="folder of the trained lasso")
    parser.add_argument("--neural-network", type=Path, required=True, help="folder of the trained neural network")
    parser.add_argument("--champion", type=Path, help="folder of the model in production, if there is one")
    parser.add_argument("--alpha", type=float, required=True, help="as trained; kept in the training facts")
    parser.add_argument("--seed", type=int, required=True, help="as trained; kept in the training facts")
    parser.add_argument("--model", type=Path, required=True, help="folder to write")
    parser.add_argument("--evaluation", type=Path, required=True, help="CSV to write")
    parser.add_argument("--golden", type=Path, required=True, help="CSV to write")
    parser.add_argument("--training", type=Path, required=True, help="JSON to write")
    return parser


if __name__ == "__main__":
    main()
