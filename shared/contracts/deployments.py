"""Deployments of model versions, and the traffic that they get."""

import operator
from typing import Final

from pydantic import Field

from shared.contracts.base import Contract, Instant, absent

#: Another version or definition has the deployment's name.
DEPLOYMENT_TAKEN: Final = "UserError"
#: Code of an endpoint of the name that is somebody else's: nothing is deployed to it, routed there or deleted.
ENDPOINT_TAKEN: Final = "EndpointTaken"


class DeploymentSpec(Contract):
    """Input of `create_deployment` and `scale_deployment`: a version behind an endpoint, at 0 % of its traffic.

    Attributes:
        fleet: The fleet file's name; the definition's path is relative to that file.
        definition: Azure ML's YAML of a deployment; a plain one when absent.
        scales: Whether it may scale as its definition says; otherwise it stays as it begins, as one for tests does.
    """

    endpoint: str
    deployment: str
    model: str
    version: str
    fleet: str = ""
    definition: str | None = None
    scales: bool = Field(default=True, exclude_if=bool)  # histories from before it was there replay
    trace: str | None = None


class DeploymentKey(Contract):
    """Input of `read_deployment` and `delete_deployment`.

    Attributes:
        model: For which it serves, where that is another one than the one that is deployed: a baseline stands in.
    """

    endpoint: str
    deployment: str
    model: str | None = Field(default=None, exclude_if=absent)
    trace: str | None = None


class DeploymentState(Contract):
    """Where a deployment stands.

    Attributes:
        status: Azure ML's `provisioning_state`.
        created_at: Absent where the platform does not tell.
    """

    endpoint: str
    deployment: str
    status: str
    model: str | None = None
    version: str | None = None
    error: str | None = None
    created_at: Instant | None = None


class ShiftTrafficInput(Contract):
    """Input of `shift_traffic`: percent by deployment.

    Attributes:
        mirror: Percent of the traffic that one deployment gets a copy of; nothing where it is empty. What is mirrored
            stays where it is absent.
    """

    endpoint: str
    traffic: dict[str, int]
    # Left out where it is absent: histories from before it was there replay.
    mirror: dict[str, int] | None = Field(default=None, exclude_if=absent)
    trace: str | None = None


class Traffic(Contract):
    """The endpoint's traffic after a shift, and before it.

    Attributes:
        begun: Whether a change was begun whose end is not known yet; otherwise the traffic is as it should be.
    """

    endpoint: str
    traffic: dict[str, int]
    previous: dict[str, int]
    begun: bool = Field(default=False, exclude_if=operator.not_)  # histories from before it was there replay
