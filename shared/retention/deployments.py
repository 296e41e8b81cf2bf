"""Which deployments go: those that were made for testing, and that their release has left behind."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Final

from shared.contracts.deployments import DeploymentState
from shared.contracts.retention import Expired
from shared.retention.expiry import expired

_DAYS: Final = 1


def expired_deployments(
    deployments: Iterable[DeploymentState],
    traffic: Mapping[str, int],
    models: Collection[str],
    releasing: Collection[tuple[str, str]],
    now: datetime,
) -> tuple[Expired, ...]:
    """Deployments of one endpoint that were left behind by a release.

    Never one with traffic, one of a version that is being released, one whose age is not known, or one that somebody
    else made: an endpoint may be shared.

    Args:
        deployments: All of the endpoint.
        traffic: Percent by deployment.
        models: All that this app knows.
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
        if one.model in models
        and one.deployment.startswith(_for_testing(one))
        and one.created_at is not None
        and expired(one.created_at, now, _DAYS)
        and not traffic.get(one.deployment)
        and (one.model or "", one.version or "") not in releasing
    )


def _for_testing(one: DeploymentState) -> str:
    """How `release_model` begins the name of a deployment that it only tests."""
    return f"qa-v{one.version}-"
