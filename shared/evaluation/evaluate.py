"""From what a training put out to the figures of the model and its references."""

from collections.abc import Mapping
from typing import NamedTuple

from shared.contracts.evaluation import ChampionRef, Evaluation
from shared.evaluation.baselines import NotComparableError, align_baseline
from shared.evaluation.metrics import compare
from shared.evaluation.observations import Observations, Who
from shared.evaluation.table import AVERAGE, CHAMPION, NAIVE, PREDICTION, EvaluationTable, read_table


class BaselineOutput(NamedTuple):
    """What a baseline's job put out.

    Attributes:
        model: The registered baseline's name.
        evaluation: Its evaluation table.
    """

    model: str
    evaluation: bytes


class Measurement(NamedTuple):
    """The figures, and the rows that they are of."""

    evaluation: Evaluation
    observations: Observations


def evaluate(content: bytes, dataset: str | None = None, baseline: BaselineOutput | None = None) -> Evaluation:
    """The figures alone; arguments and errors as in `measure`."""
    return measure(content, dataset, baseline).evaluation


def measure(
    content: bytes,
    dataset: str | None = None,
    baseline: BaselineOutput | None = None,
    champion: ChampionRef | None = None,
    run: Mapping[str, float] | None = None,
) -> Measurement:
    """Figures of the model, the baseline, the champion and the naive forecast, all on the model's rows.

    Args:
        content: The evaluation table of the model's pipeline.
        dataset: The dataset version that was trained on.
        baseline: What the model is compared with; the model's own column `historical_average` when absent. One that
            cannot be compared leaves its figures missing, with the reason: a gate that needs them fails.
        champion: The version in production, whose predictions are the column `champion`. Without one, such a column is
            nobody's, and is left aside.
        run: Metrics that the run has logged.

    Raises:
        PermanentError: One of the tables cannot be used.
    """
    table = read_table(content, "The pipeline's output", dataset)
    predicted: dict[Who, list[float | None]] = {"model": table.predictions()}
    problem = None
    try:
        found = _baseline(table, baseline, dataset)
    except NotComparableError as error:
        found, problem = None, str(error)
    if found is not None:
        predicted["baseline"] = found
    if CHAMPION in table.columns and champion is not None and champion.version is not None:
        predicted["champion"] = table.predictions(CHAMPION)
    model = table.figures(PREDICTION)
    assert model is not None  # read_table has seen the column
    evaluation = Evaluation(
        model=model,
        baseline=compare(table.actual, found) if found is not None else None,
        naive=table.figures(NAIVE),
        baseline_model=baseline.model if baseline is not None else None,
        baseline_problem=problem,
        champion=compare(table.actual, predicted["champion"]) if "champion" in predicted else None,
        champion_ref=champion,
        run=dict(run or {}),
        observed_at=table.observed_at,
    )
    columns = {name: [row[name] for row in table.rows] for name in table.keys}
    return Measurement(evaluation, Observations(table.actual, predicted, table.seconds, columns, dataset or ""))


def _baseline(
    table: EvaluationTable, baseline: BaselineOutput | None, dataset: str | None
) -> list[float | None] | None:
    """What the baseline says of the model's rows; `None` where there is none.

    Raises:
        NotComparableError: It was trained, and measures something else.
        PermanentError: Its table cannot be used.
    """
    if baseline is None:
        return table.predictions(AVERAGE) if AVERAGE in table.columns else None
    other = read_table(baseline.evaluation, f"The baseline {baseline.model}'s output", dataset)
    return align_baseline(table, other)
