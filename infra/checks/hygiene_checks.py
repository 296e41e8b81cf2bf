"""No secret is written out, every resource that takes tags has them, and nothing is more public than it says."""

import re
from collections.abc import Iterable, Iterator

from infra.checks.bicep.declarations import Output, Parameter, Resource
from infra.checks.bicep.tree import Call, Choice, Expression, Place, Property, Record, Text, walk
from infra.checks.evaluated_functions import Value
from infra.checks.findings import Finding
from infra.checks.kinds import Kind, Shape, Variants
from infra.checks.planning import Planned
from infra.checks.project import Project, fault_at
from infra.checks.sample_deployments import Plan
from infra.checks.schema_book import Schemas

_SECRET_NAME = re.compile(r"(password|secret|token|sas|(access|account|shared|api)_?key|connection_?string)$", re.I)
#: What secrets look like wherever they stand: connection strings with a key, signatures, private keys, long base64.
_SECRET_TEXT = re.compile(
    r"(AccountKey|SharedAccessKey|Password|Pwd)=[^;$]+|[?&]sig=|BEGIN [A-Z ]*PRIVATE KEY|^[A-Za-z0-9+/]{43,}={1,2}$"
)
_SECRET_TYPES = {"microsoft.keyvault/vaults/secrets"}
#: Of storage accounts and their containers: what must stand there, and what it must be.
_STORAGE: dict[str, dict[str, Value]] = {
    "microsoft.storage/storageaccounts": {
        "allowBlobPublicAccess": False,
        "allowSharedKeyAccess": False,
        "supportsHttpsTrafficOnly": True,
        "minimumTlsVersion": "TLS1_2",
    },
    "microsoft.storage/storageaccounts/blobservices/containers": {"publicAccess": "None"},
}
_CLOSED = {"Disabled", "SecuredByPerimeter"}


def check_secrets(project: Project) -> tuple[Finding, ...]:
    """Findings of rule `secret`: a secret that is written out, a parameter that lacks `@secure()`, a leaking output."""
    found: set[Finding] = set()
    for file, tree in project.files.items():
        for declaration in tree.declarations:
            match declaration:
                case Parameter():
                    found.update(_of_parameter(file, declaration))
                case Output():
                    found.update(_of_output(file, declaration))
                case Resource():
                    found.update(_of_resource(file, declaration))
                case _:
                    pass
        for declaration in tree.declarations:
            for node in walk(getattr(declaration, "value", None) or getattr(declaration, "body", None)):
                if isinstance(node, Text) and _SECRET_TEXT.search(
                    " ".join(p for p in node.parts if isinstance(p, str))
                ):
                    found.add(
                        fault_at(file, node.at, "secret", "this text looks like a secret; take it from Key Vault")
                    )
    return tuple(sorted(found))


def _of_parameter(file: str, parameter: Parameter) -> Iterator[Finding]:
    secure = parameter.decorated("secure") is not None
    if _SECRET_NAME.search(parameter.name) and not secure and getattr(parameter.type, "name", "") == "string":
        said = f"the parameter {parameter.name} is a secret by its name; it needs @secure()"
        yield fault_at(file, parameter.at, "secret", said, parameter.name)
    if secure and isinstance(parameter.default, Text) and parameter.default.literal:
        said = f"the default of the secret {parameter.name} is written out; anybody can read it"
        yield fault_at(file, parameter.default.at, "secret", said, parameter.name)


def _of_output(file: str, output: Output) -> Iterator[Finding]:
    for node in walk(output.value):
        if isinstance(node, Call) and re.match(r"list\w*$|getSecret$", node.name):
            said = f"the output {output.name} shows what {node.name}() answers; outputs are kept in the open"
            yield fault_at(file, node.at, "secret", said, output.name)


