"""Before a release, and before a rollback deploys: is the version what the ledger says of it?"""

from typing import Final

from functions import adapters
from functions.boundary import activity
from functions.ledgers import check_ledger, read_anchors
from functions.origins import hash_of_blob, hash_of_copy, hash_of_version
from shared.blocking import run_blocking
from shared.contracts.release import VerifiedVersion, VerifyVersionInput
from shared.contracts.rollback import ComparedFiles, CompareFilesInput
from shared.errors import PermanentError, TransientError
from shared.evaluation.evaluate import BaselineOutput, measure
from shared.evaluation.observations import Observations
from shared.release import verification
from shared.release.recorded import RecordedVersion, recorded, recorded_hash

#: Seconds; models of gigabytes, which are read twice, take a while, and so does a gate with `confidence`.
_TIMEOUT: Final = 2400.0


@activity
async def verify_version(order: VerifyVersionInput) -> VerifiedVersion:
    """Hold a version's ledger, lineage, gates and files against each other; what does not fit ends the release."""
    return await run_blocking(_verify, order, timeout=_TIMEOUT)


@activity
async def compare_files(order: CompareFilesInput) -> ComparedFiles:
    """Hold the files that a rollback would deploy against the hash that the ledger has of the version."""
    return await run_blocking(_compare, order, timeout=_TIMEOUT)


def _compare(order: CompareFilesInput) -> ComparedFiles:
    """Files that are others, or that cannot be read, are not deployed; a ledger that is down keeps nobody from it.

    An outage says nothing against a version, and the one in production is to go.

    Raises:
        PermanentError: `ArtifactChanged`.
    """
    try:
        rows = adapters.ledger().rows(order.model)
    except TransientError as error:
        return ComparedFiles(unknown=f"the ledger cannot be read: {error}")
    known = recorded_hash(order.version, rows)
    if known is None:
        return ComparedFiles(unknown="the ledger has no hash of them")
    try:
        now = hash_of_copy(order.model, order.version) or hash_of_version(order.model, order.version)
    except PermanentError as error:
        told = f"The files of version {order.version} of {order.model} cannot be compared with what was registered"
        raise PermanentError("ArtifactChanged", f"{told}, and are not deployed: {error.message}") from error
    verification.require_recorded(order.model, order.version, known, now)
    return ComparedFiles(artifact_sha256=now)


def _verify(order: VerifyVersionInput) -> VerifiedVersion:
    """1. The chain is whole. 2. The lineage is complete. 3. The gates hold. 4. The files are those of before.

    They are looked at in the registry, and at the platform, whose copy is what answers requests.
    """
    checked = check_ledger(order.model, read_anchors())
    verification.require_whole(order.model, checked.findings)
    known = recorded(order.model, order.version, checked.chain.rows)
    verification.require_dataset(known, order.dataset.version, hash_of_blob(f"{order.dataset.path}manifest.json"))
    rows = _observations(known) if verification.needs_rows(order.gates) else None
    verdict = verification.require_gates(known, order.gates, order.overridden, order.at, rows)
    verification.require_compared(known, order.gates, order.champion)
    artifact = _artifact_sha256(known)
    verification.require_artifact(known, artifact)
    verification.require_copy(known, artifact, _copy_sha256(known))
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


def _copy_sha256(known: RecordedVersion) -> str | None:
    """The hash of the files that the platform would serve; `None` where it takes the registry's."""
    try:
        return hash_of_copy(known.model, known.version)
    except PermanentError as error:
        told = (
            f"What would be deployed as version {known.version} of {known.model} cannot be compared with what was "
            f"registered: {error.message}"
        )
        remedy = "train it again, or register it there from a folder of the data container"
        raise PermanentError("ArtifactChanged", f"{told}; {remedy}.") from error
