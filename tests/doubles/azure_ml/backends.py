"""What may really run and serve behind the double, instead of plans and made-up answers."""

from collections.abc import Mapping
from typing import Any, Protocol


class JobEngine(Protocol):
    """Really runs jobs. Each call raises `Refusal` when it cannot do what it is asked."""

    def start(self, name: str, properties: Mapping[str, Any]) -> None:
        """Start a job, from its properties on the wire; the same one again is fine."""
        ...

    def read(self, name: str) -> tuple[str, str | None]:
        """Status, and the error's text."""
        ...

    def cancel(self, name: str) -> None:
        """Ask a job to stop."""
        ...

    def outputs(self, name: str) -> dict[str, dict[str, bytes]]:
        """The files of a completed job, by output and path in it."""
        ...

    def metrics(self, name: str) -> dict[str, float]:
        """What a job has logged."""
        ...

    def register_model(self, model: str, version: str, job: str, output: str) -> None:
        """Make a job's output known as a version of a model."""
        ...

    def deploy_batch(self, endpoint: str, deployment: str, model: str, version: str) -> None:
        """Make a batch deployment of a model."""
        ...


class Serving(Protocol):
    """Really answers for online endpoints. Each call raises `Refusal` when it cannot do what it is asked."""

    def put_endpoint(self, endpoint: str, traffic: Mapping[str, int], mirror: Mapping[str, int]) -> None:
        """Make an endpoint, or route its traffic."""
        ...

    def deploy(self, endpoint: str, deployment: str, model: str, version: str) -> None:
        """Start to deploy a version of a model; the same one again is fine."""
        ...

    def state(self, endpoint: str, deployment: str) -> tuple[str, str | None]:
        """The provisioning state of a deployment, and the error's text."""
        ...

    def delete(self, endpoint: str, deployment: str | None) -> None:
        """Delete a deployment, or the endpoint with all of them; nothing happens when it is absent."""
        ...

    def score(self, endpoint: str, deployment: str | None, body: Any) -> tuple[str, Any]:
        """Who answered, and what; by traffic where no deployment is named."""
        ...
