"""Judging a trained model."""

from functions import adapters
from functions.boundary import activity
from shared.blocking import run_blocking
from shared.contracts.evaluation import BaselineJob, EvaluatedModel, EvaluateModelInput
from shared.errors import PermanentError
from shared.evaluation.evaluate import BaselineOutput, evaluate
from shared.evaluation.gates import judge


@activity
async def evaluate_model(order: EvaluateModelInput) -> EvaluatedModel:
    """Compute the figures from the predictions of the job and of its baseline's, and hold them against the gates."""
    content = await run_blocking(_evaluation, order.job)
    baseline = await run_blocking(_baseline, order.baseline) if order.baseline is not None else None
    evaluation = await run_blocking(evaluate, content, order.dataset, baseline)
    return EvaluatedModel(evaluation=evaluation, verdict=judge(evaluation, order.gates, order.at))


def _baseline(baseline: BaselineJob) -> BaselineOutput:
    return BaselineOutput(baseline.model, _evaluation(baseline.job))


def _evaluation(job: str) -> bytes:
    try:
        return adapters.platform().read_job_file(job, "evaluation")
    except PermanentError as error:
        code, what = "OutputMissing", f"The job {job} completed, but its output `evaluation` cannot be read"
        raise PermanentError(code, f"{what}: {error.message}") from error
