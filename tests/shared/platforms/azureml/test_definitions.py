"""Azure ML's YAML of deployments and endpoints: what is ours is replaced, what is wrong is told."""

import re
from pathlib import Path

import pytest

from shared.errors import PermanentError
from shared.platforms.azureml.definitions import DEFINITION_TAG, DeploymentDefinition, read_definition
from shared.platforms.azureml.deployments import model_version
from shared.platforms.azureml.endpoint_definitions import read_endpoint, require_ours

_MANAGED = """
$schema: https://azuremlschemas.azureedge.net/latest/managedOnlineDeployment.schema.json
name: theirs
endpoint_name: theirs
model: azureml:theirs:1
tags: {owner: them}
instance_type: Standard_F4s_v2
instance_count: 2
egress_public_network_access: disabled
"""
_WITH_CODE = """
instance_type: Standard_DS3_v2
instance_count: 1
code_configuration: {code: src, scoring_script: score.py}
environment: {image: "registry/base:1", conda_file: conda.yml}
"""
_KUBERNETES = """
type: kubernetes
instance_count: 2
scale_settings: {type: target_utilization, min_instances: 1, max_instances: 4, target_utilization_percentage: 60}
resources: {requests: {cpu: "0.5", memory: 1Gi}}
"""


def _written(folder: Path, content: str, name: str = "online.yml") -> Path:
    file = folder / name
    file.write_text(content)
    return file


def _definition(file: Path | None, version: str = "3") -> DeploymentDefinition:
    return read_definition("departures", "v3-1", "departures-jfk", version, file)


def _with_code(folder: Path) -> Path:
    (folder / "src").mkdir()
    (folder / "src" / "score.py").write_text("def init(): ...\n")
    (folder / "conda.yml").write_text("dependencies: [python=3.13]\n")
    return _written(folder, _WITH_CODE)


def test_without_a_file_it_is_one_common_instance() -> None:
    """A model that needs no code is deployed without a definition."""
    entity = _definition(None).deployment()
    assert (entity.name, entity.endpoint_name) == ("v3-1", "departures")
    assert entity.model == "azureml:departures-jfk:3"
    assert (entity.instance_type, entity.instance_count) == ("Standard_DS3_v2", 1)
    assert entity.code_configuration is None


def test_name_endpoint_model_and_tags_are_ours(tmp_path: Path) -> None:
    """What the file says of them is replaced; all else stays as it says, tags of its own among it."""
    definition = _definition(_written(tmp_path, _MANAGED))
    entity = definition.deployment()
    assert (entity.name, entity.endpoint_name) == ("v3-1", "departures")
    assert entity.model.endswith("departures-jfk:3")
    assert entity.tags == {
        "owner": "them",
        DEFINITION_TAG: definition.hash,
        "signalbox.model": "departures-jfk",
        "signalbox.version": "3",
    }
    assert (entity.instance_type, entity.instance_count) == ("Standard_F4s_v2", 2)
    assert entity.egress_public_network_access == "disabled"


def test_a_file_need_not_name_what_is_ours(tmp_path: Path) -> None:
    """Code and environment are read; the name and the endpoint may be left out."""
    entity = _definition(_with_code(tmp_path)).deployment()
    assert entity.name == "v3-1"
    assert entity.code_configuration.scoring_script == "score.py"
    assert entity.environment.image == "registry/base:1"


def test_kubernetes_keeps_its_autoscale(tmp_path: Path) -> None:
    """A deployment to a cluster has its own class, with scale settings and resources."""
    definition = _definition(_written(tmp_path, _KUBERNETES))
    entity = definition.deployment()
    assert type(entity).__name__ == "KubernetesOnlineDeployment"
    assert definition.kubernetes
    assert entity.scale_settings.max_instances == 4
    assert entity.resources.requests.memory == "1Gi"


def test_the_hash_is_of_what_is_deployed(tmp_path: Path) -> None:
    """The model's version, the file, the code and the environment count; names and tags, which we give, do not."""
    file = _with_code(tmp_path)
    first = _definition(file).hash
    assert _definition(file).hash == first
    assert _definition(file, version="4").hash != first
    file.write_text(f"{_WITH_CODE}\nname: other\ntags: {{a: b}}\nmodel: azureml:other:1\n")
    assert _definition(file).hash == first
    file.write_text(_WITH_CODE.replace("instance_count: 1", "instance_count: 2"))
    assert _definition(file).hash != first
    file.write_text(_WITH_CODE)
    (tmp_path / "src" / "score.py").write_text("def init(): return 1\n")
    with_code = _definition(file).hash
    (tmp_path / "conda.yml").write_text("dependencies: [python=3.12]\n")
    assert len({first, with_code, _definition(file).hash}) == 3


@pytest.mark.parametrize(
    "content", ["", "- a\n", "a: [\n", "instance_count: many\ninstance_type: x\n", "colour: red\n"]
)
def test_a_wrong_file_is_named(tmp_path: Path, content: str) -> None:
    """What is not the YAML of a deployment is refused, with the file's name."""
    file = _written(tmp_path, content)
    with pytest.raises(PermanentError, match=r"online\.yml") as caught:
        _definition(file).deployment()
    assert caught.value.code == "InvalidDefinition"


