"""Whether the inputs of a job are of the types that the components of its steps declare.

On the wire a pipeline has no types of its own: a plain value is a literal, whatever it stands for.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from shared.job_inputs import data_fault, value_fault
from tests.doubles.azure_ml.messages import wrong
from tests.doubles.azure_ml.references import in_workspace
from tests.doubles.azure_ml.world import World

_PARENT: Final = re.compile(r"^\$\{\{\s*parent\.inputs\.(?P<name>\w+)\s*\}\}$")


def require_types(world: World, properties: Mapping[str, Any]) -> None:
    """Refuse a job with an input of another type than the component that takes it declares."""
    given = properties.get("inputs") or {}
    for place, value, declared in _taken(world, properties, given):
        kind, choices = declared.get("type"), declared.get("enum") or ()
        if value["jobInputType"] != "literal":
            fault = data_fault(kind, value["jobInputType"])
        else:
            fault = None if "${{" in value["value"] else value_fault(kind, value["value"], tuple(map(str, choices)))
        if fault is not None:
            raise wrong(f"The value of {place} is invalid: it {fault}.", inner="InvalidArgument")


def _taken(
    world: World, properties: Mapping[str, Any], given: Mapping[str, Any]
) -> Iterator[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
    """Place, value and declaration of each input that a component takes as it is."""
    for name, declared in _declared(world, properties.get("componentId")).items():
        if name in given:
            yield f"inputs.{name}", given[name], declared
    for step, node in (properties.get("jobs") or {}).items():
        declarations = _declared(world, node.get("componentId"))
        for key, bound in (node.get("inputs") or {}).items():
            if key not in declarations or "value" not in bound:
                continue
            parent = _PARENT.match(str(bound["value"]))
            if parent is None:
                yield f"jobs.{step}.inputs.{key}", _literal(bound["value"]), declarations[key]
            elif parent["name"] in given:
                yield f"inputs.{parent['name']}", given[parent["name"]], declarations[key]


def _literal(value: Any) -> dict[str, str]:
    return {"jobInputType": "literal", "value": str(value)}


def _declared(world: World, component: Any) -> dict[str, dict[str, Any]]:
    """The inputs of a component of the workspace; nothing is known of another one's."""
    path = in_workspace(component)
    found = world.find(path) if path is not None else None
    spec = found["properties"].get("componentSpec") or {} if found is not None else {}
    inputs: dict[str, dict[str, Any]] = spec.get("inputs") or {}
    return inputs
