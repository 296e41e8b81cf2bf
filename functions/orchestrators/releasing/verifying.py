"""Before anything is deployed: whether the version is what the ledger and the registry say, and may be released."""

from functions.boundary import Steps, call
from functions.orchestrators.releasing.release import Release, ReleaseRefusedError
from functions.orchestrators.steps import now
from shared import names
from shared.contracts.release import VerifiedVersion, VerifyVersionInput


def verify(release: Release, part: str = "") -> Steps[VerifiedVersion]:
    """Its gates hold on the recorded figures, its lineage is complete, and its files are those that were registered.

    Args:
        release: The release.
        part: Tells a later look from the first one in the ledger.

    Raises:
        PermanentFailure: One of that is not so.
    """
    order = release.order
    if not part:
        release.tell("testing", f"Version {order.version} is verified and tested.")
    ask = VerifyVersionInput(
        model=order.model,
        version=order.version,
        dataset=order.dataset,
        gates=order.policy.gates,
        overridden=order.overridden,
        at=now(release.context),
        champion=order.champion,
        trace=order.trace,
    )
    verified = yield from call(release.context, names.VERIFY_VERSION, ask, VerifiedVersion)
    allowed = {"exceptions": [one.to_wire() for one in order.exceptions]} if order.exceptions else {}
    ordered = {"ordered_by": order.ordered_by} if order.ordered_by else {}
    facts = {**verified.to_wire(), **allowed, **ordered}
    yield from release.note("VersionVerified", verified.summary, facts, part=part)
    return verified


def verify_again(release: Release, first: VerifiedVersion) -> Steps[None]:
    """Whether a version that has waited is still what was tested and approved, days ago perhaps.

    Raises:
        PermanentFailure: It may not be released any more.
        ReleaseRefusedError: It may, but is not the same.
    """
    again = yield from verify(release, part="-again")
    parts = {
        "its files are": again.artifact_sha256 != first.artifact_sha256,
        "what the ledger has of it is": again.report_sha256 != first.report_sha256,
    }
    other = next((what for what, differs in parts.items() if differs), None)
    if other is not None:
        told = f"Version {release.order.version} is not what was tested and waited: {other} not the same any more"
        raise ReleaseRefusedError(f"{told}. Release the version again, so that it is tested as it is.")