def _of_resource(file: str, resource: Resource) -> Iterator[Finding]:
    for node in walk(resource.body):
        if not isinstance(node, Property) or not isinstance(node.key, str):
            continue
        by_type = resource.type.lower() in _SECRET_TYPES and node.key == "value"
        if (by_type or _SECRET_NAME.search(node.key)) and _is_written_out(node.value):
            said = f"{resource.name}: {node.key} is written out; take it from a @secure() parameter or from Key Vault"
            yield fault_at(file, node.value.at, "secret", said, resource.name)


def _is_written_out(value: Expression) -> bool:
    match value:
        case Text():
            return bool(value.literal) and not str(value.literal).startswith("@Microsoft.KeyVault(")
        case Choice():
            return _is_written_out(value.chosen) or _is_written_out(value.otherwise)
        case _:
            return False


def check_tags(project: Project, schemas: Schemas) -> tuple[Finding, ...]:
    """Findings of rule `tags`: a resource without tags, although its type takes them."""
    found = [
        fault_at(file, resource.at, "tags", f"{resource.name} has no tags; {resource.type} takes them", resource.name)
        for file, tree in project.files.items()
        for resource in tree.of(Resource)
        if not resource.existing and resource.body.get("tags") is None and _has_field(resource, "tags", schemas)
    ]
    return tuple(sorted(found))


def check_public_access(plans: Iterable[Plan], schemas: Schemas) -> tuple[Finding, ...]:
    """Findings of rule `public-access`, with every option on, private networking among them.

    A storage account says that it has no public blobs and no keys. Whatever can be closed to the internet is closed, or
    says so by a waiver.
    """
    found = {
        finding
        for plan in plans
        for planned in plan.resources
        for finding in (*_storage_faults(planned), *_open_faults(planned, schemas))
    }
    return tuple(sorted(found))


def _storage_faults(planned: Planned) -> Iterator[Finding]:
    resource, properties = planned.resource, _properties(planned)
    for name, wanted in _STORAGE.get(resource.type.lower(), {}).items():
        if properties.get(name) != wanted:
            at = _place_of(resource.body, name)
            shown = f"{wanted!r}" if isinstance(wanted, str) else str(wanted).lower()
            said = f"{resource.name}.properties.{name} must be {shown}"
            yield fault_at(planned.file, at or resource.at, "public-access", said, f"{resource.name}.{name}")


def _open_faults(planned: Planned, schemas: Schemas) -> Iterator[Finding]:
    resource, properties = planned.resource, _properties(planned)
    schema = schemas.find(resource.type)
    body = schema.body if schema is not None else None
    inner = body.fields["properties"].kind if isinstance(body, Shape) and "properties" in body.fields else None
    if not (isinstance(inner, Shape) and "publicNetworkAccess" in inner.fields):
        return
    rules = properties.get("networkAcls")
    denied = isinstance(rules, dict) and rules.get("defaultAction") == "Deny"
    network = properties.get("network")  # of databases: inside a network, they have no public address
    inside = isinstance(network, dict) and "delegatedSubnetResourceId" in network
    if properties.get("publicNetworkAccess") not in _CLOSED and not denied and not inside:
        at = _place_of(resource.body, "publicNetworkAccess") or resource.at
        said = f"{resource.name} can be reached from the internet, with private networking too; close it or waive it"
        yield fault_at(planned.file, at, "public-access", said, resource.name)


def _properties(planned: Planned) -> dict[str, Value]:
    properties = planned.body.get("properties")
    return properties if isinstance(properties, dict) else {}


def _place_of(body: Record, name: str) -> Place | None:
    properties = body.get("properties")
    entries = properties.properties if isinstance(properties, Record) else ()
    return next((entry.at for entry in entries if entry.key == name), None)


def _has_field(resource: Resource, name: str, schemas: Schemas) -> bool:
    schema = schemas.find(resource.type)
    body: Kind | None = schema.body if schema is not None else None
    if isinstance(body, Variants):
        return all(name in shape.fields for shape in body.shapes.values())
    return isinstance(body, Shape) and name in body.fields
