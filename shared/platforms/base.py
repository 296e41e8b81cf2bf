"""What Signalbox asks of the platform that trains and serves: Azure ML in the cloud, local services on a laptop."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from shared.contracts.jobs import JobInput, JobState
from shared.contracts.release import DeploymentState


class Platform(Protocol):
    """Jobs and endpoints. Every call is blocking, has a deadline, and may be repeated without a second effect.

    Raises:
        PermanentError: The platform refuses: bad YAML, a name taken by another definition, an unknown job.
        TransientError: The platform is down, busy or slow.
    """

    def submit_job(
        self, name: str, pipeline: Path, experiment: str, inputs: Mapping[str, JobInput], tags: Mapping[str, str]
    ) -> JobState:
        """Start a pipeline job; a job of that name and definition is adopted, not started again."""
        ...

    def read_job(self, name: str) -> JobState | None:
        """Where a job stands; `None` when there is none of that name."""
        ...

    def cancel_job(self, name: str) -> None:
        """Ask a job to stop; nothing happens when it is final or absent."""
        ...

    def read_job_file(self, name: str, output: str) -> bytes:
        """The bytes of a finished job's output of type `uri_file`."""
        ...

    def download_job_folder(self, name: str, output: str, target: Path) -> None:
        """Copy a finished job's output of type `uri_folder` into an existing folder."""
        ...

    def create_deployment(self, endpoint: str, deployment: str, model: str, version: str) -> DeploymentState:
        """Start to deploy a version at 0 % traffic; the endpoint is made when absent, the same deployment adopted."""
        ...

    def read_deployment(self, endpoint: str, deployment: str) -> DeploymentState | None:
        """Where a deployment stands; `None` when there is none."""
        ...

    def read_traffic(self, endpoint: str) -> dict[str, int]:
        """Percent of traffic by deployment; empty when the endpoint is absent."""
        ...

    def set_traffic(self, endpoint: str, traffic: Mapping[str, int]) -> None:
        """Route the endpoint's traffic; percentages sum to 100."""
        ...

    def delete_deployment(self, endpoint: str, deployment: str) -> None:
        """Remove a deployment that carries no traffic; nothing happens when it is absent."""
        ...

    def list_deployments(self, endpoint: str) -> list[DeploymentState]:
        """Every deployment of an endpoint, by name; empty when the endpoint is absent."""
        ...

    def delete_endpoint(self, endpoint: str) -> None:
        """Remove an endpoint that has no deployments; nothing happens when it is absent."""
        ...

    def score(self, endpoint: str, rows: list[dict[str, Any]], deployment: str | None = None) -> list[float]:
        """Ask predictions, one per row; by traffic, or from one deployment."""
        ...
