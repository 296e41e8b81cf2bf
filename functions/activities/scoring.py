"""Golden sets and published predictions."""

import csv
import hashlib
import io
import math
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

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
from shared.contracts.scoring import Publication
from shared.errors import PermanentError
from shared.release.golden import GoldenSet, compare_golden, read_golden


@activity
async def stage_golden_set(order: GoldenSetInput) -> StagedGoldenSet:
    """Put a golden set where a scoring job can read it; the folder's name is its content's hash."""
    golden, content = _golden(order.fleet, order.golden)
    folder = f"golden/{names.content_hash(hashlib.sha256(content).hexdigest())}/"
    await run_blocking(adapters.data().write, f"{folder}golden.csv", content, content_type="text/csv")
    return StagedGoldenSet(path=folder, rows=len(golden.inputs))


@activity
async def test_deployment(order: TestDeploymentInput) -> GoldenResult:
    """Ask the golden set's predictions from a deployment, and compare."""
    golden, _ = _golden(order.fleet, order.golden)
    rows: list[dict[str, Any]] = [dict(row) for row in golden.inputs]
    predictions = await run_blocking(adapters.platform().score, order.endpoint, rows, order.deployment)
    return compare_golden(golden, predictions)


@activity
async def test_predictions(order: TestPredictionsInput) -> GoldenResult:
    """Compare the predictions of a scoring job with the golden set, row by row."""
    golden, _ = _golden(order.fleet, order.golden)
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
    path, sha256 = _path(order), hashlib.sha256(content).hexdigest()
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
    if await _read(_beside(path)) != published:
        await run_blocking(adapters.data().write, path, content, content_type="text/csv")
        await _write(_beside(path), published)
    kept = await _point(published)
    return PublishedPredictions(path=path, rows=len(predictions), sha256=sha256, kept=kept)


@activity
async def restore_predictions(order: RestorePredictionsInput) -> PredictionsRestored:
    """Make what was published before current again."""
    before = await _read(_beside(order.published)) if order.published else None
    await _write(_pointer(order.model), before or Publication(model=order.model, path=order.published))
    return PredictionsRestored(current=order.published)


async def _point(published: Publication) -> str | None:
    """Point readers to a publication; the path that they stay at when that is of a later period."""
    current = await _read(_pointer(published.model))
    if current is not None and published.is_older_than(current):
        return current.path
    await _write(_pointer(published.model), published)
    return None


async def _read(path: str) -> Publication | None:
    """What is told of a publication; `None` when nothing is, or nothing that can be read."""
    try:
        return Publication.model_validate_json(await run_blocking(adapters.data().read, path))
    except ValidationError:
        return None
    except PermanentError as error:
        if error.code == "BlobNotFound":
            return None
        raise


async def _write(path: str, published: Publication) -> None:
    text = published.model_dump_json().encode()
    await run_blocking(adapters.data().write, path, text, content_type="application/json")


def _pointer(model: str) -> str:
    return f"predictions/{model}/current.json"


def _beside(path: str) -> str:
    """Where a CSV's own description lies: the pointer's content, also after it has moved on."""
    return path.removesuffix(".csv") + ".json"


def _path(order: PublishPredictionsInput) -> str:
    """One per dataset, model version and moment: what is scored again for the same replaces the same."""
    moment = f"as-of-{_compact(order.as_of)}/" if order.as_of else ""
    return f"predictions/{order.model}/{order.dataset.version}/{moment}v{order.version}.csv"


def _compact(moment: datetime) -> str:
    """`20131007T000000Z`: no character that a file system refuses."""
    utc = moment.astimezone(UTC)
    return utc.strftime("%Y%m%dT%H%M%S.%fZ" if utc.microsecond else "%Y%m%dT%H%M%SZ")


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
