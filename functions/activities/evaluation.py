"""Judging a trained model."""

import azure.durable_functions as df

from functions import adapters
from functions.boundary import activity
from shared.blocking import run_blocking
from shared.contracts.evaluation import EvaluatedModel, EvaluateModelInput
from shared.evaluation.gates import judge
from shared.evaluation.table import evaluate

blueprint = df.Blueprint()


@activity(blueprint)
async def evaluate_model(order: EvaluateModelInput) -> EvaluatedModel:
    """Compute the figures from the job's predictions, and hold them against the gates."""
    content = await run_blocking(adapters.platform().read_job_file, order.job, "evaluation")
    evaluation = await run_blocking(evaluate, content)
    return EvaluatedModel(evaluation=evaluation, verdict=judge(evaluation, order.gates))
