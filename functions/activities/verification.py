"""Before a release: is the version what the ledger says of it?"""

from typing import Final

from functions import adapters
from functions.boundary import activity
from functions.ledgers import check_ledger, read_anchors
from functions.origins import hash_of_blob, hash_of_version
from shared.blocking import run_blocking
from shared.contracts.release import VerifiedVersion, VerifyVersionInput
from shared.errors import PermanentError
from shared.evaluation.evaluate import BaselineOutput, measure
from shared.evaluation.observations import Observations
from shared.release import verification
from shared.release.verification import RecordedVersion

#: Seconds; models of gigabytes take a while, and so does a gate with `confidence`.
_TIMEOUT: Final = 1200.0


@activity
async def verify_version(order: VerifyVersionInput) -> VerifiedVersion:
    """Hold a version's ledger, lineage, gates and files against each other; what does not fit ends the release."""
    return await run_blocking(_verify, order, timeout=_TIMEOUT)


def _verify(order: VerifyVersionInput) -> VerifiedVersion:
    """1. The chain is whole. 2. The lineage is complete. 3. The gates hold. 4. The files are those of before."""
    checked = check_ledger(order.model, read_anchors())
    verification.require_whole(order.model, checked.findings)
    known = verification.recorded(order.model, order.version, checked.chain.rows)
    verification.require_dataset(known, order.dataset.version, hash_of_blob(f"{order.dataset.path}manifest.json"))
    rows = _observations(known) if verification.needs_rows(order.gates) else None
    verdict = verification.require_gates(known, order.gates, order.overridden, order.at, rows)
    verification.require_compared(known, order.gates, order.champion)
    artifact = _artifact_sha256(known)
    verification.require_artifact(known, artifact)
    return VerifiedVersion(
        artifact_sha256=artifact,
        report_sha256=verification.report_sha256(known, order.gates, order.overridden),
        author=known.author,
        summary=verification.summary(known, verdict, order.overridden),
        excepted=verification.excepted(known, verdict, order.gates, order.at, rows),
    )


def _observations(known: RecordedVersion) -> Observations | None:
    """The rows that the recorded figures are of; `None` when the job's output is gone, so that their gates fail."""
    try:
        content = adapters.platform().read_job_file(known.job, "evaluation")
        baseline = adapters.platform().read_job_file(known.baseline_job, "evaluation") if known.baseline_job else None
    except PermanentError:
        return None
    beside = None if baseline is None else BaselineOutput(known.evaluation.baseline_model or "", baseline)
    measured = measure(content, known.dataset, beside, known.evaluation.champion_ref, known.evaluation.run)
    verification.require_figures(known, measured.evaluation)
    return measured.observations


def _artifact_sha256(known: RecordedVersion) -> str:
    """The hash of the files as the registry has them now."""
    try:
        return hash_of_version(known.model, known.version)
    except PermanentError as error:
        told = f"The files of version {known.version} of {known.model} cannot be read: {error.message}"
        raise PermanentError("ArtifactChanged", f"{told}; train it again.") from error
