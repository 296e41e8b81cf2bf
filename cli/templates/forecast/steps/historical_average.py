"""Step `historical_average`: the baseline of all models, the mean of each series over the training period.

Any model has to beat it. Writes the model folder, the evaluation (`prediction` beside `actual`, for every series and
test period), and the training facts.
"""

import argparse
import tempfile
from pathlib import Path

import pandas as pd
from evaluate import write_facts
from model_store import predicted, save_average
from series import NAMES, PERIOD, read_series, write_csv
from settings import TEST_PERIODS


def averages(wide: pd.DataFrame) -> pd.DataFrame:
    """`NAMES` and `average`, of the periods before the test; of all periods for a series that began later."""
    past = wide.iloc[:-TEST_PERIODS].mean()
    return past.fillna(past.mean()).rename("average").reset_index()


def measured(wide: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Every value before the test, and of the test: `NAMES`, `period`, `actual`."""
    values = wide.unstack().rename("actual").dropna().reset_index()
    begin = wide.index[-TEST_PERIODS]
    return values[values[PERIOD] < begin], values[values[PERIOD] >= begin]


def main() -> None:
    """Runs the step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", type=Path, required=True, help="folder with the standard CSV")
    parser.add_argument("--model", type=Path, required=True, help="folder to write")
    parser.add_argument("--evaluation", type=Path, required=True, help="CSV to write")
    parser.add_argument("--training", type=Path, required=True, help="JSON to write")
    arguments = parser.parse_args()
    wide = read_series(arguments.dataset, {})
    train, test = measured(wide)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "averages.csv"
        write_csv(averages(wide), file)
        save_average(arguments.model, file, example=test.head(2))
    scored = predicted(arguments.model, test)
    columns = [*NAMES, PERIOD, "actual", "prediction"]
    write_csv(scored[columns].sort_values([*NAMES, PERIOD]).round(6), arguments.evaluation)
    write_facts({"baseline": "historical average"}, train, test, arguments.training)


if __name__ == "__main__":
    main()
