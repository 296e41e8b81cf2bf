"""What a deployment would make: its resources, with the names and bodies that they get.

Whether a condition keeps a resource out is said by who asks: most checks look at what is optional, too.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from infra.checks.bicep.declarations import Module, Resource
from infra.checks.bicep.tree import Name
from infra.checks.evaluated_functions import Unknown, Value
from infra.checks.evaluation import Deployment, Reference


@dataclass(frozen=True)
class Target:
    """What a resource is put on by its `scope`.

    Attributes:
        type: The type of the resource, or the `targetScope` of the file where there is no `scope`.
        name: Its name with those of its parents, or why it is not known.
        symbol: What it is called in the file; empty where there is no `scope`.
    """

    type: str
    name: Value
    symbol: str = ""


@dataclass(frozen=True)
class Planned:
    """One resource of a deployment.

    Attributes:
        file: Where it is declared.
        resource: Its declaration.
        name: The last part of its name, or why it is not known.
        body: The body, worked out.
        path: The symbols that lead to it from the file that is deployed: `dataStorage/account`.
        full_name: Its name with those of its parents: `std1/default/landing`.
        target: What it is put on.
    """

    file: str
    resource: Resource
    name: Value
    body: Mapping[str, Value]
    path: str
    full_name: Value
    target: Target


def planned(deployment: Deployment) -> Iterator[Planned]:
    """Every resource that is made, those of modules too."""
    for declaration in deployment.tree.declarations:
        if isinstance(declaration, Resource) and not declaration.existing:
            for local in deployment.turns(declaration):
                yield _planned(deployment, declaration, local)
        elif isinstance(declaration, Module):
            for local in deployment.turns(declaration):
                if (inner := deployment.inner(declaration, local)) is not None:
                    yield from planned(inner)


def _planned(deployment: Deployment, resource: Resource, local: Mapping[str, Value]) -> Planned:
    body = deployment.value(resource.body, local)
    assert isinstance(body, dict)
    path = "/".join((*deployment.within, resource.name))
    full_name, target = _full_name(deployment, resource, local), _target(deployment, body.get("scope"))
    return Planned(deployment.file, resource, _last_part(body.get("name")), body, path, full_name, target)


def _target(deployment: Deployment, scope: Value) -> Target:
    if not isinstance(scope, Unknown):
        return Target(deployment.tree.scope, deployment.tree.scope)
    reference = scope.reference
    if isinstance(reference, Reference) and isinstance(on := reference.declaration, Resource):
        return Target(on.type, _full_name(deployment, on, reference.local), on.name)
    return Target("", scope, scope.origin)


def _full_name(
    deployment: Deployment, resource: Resource, local: Mapping[str, Value], below: tuple[str, ...] = ()
) -> Value:
    """The name with the parents' before it; `below` are the symbols that led here."""
    written = resource.body.get("name")
    own = deployment.value(written, local) if written is not None else Unknown(f"{resource.name}, which has no name")
    over = resource.body.get("parent")
    symbol = over.name if isinstance(over, Name) else resource.parent
    parent = next((one for one in deployment.tree.of(Resource) if one.name == symbol), None)
    if parent is None:
        return own
    if resource.name in below:
        return Unknown(f"{resource.name}, which is its own parent")
    before = _full_name(deployment, parent, {}, (*below, resource.name))
    return next((part for part in (before, own) if isinstance(part, Unknown)), f"{before}/{own}")


def _last_part(name: Value) -> Value:
    return name.rpartition("/")[2] if isinstance(name, str) else name if name is not None else Unknown("a name")
