"""Endpoints and deployments, in the words of Azure ML's managed online endpoints."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from local.services.scoring.settings import Settings

NAME_PATTERN = re.compile(r"[A-Za-z][A-Za-z0-9-]{1,30}[A-Za-z0-9]")
"""Azure's rule for the names of endpoints and deployments: 3 to 32 characters."""

_MODEL = re.compile(r"(?:models:/(?P<a>[^/:]+)/|azureml:(?P<b>[^/:]+):)(?P<version>\d+)")


class State(StrEnum):
    """Azure's provisioning states; the ones this service uses.

    ``UPDATING`` is a deployment whose process is being started again: it cannot answer at the moment.
    """

    CREATING = "Creating"
    SUCCEEDED = "Succeeded"
    UPDATING = "Updating"
    FAILED = "Failed"


@dataclass(frozen=True)
class Deployment:
    """One version of a model behind an endpoint.

    ``id`` is never given twice, unlike the name. ``requests`` counts those answered, ``restarts`` the starts after a
    crash. ``mirrored`` counts the copies of requests that were answered, ``mirror_failures`` those that were not, or
    with an error. ``folder`` has the model's files when they are on this machine and not in MLflow's registry.
    """

    id: int
    endpoint: str
    name: str
    model: str
    folder: str | None
    settings: Settings
    tags: dict[str, str]
    state: State
    error: dict[str, str] | None
    requests: int
    restarts: int
    mirrored: int
    mirror_failures: int
    created_at: str

    def describe(self) -> dict[str, Any]:
        """The deployment as the API shows it."""
        return {
            "name": self.name,
            "endpoint": self.endpoint,
            "model": self.model,
            "provisioning_state": self.state,
            "error": self.error,
            "environment_variables": self.settings.environment,
            "tags": self.tags,
            "requests": self.requests,
            "restarts": self.restarts,
            "mirrored": self.mirrored,
            "mirror_failures": self.mirror_failures,
            "created_at": self.created_at,
        }


@dataclass(frozen=True)
class Wanted:
    """What a deployment that is asked for would be; ``model`` is ``models:/name/version``."""

    model: str
    folder: str | None
    settings: Settings
    tags: dict[str, str]

    def is_served_by(self, deployment: Deployment) -> bool:
        """Whether a deployment is the same; tags make no difference."""
        return (self.model, self.settings) == (deployment.model, deployment.settings)


@dataclass(frozen=True)
class Endpoint:
    """A scoring address.

    ``traffic`` gives each deployment's share in percent, ``mirror`` the percentage of all requests that one further
    deployment gets a copy of.
    """

    name: str
    tags: dict[str, str]
    traffic: dict[str, int]
    mirror: dict[str, int]


def model_reference(text: str) -> tuple[str, str] | None:
    """Name and version of ``models:/name/3`` or ``azureml:name:3``; None for anything else."""
    match = _MODEL.fullmatch(text)
    return (match["a"] or match["b"], match["version"]) if match else None
