"""Which deployments go: those that were made for testing, and that their release has left behind."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Final

from shared.contracts.release import DeploymentState
from shared.contracts.retention import Expired
from shared.retention.expiry import expired

#: How `release_model` begins the names of deployments that it only tests.
_FOR_TESTING: Final = "qa-"
_DAYS: Final = 1


def expired_deployments(
    deployments: Iterable[DeploymentState],
    traffic: Mapping[str, int],
    releasing: Collection[tuple[str, str]],
    now: datetime,
) -> tuple[Expired, ...]:
    """Deployments of one endpoint that were left behind by a release.

    Never one with traffic, one of a version that is being released, or one whose age is not known.

    Args:
        deployments: All of the endpoint.
        traffic: Percent by deployment.
        releasing: Model and version of every release in flight.
        now: The moment that their age is counted from.
    """
    return tuple(
        Expired(
            kind="deployment",
            name=f"{one.endpoint}/{one.deployment}",
            reason="It was made for testing more than a day ago, and no release in flight needs it.",
        )
        for one in deployments
        if one.deployment.startswith(_FOR_TESTING)
        and one.created_at is not None
        and expired(one.created_at, now, _DAYS)
        and not traffic.get(one.deployment)
        and (one.model or "", one.version or "") not in releasing
    )
