"""Step `train`: one member of the ensemble, a lasso regression or a small neural network.

Writes `model.joblib` into the model folder: a scikit-learn pipeline that takes `FEATURES` and gives clipped ratios
(see `target`).
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import joblib
import pandas as pd
from features import CATEGORICAL, NUMERIC
from sklearn.base import RegressorMixin
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import Lasso
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from target import to_ratio
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # ships none


def train(rows: pd.DataFrame, regressor: RegressorMixin) -> Pipeline:
    """Fits the regressor behind scaling and one-hot encoding.

    A carrier or destination with fewer than 8 rows, or never seen, shares one column with the other rare ones.
    """
    encode = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=8)
    columns = ColumnTransformer([("numeric", StandardScaler(), NUMERIC), ("categorical", encode, CATEGORICAL)])
    pipeline = Pipeline([("columns", columns), ("regressor", regressor)])
    # One thread: sums in another order would give other figures on another number of cores.
    with threadpool_limits(limits=1):
        return pipeline.fit(rows, to_ratio(rows["actual"], rows["log_anchor"]))


def lasso(alpha: float) -> Lasso:
    """Linear regression whose weights are shrunk by `alpha`, most of them to 0."""
    return Lasso(alpha=alpha, max_iter=5000)


def neural_network(seed: int, epochs: int) -> MLPRegressor:
    """One hidden layer of 16; training ends when 15 epochs bring no gain on a tenth of the rows, held back."""
    return MLPRegressor(
        hidden_layer_sizes=(16,),
        alpha=1.0,
        learning_rate_init=0.003,
        max_iter=epochs,
        early_stopping=True,
        n_iter_no_change=15,
        random_state=seed,
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Runs the step."""
    arguments = _parser().parse_args(argv)
    network = arguments.kind == "neural-network"
    regressor = neural_network(arguments.seed, arguments.epochs) if network else lasso(arguments.alpha)
    model = train(pd.read_parquet(arguments.features / "train.parquet"), regressor)
    folder: Path = arguments.model
    folder.mkdir(parents=True, exist_ok=True)
    joblib.dump(model, folder / "model.joblib")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", required=True, choices=("lasso", "neural-network"))
    parser.add_argument("--features", type=Path, required=True, help="folder written by prepare")
    parser.add_argument("--alpha", type=float, default=0.02, help="strength of the lasso's penalty")
    parser.add_argument("--seed", type=int, default=1, help="of the neural network's weights and batches")
    parser.add_argument("--epochs", type=int, default=300, help="that the neural network sees the rows, at most")
    parser.add_argument("--model", type=Path, required=True, help="folder to write")
    return parser


if __name__ == "__main__":
    main()
