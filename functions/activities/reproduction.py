"""Making a version again: what it was made of, and what differs."""

import tempfile
from pathlib import Path
from typing import Any, Final

from functions import adapters
from functions.boundary import activity
from shared.blocking import run_blocking
from shared.code_digest import deployed_commit
from shared.contracts.reproduction import (
    CompareReproductionInput,
    RecordedTraining,
    RecordedVersionKey,
    Reproduction,
)
from shared.errors import PermanentError
from shared.evaluation.evaluate import evaluate
from shared.lineage.reproduction import FILES_TOLD, caveats, compare_figures, compare_files, is_same
from shared.registry.artifact import file_hashes
from shared.release.recorded import EVALUATED, REGISTERED, recorded

#: Seconds; models of gigabytes take a while.
_TIMEOUT: Final = 1200.0


@activity
async def find_recorded_version(order: RecordedVersionKey) -> RecordedTraining:
    """What the ledger says a version was made of; one that was not made here cannot be made again."""
    rows = await run_blocking(adapters.ledger().rows, order.model)
    effects = {row.entry.effect for row in rows if str(row.entry.facts.get("version")) == order.version}
    if EVALUATED in effects and REGISTERED not in effects:
        told = f"Version {order.version} of {order.model} was evaluated here, but trained elsewhere"
        raise PermanentError("NotMadeHere", f"{told}, so the ledger does not say how to make it again.")
    # A later evaluation was a job of its own, which has made nothing.
    known = recorded(order.model, order.version, [row for row in rows if row.entry.effect != EVALUATED])
    facts = known.row.entry.facts
    origin: Any = facts.get("origin")
    return RecordedTraining(
        job=known.job,
        dataset=known.dataset,
        fleet_revision=str(facts["fleet_revision"]),
        git_commit=origin.get("git_commit") if isinstance(origin, dict) else None,
        evaluation=known.evaluation,
    )


@activity
async def compare_reproduction(order: CompareReproductionInput) -> Reproduction:
    """Files and figures of a version beside those of the job that was to make it again."""
    return await run_blocking(_compare, order, timeout=_TIMEOUT)


def _compare(order: CompareReproductionInput) -> Reproduction:
    content = adapters.platform().read_job_file(order.job, "evaluation")
    figures = compare_figures(order.recorded.evaluation.model, evaluate(content, order.recorded.dataset).model)
    with tempfile.TemporaryDirectory(prefix="signalbox-reproduce-") as folder:
        then, now = Path(folder) / "then", Path(folder) / "now"
        then.mkdir()
        now.mkdir()
        adapters.registry().download(order.model, order.version, then)
        adapters.platform().download_job_folder(order.job, "model", now)
        files = compare_files(file_hashes(then), file_hashes(now))
    different = tuple(one for one in files if one.outcome != "same")
    policy = adapters.fleets().model(order.model)
    revision = policy.revision if policy is not None else "none"
    return Reproduction(
        model=order.model,
        version=order.version,
        job=order.job,
        figures_same=all(map(is_same, figures)),
        bytes_same=not different,
        files=different[:FILES_TOLD],
        figures=figures,
        caveats=caveats(order.recorded.fleet_revision, revision, order.recorded.git_commit, deployed_commit() or None),
    )
