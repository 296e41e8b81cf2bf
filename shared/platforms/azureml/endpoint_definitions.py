"""Azure ML's YAML of an endpoint, `endpoint.yml` beside its deployments', and whose an endpoint is that is there.

An endpoint that Signalbox has made is tagged. Any other one of the name is somebody else's: nothing is deployed to it,
and its traffic stays as it is, until its owner hands it over by the same tag.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from shared.contracts.deployments import ENDPOINT_TAKEN
from shared.contracts.jobs import OWN_TAGS
from shared.errors import PermanentError
from shared.names import content_hash
from shared.platforms.azureml.definitions import DEFINITION_TAG, HASH_LENGTH, DeploymentDefinition, overrides
from shared.platforms.azureml.errors import INVALID_DEFINITION, definition_errors
from shared.platforms.azureml.pipelines import PARSER
from shared.platforms.azureml.scale_settings import read_yaml

ENDPOINT_FILE: Final = "endpoint.yml"
#: Code of one that was made as another `endpoint.yml` says.
ENDPOINT_DIFFERS: Final = "EndpointDiffers"
#: The tag of an endpoint that is Signalbox's, and its value.
OWNER_TAG: Final = OWN_TAGS.rstrip(".")
MANAGED: Final = "managed"
#: Tag with the deployment that an endpoint was made for: when Azure ML refuses that one, the endpoint goes again.
MADE_FOR_TAG: Final = f"{OWN_TAGS}made-for"
#: What of the YAML is not the endpoint's, or changes with each release.
_NOT_ITS: Final = frozenset({"$schema", "name", "traffic", "mirror_traffic"})
_AUTH: Final = "auth_mode"
_KEY: Final = "key"
_CREATED_BY: Final = "createdby"
#: Longest list of tags in a message, in characters.
_TAGS_SHOWN: Final = 120


@dataclass(frozen=True)
class EndpointDefinition:
    """What the endpoint of a deployment shall be.

    Attributes:
        deployment: The deployment that it is for.
        file: Its YAML; a managed endpoint with a key where it is absent.
        content: The YAML's content.
    """

    deployment: DeploymentDefinition
    file: Path | None
    content: Mapping[str, Any]

    @property
    def hash(self) -> str:
        """Of all that the YAML says of the endpoint itself."""
        own = {key: value for key, value in self.content.items() if key not in _NOT_ITS}
        own[_AUTH] = str(own.get(_AUTH) or _KEY).lower()
        return content_hash(own, length=HASH_LENGTH)

    @property
    def tags(self) -> dict[str, str]:
        """Whose it is, what it was made of, and what for."""
        return {OWNER_TAG: MANAGED, DEFINITION_TAG: self.hash, MADE_FOR_TAG: self.deployment.name}

    def entity(self) -> Any:
        """The SDK's entity, for when the endpoint does not exist yet; it has no traffic.

        Raises:
            PermanentError: `InvalidDefinition`: its YAML is not one of an endpoint, or is missing.
        """
        from azure.ai.ml import load_online_endpoint  # noqa: PLC0415 - vendor SDKs are loaded at first use
        from azure.ai.ml.entities import ManagedOnlineEndpoint  # noqa: PLC0415 - likewise

        name = self.deployment.endpoint
        if self.file is None:
            self._require_managed()
            return ManagedOnlineEndpoint(name=name, auth_mode=_KEY, tags=self.tags)
        with PARSER, definition_errors(self.file):
            tags = {**(self.content.get("tags") or {}), **self.tags}
            return load_online_endpoint(
                self.file, params_override=overrides({"name": name, "traffic": {}, "tags": tags})
            )

    def require_same(self, tags: Mapping[str, str]) -> None:
        """Refuse an endpoint that was made as another definition says; one that was handed over is taken as it is.

        Raises:
            PermanentError: `EndpointDiffers`.
        """
        if tags.get(DEFINITION_TAG, self.hash) == self.hash:
            return
        told = f"the endpoint {self.deployment.endpoint} was made of another definition than {self._described}"
        why = "its authentication, identity, network, cluster and tags stay as they were made"
        remedy = (
            "Undo the change, name another endpoint in `serve.online`, or delete this one when it serves nothing; if "
            f"you have changed it by hand as the file says, set its tag {DEFINITION_TAG} to {self.hash}"
        )
        raise PermanentError(ENDPOINT_DIFFERS, f"{told}: {why}. {remedy}")

    @property
    def _described(self) -> str:
        return f"{self.file}" if self.file else f"that of one without {ENDPOINT_FILE}"

    def _require_managed(self) -> None:
        if self.deployment.kubernetes:
            msg = (
                f"{self.deployment.file} deploys to Kubernetes, and the endpoint {self.deployment.endpoint} does not "
                f"exist yet: put its YAML beside that file as {ENDPOINT_FILE}, with the cluster as "
                "`compute: azureml:NAME`"
            )
            raise PermanentError(INVALID_DEFINITION, msg)


def read_endpoint(deployment: DeploymentDefinition) -> EndpointDefinition:
    """Read what a deployment's endpoint shall be; all of its YAML is looked at, whether or not it is there already.

    Raises:
        PermanentError: `InvalidDefinition`.
    """
    file = None if deployment.file is None else deployment.file.with_name(ENDPOINT_FILE)
    if file is None or not file.is_file():
        return EndpointDefinition(deployment, None, {})
    definition = EndpointDefinition(deployment, file, read_yaml(file))
    _require_same_kind(definition, file)
    definition.entity()
    return definition


def require_ours(endpoint: str, tags: Mapping[str, str] | None, properties: Mapping[str, str] | None) -> None:
    """Refuse an endpoint that Signalbox has not made, and that nobody has handed over to it.

    Args:
        endpoint: Its name.
        tags: Its own.
        properties: What the service keeps beside it: who made it is there.

    Raises:
        PermanentError: `EndpointTaken`.
    """
    if (tags or {}).get(OWNER_TAG) == MANAGED:
        return
    maker = {key.lower(): value for key, value in (properties or {}).items()}.get(_CREATED_BY)
    of_whom = f"it was made by {maker}, " if maker else ""
    shown = ", ".join(f"{name}={value}" for name, value in sorted((tags or {}).items()))[:_TAGS_SHOWN]
    told = (
        f"the endpoint {endpoint} is not Signalbox's: {of_whom}{f'its tags are {shown}' if shown else 'it has no tags'}"
    )
    remedy = (
        f"Name another one in `serve.online` of the fleet file, or tag this one {OWNER_TAG}={MANAGED} to hand it over"
    )
    raise PermanentError(ENDPOINT_TAKEN, f"{told}. {remedy}")


def _require_same_kind(definition: EndpointDefinition, file: Path) -> None:
    deployment = definition.deployment
    on_cluster = bool(definition.content.get("compute"))
    if on_cluster != deployment.kubernetes:
        has = "names a cluster in `compute`" if on_cluster else "names no cluster in `compute`"
        wants = "deploys to Kubernetes (`type: kubernetes`)" if deployment.kubernetes else "is a managed deployment"
        raise PermanentError(INVALID_DEFINITION, f"{file} {has}, but {deployment.file} {wants}: let both say the same")
