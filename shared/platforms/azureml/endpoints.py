"""Azure ML's endpoints: online ones with deployments and traffic, and batch endpoints."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from shared.contracts.jobs import JobState
from shared.contracts.platform_models import Answered, RequestCounts
from shared.contracts.release import DEPLOYMENT_TAKEN, DeploymentState
from shared.errors import PermanentError, TransientError
from shared.platforms.azureml.autoscale import Autoscale, setting_name
from shared.platforms.azureml.batch_endpoints import BatchEndpoints
from shared.platforms.azureml.connection import Connection
from shared.platforms.azureml.definitions import DEFINITION_TAG, SCALE_TAG, DeploymentDefinition, read_definition
from shared.platforms.azureml.deployments import OnlineDeployments, failure, is_ours
from shared.platforms.azureml.endpoint_definitions import MADE_FOR_TAG, EndpointDefinition, read_endpoint, require_ours
from shared.platforms.azureml.endpoint_resources import EndpointResources
from shared.platforms.azureml.errors import FORBIDDEN, INVALID_DEFINITION
from shared.platforms.azureml.provisioning import BUSY, DELETING, FAILED, is_leaving, state_of
from shared.platforms.azureml.request_metrics import RequestMetrics
from shared.platforms.azureml.scale_settings import read_yaml, scale_settings
from shared.platforms.azureml.scoring import Scorer
from shared.platforms.azureml.traffic import kept_mirror, require_traffic
from shared.platforms.endpoint_names import require_endpoint_name

#: Properties that the service or the SDK adds to what is read, and that are not ours to write back.
_ADDED: Final = frozenset(
    {"createdby", "createdat", "lastmodifiedat", "azureasyncoperationuri", "azureml.onlineendpointid"}
)


class AzureMlEndpoints:
    """Models behind Azure ML's endpoints; implements `Endpoints`. Instances are thread-safe.

    Args:
        connection: The workspace.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._endpoints = EndpointResources(connection)
        self._deployments = OnlineDeployments(connection, self._endpoints)
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
        self._require_endpoint(read_endpoint(wanted))
        there = self._deployments.find(endpoint, deployment)
        if there is None:
            self._start(entity)
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
        return {} if there is None else _shares(there.properties.traffic)

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
        entity = self._endpoints.find_entity(endpoint)
        if entity is None:
            raise PermanentError("NotFound", f"there is no endpoint {endpoint}: deploy to it first")
        require_ours(endpoint, entity.tags, entity.properties)
        state = state_of(entity)
        if state in BUSY:
            raise _busy(endpoint, state)
        before = _shares(entity.mirror_traffic)
        copied = kept_mirror(before, traffic) if mirror is None else dict(mirror)
        # the SDK adds the deployments without traffic at 0
        require_traffic(traffic, copied, {*entity.traffic, *before}, endpoint)
        if _routed(copied) and getattr(entity, "compute", None):
            raise PermanentError("InvalidTraffic", f"{endpoint} is on Kubernetes, where Azure ML mirrors no traffic")
        changed = _changed(entity.traffic, traffic) | _changed(before, copied)
        if not changed:
            self._require_ready(endpoint, state, entity.properties)
            return False
        self._require_routable(endpoint, changed)
        entity.properties = {key: value for key, value in entity.properties.items() if key.lower() not in _ADDED}
        entity.traffic, entity.mirror_traffic = _routed(traffic), _routed(copied)
        self._endpoints.put(entity, f"route the traffic of {endpoint}")
        return True

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
            raise _busy(endpoint, state)
        shares = {"traffic": there.properties.traffic, "mirrored traffic": there.properties.mirror_traffic}
        for kind, of_all in shares.items():
            if share := _shares(of_all).get(deployment):
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

    def _require_endpoint(self, wanted: EndpointDefinition) -> None:
        name = wanted.deployment.endpoint
        there = self._endpoints.find(name)
        if there is None:
            self._endpoints.put(wanted.entity(), f"create the endpoint {name}")
            there = self._endpoints.find(name)
        if there is None:
            raise TransientError(f"the endpoint {name} is not there yet")
        if is_leaving(there):
            raise _busy(name, DELETING)
        require_ours(name, there.tags, there.properties.properties)
        wanted.require_same(there.tags)
        self._require_ready(name, state_of(there.properties), there.properties.properties)

    def _start(self, deployment: Any) -> None:
        """Start a deployment; when it is refused, the endpoint that was made for it is of no use any more."""
        try:
            self._deployments.start(deployment)
        except PermanentError as error:
            self._take_back(deployment.endpoint_name, deployment.name, error)
            raise

    def _take_back(self, endpoint: str, deployment: str, refusal: PermanentError) -> None:
        """Delete the endpoint that was made for a deployment that was refused, unless another one has come.

        Raises:
            PermanentError: The refusal, when the endpoint stays.
            TransientError: Another refused deployment has taken it away: there is none that this one could be on.
        """
        there = self._endpoints.find(endpoint)
        if there is None or is_leaving(there):
            raise TransientError(f"the endpoint {endpoint} is being deleted: ask again in a minute") from refusal
        if (there.tags or {}).get(MADE_FOR_TAG) != deployment or self._deployments.all(endpoint):
            return
        try:
            self._endpoints.delete(endpoint)
        except PermanentError as error:
            told = f"{refusal.message}. The endpoint {endpoint}, made for it, is still there: {error.message}"
            raise PermanentError(refusal.code, told) from refusal

    def _require_routable(self, endpoint: str, changed: Collection[str]) -> None:
        """Refuse to give traffic to what somebody else has deployed, or to take it away."""
        for one in self._deployments.all(endpoint):
            if one.name in changed and not is_ours(one):
                told = (
                    f"{one.name!r} of {endpoint} was not made by Signalbox, so its share of the traffic stays as it is"
                )
                raise PermanentError(DEPLOYMENT_TAKEN, f"{told}: take its traffic away by hand, or delete it")

    def _require_ready(self, endpoint: str, state: str, properties: Mapping[str, str] | None) -> None:
        if state in BUSY:
            raise _busy(endpoint, state)
        if state == FAILED:
            reason = failure(self._connection, endpoint, properties) or "Azure ML keeps no reason any more"
            msg = f"the endpoint {endpoint} has failed: {reason}. Repair it, or delete it, so that it is made anew"
            raise PermanentError("EndpointFailed", msg)


def _require_same(there: Any, wanted: DeploymentDefinition) -> None:
    tags = there.tags or {}
    if tags.get(DEFINITION_TAG) != wanted.hash:
        of_whom = tags.get(DEFINITION_TAG) and "with another model, version or definition"
        msg = (
            f"deployment {wanted.name!r} of {wanted.endpoint} exists already, "
            f"{of_whom or 'and Signalbox did not make it'}: deploy under another name, or delete it first"
        )
        raise PermanentError(DEPLOYMENT_TAKEN, msg)


def _busy(endpoint: str, state: str) -> TransientError:
    return TransientError(f"the endpoint {endpoint} is {state}: ask again in a minute")


def _shares(shares: Mapping[str, int] | None) -> dict[str, int]:
    return {name: int(share) for name, share in (shares or {}).items()}


def _changed(before: Mapping[str, int], after: Mapping[str, int]) -> set[str]:
    """Whose share is another one."""
    return {name for name in {*before, *after} if before.get(name, 0) != after.get(name, 0)}


def _routed(shares: Mapping[str, int]) -> dict[str, int]:
    """Without those that get nothing: to Azure ML they are the same as absent ones."""
    return {name: share for name, share in shares.items() if share}
