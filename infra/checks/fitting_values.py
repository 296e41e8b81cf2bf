"""Values that must fit others: containers and the settings that name them, secrets and who reads them, open doors."""

import re
from collections.abc import Iterable, Iterator, Mapping

from infra.checks.bicep.declarations import Module, Output
from infra.checks.bicep.tree import Expression, Member, Name, Record, Text, Unary, walk
from infra.checks.evaluated_functions import Unknown, Value
from infra.checks.findings import Finding
from infra.checks.planning import Planned
from infra.checks.project import Project, fault_at
from infra.checks.required_values import RULE, must_be, value_at
from infra.checks.sample_deployments import Plan

_CONFIG = "microsoft.web/sites/config"
_SUBSCRIPTION = "microsoft.eventgrid/systemtopics/eventsubscriptions"
_ACCOUNT = "dataStorage/account"
_LANDING, _DATA = "dataStorage/landingContainer", "dataStorage/dataContainer"
_ANCHORS, _DEAD_LETTERS = "dataStorage/anchorContainer", "dataStorage/deadLetterContainer"
#: Properties that name a container, by the type that has them: which one it must be.
_CONTAINERS: Mapping[str, Mapping[str, str]] = {
    _CONFIG: {
        "SIGNALBOX_LANDING_CONTAINER": _LANDING,
        "SIGNALBOX_DATA_CONTAINER": _DATA,
        "SIGNALBOX_ANCHOR_CONTAINER": _ANCHORS,
    },
    "microsoft.machinelearningservices/workspaces/datastores": {"containerName": _DATA},
    _SUBSCRIPTION: {
        "deadLetterWithResourceIdentity.deadLetterDestination.properties.blobContainerName": _DEAD_LETTERS,
    },
}
_ANYBODY = {"*", "0.0.0.0/0", "::/0", "any"}
_GROUP, _RULE = "microsoft.network/networksecuritygroups", "microsoft.network/networksecuritygroups/securityrules"


def check_fitting(plans: Iterable[Plan], project: Project) -> tuple[Finding, ...]:
    """Findings of rule `must-be`: a value that does not fit what it goes with."""
    refers = any(_is_reference(node) for tree in project.files.values() for node in walk(_values(tree.declarations)))
    found = {
        finding
        for plan in plans
        for finding in (
            *_containers(plan, project),
            *_login(plan, project),
            *_lifecycles(plan, project),
            *_open_doors(plan, project),
            *(_secret_readers(plan, project) if refers else ()),
        )
    }
    return tuple(sorted({*found, *_mixed_outputs(project)}))


def _of_type(plan: Plan, *types: str) -> Iterator[Planned]:
    return (entry for entry in plan.resources if entry.resource.type.lower() in types)


def _containers(plan: Plan, project: Project) -> Iterator[Finding]:
    made = {entry.path: entry.name for entry in plan.resources}
    paths = {name: path for path, name in made.items() if path.startswith("dataStorage/") and isinstance(name, str)}
    for kind, properties in _CONTAINERS.items():
        for entry in _of_type(plan, kind):
            for path, wanted in properties.items():
                value = value_at(entry, path)
                if value is None or value == made.get(wanted):
                    continue
                is_now = f"not {paths[value]}" if isinstance(value, str) and value in paths else "not another one"
                yield must_be(project, entry, path, f"must name the container of {wanted}, {is_now}")
    for entry in _of_type(plan, _SUBSCRIPTION):
        subject, start = value_at(entry, "filter.subjectBeginsWith"), "/blobServices/default/containers/"
        if isinstance(subject, str) and subject.startswith(start) and subject != f"{start}{made.get(_LANDING)}/":
            said = f"must name the container of {_LANDING}, from whose files everything begins"
            yield must_be(project, entry, "filter.subjectBeginsWith", said)


def _login(plan: Plan, project: Project) -> Iterator[Finding]:
    """An app that trusts the platform to have looked at tokens, and no platform that does."""
    guarded = any(entry.name == "authsettingsV2" for entry in _of_type(plan, _CONFIG))
    for entry in _of_type(plan, _CONFIG):
        if value_at(entry, "SIGNALBOX_AUTHENTICATION") == "entra" and not guarded:
            said = "must be 'keys' where no authsettingsV2 is made: nobody would look at the tokens that it trusts"
            yield must_be(project, entry, "SIGNALBOX_AUTHENTICATION", said)


def _secret_readers(plan: Plan, project: Project) -> Iterator[Finding]:
    for entry in _of_type(plan, "microsoft.web/sites"):
        reader = value_at(entry, "keyVaultReferenceIdentity")
        if not isinstance(reader, Unknown) and (not reader or reader == "SystemAssigned"):
            said = "must be the app's identity: settings are references to secrets, which nobody else may read"
            yield must_be(project, entry, "keyVaultReferenceIdentity", said)


