"""The model registry: versions, aliases, stages."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from functions import adapters, tracing
from functions.boundary import activity
from functions.origins import origin_of
from shared.blocking import run_blocking
from shared.contracts.evaluation import Evaluation
from shared.contracts.jobs import TRACE_TAG, job_tags
from shared.contracts.registry import (
    ChampionRestored,
    PromoteVersionInput,
    Promotion,
    RegisterBaselineInput,
    RegisteredVersion,
    RegisterVersionInput,
    RestoreChampionInput,
)
from shared.errors import PermanentError
from shared.names import BASELINE
from shared.registry.artifact import artifact_sha256

#: Seconds; models of gigabytes take a while.
_UPLOAD_TIMEOUT: Final = 1200.0
#: The output of a training job that holds the model.
_OUTPUT: Final = "model"


@activity
async def register_version(order: RegisterVersionInput) -> RegisteredVersion:
    """Register the model that a job has made; a version of that job is adopted, not made again."""
    tags, metrics = job_tags(order.tags, _tags(order)), _metrics(order.evaluation)
    version, artifact = await run_blocking(_registered, order.model, order.job, tags, metrics, timeout=_UPLOAD_TIMEOUT)
    artifact = artifact or await run_blocking(_artifact_again, order.job, timeout=_UPLOAD_TIMEOUT)
    return version.model_copy(update={"origin": await run_blocking(origin_of, order, artifact)})


@activity
async def register_baseline(order: RegisterBaselineInput) -> RegisteredVersion:
    """Register the baseline that a job has made; every model of its group asks, and all get the same version."""
    tags = {
        "signalbox.kind": BASELINE,
        "signalbox.fleet": order.fleet,
        "signalbox.dataset": order.dataset.version,
    }
    version, _ = await run_blocking(_registered, order.model, order.job, tags, {}, timeout=_UPLOAD_TIMEOUT)
    return version


@activity
async def promote_version(order: PromoteVersionInput) -> Promotion:
    """Alias `champion` and stage Production to a version, the previous one archived if the fleet file says so."""
    return await run_blocking(adapters.registry().promote, order.model, order.version, archive=order.archive)


@activity
async def restore_champion(order: RestoreChampionInput) -> ChampionRestored:
    """Undo a promotion."""
    champion = await run_blocking(adapters.registry().restore, order.model, order.version)
    return ChampionRestored(model=order.model, champion=champion)


def _registered(
    model: str, job: str, tags: Mapping[str, str], metrics: Mapping[str, float]
) -> tuple[RegisteredVersion, str | None]:
    """The version that a job has made, in the registry and on the platform, which deploys it and gives it to jobs.

    And the hash of its files; none where the version was there already, so that they were not read.
    """
    artifact: str | None = None
    version = adapters.registry().find_by_job(model, job)
    if version is None:
        version, artifact = _register(model, job, tags, metrics)
    adapters.platform().register_model(model, version.version, job, _OUTPUT, tags)
    return version, artifact


def _register(
    model: str, job: str, tags: Mapping[str, str], metrics: Mapping[str, float]
) -> tuple[RegisteredVersion, str]:
    with tempfile.TemporaryDirectory(prefix="signalbox-model-") as folder:
        _download(job, Path(folder))
        artifact = artifact_sha256(Path(folder))
        return adapters.registry().register(model, job, Path(folder), tags, metrics), artifact


def _artifact_again(job: str) -> str | None:
    """The hash of the files of a version that an earlier attempt registered; `None` when they are gone by now.

    From the files and not from a tag: anybody can edit a tag.
    """
    with tempfile.TemporaryDirectory(prefix="signalbox-model-") as folder:
        try:
            _download(job, Path(folder))
        except PermanentError:
            return None
        return artifact_sha256(Path(folder))


def _download(job: str, folder: Path) -> None:
    try:
        adapters.platform().download_job_folder(job, _OUTPUT, folder)
    except PermanentError as error:
        code, what = "OutputMissing", f"The job {job} completed, but its output `{_OUTPUT}` cannot be read"
        raise PermanentError(code, f"{what}: {error.message}") from error


def _tags(order: RegisterVersionInput) -> dict[str, str]:
    """For people who look at the registry; Signalbox itself believes only its ledger."""
    return {
        "signalbox.fleet": order.fleet,
        "signalbox.fleet_revision": order.revision,
        "signalbox.dataset": order.dataset.version,
        "signalbox.attempt": str(order.attempt),
        "signalbox.verdict": "passed" if order.verdict.passed else "rejected",
        "signalbox.reason": "; ".join(gate.reason for gate in order.verdict.gates)[:1000],
        **({TRACE_TAG: trace} if (trace := tracing.traceparent()) else {}),
    }


def _metrics(evaluation: Evaluation) -> dict[str, float]:
    """Every figure that is known: `mape`, `baseline_mape`, `naive_mape` and so on."""
    named = (("", evaluation.model), ("baseline_", evaluation.baseline), ("naive_", evaluation.naive))
    return {
        prefix + name: float(value)
        for prefix, figures in named
        if figures is not None
        for name, value in figures.model_dump().items()
        if value is not None
    }
