"""Step `prepare`: training and test rows of one model, made of a dataset folder.

Writes `train.parquet` and `test.parquet` into the features folder, see `series.build_rows`.
"""

import argparse
from pathlib import Path

from series import build_rows, divided, labels_of, read_series


def main() -> None:
    """Runs the step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", type=Path, required=True, help="folder with the standard CSV")
    parser.add_argument("--only", action="append", default=[], metavar="COLUMN=VALUE", help="rows of this model")
    parser.add_argument("--features", type=Path, required=True, help="folder to write")
    arguments = parser.parse_args()
    wide = read_series(arguments.dataset, labels_of(arguments.only))
    train, test = divided(build_rows(wide), wide)
    folder: Path = arguments.features
    folder.mkdir(parents=True, exist_ok=True)
    train.to_parquet(folder / "train.parquet", index=False)
    test.to_parquet(folder / "test.parquet", index=False)


if __name__ == "__main__":
    main()
