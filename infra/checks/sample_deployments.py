"""Deployments that the checks look at: all that can be made, with long and short names, and what is really made."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from infra.checks.bicep.declarations import Module, NamedType, Parameter
from infra.checks.evaluated_functions import SAMPLE_REGION, Value
from infra.checks.evaluation import Deployment
from infra.checks.planning import Planned, planned
from infra.checks.project import Project

#: What `azd env new` takes: letters, digits and hyphens, 1 to 64. Hyphens at every second place, so that a cut ends in
#: one; capitals; digits in front; the shortest.
ENVIRONMENT_NAMES = ("A-" * 31 + "Zz", "b" * 64, "7" * 64, "x")
_ENVIRONMENT_NAME = "${AZURE_ENV_NAME}"
_LOCATION = "${AZURE_LOCATION}"
_ID = "11111111-1111-1111-1111-111111111111"
#: What is chosen by something else than a bool, by the names of the parameters; azd always says who deploys.
_AS_IT_COMES: Mapping[str, Value] = {"principalId": _ID}
_OTHERWISE: Mapping[str, Value] = {
    **_AS_IT_COMES,
    "durableProvider": "storage",
    "mlflowImage": "mlflow:1",
    "entraClientId": _ID,
    "channels": "teams-demand",
    "anchorDays": 7,
}


def root_files(project: Project) -> tuple[str, ...]:
    """The files that are deployed themselves: no other one names them."""
    named = {project.resolve(file, module.path) for file, tree in project.files.items() for module in tree.of(Module)}
    return tuple(file for file in project.files if file not in named)


@dataclass(frozen=True)
class Plan:
    """What one sample makes.

    Attributes:
        environment: Its environment name.
        resources: All of them, of every file that is deployed itself.
        parameters: The values of the parameters of those files.
    """

    environment: str
    resources: tuple[Planned, ...]
    parameters: Mapping[str, Value] = field(default_factory=dict)


def sample_plans(project: Project) -> Iterator[Plan]:
    """What is made for each of `ENVIRONMENT_NAMES`; every parameter that is a bool is true."""
    for name in ENVIRONMENT_NAMES:
        yield _plan(name, [Deployment(project, file, _optional(project, file, name)) for file in root_files(project)])


def made_plans(project: Project) -> Iterator[Plan]:
    """What is really made, conditions honoured: as the parameters come, and with everything that can be chosen."""
    name = ENVIRONMENT_NAMES[0]
    for arguments, chosen in ((_arguments, _AS_IT_COMES), (_optional, _OTHERWISE)):
        deployments = [
            Deployment(project, file, arguments(project, file, name) | _declared(project, file, chosen), only_made=True)
            for file in root_files(project)
        ]
        yield _plan(name, deployments)


def _plan(name: str, deployments: list[Deployment]) -> Plan:
    resources = tuple(resource for deployment in deployments for resource in planned(deployment))
    parameters = {key: value for deployment in deployments for key, value in deployment.parameters().items()}
    return Plan(name, resources, parameters)


def _declared(project: Project, file: str, chosen: Mapping[str, Value]) -> dict[str, Value]:
    names = {parameter.name for parameter in project.files[file].of(Parameter)}
    return {name: value for name, value in chosen.items() if name in names}


def _arguments(project: Project, file: str, environment: str) -> dict[str, Value]:
    """What azd gives to a file."""
    given = {_ENVIRONMENT_NAME: environment, _LOCATION: SAMPLE_REGION}
    return {name: given[text] for name, text in _parameter_texts(project.root / file).items() if text in given}


def _optional(project: Project, file: str, environment: str) -> dict[str, Value]:
    """The same, and every parameter that is a bool is true."""
    arguments = _arguments(project, file, environment)
    for parameter in project.files[file].of(Parameter):
        if isinstance(parameter.type, NamedType) and parameter.type.name == "bool":
            arguments[parameter.name] = True
    return arguments


def _parameter_texts(file: Path) -> dict[str, str]:
    """What azd puts into the parameters: the `NAME.parameters.json` beside a file."""
    parameters = file.with_suffix(".parameters.json")
    if not parameters.exists():
        return {}
    written = json.loads(parameters.read_text())["parameters"]
    return {name: str(entry.get("value")) for name, entry in written.items()}
