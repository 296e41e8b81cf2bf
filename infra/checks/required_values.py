"""Values that must stand in a resource: what each must be, and why. One table by type, and a place for each finding."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from functions.index import ROUTES
from infra.checks.bicep.declarations import Variable
from infra.checks.bicep.tree import Expression, Items, Place, Property, Record, walk
from infra.checks.evaluated_functions import Unknown, Value
from infra.checks.findings import Finding
from infra.checks.planning import Planned
from infra.checks.project import Project, fault_at
from infra.checks.sample_deployments import Plan

#: The rule of all findings here.
RULE = "must-be"
#: The calls that come without a token: their rooms look at a signature, and the host at Event Grid's key.
WITHOUT_TOKEN = (
    *(f"/api/{route.path}" for routes in ROUTES.values() for route in routes if route.anonymous),
    "/runtime/webhooks/eventgrid",
)


@dataclass(frozen=True)
class Required:
    """What must stand in a resource.

    Attributes:
        path: The property below `properties`, its parents before it, with dots between.
        wanted: What it must be; the order of a list says nothing.
        why: What would happen otherwise.
        name: The last part of the resource's name, where only that one is meant.
        within: The path of the thing that it is a part of, where only that one's is meant.
    """

    path: str
    wanted: Value
    why: str
    name: str = ""
    within: str = ""


#: What must be, by the type of the resource, in small letters.
REQUIRED: Mapping[str, tuple[Required, ...]] = {
    "microsoft.web/sites/config": (
        Required("platform.enabled", True, "nobody would be asked for a token", name="authsettingsV2"),
        Required(
            "globalValidation.requireAuthentication", True, "calls without a token would come in",
            name="authsettingsV2",
        ),
        Required(
            "globalValidation.excludedPaths", list(WITHOUT_TOKEN),
            "these are the routes that look at a signature or a key themselves: others would be open to all, and a "
            "missing one would refuse its callers",
            name="authsettingsV2",
        ),
        Required("httpSettings.requireHttps", True, "tokens would be sent in the clear", name="authsettingsV2"),
    ),
    "microsoft.storage/storageaccounts/blobservices": (
        Required(
            "isVersioningEnabled", True, "docs/recovery.md brings overwritten and deleted data back from versions",
            within="dataStorage/account",
        ),
    ),
    "microsoft.app/containerapps": (
        Required("configuration.ingress.allowInsecure", False, "passwords would be sent in the clear"),
    ),
}  # fmt: skip


def check_values(plans: Iterable[Plan], project: Project) -> tuple[Finding, ...]:
    """Findings of rule `must-be`: a value of `REQUIRED` that is another one, or is not there."""
    return tuple(sorted({finding for plan in plans for finding in _of_plan(plan, project)}))


def _of_plan(plan: Plan, project: Project) -> Iterator[Finding]:
    yield from _unmade(plan)
    names = {entry.path: entry.full_name for entry in plan.resources}
    for entry in plan.resources:
        for required in REQUIRED.get(entry.resource.type.lower(), ()):
            if required.name and entry.name != required.name:
                continue
            if required.within and not _is_below(entry.full_name, names.get(required.within)):
                continue
            if not _is(value_at(entry, required.path), required.wanted):
                yield must_be(project, entry, required.path, f"must be {_shown(required.wanted)}: {required.why}")


def _unmade(plan: Plan) -> Iterator[Finding]:
    """Things that lack the part in which a value must stand."""
    things = {entry.path: entry for entry in plan.resources}
    for kind, required in ((kind, one) for kind, ones in REQUIRED.items() for one in ones):
        thing = things.get(required.within)
        parts = (entry for entry in plan.resources if entry.resource.type.lower() == kind)
        if thing is not None and not any(_is_below(entry.full_name, thing.full_name) for entry in parts):
            symbol = thing.resource.name
            said = f"{symbol} must have {kind} with {required.path}: {_shown(required.wanted)}, since {required.why}"
            yield fault_at(thing.file, thing.resource.at, RULE, said, symbol)


def must_be(project: Project, planned: Planned, path: str, said: str, *inner: str | int) -> Finding:
    """A finding at a property, or at what of its parents is written out; `inner` are further keys and indices."""
    at = _place(project, planned, ("properties", *path.split("."), *inner))
    symbol = planned.resource.name
    return fault_at(planned.file, at, RULE, f"{symbol}.properties.{path} {said}", f"{symbol}.{path}")


def value_at(planned: Planned, path: str) -> Value:
    """The value below `properties`; `None` where there is none."""
    value: Value = planned.body.get("properties")
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else value if isinstance(value, Unknown) else None
    return value


def _is(value: Value, wanted: Value) -> bool:
    if isinstance(value, list) and isinstance(wanted, list):
        return sorted(map(str, value)) == sorted(map(str, wanted))
    return type(value) is type(wanted) and value == wanted


def _is_below(name: Value, parent: Value) -> bool:
    return isinstance(name, str) and isinstance(parent, str) and name.startswith(f"{parent}/")


def _shown(wanted: Value) -> str:
    if isinstance(wanted, list):
        return f"[{', '.join(map(str, wanted))}]"
    return str(wanted).lower() if isinstance(wanted, bool) else repr(wanted)


def _place(project: Project, planned: Planned, path: Sequence[str | int]) -> Place:
    """Where a property stands: in the body of its resource, or in a variable that the body names."""
    node: Expression | None = planned.resource.body
    at = planned.resource.at
    for part in path:
        if isinstance(node, Record):
            entry = next((entry for entry in node.properties if entry.key == part), None)
            node, at = (entry.value, entry.at) if entry is not None else (None, at)
        elif isinstance(node, Items) and isinstance(part, int) and part < len(node.items):
            node = node.items[part]
            at = node.at
        else:
            return _in_a_variable(project, planned.file, path[-1]) or at
    return at


def _in_a_variable(project: Project, file: str, key: str | int) -> Place | None:
    values = (variable.value for variable in project.files[file].of(Variable))
    return next(
        (node.at for value in values for node in walk(value) if isinstance(node, Property) and node.key == key), None
    )
