"""Judging a trained model."""

import math
from collections.abc import Sequence

from functions import adapters, tracing
from functions.boundary import activity
from shared.blocking import run_blocking
from shared.contracts.evaluation import BaselineJob, EvaluatedModel, EvaluateModelInput
from shared.contracts.metrics import OF_RUN
from shared.contracts.policy import GatePolicy
from shared.errors import PermanentError
from shared.evaluation.evaluate import BaselineOutput, Measurement, measure
from shared.evaluation.gates import judge

#: Seconds; a gate with `confidence` draws many resamples of many rows.
_TIMEOUT = 600.0


@activity
async def evaluate_model(order: EvaluateModelInput) -> EvaluatedModel:
    """Compute the figures from the predictions of the job and of its baseline's, and hold them against the gates."""
    content = await run_blocking(_evaluation, order.job)
    baseline = await run_blocking(_baseline, order.baseline) if order.baseline is not None else None
    run = await run_blocking(_run_metrics, order.job, order.gates)
    judged = await run_blocking(_judged, order, content, baseline, run, timeout=_TIMEOUT)
    if failed := [gate.gate for gate in judged.verdict.gates if not gate.passed]:
        tracing.note(gate=",".join(failed))
    return judged


def _judged(
    order: EvaluateModelInput, content: bytes, baseline: BaselineOutput | None, run: dict[str, float]
) -> EvaluatedModel:
    measured: Measurement = measure(content, order.dataset, baseline, order.champion, run)
    verdict = judge(measured.evaluation, order.gates, order.at, measured.observations)
    return EvaluatedModel(evaluation=measured.evaluation, verdict=verdict)


def _run_metrics(job: str, gates: Sequence[GatePolicy]) -> dict[str, float]:
    """What the run has logged of that which a gate looks at; what is not finite is not known."""
    wanted = {gate.metric.removeprefix(OF_RUN) for gate in gates if gate.metric.startswith(OF_RUN)}
    logged = adapters.platform().read_job_metrics(job) if wanted else {}
    return {name: value for name, value in logged.items() if name in wanted and math.isfinite(value)}


def _baseline(baseline: BaselineJob) -> BaselineOutput:
    return BaselineOutput(baseline.model, _evaluation(baseline.job))


def _evaluation(job: str) -> bytes:
    try:
        return adapters.platform().read_job_file(job, "evaluation")
    except PermanentError as error:
        code, what = "OutputMissing", f"The job {job} completed, but its output `evaluation` cannot be read"
        raise PermanentError(code, f"{what}: {error.message}") from error
