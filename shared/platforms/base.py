"""What Signalbox asks of the platform that trains and serves: Azure ML in the cloud, local services on a laptop."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from shared.contracts.deployments import DeploymentState
from shared.contracts.jobs import JobInput, JobState
from shared.contracts.platform_models import Answered, PlatformModel, RequestCounts


class Jobs(Protocol):
    """Pipeline jobs, and what they leave behind. Every call is blocking, has a deadline, and may be repeated.

    Raises:
        PermanentError: The platform refuses: bad YAML, a name taken by another job, an unknown job.
        TransientError: The platform is down, busy or slow.
    """

    def submit_job(
        self, name: str, pipeline: Path, experiment: str, inputs: Mapping[str, JobInput], tags: Mapping[str, str]
    ) -> JobState:
        """Start a pipeline job; one that is there already is adopted, not started again.

        A job of that name whose tag `signalbox.instance` is the one in `tags` is the run's own: it is adopted as it is,
        though its pipeline may have changed since, or cannot be read any more. Without that tag, in `tags` and at the
        job, its definition decides: jobs that several runs share have none.

        Raises:
            PermanentError: `JobNameTaken`: the job of that name is another one.
        """
        ...

    def read_job(self, name: str) -> JobState | None:
        """Where a job stands, whoever submitted it; `None` when there is none of that name."""
        ...

    def cancel_job(self, name: str) -> None:
        """Ask a job to stop; nothing happens when it is final or absent."""
        ...

    def read_job_metrics(self, name: str) -> dict[str, float]:
        """The last value of each metric that a job has logged; empty when it has logged none.

        Raises:
            PermanentError: `JobNotFound`.
        """
        ...

    def read_job_file(self, name: str, output: str) -> bytes:
        """The bytes of a finished job's output of type `uri_file`."""
        ...

    def download_job_folder(self, name: str, output: str, target: Path) -> None:
        """Copy a finished job's output of type `uri_folder` into an existing folder."""
        ...


class Assets(Protocol):
    """Named versions that jobs and endpoints refer to. They never change; errors as in `Jobs`."""

    def register_model(self, model: str, version: str, job: str, output: str, tags: Mapping[str, str]) -> PlatformModel:
        """Make a job's output, an MLflow model, known as a version; the same one is adopted.

        Raises:
            PermanentError: `ModelVersionTaken`: the version was made of something else.
        """
        ...

    def read_model(self, model: str, version: str) -> PlatformModel | None:
        """A version of a model; `None` when there is none."""
        ...

    def read_images(self, environments: Sequence[str]) -> tuple[str, ...]:
        """What steps that name these environments run in: images and versions, as far as the platform can tell.

        Args:
            environments: As a pipeline's YAML names them.

        Returns:
            One text each, or one for all where they run in the same; `unknown` for what it cannot tell.
        """
        ...

    def download_model(self, model: str, version: str, target: Path) -> bool:
        """Copy what the platform itself has of a version, which it deploys and gives to jobs, into an existing folder.

        Returns:
            Whether it has any of its own; where it has none, it takes the registry's.

        Raises:
            PermanentError: It has the version, and its files cannot be read.
        """
        ...

    def register_data(self, name: str, version: str, path: str, tags: Mapping[str, str]) -> None:
        """Make a folder of the data container known as a version of a data asset; the same one is adopted.

        Raises:
            PermanentError: `DataVersionTaken`: the version is another folder.
        """
        ...

    def read_data(self, name: str, version: str) -> str | None:
        """The folder of a data asset's version, inside the data container; `None` when there is none."""
        ...


class Endpoints(Protocol):
    """Where models answer. Errors as in `Jobs`.

    What takes minutes is started, never waited for: its state is read until it is `Succeeded` or `Failed`.
    """

    def create_deployment(
        self,
        endpoint: str,
        deployment: str,
        model: str,
        version: str,
        definition: Path | None = None,
        *,
        scales: bool = True,
    ) -> DeploymentState:
        """Start to deploy a version at 0 % traffic; the endpoint is made when absent, the same deployment adopted.

        Args:
            endpoint: Its name.
            deployment: Its name there.
            model: The registered model.
            version: Of the model.
            definition: Azure ML's YAML of a deployment: where it runs, on how many instances, with which code. A model
                that needs no code and no more than one common instance needs none.
            scales: Whether `scale_deployment` may be asked for it later; otherwise it stays as it begins.

        Raises:
            TransientError: The endpoint is still being made; ask again.
        """
        ...

    def scale_deployment(self, endpoint: str, deployment: str, definition: Path | None = None) -> None:
        """Let a provisioned deployment scale as its definition says; nothing happens where it says nothing.

        Args:
            endpoint: Its name.
            deployment: Its name there.
            definition: What the deployment was created with.

        Raises:
            PermanentError: `InvalidDefinition`: it says what cannot be.
        """
        ...

    def read_deployment(self, endpoint: str, deployment: str) -> DeploymentState | None:
        """Where a deployment stands; `None` when there is none."""
        ...

    def list_deployments(self, endpoint: str) -> list[DeploymentState]:
        """Every deployment of an endpoint, by name; empty when the endpoint is absent."""
        ...

    def read_traffic(self, endpoint: str) -> dict[str, int]:
        """Percent of traffic by deployment; empty when the endpoint is absent."""
        ...

    def set_traffic(self, endpoint: str, traffic: Mapping[str, int], mirror: Mapping[str, int] | None = None) -> bool:
        """Begin to route the endpoint's traffic; asked again, it says whether that was done.

        Args:
            endpoint: Its name.
            traffic: Percent by deployment; they sum to 100, or to 0 where nothing answers.
            mirror: Percent of the traffic that one deployment gets a copy of, at most 50; its answers are dropped.
                Nothing is mirrored any more where it is empty, and what is mirrored stays where it is absent.

        Returns:
            Whether a change was begun that may still fail; `False` where the traffic is as asked for.

        Raises:
            PermanentError: The endpoint has failed, perhaps at the change that was begun before.
            TransientError: The endpoint is being changed; ask again.
        """
        ...

    def delete_deployment(self, endpoint: str, deployment: str) -> None:
        """Remove a deployment that carries no traffic; nothing happens when it is absent."""
        ...

    def delete_endpoint(self, endpoint: str) -> None:
        """Remove an endpoint that has no deployments; nothing happens when it is absent."""
        ...

    def score(self, endpoint: str, rows: list[dict[str, Any]], deployment: str | None = None) -> list[float]:
        """Ask predictions, one per row; by traffic, or from one deployment."""
        ...

    def probe(self, endpoint: str, requests: Sequence[list[dict[str, Any]]], deployment: str) -> list[Answered]:
        """Ask requests of one deployment, one after the other, and say what became of each; fewer when it takes long.

        A request that fails is an answer here; only an endpoint that cannot be asked at all is an error.
        """
        ...

    def read_requests(self, endpoint: str, deployment: str, since: datetime, until: datetime) -> RequestCounts:
        """How the requests to a deployment have fared, in whole minutes at least; what is not known is absent."""
        ...

    def invoke_batch(self, endpoint: str, name: str, data: str, deployment: str | None = None) -> JobState:
        """Start to score a folder with a batch endpoint, as a job of this name; the same job is adopted.

        A batch job has no tag of a run: it is the same when it is the endpoint's over this folder.

        Args:
            endpoint: The batch endpoint, which is there already.
            name: Of the job.
            data: A folder in the data container.
            deployment: One of the endpoint's; its default where it is absent.
        """
        ...


class Platform(Jobs, Assets, Endpoints, Protocol):
    """All that a platform does."""
