"""Runs the pipelines of the whole fleet on this machine, with no service: baselines and models in about 10 s."""

import multiprocessing
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from pathlib import Path
from typing import Final, NamedTuple

from examples.flights.dry_run import BASELINE, TRAIN, run_pipeline
from examples.flights.nyc import ORIGINS

FORMATS: Final = ("mainline", "regional")
MOVEMENTS: Final = ("fast", "slow")


class Cell(NamedTuple):
    """What one pipeline trains.

    Attributes:
        origin: Airport of departure.
        format: `mainline` or `regional`.
        movement: `fast` or `slow`; `baseline` for the baseline of both.
    """

    origin: str
    format: str
    movement: str

    def __str__(self) -> str:
        """As in names of files: `jfk-mainline-fast`."""
        return "-".join(self).lower()


MODELS: Final = tuple(Cell(*labels) for labels in product(ORIGINS, FORMATS, MOVEMENTS))
"""The twelve models."""

BASELINES: Final = tuple(Cell(*labels, "baseline") for labels in product(ORIGINS, FORMATS))
"""What each two of them have to beat."""


def train_fleet(
    datasets: Mapping[str, Path],
    folder: Path,
    cells: Sequence[Cell] = (*MODELS, *BASELINES),
    *,
    epochs: int | None = None,
) -> dict[Cell, dict[str, Path]]:
    """Runs `train.yml` for each model and `historical_average.yml` for each baseline, two at a time.

    Args:
        datasets: The dataset folder of each airport.
        folder: Where outputs go.
        cells: Which of them.
        epochs: Of the neural networks, at most; as `train.yml` says, unless given.

    Returns:
        Where each output of each pipeline lies.

    Raises:
        StepError: A step ended with an error.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context, initializer=_prepare_process) as pool:
        asked = {cell: pool.submit(_train, cell, datasets[cell.origin], folder / str(cell), epochs) for cell in cells}
        return {cell: future.result() for cell, future in asked.items()}


def _prepare_process() -> None:
    """One core each, and none of MLflow's notices."""
    os.environ |= {"OMP_NUM_THREADS": "1", "MLFLOW_LOGGING_LEVEL": "ERROR"}


def _train(cell: Cell, dataset: Path, folder: Path, epochs: int | None) -> dict[str, Path]:
    inputs: dict[str, str | Path] = {"dataset": dataset, "origin": cell.origin, "format": cell.format}
    if cell.movement == "baseline":
        return run_pipeline(BASELINE, inputs, folder, here=True)
    if epochs is not None:
        inputs["epochs"] = str(epochs)
    return run_pipeline(TRAIN, {**inputs, "movement": cell.movement}, folder, here=True)
