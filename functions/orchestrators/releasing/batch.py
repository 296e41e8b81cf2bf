"""Into production by scoring a period."""

from typing import Literal

from functions.boundary import Steps, call
from functions.orchestrators.releasing.release import Release
from functions.orchestrators.releasing.steps import require_golden
from functions.orchestrators.scoring_steps import publish_period, run_scoring_job, told_of
from functions.orchestrators.steps import attempt
from shared import names
from shared.contracts.datasets import DatasetRef, FindDatasetInput
from shared.contracts.golden import GoldenResult, GoldenSetInput, StagedGoldenSet, TestPredictionsInput
from shared.contracts.release import Serving


def test_batch(release: Release) -> Steps[GoldenResult]:
    """The golden set scored by the same pipeline that scores the period, which has to be there."""
    order = release.order
    yield from _find_period(release)
    stage = GoldenSetInput(fleet=order.policy.fleet, golden=order.policy.golden, trace=order.trace)
    staged = yield from call(release.context, names.STAGE_GOLDEN_SET, stage, StagedGoldenSet)
    job, _ = names.release_jobs(release.context.instance_id)
    yield from _score(release, job, staged.path, rows="features")
    test = TestPredictionsInput(fleet=order.policy.fleet, golden=order.policy.golden, job=job, trace=order.trace)
    golden = yield from call(release.context, names.TEST_PREDICTIONS, test, GoldenResult)
    yield from require_golden(release, golden)
    return golden


def serve_batch(release: Release) -> Steps[None]:
    """The newest period scored, and published as a whole."""
    order, progress = release.order, release.progress
    period = yield from _find_period(release)
    _, job = names.release_jobs(release.context.instance_id)
    yield from _score(release, job, period.path, rows="dataset")
    yield from release.shift()
    progress.publishing = job
    published = yield from publish_period(release.context, order, job, period)
    progress.scored = period
    # Where readers are: a later release that is undone brings them back there.
    where, rows = (published.kept, None) if published.kept else (published.path, published.rows)
    progress.serving = Serving(mode="batch", published=where, rows=rows)
    reason = told_of(published, order.version)
    yield from attempt(release.note("PredictionsPublished", reason, published.to_wire()))


def _score(release: Release, job: str, folder: str, *, rows: Literal["dataset", "features"]) -> Steps[None]:
    release.progress.scoring = job
    yield from run_scoring_job(release.context, release.order, job, folder, rows=rows)
    release.progress.scoring = None


def _find_period(release: Release) -> Steps[DatasetRef]:
    """What the version was trained on; the newest version where another dataset is scored, or time has passed."""
    order = release.order
    scored = order.policy.serve.dataset or order.dataset.dataset
    if scored == order.dataset.dataset and not release.waited:
        return order.dataset
    find = FindDatasetInput(fleet=order.policy.fleet, dataset=scored, labels=order.policy.labels, trace=order.trace)
    return (yield from call(release.context, names.FIND_DATASET, find, DatasetRef))
