"""From what a training put out to the figures of the model and its references."""

from typing import NamedTuple

from shared.contracts.evaluation import Evaluation
from shared.evaluation.baselines import NotComparableError, compare_baseline
from shared.evaluation.table import AVERAGE, NAIVE, PREDICTION, read_table


class BaselineOutput(NamedTuple):
    """What a baseline's job put out.

    Attributes:
        model: The registered baseline's name.
        evaluation: Its evaluation table.
    """

    model: str
    evaluation: bytes


def evaluate(content: bytes, dataset: str | None = None, baseline: BaselineOutput | None = None) -> Evaluation:
    """Figures of the model, the baseline and the naive forecast, all on the model's rows.

    Args:
        content: The evaluation table of the model's pipeline.
        dataset: The dataset version that was trained on.
        baseline: What the model is compared with; the model's own column `historical_average` when absent. One that
            cannot be compared leaves its figures missing, with the reason: a gate that needs them fails.

    Raises:
        PermanentError: One of the tables cannot be used.
    """
    table = read_table(content, "The pipeline's output", dataset)
    model = table.figures(PREDICTION)
    assert model is not None  # read_table has seen the column
    known = Evaluation(model=model, naive=table.figures(NAIVE))
    if baseline is None:
        return known.model_copy(update={"baseline": table.figures(AVERAGE)})
    named = known.model_copy(update={"baseline_model": baseline.model})
    other = read_table(baseline.evaluation, f"The baseline {baseline.model}'s output", dataset)
    try:
        return named.model_copy(update={"baseline": compare_baseline(table, other)})
    except NotComparableError as error:
        return named.model_copy(update={"baseline_problem": str(error)})
