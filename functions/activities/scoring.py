"""Golden sets and published predictions."""

import csv
import hashlib
import io
import json
import math
from typing import Any

import azure.durable_functions as df

from functions import adapters
from functions.boundary import activity
from shared import names
from shared.blocking import run_blocking
from shared.contracts.release import (
    GoldenResult,
    GoldenSetInput,
    PredictionsRestored,
    PublishedPredictions,
    PublishPredictionsInput,
    RestorePredictionsInput,
    StagedGoldenSet,
    TestDeploymentInput,
    TestPredictionsInput,
)
from shared.errors import PermanentError
from shared.release.golden import GoldenSet, compare_golden, read_golden

blueprint = df.Blueprint()


@activity(blueprint)
async def stage_golden_set(order: GoldenSetInput) -> StagedGoldenSet:
    """Put a golden set where a scoring job can read it; the folder's name is its content's hash."""
    golden, content = _golden(order.fleet, order.golden)
    folder = f"golden/{names.content_hash(hashlib.sha256(content).hexdigest())}/"
    await run_blocking(adapters.data().write, f"{folder}golden.csv", content, content_type="text/csv")
    return StagedGoldenSet(path=folder, rows=len(golden.inputs))


@activity(blueprint)
async def test_deployment(order: TestDeploymentInput) -> GoldenResult:
    """Ask the golden set's predictions from a deployment, and compare."""
    golden, _ = _golden(order.fleet, order.golden)
    rows: list[dict[str, Any]] = [dict(row) for row in golden.inputs]
    predictions = await run_blocking(adapters.platform().score, order.endpoint, rows, order.deployment)
    return compare_golden(golden, predictions)


@activity(blueprint)
async def test_predictions(order: TestPredictionsInput) -> GoldenResult:
    """Compare the predictions of a scoring job with the golden set, row by row."""
    golden, _ = _golden(order.fleet, order.golden)
    content = await run_blocking(adapters.platform().read_job_file, order.job, "predictions")
    return compare_golden(golden, await run_blocking(_predictions, content))


@activity(blueprint)
async def publish_predictions(order: PublishPredictionsInput) -> PublishedPredictions:
    """Publish a scoring job's output as a whole; a period without predictions, or with a missing one, is refused."""
    content = await run_blocking(adapters.platform().read_job_file, order.job, "predictions")
    predictions = await run_blocking(_predictions, content)
    unknown = sum(value is None for value in predictions)
    if unknown or not predictions:
        what = f"{unknown} of {len(predictions)} rows have no prediction" if predictions else "has no rows"
        code = "PredictionsIncomplete"
        raise PermanentError(code, f"The output `predictions` of {order.job}: {what}. Nothing was published.")
    path = f"predictions/{order.model}/{order.dataset.version}/v{order.version}.csv"
    await run_blocking(adapters.data().write, path, content, content_type="text/csv")
    await _point(order.model, path)
    return PublishedPredictions(path=path, rows=len(predictions), sha256=hashlib.sha256(content).hexdigest())


@activity(blueprint)
async def restore_predictions(order: RestorePredictionsInput) -> PredictionsRestored:
    """Make what was published before current again."""
    await _point(order.model, order.published)
    return PredictionsRestored(current=order.published)


async def _point(model: str, path: str | None) -> None:
    """Move the pointer that readers follow: one small write, so nobody ever reads half a period."""
    text = json.dumps({"model": model, "path": path}).encode()
    pointer = f"predictions/{model}/current.json"
    await run_blocking(adapters.data().write, pointer, text, content_type="application/json")


def _golden(fleet: str, relative: str) -> tuple[GoldenSet, bytes]:
    path = adapters.fleet_file(fleet, relative)
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        code = "GoldenSetMissing"
        raise PermanentError(code, f"The golden set {relative} of the fleet {fleet} does not exist.") from error
    return read_golden(content, relative), content


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