def _lifecycles(plan: Plan, project: Project) -> Iterator[Finding]:
    """Rules that delete blobs as they are now: of the app's account, only dead letters may go."""
    made = {entry.path: entry for entry in plan.resources}
    account, letters = made.get(_ACCOUNT), made.get(_DEAD_LETTERS)
    allowed = f"{letters.name}/" if letters is not None else ""
    for entry in _of_type(plan, "microsoft.storage/storageaccounts/managementpolicies"):
        rules = value_at(entry, "policy.rules")
        if account is None or not str(entry.full_name).startswith(f"{account.full_name}/"):
            continue
        yield from _untold(project, entry, "policy.rules", rules)
        for index, rule in enumerate(rules if isinstance(rules, list) else []):
            prefixes = _inner(rule, "definition", "filters", "prefixMatch")
            deletes = _inner(rule, "definition", "actions", "baseBlob", "delete") is not None
            within = isinstance(prefixes, list) and prefixes and all(str(one).startswith(allowed) for one in prefixes)
            if deletes and not (allowed and within):
                said = (
                    f"must delete current blobs of {allowed or 'no container'} only, by prefixMatch: raw files and "
                    "data go by the fleet file's own rules (docs/retention.md)"
                )
                yield must_be(project, entry, "policy.rules", said, index, "definition", "actions")


def _open_doors(plan: Plan, project: Project) -> Iterator[Finding]:
    for entry in _of_type(plan, _GROUP, _RULE):
        alone: list[Value] = [dict(entry.body)]
        rules = value_at(entry, "securityRules") if entry.resource.type.lower() == _GROUP else alone
        yield from _untold(project, entry, "securityRules", rules)
        for index, rule in enumerate(rules if isinstance(rules, list) else []):
            if _inner(rule, "properties", "direction") != "Inbound" or _inner(rule, "properties", "access") == "Deny":
                continue
            for what, single, many in (
                ("port", "destinationPortRange", "destinationPortRanges"),
                ("source", "sourceAddressPrefix", "sourceAddressPrefixes"),
            ):
                if not _is_narrow(_inner(rule, "properties", single), _inner(rule, "properties", many)):
                    said = f"must say from where and to which port: {single} of an inbound rule names no {what}"
                    yield must_be(project, entry, "securityRules", said, index, "properties", single)


def _untold(project: Project, planned: Planned, path: str, rules: Value) -> Iterator[Finding]:
    """Rules that cannot be looked at, since they are not known before a deployment."""
    unknown = rules if isinstance(rules, Unknown) else None
    if isinstance(rules, list):
        unknown = next((rule for rule in rules if isinstance(rule, Unknown)), None)
    if unknown is not None:
        said = f"must be known before a deployment, or nothing can be told of it: it depends on {unknown.origin}"
        yield must_be(project, planned, path, said)


def _is_narrow(single: Value, many: Value) -> bool:
    given = [*(many if isinstance(many, list) else []), *([single] if single else [])]
    return bool(given) and not any(str(one).lower() in _ANYBODY or one == "0-65535" for one in given)


def _inner(value: Value, *keys: str) -> Value:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _mixed_outputs(project: Project) -> Iterator[Finding]:
    """A module's parameter that is given an output of another name, or of another module, than its own name says."""
    for file, tree in project.files.items():
        modules = {module.name: project.resolve(file, module.path) for module in tree.of(Module)}
        for module in tree.of(Module):
            params = module.body.get("params")
            for entry in params.properties if isinstance(params, Record) else ():
                for giver, output in _outputs(entry.value):
                    key, there = str(entry.key), project.files.get(modules.get(giver, ""))
                    named = re.sub(r"(Id|Name)$", "", key)
                    said = ""
                    if there is not None and output != key and any(one.name == key for one in there.of(Output)):
                        said = f"must be {giver}.outputs.{key}, not {giver}.outputs.{output}"
                    elif named != key and named in modules and giver in modules and named != giver:
                        said = f"must be an output of {named}, not of {giver}"
                    if said:
                        yield fault_at(
                            file, entry.at, RULE, f"{module.name}.params.{key} {said}", f"{module.name}.{key}"
                        )


def _outputs(value: Expression) -> Iterator[tuple[str, str]]:
    """The outputs that an expression takes, each with its module's symbol."""
    for node in walk(value):
        if isinstance(node, Member) and isinstance(node.base, Member) and node.base.name == "outputs":
            of = node.base.base
            of = of.operand if isinstance(of, Unary) else of
            if isinstance(of, Name):
                yield of.name, node.name


def _values(declarations: Iterable[object]) -> tuple[object, ...]:
    parts = (getattr(one, "value", None) or getattr(one, "body", None) for one in declarations)
    return tuple(part for part in parts if part is not None)


def _is_reference(node: object) -> bool:
    return isinstance(node, Text) and str(node.parts[0] if node.parts else "").startswith("@Microsoft.KeyVault(")