def test_a_mistake_is_told_without_the_sdks_advice(tmp_path: Path) -> None:
    """The SDK adds three hundred characters about an editor: the key and what is wrong with it are what is left."""
    with pytest.raises(PermanentError, match=r'"instances": . "Unknown field\."') as caught:
        _definition(_written(tmp_path, "instance_type: a\ninstances: 2\n")).deployment()
    assert "http" not in caught.value.message
    assert len(caught.value.message) < 150 + len(str(tmp_path))


def test_the_hash_of_an_endpoint_is_of_what_it_is(tmp_path: Path) -> None:
    """Its name and its traffic do not count, and a key is what it has where nothing is said."""
    deployment = _definition(_written(tmp_path, _MANAGED))
    without = read_endpoint(deployment).hash
    _written(tmp_path, "name: theirs\ntraffic: {blue: 100}\nauth_mode: Key\n", "endpoint.yml")
    assert read_endpoint(deployment).hash == without
    _written(tmp_path, "auth_mode: aad_token\n", "endpoint.yml")
    assert read_endpoint(deployment).hash != without


@pytest.mark.parametrize(
    ("tags", "properties", "said"),
    [
        ({}, {"createdBy": "Ana"}, "is not Signalbox's: it was made by Ana, it has no tags. Name another one"),
        ({"b": "2", "a": "1"}, None, "is not Signalbox's: its tags are a=1, b=2. Name another one"),
        ({"signalbox": "no"}, {}, "its tags are signalbox=no. Name another one"),
        (None, None, "it has no tags"),
    ],
)
def test_whose_an_endpoint_is_is_told(
    tags: dict[str, str] | None, properties: dict[str, str] | None, said: str
) -> None:
    """Who made it, its tags, and what to do: name another one, or hand it over."""
    with pytest.raises(PermanentError, match=re.escape(said)) as caught:
        require_ours("departures", tags, properties)
    assert caught.value.message.endswith("or tag this one signalbox=managed to hand it over")
    require_ours("departures", {**(tags or {}), "signalbox": "managed"}, properties)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A definition that is not there is the same kind of mistake."""
    with pytest.raises(PermanentError, match=r"absent\.yml") as caught:
        _definition(tmp_path / "absent.yml")
    assert caught.value.code == "InvalidDefinition"


def test_an_endpoint_is_managed_and_has_a_key() -> None:
    """Without a file, the endpoint is a managed one with a key and no traffic."""
    entity = read_endpoint(_definition(None)).entity()
    assert type(entity).__name__ == "ManagedOnlineEndpoint"
    assert (entity.name, entity.auth_mode, entity.traffic) == ("departures", "key", {})


def test_an_endpoints_own_file_is_beside_the_deployments(tmp_path: Path) -> None:
    """Identity, network and auth mode are the file's; its name is ours, and it starts without traffic."""
    _written(
        tmp_path,
        "name: theirs\nauth_mode: aad_token\npublic_network_access: disabled\ntraffic: {blue: 100}\n",
        "endpoint.yml",
    )
    entity = read_endpoint(_definition(_written(tmp_path, _MANAGED))).entity()
    assert (entity.name, entity.auth_mode, entity.traffic) == ("departures", "aad_token", {})
    assert entity.public_network_access == "disabled"


def test_a_kubernetes_endpoint_names_its_cluster(tmp_path: Path) -> None:
    """The cluster is the endpoint's, so a new endpoint on Kubernetes needs a file."""
    definition = _definition(_written(tmp_path, _KUBERNETES))
    with pytest.raises(PermanentError, match=r"endpoint\.yml, with the cluster") as caught:
        read_endpoint(definition).entity()
    assert caught.value.code == "InvalidDefinition"
    _written(tmp_path, "name: theirs\ncompute: azureml:aks\n", "endpoint.yml")
    entity = read_endpoint(definition).entity()
    assert type(entity).__name__ == "KubernetesOnlineEndpoint"
    assert entity.compute.endswith("aks")


@pytest.mark.parametrize(
    ("deployment", "endpoint", "said"),
    [(_MANAGED, "compute: azureml:aks\n", "names a cluster"), (_KUBERNETES, "auth_mode: key\n", "names no cluster")],
)
def test_endpoint_and_deployment_are_of_one_kind(tmp_path: Path, deployment: str, endpoint: str, said: str) -> None:
    """A managed deployment on a cluster's endpoint, or the other way round, is refused before anything is made."""
    _written(tmp_path, endpoint, "endpoint.yml")
    with pytest.raises(PermanentError, match=said):
        read_endpoint(_definition(_written(tmp_path, deployment)))


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ("/subscriptions/s/resourceGroups/g/providers/p/workspaces/w/models/m/versions/3", ("m", "3")),
        ("azureml://registries/r/models/m/versions/3", ("m", "3")),
        ("azureml:m:3", ("m", "3")),
        ("", (None, None)),
        (None, (None, None)),
    ],
)
def test_a_models_reference_is_read(reference: str | None, found: tuple[str | None, str | None]) -> None:
    """Name and version of the model are found in every form that the service uses."""
    assert model_version(reference) == found
