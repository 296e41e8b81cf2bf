"""Before anything is deployed: whether the version is what the ledger and the registry say, and may be released."""

from functions.boundary import Steps, call
from functions.orchestrators.releasing.release import Release
from functions.orchestrators.steps import now
from shared import names
from shared.contracts.release import VerifiedVersion, VerifyVersionInput


def verify(release: Release) -> Steps[VerifiedVersion]:
    """Its gates hold on the recorded figures, its lineage is complete, and its files are those that were registered.

    Raises:
        PermanentFailure: One of that is not so.
    """
    order = release.order
    release.tell("testing", f"Version {order.version} is verified and tested.")
    ask = VerifyVersionInput(
        model=order.model,
        version=order.version,
        dataset=order.dataset,
        gates=order.policy.gates,
        overridden=order.overridden,
        at=now(release.context),
        trace=order.trace,
    )
    verified = yield from call(release.context, names.VERIFY_VERSION, ask, VerifiedVersion)
    yield from release.note("VersionVerified", verified.summary, verified.to_wire())
    return verified
