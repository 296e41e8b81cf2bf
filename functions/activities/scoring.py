"""Golden sets and published predictions."""

import csv
import hashlib
import io
import math

from functions import adapters
from functions.boundary import activity
from functions.golden import ASKING_TIMEOUT, ask_golden, golden_set
from functions.publications import beside, csv_path, pointer, read_publication, write_publication
from shared import names
from shared.blocking import run_blocking
from shared.contracts.golden import (
    GoldenResult,
    GoldenSetInput,
    StagedGoldenSet,
    TestDeploymentInput,
    TestPredictionsInput,
)
from shared.contracts.published_predictions import (
    PredictionsRestored,
    PublishedPredictions,
    PublishPredictionsInput,
    RestorePredictionsInput,
)
from shared.contracts.scoring import Publication
from shared.errors import PermanentError
from shared.release.golden import compare_golden, within_budget


@activity
async def stage_golden_set(order: GoldenSetInput) -> StagedGoldenSet:
    """Put a golden set where a scoring job can read it; the folder's name is its content's hash."""
    golden, content = golden_set(order.fleet, order.golden)
    folder = f"golden/{names.content_hash(hashlib.sha256(content).hexdigest())}/"
    await run_blocking(adapters.data().write, f"{folder}golden.csv", content, content_type="text/csv")
    return StagedGoldenSet(path=folder, rows=len(golden.inputs))


@activity
async def test_deployment(order: TestDeploymentInput) -> GoldenResult:
    """Ask the golden set's predictions from a deployment, and compare; errors and latency count, too, if asked for.

    Raises:
        TransientError: It could not be reached at all.
    """
    golden, _ = golden_set(order.fleet, order.golden)
    answers, predictions = await run_blocking(
        ask_golden, golden, order.endpoint, order.deployment, timeout=ASKING_TIMEOUT
    )
    return within_budget(compare_golden(golden, predictions), answers, order.limits)


@activity
async def test_predictions(order: TestPredictionsInput) -> GoldenResult:
    """Compare the predictions of a scoring job with the golden set, row by row."""
    golden, _ = golden_set(order.fleet, order.golden)
    content = await run_blocking(adapters.platform().read_job_file, order.job, "predictions")
    return compare_golden(golden, await run_blocking(_predictions, content))


@activity
async def publish_predictions(order: PublishPredictionsInput) -> PublishedPredictions:
    """Publish a scoring job's output as a whole; a period without predictions, or with a missing one, is refused.

    Readers are pointed to it last, by one small write, so that nobody ever reads half a period; and not at all while
    they are pointed to a later period.
    """
    content = await run_blocking(adapters.platform().read_job_file, order.job, "predictions")
    predictions = await run_blocking(_predictions, content)
    unknown = sum(value is None for value in predictions)
    if unknown or not predictions:
        what = f"{unknown} of {len(predictions)} rows have no prediction" if predictions else "has no rows"
        code = "PredictionsIncomplete"
        raise PermanentError(code, f"The output `predictions` of {order.job}: {what}. Nothing was published.")
    path = csv_path(order.model, order.dataset.version, order.version, order.as_of)
    sha256 = hashlib.sha256(content).hexdigest()
    published = Publication(
        model=order.model,
        path=path,
        version=order.version,
        dataset=order.dataset.version,
        ends=order.dataset.ends,
        as_of=order.as_of,
        rows=len(predictions),
        sha256=sha256,
    )
    if await run_blocking(read_publication, beside(path)) != published:
        await run_blocking(adapters.data().write, path, content, content_type="text/csv")
        await run_blocking(write_publication, beside(path), published)
    kept, before = await run_blocking(_point, published, order.job)
    return PublishedPredictions(path=path, rows=len(predictions), sha256=sha256, kept=kept, before=before)


@activity
async def restore_predictions(order: RestorePredictionsInput) -> PredictionsRestored:
    """Make what was published before current again; asked to undo a publication, only where readers are by that one."""
    wanted = order.published
    if order.job is not None:
        current = await run_blocking(read_publication, pointer(order.model))
        if current is None or current.job != order.job:
            return PredictionsRestored(current=current.path if current else None)
        wanted = current.before
    before = await run_blocking(read_publication, beside(wanted)) if wanted else None
    told = before or Publication(model=order.model, path=wanted)
    await run_blocking(write_publication, pointer(order.model), told)
    return PredictionsRestored(current=wanted)


def _point(published: Publication, job: str) -> tuple[str | None, str | None]:
    """Point readers to a publication, and keep with it where they were: a repeat finds that there.

    Returns:
        The path that they stay at when that is of a later period, and the one that they were at until now.
    """
    current = read_publication(pointer(published.model))
    if current is not None and published.is_older_than(current):
        return current.path, None
    before = None if current is None else current.before if current.job == job else current.path
    write_publication(pointer(published.model), published.model_copy(update={"job": job, "before": before}))
    return None, before


def _predictions(content: bytes) -> list[float | None]:
    reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    if "prediction" not in (reader.fieldnames or ()):
        code = "PredictionsIncomplete"
        raise PermanentError(code, "The pipeline's output `predictions` lacks the column `prediction`.")
    return [_number(row["prediction"]) for row in reader]


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None
