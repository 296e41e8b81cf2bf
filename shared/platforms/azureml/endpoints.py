"""Azure ML's endpoints: online ones with deployments and traffic, and batch endpoints."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from shared.contracts.deployments import DEPLOYMENT_TAKEN, DeploymentState
from shared.contracts.jobs import JobState
from shared.contracts.platform_models import Answered, RequestCounts
from shared.errors import PermanentError, TransientError
from shared.platforms.azureml.autoscale import Autoscale, setting_name
from shared.platforms.azureml.batch_endpoints import BatchEndpoints
from shared.platforms.azureml.connection import Connection
from shared.platforms.azureml.definitions import DEFINITION_TAG, SCALE_TAG, DeploymentDefinition, read_definition
from shared.platforms.azureml.deployments import OnlineDeployments, is_ours
from shared.platforms.azureml.endpoint_definitions import read_endpoint, require_ours
from shared.platforms.azureml.endpoint_making import EndpointMaking
from shared.platforms.azureml.endpoint_resources import EndpointResources
from shared.platforms.azureml.endpoint_states import changing
from shared.platforms.azureml.errors import FORBIDDEN, INVALID_DEFINITION
from shared.platforms.azureml.provisioning import BUSY, DELETING, is_leaving, state_of
from shared.platforms.azureml.request_metrics import RequestMetrics
from shared.platforms.azureml.scale_settings import read_yaml, scale_settings
from shared.platforms.azureml.scoring import Scorer
from shared.platforms.azureml.traffic_routing import TrafficRouting, shares_of
from shared.platforms.endpoint_names import require_endpoint_name


class AzureMlEndpoints:
    """Models behind Azure ML's endpoints; implements `Endpoints`. Instances are thread-safe.

    Args:
        connection: The workspace.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._endpoints = EndpointResources(connection)
        self._deployments = OnlineDeployments(connection, self._endpoints)
        self._making = EndpointMaking(connection, self._endpoints, self._deployments)
        self._routing = TrafficRouting(connection, self._endpoints, self._deployments)
        self._autoscale = Autoscale(connection)
        self._scorer = Scorer(connection)
        self._metrics = RequestMetrics(connection)
        self._batch = BatchEndpoints(connection)

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

        A managed one that shall not scale begins with as many instances as one that shall, and keeps them.

        Raises:
            PermanentError: `InvalidName`; `InvalidDefinition`; `EndpointFailed`; `EndpointTaken`: it is somebody
                else's; `EndpointDiffers`: it was made of another `endpoint.yml`; `UserError`: the name is another
                deployment's. An endpoint that was made for a deployment that is refused is deleted again.
            TransientError: The endpoint is still being made or changed; ask again.
        """
        require_endpoint_name("endpoint", endpoint)
        require_endpoint_name("deployment", deployment)
        wanted = read_definition(endpoint, deployment, model, version, definition, scales=scales)
        entity = wanted.deployment()  # a wrong file is told before an endpoint is made for it
        self._making.require(read_endpoint(wanted))
        there = self._deployments.find(endpoint, deployment)
        if there is None:
            self._making.start(entity)
            there = self._deployments.find(endpoint, deployment)
        if there is None or is_leaving(there):
            raise TransientError(f"the deployment {deployment} of {endpoint} comes or goes just now")
        _require_same(there, wanted)
        return self._deployments.state(endpoint, there)

    def scale_deployment(self, endpoint: str, deployment: str, definition: Path | None = None) -> None:
        """Let a provisioned deployment scale as its definition says; nothing happens where it says nothing.

        A deployment on Kubernetes is scaled by Azure ML itself, a managed one by Azure Monitor.

        Raises:
            PermanentError: `InvalidDefinition`: it says what cannot be, or the deployment was made of another one;
                `NotFound`: there is no such deployment.
        """
        scale = None if definition is None else scale_settings(read_yaml(definition), definition)
        if scale is None:
            return
        there = self._deployments.find(endpoint, deployment)
        if there is None or is_leaving(there):
            raise PermanentError(
                "NotFound", f"the endpoint {endpoint} has no deployment {deployment!r} that could scale"
            )
        if SCALE_TAG not in (there.tags or {}):  # nobody would delete its setting
            told = f"{definition} lets {deployment!r} of {endpoint} scale, but it was made of another one, or for tests"
            raise PermanentError(INVALID_DEFINITION, f"{told}: deploy it anew")
        self._autoscale.ensure(endpoint, deployment, str(there.id), str(there.location), scale)

    def read_deployment(self, endpoint: str, deployment: str) -> DeploymentState | None:
        """Where a deployment stands; `None` when there is none, or it is being deleted."""
        there = self._deployments.find(endpoint, deployment)
        if there is None or is_leaving(there):
            return None
        return self._deployments.state(endpoint, there)

    def list_deployments(self, endpoint: str) -> list[DeploymentState]:
        """Every deployment of an endpoint that stays, by name; empty when the endpoint is absent."""
        there = self._deployments.all(endpoint)
        return [self._deployments.state(endpoint, one) for one in there if state_of(one.properties) != DELETING]

    def read_traffic(self, endpoint: str) -> dict[str, int]:
        """Percent of traffic by deployment; empty when the endpoint is absent."""
        there = self._endpoints.find(endpoint)
        return {} if there is None else shares_of(there.properties.traffic)

    def set_traffic(self, endpoint: str, traffic: Mapping[str, int], mirror: Mapping[str, int] | None = None) -> bool:
        """Route the endpoint's traffic. Both maps travel together, so that neither is lost.

        A deployment that takes traffic is mirrored to no more. An endpoint that has failed is changed nevertheless: how
        else could it go back to what it was, when the change has made it fail?

        Returns:
            Whether a change was begun: how it ends is what the next call finds. Azure ML may also end it with the
            traffic as it was before, and then that call begins it anew.

        Raises:
            PermanentError: `InvalidTraffic`; `NotFound`; `EndpointFailed`: it did so with this very traffic;
                `EndpointTaken`: it is somebody else's; `UserError`: the share of a deployment that is would change.
            TransientError: The endpoint is being changed; ask again.
        """
        return self._routing.change(endpoint, traffic, mirror)

    def delete_deployment(self, endpoint: str, deployment: str) -> None:
        """Start to remove a deployment that carries no traffic; nothing happens when it is absent.

        It scales no more from then on.

        Raises:
            PermanentError: `HasTraffic`; `UserError`: Signalbox did not make it; `AzureMlForbidden`: the deployment
                goes, but the app may not delete by what it has scaled.
            TransientError: The endpoint is being changed; ask again.
        """
        there = self._endpoints.find(endpoint)
        leaving = None if there is None else self._deployments.find(endpoint, deployment)
        if there is None or leaving is None or is_leaving(leaving):
            return
        if not is_ours(leaving):
            told = f"the deployment {deployment!r} of {endpoint} was not made by Signalbox, so it stays"
            raise PermanentError(DEPLOYMENT_TAKEN, f"{told}: delete it by hand")
        if (state := state_of(there.properties)) in BUSY:
            raise changing(endpoint, state)
        shares = {"traffic": there.properties.traffic, "mirrored traffic": there.properties.mirror_traffic}
        for kind, of_all in shares.items():
            if share := shares_of(of_all).get(deployment):
                msg = f"deployment {deployment!r} of {endpoint} has {share} % of the {kind}: set it to 0 first"
                raise PermanentError("HasTraffic", msg)
        # First, for nobody would find it afterwards. An app that lets nothing scale needs no right to do this.
        forbidden = self._end_scaling(endpoint, deployment) if SCALE_TAG in (leaving.tags or {}) else None
        self._deployments.delete(endpoint, deployment)
        if forbidden is not None:
            raise forbidden

    def delete_endpoint(self, endpoint: str) -> None:
        """Start to remove an endpoint that has no deployments; nothing happens when it is absent.

        Raises:
            PermanentError: `EndpointInUse`: it has deployments, which the service itself would delete with it;
                `EndpointTaken`: it is somebody else's.
            TransientError: Its last deployment is being deleted; ask again.
        """
        there = self._deployments.all(endpoint)
        staying = [str(one.name) for one in there if state_of(one.properties) != DELETING]
        if staying:
            msg = f"the endpoint {endpoint} still has {', '.join(staying)}: delete what it serves first"
            raise PermanentError("EndpointInUse", msg)
        if there:
            raise TransientError(f"a deployment of the endpoint {endpoint} is still being deleted")
        resource = self._endpoints.find(endpoint)
        if resource is not None and not is_leaving(resource):
            require_ours(endpoint, resource.tags, resource.properties.properties)
            self._endpoints.delete(endpoint)

    def score(self, endpoint: str, rows: list[dict[str, Any]], deployment: str | None = None) -> list[float]:
        """Ask predictions, one per row; by traffic, or from one deployment. NaN where the model has no number.

        Raises:
            PermanentError: `NotFound`; `BadRows`; `BadPredictions`; `ModelError`: the model's own code failed.
            TransientError: The endpoint is busy, or its deployment is not up.
        """
        return self._scorer.score(endpoint, rows, deployment)

    def probe(self, endpoint: str, requests: Sequence[list[dict[str, Any]]], deployment: str) -> list[Answered]:
        """Ask requests of one deployment, one after the other, and say what became of each; fewer when it takes long.

        Raises:
            PermanentError: `NotFound`: there is no such endpoint.
            TransientError: The endpoint is not up.
        """
        return self._scorer.probe(endpoint, requests, deployment)

    def read_requests(self, endpoint: str, deployment: str, since: datetime, until: datetime) -> RequestCounts:
        """How the requests to a deployment have fared, as far as Azure Monitor knows."""
        return self._metrics.counts(endpoint, deployment, since, until)

    def invoke_batch(self, endpoint: str, name: str, data: str, deployment: str | None = None) -> JobState:
        """Start to score a folder with a batch endpoint, as a job of this name; the same job is adopted.

        Raises:
            PermanentError: `NotFound`; `JobNameTaken`: another job has the name.
        """
        return self._batch.invoke(endpoint, name, data, deployment)

    def _end_scaling(self, endpoint: str, deployment: str) -> PermanentError | None:
        """Delete a deployment's setting; what is to be told where the app may not.

        That must not keep the deployment from going: its instances cost money, a setting without it does nothing.
        """
        try:
            self._autoscale.remove(endpoint, deployment)
        except PermanentError as error:
            if error.code != FORBIDDEN:
                raise
            setting = setting_name(self._connection.workspace.arm_id, endpoint, deployment)
            remedy = f"delete the autoscale setting {setting} by hand, if it exists"
            return PermanentError(FORBIDDEN, f"{error.message}. The deployment goes nevertheless: {remedy}")
        return None


def _require_same(there: Any, wanted: DeploymentDefinition) -> None:
    tags = there.tags or {}
    if tags.get(DEFINITION_TAG) != wanted.hash:
        of_whom = tags.get(DEFINITION_TAG) and "with another model, version or definition"
        msg = (
            f"deployment {wanted.name!r} of {wanted.endpoint} exists already, "
            f"{of_whom or 'and Signalbox did not make it'}: deploy under another name, or delete it first"
        )
        raise PermanentError(DEPLOYMENT_TAKEN, msg)
