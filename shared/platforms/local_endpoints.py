"""Online endpoints on a laptop: a client of the scoring service."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from shared.contracts.deployments import DeploymentState
from shared.contracts.platform_models import Answered, RequestCounts
from shared.errors import PermanentError
from shared.platforms.azureml.scale_settings import read_yaml, scale_settings
from shared.platforms.local_answers import deployment_state, predictions
from shared.platforms.local_service import LocalService, path_of, version_path
from shared.platforms.probing import probed

#: Header that picks a deployment whatever the traffic says (Azure ML online endpoints).
_DEPLOYMENT_HEADER: Final = "azureml-model-deployment"


class LocalEndpoints:
    """Models behind online endpoints on a laptop. Instances are thread-safe.

    Args:
        scoring: The scoring service.
        jobs: The job service, which knows where the files of a version lie.
    """

    def __init__(self, scoring: LocalService, jobs: LocalService) -> None:
        self._scoring = scoring
        self._models = jobs

    def create_deployment(
        self,
        endpoint: str,
        deployment: str,
        model: str,
        version: str,
        definition: Path | None = None,
        *,
        scales: bool = True,  # noqa: ARG002 - on a laptop nothing does
    ) -> DeploymentState:
        """Start to deploy a version at 0 % traffic; the endpoint is made when absent, the same deployment adopted.

        Of a definition only the environment variables have a meaning on a laptop.

        Raises:
            PermanentError: `UserError`: the deployment exists and is another; `UnsupportedDeployment`: the definition
                wants what only Azure ML has.
        """
        self._scoring.put(path_of("endpoints", endpoint), {"tags": {}})
        known = self._models.find(version_path("models", model, version)) or {}
        body: dict[str, Any] = {"model": f"models:/{model}/{version}", "folder": known.get("folder"), "tags": {}}
        if definition is not None:
            body["definition"] = str(definition.resolve())
        return deployment_state(endpoint, self._scoring.put(_deployment(endpoint, deployment), body))

    def scale_deployment(self, endpoint: str, deployment: str, definition: Path | None = None) -> None:
        """Look whether the definition says what can be: on a laptop a deployment is one process, and stays one.

        Raises:
            PermanentError: `InvalidDefinition`; `NotFound`: there is no such deployment.
        """
        scale = None if definition is None else scale_settings(read_yaml(definition), definition)
        if scale is not None and self.read_deployment(endpoint, deployment) is None:
            raise PermanentError(
                "NotFound", f"the endpoint {endpoint} has no deployment {deployment!r} that could scale"
            )

    def read_deployment(self, endpoint: str, deployment: str) -> DeploymentState | None:
        """Where a deployment stands; `None` when there is none."""
        found = self._scoring.find(_deployment(endpoint, deployment))
        return None if found is None else deployment_state(endpoint, found)

    def read_traffic(self, endpoint: str) -> dict[str, int]:
        """Percent of traffic by deployment; empty when the endpoint is absent."""
        found = self._scoring.find(path_of("endpoints", endpoint))
        return {} if found is None else {name: int(share) for name, share in found["traffic"].items()}

    def set_traffic(self, endpoint: str, traffic: Mapping[str, int], mirror: Mapping[str, int] | None = None) -> bool:
        """Route the endpoint's traffic; percentages sum to 100, or to 0.

        Args:
            endpoint: Its name.
            traffic: Percent by deployment.
            mirror: Percent of the traffic that one deployment gets a copy of, at most 50. Where it is absent, what is
                mirrored stays, except to a deployment that gets traffic itself.

        Returns:
            `False`: on a laptop it is done at once.

        Raises:
            PermanentError: `InvalidTraffic`.
        """
        body = {"traffic": dict(traffic)} | ({} if mirror is None else {"mirror": dict(mirror)})
        self._scoring.put(path_of("endpoints", endpoint, "traffic"), body)
        return False

    def delete_deployment(self, endpoint: str, deployment: str) -> None:
        """Remove a deployment that carries no traffic; nothing happens when it is absent."""
        self._scoring.delete(_deployment(endpoint, deployment))

    def list_deployments(self, endpoint: str) -> list[DeploymentState]:
        """Every deployment of an endpoint, by name; empty when the endpoint is absent."""
        found = self._scoring.find(path_of("endpoints", endpoint))
        deployments = {} if found is None else found["deployments"]
        return [deployment_state(endpoint, deployments[name]) for name in sorted(deployments)]

    def delete_endpoint(self, endpoint: str) -> None:
        """Remove an endpoint that has no deployments; nothing happens when it is absent.

        Raises:
            PermanentError: `EndpointInUse`: it has deployments, which the service itself would delete with it.
        """
        deployments = [one.deployment for one in self.list_deployments(endpoint)]
        if deployments:
            msg = f"the endpoint {endpoint} still has {', '.join(deployments)}: delete what it serves first"
            raise PermanentError("EndpointInUse", msg)
        self._scoring.delete(path_of("endpoints", endpoint))

    def score(self, endpoint: str, rows: list[dict[str, Any]], deployment: str | None = None) -> list[float]:
        """Ask predictions, one per row; by traffic, or from one deployment. NaN where the model has no number.

        Raises:
            PermanentError: `BadPredictions`: not one number per row.
        """
        headers = {_DEPLOYMENT_HEADER: deployment} if deployment else {}
        path = path_of("endpoints", endpoint, "score")
        return predictions(self._scoring.post(path, {"dataframe_records": rows}, headers), len(rows), endpoint)

    def probe(self, endpoint: str, requests: Sequence[list[dict[str, Any]]], deployment: str) -> list[Answered]:
        """Ask requests of one deployment, one after the other, and say what became of each; fewer if it takes long."""
        return probed(lambda rows: self.score(endpoint, rows, deployment), requests)

    def read_requests(self, endpoint: str, deployment: str, since: datetime, until: datetime) -> RequestCounts:
        """How the requests to a deployment have fared: all that it was sent, copies of mirrored ones included.

        Raises:
            PermanentError: `NotFound`: there is no such deployment.
        """
        times = urlencode({"since": since.timestamp(), "until": until.timestamp()})
        found = self._scoring.get(f"{_deployment(endpoint, deployment)}/requests?{times}")
        return RequestCounts(requests=found["requests"], failed=found["failed"], seconds_p95=found["seconds_p95"])


def _deployment(endpoint: str, deployment: str) -> str:
    return path_of("endpoints", endpoint, "deployments", deployment)
