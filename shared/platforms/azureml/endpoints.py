"""Azure ML's endpoints: online ones with deployments and traffic, and batch endpoints."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from shared.contracts.jobs import JobState
from shared.contracts.release import DEPLOYMENT_TAKEN, DeploymentState
from shared.errors import PermanentError, TransientError
from shared.platforms.azureml.autoscale import Autoscale, setting_name
from shared.platforms.azureml.batch_endpoints import BatchEndpoints
from shared.platforms.azureml.connection import Connection
from shared.platforms.azureml.definitions import DEFINITION_TAG, SCALE_TAG, DeploymentDefinition, read_definition
from shared.platforms.azureml.deployments import (
    BUSY,
    DELETING,
    FAILED,
    OnlineDeployments,
    busy_is_transient,
    failure,
    state_of,
)
from shared.platforms.azureml.errors import FORBIDDEN, INVALID_DEFINITION, azureml_errors, found
from shared.platforms.azureml.scale_settings import read_yaml, scale_settings
from shared.platforms.azureml.scoring import Scorer
from shared.platforms.azureml.starting import start_only
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
        self._deployments = OnlineDeployments(connection)
        self._autoscale = Autoscale(connection)
        self._scorer = Scorer(connection)
        self._batch = BatchEndpoints(connection)

    def create_deployment(
        self, endpoint: str, deployment: str, model: str, version: str, definition: Path | None = None
    ) -> DeploymentState:
        """Start to deploy a version at 0 % traffic; the endpoint is made when absent, the same deployment adopted.

        Raises:
            PermanentError: `InvalidName`; `InvalidDefinition`; `EndpointFailed`; `UserError`: the name is another
                deployment's.
            TransientError: The endpoint is still being made or changed; ask again.
        """
        require_endpoint_name("endpoint", endpoint)
        require_endpoint_name("deployment", deployment)
        wanted = read_definition(endpoint, deployment, model, version, definition)
        entity = wanted.deployment()  # a wrong file is told before an endpoint is made for it
        self._require_endpoint(wanted)
        there = self._deployments.find(endpoint, deployment)
        if there is None:
            self._deployments.start(entity)
            there = self._deployments.find(endpoint, deployment)
        if there is None or self._is_leaving(there):
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
        if there is None or self._is_leaving(there):
            raise PermanentError(
                "NotFound", f"the endpoint {endpoint} has no deployment {deployment!r} that could scale"
            )
        if SCALE_TAG not in (there.tags or {}):  # nobody would delete its setting
            msg = (
                f"{definition} lets {deployment!r} of {endpoint} scale, but it was made of another one: deploy it anew"
            )
            raise PermanentError(INVALID_DEFINITION, msg)
        self._autoscale.ensure(endpoint, deployment, str(there.id), str(there.location), scale)

    def read_deployment(self, endpoint: str, deployment: str) -> DeploymentState | None:
        """Where a deployment stands; `None` when there is none, or it is being deleted."""
        there = self._deployments.find(endpoint, deployment)
        if there is None or self._is_leaving(there):
            return None
        return self._deployments.state(endpoint, there)

    def list_deployments(self, endpoint: str) -> list[DeploymentState]:
        """Every deployment of an endpoint that stays, by name; empty when the endpoint is absent."""
        there = self._deployments.all(endpoint)
        return [self._deployments.state(endpoint, one) for one in there if state_of(one.properties) != DELETING]

    def read_traffic(self, endpoint: str) -> dict[str, int]:
        """Percent of traffic by deployment; empty when the endpoint is absent."""
        there = self._find_endpoint(endpoint)
        return {} if there is None else _shares(there.properties.traffic)

    def set_traffic(self, endpoint: str, traffic: Mapping[str, int], mirror: Mapping[str, int] | None = None) -> bool:
        """Route the endpoint's traffic. Both maps travel together, so that neither is lost.

        A deployment that takes traffic is mirrored to no more. An endpoint that has failed is changed nevertheless: how
        else could it go back to what it was, when the change has made it fail?

        Returns:
            Whether a change was begun: how it ends is what the next call finds. Azure ML may also end it with the
            traffic as it was before, and then that call begins it anew.

        Raises:
            PermanentError: `InvalidTraffic`; `NotFound`; `EndpointFailed`: it did so with this very traffic.
            TransientError: The endpoint is being changed; ask again.
        """
        endpoints = self._online()
        entity = found(f"read the endpoint {endpoint}", lambda: endpoints.get(endpoint))
        if entity is None:
            raise PermanentError("NotFound", f"there is no endpoint {endpoint}: deploy to it first")
        state = state_of(entity)
        if state in BUSY:
            raise _busy(endpoint, state)
        before = _shares(entity.mirror_traffic)
        copied = kept_mirror(before, traffic) if mirror is None else dict(mirror)
        # the SDK adds the deployments without traffic at 0
        require_traffic(traffic, copied, {*entity.traffic, *before}, endpoint)
        if _routed(copied) and getattr(entity, "compute", None):
            raise PermanentError("InvalidTraffic", f"{endpoint} is on Kubernetes, where Azure ML mirrors no traffic")
        if _routed(traffic) == _routed(entity.traffic) and _routed(copied) == _routed(before):
            self._require_ready(endpoint, state, entity.properties)
            return False
        entity.properties = {key: value for key, value in entity.properties.items() if key.lower() not in _ADDED}
        entity.traffic, entity.mirror_traffic = _routed(traffic), _routed(copied)
        with busy_is_transient(), azureml_errors(f"route the traffic of {endpoint}"):
            endpoints.begin_create_or_update(entity)
        return True

    def delete_deployment(self, endpoint: str, deployment: str) -> None:
        """Start to remove a deployment that carries no traffic; nothing happens when it is absent.

        It scales no more from then on.

        Raises:
            PermanentError: `HasTraffic`; `AzureMlForbidden`: the deployment goes, but the app may not delete by what it
                has scaled.
            TransientError: The endpoint is being changed; ask again.
        """
        there = self._find_endpoint(endpoint)
        leaving = None if there is None else self._deployments.find(endpoint, deployment)
        if there is None or leaving is None or self._is_leaving(leaving):
            return
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
            PermanentError: `EndpointInUse`: it has deployments, which the service itself would delete with it.
            TransientError: Its last deployment is being deleted; ask again.
        """
        there = self._deployments.all(endpoint)
        staying = [str(one.name) for one in there if state_of(one.properties) != DELETING]
        if staying:
            msg = f"the endpoint {endpoint} still has {', '.join(staying)}: delete what it serves first"
            raise PermanentError("EndpointInUse", msg)
        if there:
            raise TransientError(f"a deployment of the endpoint {endpoint} is still being deleted")
        if not self._is_leaving(self._find_endpoint(endpoint)):
            self._start_to_delete(endpoint)

    def score(self, endpoint: str, rows: list[dict[str, Any]], deployment: str | None = None) -> list[float]:
        """Ask predictions, one per row; by traffic, or from one deployment. NaN where the model has no number.

        Raises:
            PermanentError: `NotFound`; `BadRows`; `BadPredictions`; `ModelError`: the model's own code failed.
            TransientError: The endpoint is busy, or its deployment is not up.
        """
        return self._scorer.score(endpoint, rows, deployment)

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

    def _require_endpoint(self, wanted: DeploymentDefinition) -> None:
        there = self._find_endpoint(wanted.endpoint)
        if there is None:
            self._start_endpoint(wanted.new_endpoint())
            there = self._find_endpoint(wanted.endpoint)
        if there is None:
            raise TransientError(f"the endpoint {wanted.endpoint} is not there yet")
        self._require_ready(wanted.endpoint, state_of(there.properties), there.properties.properties)

    def _require_ready(self, endpoint: str, state: str, properties: Mapping[str, str] | None) -> None:
        if state in BUSY:
            raise _busy(endpoint, state)
        if state == FAILED:
            reason = failure(self._connection, endpoint, properties) or "Azure ML keeps no reason any more"
            msg = f"the endpoint {endpoint} has failed: {reason}. Repair it, or delete it, so that it is made anew"
            raise PermanentError("EndpointFailed", msg)

    def _online(self) -> Any:
        """The SDK's operations on online endpoints."""
        return start_only(self._connection.client).online_endpoints

    @staticmethod
    def _is_leaving(resource: Any | None) -> bool:
        """Whether there is nothing to delete any more."""
        return resource is None or state_of(resource.properties) == DELETING

    def _find_endpoint(self, endpoint: str) -> Any | None:
        """The service's own resource: the SDK's entity adds deployments without traffic and properties of its own."""
        where = self._connection.workspace
        generated = self._online()._online_operation  # noqa: SLF001 - as said
        scope = {"resource_group_name": where.resource_group, "workspace_name": where.name, "endpoint_name": endpoint}
        return found(f"read the endpoint {endpoint}", lambda: generated.get(**scope))

    def _start_endpoint(self, endpoint: Any) -> None:
        endpoints = self._online()
        with busy_is_transient(), azureml_errors(f"create the endpoint {endpoint.name}"):
            endpoints.begin_create_or_update(endpoint)

    def _start_to_delete(self, endpoint: str) -> None:
        endpoints = self._online()
        with busy_is_transient():
            found(f"delete the endpoint {endpoint}", lambda: endpoints.begin_delete(endpoint))


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


def _routed(shares: Mapping[str, int]) -> dict[str, int]:
    """Without those that get nothing: to Azure ML they are the same as absent ones."""
    return {name: share for name, share in shares.items() if share}
