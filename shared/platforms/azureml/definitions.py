"""Azure ML's own YAML of online deployments, with the names, the model and the tags that are ours.

It is of the `managedOnlineDeployment` or the `kubernetesOnlineDeployment` schema; the fleet file names it. The
endpoint's, where it has one, is `endpoint.yml` in the same folder: a Kubernetes endpoint says there which cluster it is
on, a managed one how it is reached and as whom it runs.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from shared.contracts.jobs import OWN_TAGS
from shared.errors import PermanentError
from shared.names import content_hash
from shared.platforms.azureml.errors import INVALID_DEFINITION, definition_errors
from shared.platforms.azureml.pipelines import PARSER
from shared.platforms.azureml.scale_settings import (
    KUBERNETES,
    SCALE_SETTINGS,
    ScaleSettings,
    read_yaml,
    scale_settings,
)

#: Where a model runs whose fleet file says nothing.
INSTANCE_TYPE: Final = "Standard_DS3_v2"
INSTANCES: Final = 1
#: Tag with the hash of what was asked for: two things of one name and one hash are the same thing.
DEFINITION_TAG: Final = f"{OWN_TAGS}definition"
#: Tag of a managed deployment that Azure Monitor scales: its setting goes when the deployment goes.
SCALE_TAG: Final = f"{OWN_TAGS}scale"
#: Where the two schemas name local files and folders, which are uploaded with the definition.
_LOCAL_KEYS: Final = frozenset({"code", "conda_file", "path", "local_path"})
#: Digits of `DEFINITION_TAG`.
HASH_LENGTH: Final = 32


@dataclass(frozen=True)
class DeploymentDefinition:
    """What a deployment shall be.

    Attributes:
        endpoint: Its endpoint's name.
        name: Its name there.
        model: The registered model.
        version: Of the model.
        file: Its YAML; a plain managed deployment without code where it is absent.
        content: The YAML's content.
        scales: Whether Azure Monitor may scale it; otherwise it keeps the number of instances that it begins with.
    """

    endpoint: str
    name: str
    model: str
    version: str
    file: Path | None
    content: Mapping[str, Any]
    scales: bool = True

    @property
    def kubernetes(self) -> bool:
        """Whether it runs on a Kubernetes cluster."""
        return self.content.get("type") == KUBERNETES

    @property
    def scale(self) -> ScaleSettings | None:
        """How the YAML lets a managed deployment scale; `None` where it does not.

        Raises:
            PermanentError: `InvalidDefinition`: the YAML says of it what cannot be.
        """
        return scale_settings(self.content, self.file)

    @property
    def hash(self) -> str:
        """Of all that decides what is deployed: the YAML, the files that it names, and the version of the model."""
        files = [] if self.file is None else sorted(set(_local_files(self.content, self.file.parent)))
        own = {"name", "endpoint_name", "model", "tags"}
        content = {key: value for key, value in self.content.items() if key not in own}
        return content_hash(content, files, self.model, self.version, length=HASH_LENGTH)

    @property
    def tags(self) -> dict[str, str]:
        """What a person sees of it in the studio, and what it is recognized by."""
        scale = self.scale if self.scales else None
        scaled = {} if scale is None else {SCALE_TAG: f"{scale.min_instances}-{scale.max_instances}"}
        return {
            DEFINITION_TAG: self.hash,
            f"{OWN_TAGS}model": self.model,
            f"{OWN_TAGS}version": self.version,
            **scaled,
        }

    def deployment(self) -> Any:
        """The SDK's entity of the deployment.

        Raises:
            PermanentError: `InvalidDefinition`: the YAML is not one of a deployment.
        """
        from azure.ai.ml import load_online_deployment  # noqa: PLC0415 - vendor SDKs are loaded at first use
        from azure.ai.ml.entities import ManagedOnlineDeployment  # noqa: PLC0415 - likewise

        ours = {
            "name": self.name,
            "endpoint_name": self.endpoint,
            "model": f"azureml:{self.model}:{self.version}",
        }
        if self.file is None:
            return ManagedOnlineDeployment(
                **ours, tags=self.tags, instance_type=INSTANCE_TYPE, instance_count=INSTANCES
            )
        with PARSER, definition_errors(self.file):
            tags = {**(self.content.get("tags") or {}), **self.tags}
            own = {**ours, "tags": tags, **self._managed_scale()}
            entity = load_online_deployment(self.file, params_override=overrides(own))
        self._require_startable(self.file)
        return entity

    def _managed_scale(self) -> dict[str, Any]:
        """What Azure ML is told of a managed deployment that scales: how it begins. The rest is Azure Monitor's."""
        scale = self.scale
        return {} if scale is None else {SCALE_SETTINGS: {"type": "default"}, "instance_count": scale.min_instances}

    def _require_startable(self, file: Path) -> None:
        """Tell here what Azure ML would tell after the endpoint was made: no instance, no scoring script."""
        count = self.content.get("instance_count")
        if isinstance(count, int) and count < 1:
            told = f"{file}: instance_count is {count!r}: write a whole number of 1 or more"
            raise PermanentError(INVALID_DEFINITION, told)
        code = self.content.get("code_configuration")
        if not isinstance(code, Mapping):
            return
        place, script = code.get("code"), code.get("scoring_script")
        if isinstance(place, str) and isinstance(script, str) and ":" not in place:
            there = file.parent / place / script
            if not there.is_file():
                told = f"{file}: code_configuration: there is no file {there}: write the folder as `code`, relative to "
                raise PermanentError(INVALID_DEFINITION, f"{told}this file, and the script in it as `scoring_script`")


def read_definition(
    endpoint: str, name: str, model: str, version: str, file: Path | None, *, scales: bool = True
) -> DeploymentDefinition:
    """Read what a deployment shall be; the arguments are those of `DeploymentDefinition`.

    Raises:
        PermanentError: `InvalidDefinition`: the file is missing, or is not a YAML mapping.
    """
    content = {} if file is None else read_yaml(file)
    return DeploymentDefinition(endpoint, name, model, version, file, content, scales)


def overrides(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """As the SDK's loader wants them."""
    return [{key: value} for key, value in values.items()]


def _local_files(content: Any, folder: Path, key: str = "") -> Iterator[tuple[str, str]]:
    """Path and SHA-256 of each file that a definition names, and of those in the folders that it names."""
    match content:
        case dict():
            for name, value in content.items():
                yield from _local_files(value, folder, str(name))
        case list():
            for value in content:
                yield from _local_files(value, folder, key)
        case str() if content.startswith("file:") or (key in _LOCAL_KEYS and ":" not in content):
            yield from _digests(folder / content.removeprefix("file:"), folder)


def _digests(place: Path, folder: Path) -> Iterator[tuple[str, str]]:
    if place.is_file():
        yield place.relative_to(folder, walk_up=True).as_posix(), hashlib.sha256(place.read_bytes()).hexdigest()
    elif place.is_dir():
        for one in place.rglob("*"):
            if one.is_file() and "__pycache__" not in one.parts:
                yield from _digests(one, folder)
