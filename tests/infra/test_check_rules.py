"""The rules of the checks, on small files and schemas of their own: no program of anybody else runs."""

import ast
import json
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.checks.bicep import parse_bicep
from infra.checks.bicep.declarations import Parameter
from infra.checks.check import INFRA
from infra.checks.declaration_checks import check_declarations
from infra.checks.evaluated_functions import Unknown
from infra.checks.evaluation import Deployment
from infra.checks.findings import Finding, nearest
from infra.checks.fitting_values import check_fitting
from infra.checks.hygiene_checks import check_public_access, check_secrets, check_tags
from infra.checks.kinds import BOOL, INT, NULL, STRING, Kind, ListOf, Literals, OneOf, fits
from infra.checks.name_checks import check_names
from infra.checks.planning import planned
from infra.checks.project import Project, read_project
from infra.checks.required_values import check_values
from infra.checks.resource_schemas import ResourceSchema, read_schema
from infra.checks.role_checks import check_roles
from infra.checks.role_needs import Need, all_needs, scopes
from infra.checks.roles import Role
from infra.checks.sample_deployments import ENVIRONMENT_NAMES, made_plans, sample_plans
from infra.checks.schema_book import InstalledSchemas
from infra.checks.schema_book.book import OWN
from infra.checks.settings import check_settings, deployed_settings
from infra.checks.waivers import read_waivers, waive

ROOT = INFRA.parent
STORE = "Microsoft.Storage/storageAccounts"
PART = {"name": "apiVersion", "type": "2025-01-01", "flags": "ReadOnly"}


def schema(kind: str, *properties: dict[str, str], more: Iterable[dict[str, object]] = ()) -> ResourceSchema:
    """A schema, from what the program would print."""
    body = {"$type": "Object", "name": kind, "properties": [PART, *properties]}
    resource = {
        "$type": "Resource",
        "name": f"{kind}@2025-01-01",
        "bodyType": body,
        "writableScopes": "ResourceGroup",
    }
    return read_schema([resource, *more])


def prop(name: str, kind: str, flags: str = "", modifiers: str = "") -> dict[str, str]:
    """A property, as the program prints it."""
    return {"name": name, "type": kind, "flags": flags, "modifiers": modifiers}


class FewSchemas:
    """Storage accounts, and a kind of rule that comes in two variants."""

    def __init__(self) -> None:
        inner: dict[str, object] = {
            "$type": "Object",
            "name": "Properties",
            "properties": [
                prop("allowBlobPublicAccess", "bool"),
                prop("days", "int", modifiers="minValue: 1, maxValue: 9"),
                prop("endpoint", "string", "ReadOnly"),
                prop("tier", "Hot | Cold"),
                prop("size", "Small | Medium | string"),
                prop("rules", "Rule[]"),
            ],
        }
        rule: dict[str, object] = {
            "$type": "DiscriminatedObject",
            "name": "Rule",
            "discriminator": "kind",
            "baseProperties": [],
            "elements": [
                {"$type": "Object", "name": "In", "properties": [prop("kind", "In", "Required"), prop("x", "int")]},
                {"$type": "Object", "name": "Out", "properties": [prop("kind", "Out", "Required"), prop("y", "int")]},
            ],
        }
        tags: dict[str, object] = {
            "$type": "Object",
            "name": "Tags",
            "properties": [],
            "additionalPropertiesType": "string",
        }
        self.known_types = {
            STORE.lower(): schema(
                STORE,
                prop("name", "string", "Required", "minLength: 3, maxLength: 24, pattern: ^[a-z0-9]+$"),
                prop("location", "string", "Required"),
                prop("tags", "Tags"),
                prop("properties", "Properties"),
                more=[inner, rule, tags],
            )
        }

    def find(self, kind: str) -> ResourceSchema | None:
        """By type."""
        return self.known_types.get(kind.lower())

    def known(self) -> Iterable[str]:
        """All of them."""
        return [known.type for known in self.known_types.values()]


def project(folder: Path, main: str, **others: str) -> Project:
    """Files in a folder, read."""
    for name, text in {"main": main, **others}.items():
        (folder / f"{name}.bicep").write_text(text)
    return read_project(folder)


def account(properties: str = "", *, head: str = "", tail: str = "") -> str:
    """A file with a storage account."""
    return (
        f"{head}resource store '{STORE}@2025-01-01' = {{\n  name: 'abc'\n  location: 'x'\n  tags: {{}}\n"
        f"  properties: {{\n    {properties}\n  }}\n}}\n{tail}"
    )


def told(findings: Iterable[Finding]) -> list[str]:
    """Rules and messages."""
    return [f"{finding.rule}: {finding.message}" for finding in findings]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (account("days: 'many'"), "type: store.properties.days: expected int, got 'many'"),
        (account("days: 10"), "limit: store.properties.days: 10 is too much; at most 9 is allowed"),
        (account("tier: 'Cool'"), "type: store.properties.tier: expected 'Hot' | 'Cold', got 'Cool'"),
        (account("size: 'Mediun'"), "did you mean 'Medium'?"),
        (account("endpoint: 'x'"), "property: store.properties.endpoint is read-only: Azure sets it"),
        (account("dayz: 1"), "has no property 'dayz'; did you mean 'days'?"),
        (account("days: 1\n    days: 2"), "property: store.properties.days is given twice"),
        (account("rules: [{ kind: 'Inn' }]"), "'Inn' is none of In, Out; did you mean 'In'?"),
        (account("rules: [{ kind: 'In', y: 1 }]"), "rules[0].y: object In has no property 'y'"),
        (account("rules: [{ x: 1 }]"), "required: store.properties.rules[0] lacks 'kind', one of In, Out"),
        (account("days: d", head="param d string\n"), "expected int, got string"),
        (account("days: on ? 1 : 'x'", head="param on bool\n"), "expected int, got 'x'"),
        (account("days: length('abc') + 'x'"), "type: '+' takes integers, got 'x'"),
        (account(tail="output o string = store.properties.endpiont\n"), "no property 'endpiont'; did you mean"),
        (account(tail="output o int = store.id2\n"), "has no property 'id2'"),
        (account(tail="output o int = store.location\n"), "type: output o: expected int, got string"),
        (account("days: day", head="var days = 1\nvar x = days\noutput o int = x\n"), "nothing is named 'day'"),
        (account(head="var idle = 1\n"), "unused: nothing uses the variable 'idle'"),
        (account(head="param a int\nparam a int\noutput o int = a\n"), "duplicate: 'a' is declared twice"),
        (account().replace("2025-01-01", "2024-01-01"), "2024-01-01 cannot be checked; the schemas are of 2025-01-01"),
        (account().replace("  location: 'x'\n", ""), "required: store lacks 'location', string"),
        (account().replace("Accounts@", "Acounts@"), "did you mean 'Microsoft.Storage/storageAccounts'?"),
    ],
)
def test_a_declaration_that_azure_would_refuse_is_told(tmp_path: Path, text: str, said: str) -> None:
    """With the path of the property, what was expected, what was found and the nearest name."""
    found = told(check_declarations(project(tmp_path, text), FewSchemas()))
    assert any(said in one for one in found), found


def test_what_azure_takes_is_not_told(tmp_path: Path) -> None:
    """Every kind of value at its place, choices, loops, unions, nulls and strings beside an open enum."""
    text = account(
        "days: big ? 9 : days\n    tier: null\n    size: 'XL'\n    rules: [for i in range(0, 3): { kind: 'In', x: i }]",
        head="param big bool\n@minValue(1)\nparam days int = 3\n",
        tail="output o string = '${store.name}${store.properties.endpoint}'\n",
    )
    assert told(check_declarations(project(tmp_path, text), FewSchemas())) == []


def test_a_module_is_checked_across_files(tmp_path: Path) -> None:
    """Missing, unknown and wrong parameters, outputs that are not there, and what an open array is used for."""
    text = (
        "module m 'other.bicep' = {\n  name: 'm'\n  params: {\n    day: 1\n    rules: [{ kind: 'No' }]\n  }\n}\n"
        "output o string = m.outputs.nme\n"
    )
    other = account("days: days\n    rules: rules", head="param days int\nparam rules array\n",
                    tail="output name string = store.name\n")  # fmt: skip
    found = told(check_declarations(project(tmp_path, text, other=other), FewSchemas()))
    for said in (
        "other.bicep has no parameter 'day'; did you mean 'days'?",
        "m lacks the parameter 'days', int, of other.bicep",
        "m.rules[0].kind: 'No' is none of In, Out",
        "has no property 'nme'; did you mean 'name'?",
    ):
        assert any(said in one for one in found), found
    missing = project(tmp_path, "module m 'othr.bicep' = {\n  name: 'm'\n}\n")
    assert "module: there is no file othr.bicep; did you mean 'other.bicep'?" in told(
        check_declarations(missing, FewSchemas())
    )


@pytest.mark.parametrize("file", sorted(OWN.glob("*.json")), ids=lambda file: file.stem)
def test_a_schema_of_our_own_is_found_by_its_type(file: Path) -> None:
    """It is read like those of the package, lies under its type's name, and says where it was read."""
    answer = json.loads(file.read_text())
    read = read_schema(answer["results"]["BicepSchemaResult"])
    assert file.stem == read.type.lower().replace("/", "_")
    assert answer["source"].startswith("https://learn.microsoft.com/")
    found = InstalledSchemas(file.parent / "no-tools").find(read.type.upper())
    assert found is not None
    assert (found.type, found.version) == (read.type, read.version)


def test_a_scope_that_does_not_fit_is_told(tmp_path: Path) -> None:
    """A storage account in a file for a subscription, and a module without its resource group."""
    text = "targetScope = 'subscription'\n" + account(tail="module m 'other.bicep' = {\n  name: 'm'\n}\n")
    found = told(check_declarations(project(tmp_path, text, other="var a = 1\noutput o int = a\n"), FewSchemas()))
    assert found == [
        f"scope: store: {STORE} is made in a ResourceGroup, and this file goes to a subscription",
        "scope: m lacks 'scope': other.bicep goes to a resourceGroup, this file to a subscription",
    ]


def test_a_file_that_is_torn_does_not_hide_the_others(tmp_path: Path) -> None:
    """Its fault is told, and the rest is checked."""
    read = project(tmp_path, account("days: 'many'"), torn="param\n")
    assert [fault.rule for fault in read.faults] == ["syntax"]
    assert len(check_declarations(read, FewSchemas())) == 1


def test_files_that_name_each_other_are_told(tmp_path: Path) -> None:
    """And nothing goes round in circles."""
    module = "module m '{}.bicep' = {{\n  name: 'm'\n}}\n"
    read = project(tmp_path, module.format("a"), a=module.format("b"), b=module.format("a"))
    found = told(check_declarations(read, FewSchemas()))
    assert [one for one in found if "names this file in its turn" in one]
    assert all(plan.resources == () for plan in sample_plans(read))


def test_what_is_no_text_is_told(tmp_path: Path) -> None:
    """With the byte that is wrong."""
    (tmp_path / "main.bicep").write_bytes(b"param a string\xff")
    assert [fault.message for fault in read_project(tmp_path).faults] == [
        "the file is not UTF-8: invalid start byte at byte 14"
    ]


def test_secrets_and_tags_and_public_blobs_are_told(tmp_path: Path) -> None:
    """A written-out secret, a secret parameter that shows, an output of keys, no tags, public blobs."""
    read = project(
        tmp_path,
        "param adminPassword string = 'x'\n" + account("accountKey: 'abc'").replace("  tags: {}\n", "")
        + "var c = 'AccountKey=abc'\noutput k string = store.listKeys().keys[0].value\n",
    )  # fmt: skip
    found = told(check_secrets(read))
    for said in ("adminPassword is a secret by its name", "accountKey is written out", "shows what listKeys() answers",
                 "looks like a secret"):  # fmt: skip
        assert any(said in one for one in found), found
    assert [finding.rule for finding in check_tags(read, FewSchemas())] == ["tags"]
    plans = tuple(sample_plans(read))
    assert any("allowSharedKeyAccess must be false" in one for one in told(check_public_access(plans, FewSchemas())))


def test_names_are_worked_out_for_long_environment_names(tmp_path: Path) -> None:
    """What is cut fits, what is not cut does not, and both are told apart by the azd parameter."""
    (tmp_path / "main.parameters.json").write_text('{"parameters": {"env": {"value": "${AZURE_ENV_NAME}"}}}')
    head = "param env string\nvar suffix = uniqueString(env)\n"
    cut = account(head=head).replace("'abc'", "'st${take(toLower(replace(env, '-', '')), 9)}${suffix}'")
    assert check_names(tuple(sample_plans(project(tmp_path, cut))), FewSchemas()) == ()
    long = account(head=head).replace("'abc'", "'st${toLower(replace(env, '-', ''))}${suffix}'")
    found = told(check_names(tuple(sample_plans(project(tmp_path, long))), FewSchemas()))
    assert len(found) == 1
    assert "at most 24 are allowed" in found[0]


def test_environment_names_are_of_the_longest_kind() -> None:
    """Azd takes 64 characters."""
    assert max(map(len, ENVIRONMENT_NAMES)) == 64


def test_modules_loops_and_conditions_are_worked_out(tmp_path: Path) -> None:
    """Names go through parameters, outputs and loops; what Azure answers stays unknown, with where it comes from."""
    main = (
        "module m 'other.bicep' = [for i in range(0, 2): {\n  name: 'm${i}'\n  params: {\n    n: 'x${i}'\n  }\n}]\n"
        "module one 'other.bicep' = {\n  name: 'one'\n  params: {\n    n: 'y'\n  }\n}\n"
        "output name string = one.outputs.name\noutput end string = one.outputs.end\n"
    )
    other = (
        account(head="param n string\n").replace("'abc'", "toUpper(n)")
        + "output name string = store.name\noutput end string = store.properties.endpoint\n"
    )
    deployment = Deployment(project(tmp_path, main, other=other), "main.bicep", {})
    assert [resource.name for resource in planned(deployment)] == ["X0", "X1", "Y"]
    assert deployment.output("name") == "Y"
    assert deployment.output("end") == Unknown("other.bicep:store.properties.endpoint")


ROLE_FILE = (
    "resource who 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {\n  name: 'a'\n}\n"
    f"resource made '{STORE}@2025-01-01' = {{\n  name: 'b'\n}}\n"
    f"resource store '{STORE}@2025-01-01' existing = {{\n  name: 'b'\n}}\n"
    "resource gives 'Microsoft.Authorization/roleAssignments@2022-04-01' = {\n  name: guid('a')\n  scope: store\n"
    "  properties: {\n    principalId: who.properties.principalId\n    roleDefinitionId: subscriptionResourceId("
    "'Microsoft.Authorization/roleDefinitions', 'ba92f5b4-2d11-453d-a403-e96b0029c9fe')\n  }\n}\n"
)
READ = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"
TABLES = "Microsoft.Storage/storageAccounts/tableServices/tables/entities/read"


@pytest.mark.parametrize(
    ("scope", "permission", "rules"),
    [
        ("made", READ, []),
        ("made", TABLES, ["role-missing", "role-unneeded"]),
        ("elsewhere", READ, ["role-missing", "role-unneeded"]),
    ],
)
def test_a_role_counts_for_its_principal_on_its_scope(
    tmp_path: Path, scope: str, permission: str, rules: list[str]
) -> None:
    """A permission without a role is told, and so is a role without a need."""
    plans = tuple(sample_plans(project(tmp_path, ROLE_FILE)))
    needs = [Need("main.bicep:who", scope, (permission,), "a test")]
    assert sorted(finding.rule for finding in check_roles(plans, needs)) == rules


def test_a_role_that_is_not_in_the_table_is_told(tmp_path: Path) -> None:
    """It cannot be joined with anything."""
    plans = tuple(sample_plans(project(tmp_path, ROLE_FILE.replace("ba92f5b4", "00000000"))))
    assert "role-unknown" in {finding.rule for finding in check_roles(plans, [])}


@pytest.mark.parametrize(("permission", "rules"), [(READ, []), (TABLES, ["role-missing", "role-unneeded"])])
def test_a_role_of_our_own_allows_what_its_definition_says(tmp_path: Path, permission: str, rules: list[str]) -> None:
    """It is found by its name, as an assignment names it."""
    definition = (
        "resource own 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {\n  name: guid('own')\n  properties: {\n"
        f"    roleName: 'own'\n    permissions: [\n      {{\n        actions: ['{READ}']\n      }}\n    ]\n  }}\n}}\n"
    )
    text = definition + ROLE_FILE.replace("'ba92f5b4-2d11-453d-a403-e96b0029c9fe'", "own.name")
    plans = tuple(sample_plans(project(tmp_path, text)))
    needs = [Need("main.bicep:who", "made", (permission,), "a test")]
    assert sorted(finding.rule for finding in check_roles(plans, needs)) == rules


def test_a_role_that_a_condition_keeps_out_is_not_given(tmp_path: Path) -> None:
    """Nor is one on a thing that nothing makes; one whose condition only Azure can decide counts."""
    needs = [Need("main.bicep:who", "made", (READ,), "a test")]
    for number, (condition, rules) in enumerate({
        "false": ["role-missing"], "1 == 1": [], "who.properties.clientId == 'a'": [],
    }.items()):  # fmt: skip
        (tmp_path / str(number)).mkdir()
        text = ROLE_FILE.replace("2022-04-01' = {", f"2022-04-01' = if ({condition}) {{")
        plans = tuple(made_plans(project(tmp_path / str(number), text)))
        assert [finding.rule for finding in check_roles(plans, needs)] == rules, condition
    unmade = ROLE_FILE.replace("existing = {\n  name: 'b'", "existing = {\n  name: 'c'")
    found = told(check_roles(tuple(made_plans(project(tmp_path, unmade))), needs))
    assert any("on store ('c', which is not made) is needed" in one for one in found), found


def test_a_need_counts_where_its_parameters_say(tmp_path: Path) -> None:
    """A role for it is for nothing elsewhere."""
    text = "param on bool = false\n" + ROLE_FILE.replace("2022-04-01' = {", "2022-04-01' = if (on) {")
    plans = tuple(made_plans(project(tmp_path, text)))
    need = Need("main.bicep:who", "made", (READ,), "a test", (("on", True),))
    assert check_roles(plans, [need]) == ()
    other = replace(need, when=(("on", False),))
    assert [one.rule for one in check_roles(plans, [other])] == ["role-missing", "role-unneeded"]


def test_a_role_that_allows_too_much_is_told(tmp_path: Path) -> None:
    """With the narrower one that would do, unless Azure asks for the broad one by its name."""
    text = ROLE_FILE.replace("ba92f5b4-2d11-453d-a403-e96b0029c9fe", "b7e6dc6d-f1e8-4753-8033-0f276bb0955b")
    plans = tuple(made_plans(project(tmp_path, text)))
    need = Need("main.bicep:who", "made", (READ,), "a test")
    assert any("Storage Blob Data Contributor allows" in one for one in told(check_roles(plans, [need])))
    assert check_roles(plans, [replace(need, role="Storage Blob Data Owner")]) == ()
    assert [one.rule for one in check_roles(plans, [replace(need, role="AcrPull")])] == ["role-broad", "role-missing"]


@given(st.sets(st.sampled_from(["a/b", "a/c", "a/*", "b/c"]), min_size=1), st.sampled_from(["a/b", "a/c", "b/c"]))
def test_a_narrower_role_allows_less(allows: set[str], more: str) -> None:
    """None is narrower than itself, and one is narrower than itself with more exactly where that is more."""
    role = Role("r", tuple(allows))
    assert not role.is_narrower_than(role)
    assert role.is_narrower_than(Role("s", (*allows, more))) is not role.grants(more)


def test_wildcards_and_exceptions_of_roles_are_honoured() -> None:
    """`*` stands for any part, capitals do not matter, and what is excepted is not granted."""
    role = Role("r", ("A/b/*/read", "A/b/*/write"), ("A/b/c/write",))
    assert role.grants("a/b/c/read")
    assert role.grants("A/b/c/d/Write")
    assert not role.grants("A/b/c/write")
    assert not role.grants("A/b/read")


def test_every_list_of_permissions_is_joined() -> None:
    """Each module with `PERMISSIONS` is in needs.yaml, and each entry is written as Azure writes them."""
    with_list = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in (ROOT / "shared").rglob("*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == "PERMISSIONS"
    }
    needs = all_needs()
    parameters = {parameter.name for parameter in read_real().files["main.bicep"].of(Parameter)}
    assert {name for need in needs for name, _ in need.when} <= parameters
    assert {need.scope for need in needs} <= {*scopes().values(), "group"}
    assert with_list == {need.source for need in needs if need.source.startswith("shared.")}
    assert all(
        permission.startswith("Microsoft.") and permission.count("/") >= 2
        for need in needs for permission in need.permissions
    )  # fmt: skip


#: What a reviewer put in, or could have: file, what stood there, what stands there now, the rule, and what it says.
SEEDS: dict[str, tuple[str, str, str, str, str]] = {
    "a condition that is never true": (
        "modules/roles.bicep", "roleAssignments@2022-04-01' = if (dataStorageName != 'none') {",
        "roleAssignments@2022-04-01' = if (dataStorageName == 'none') {", "role-missing",
        "containers/blobs/write on dataStorage (shared.storage.blobs), and has Storage Table Data Contributor there",
    ),
    "a name that is not passed": (
        "main.bicep", "    eventTopicName: eventTopic.outputs.name\n", "", "role-missing",
        "Microsoft.EventGrid/events/send/action on eventTopic (shared.notification.event_grid), and has no role there",
    ),
    "accounts that are swapped": (
        "main.bicep", "dataStorageName: dataStorage.outputs.name\n    hostStorageName: hostStorage.outputs.name",
        "dataStorageName: hostStorage.outputs.name\n    hostStorageName: dataStorage.outputs.name", "role-missing",
        "must have Storage Blob Data Owner on hostStorage",
    ),
    "a module that is made where it is not needed": (
        "main.bicep", "durable.bicep' = if (scheduled)", "durable.bicep' = if (!scheduled)", "role-missing",
        "needs Microsoft.DurableTask/schedulers/taskhubs/read on scheduler",
    ),
    "a role of the other choice": (
        "main.bicep", "durableInStorage: !scheduled", "durableInStorage: scheduled", "role-unneeded",
        "nothing of Storage Queue Data Contributor on hostStorage is needed",
    ),
    "a role without its scope": (
        "modules/roles.bicep", "  scope: vault\n", "", "role-unneeded",
        "nothing of Key Vault Secrets User on group is needed",
    ),
    "an officer of secrets": (
        "modules/roles.bicep", "roleDefinitions', roleIds['Key Vault Secrets User'])",
        "roleDefinitions', roleIds['Key Vault Secrets Officer'])", "role-broad",
        "Key Vault Secrets Officer on vault is more than modules/identity.bicep:identity needs; Key Vault Secrets User",
    ),
    "an owner of data": (
        "modules/roles.bicep", "roleDefinitions', roleIds['Storage Blob Data Contributor'])",
        "roleDefinitions', roleIds['Storage Blob Data Owner'])", "role-broad",
        "Storage Blob Data Owner on dataStorage is more than",
    ),
    "calls without a token": (
        "modules/authentication.bicep", "requireAuthentication: true", "requireAuthentication: false", "must-be",
        "globalValidation.requireAuthentication must be true: calls without a token would come in",
    ),
    "a path that is open to all": (
        "modules/authentication.bicep", "'/api/webhooks/mlflow'", "'/api/*'", "must-be",
        "excludedPaths must be [/api/webhooks/mlflow, /api/webhooks/databricks, /runtime/webhooks/eventgrid]",
    ),
    "a path that is refused": (
        "modules/authentication.bicep", "        '/api/webhooks/databricks'\n", "", "must-be", "excludedPaths must be",
    ),
    "an app that nobody guards": (
        "main.bicep", "authentication.bicep' = if (!empty(", "authentication.bicep' = if (empty(", "must-be",
        "SIGNALBOX_AUTHENTICATION must be 'keys' where no authsettingsV2 is made",
    ),
    "secrets that nobody reads": (
        "modules/function_app.bicep", "    keyVaultReferenceIdentity: identityId\n", "", "must-be",
        "keyVaultReferenceIdentity must be the app's identity",
    ),
    "a door on every port": (
        "modules/network.bicep", "destinationPortRange: '443'", "destinationPortRange: '*'", "must-be", "names no port",
    ),
    "a door without a port": (
        "modules/network.bicep", "          destinationPortRange: '443'\n", "", "must-be", "names no port",
    ),
    "a door for anybody": (
        "modules/network.bicep", "sourceAddressPrefix: 'Internet'", "sourceAddressPrefix: '*'", "must-be",
        "names no source",
    ),
    "passwords in the clear": (
        "modules/mlflow.bicep", "allowInsecure: false", "allowInsecure: true", "must-be", "allowInsecure must be false",
    ),
    "no versions of data": (
        "modules/data_storage.bicep", "isVersioningEnabled: true", "isVersioningEnabled: false", "must-be",
        "isVersioningEnabled must be true: docs/recovery.md",
    ),
    "no place for versions of data": (
        "modules/data_storage.bicep", "blobServices@2025-01-01' = {",
        "blobServices@2025-01-01' existing = {", "must-be",
        "account must have microsoft.storage/storageaccounts/blobservices with isVersioningEnabled: true",
    ),
    "raw files that are deleted": (
        "modules/data_storage.bicep", "tierToCool: {", "delete: {", "must-be",
        "must delete current blobs of dead-letters/ only",
    ),
    "data that are deleted": (
        "modules/data_storage.bicep", "              version: {", "              baseBlob: {", "must-be",
        "must delete current blobs of dead-letters/ only",
    ),
    "everything that is deleted": (
        "modules/data_storage.bicep", "              prefixMatch: ['${deadLetters}/']\n", "", "must-be",
        "must delete current blobs of dead-letters/ only",
    ),
    "a container that is another one": (
        "main.bicep", "landingContainer: dataStorage.outputs.landingContainer",
        "landingContainer: dataStorage.outputs.dataContainer", "must-be",
        "landingContainer must be dataStorage.outputs.landingContainer, not dataStorage.outputs.dataContainer",
    ),
    "an output that is another container": (
        "modules/data_storage.bicep", "output landingContainer string = landing",
        "output landingContainer string = data", "must-be",
        "must name the container of dataStorage/landingContainer, not dataStorage/dataContainer",
    ),
    "events of another container": (
        "events.bicep", "landingContainer string = 'landing'", "landingContainer string = 'signalbox'", "must-be",
        "filter.subjectBeginsWith must name the container of dataStorage/landingContainer",
    ),
    "dead letters among raw files": (
        "events.bicep", "deadLetterContainer string = 'dead-letters'", "deadLetterContainer string = 'landing'",
        "must-be", "must name the container of dataStorage/deadLetterContainer, not dataStorage/landingContainer",
    ),
    "another thing than a parameter says": (
        "main.bicep", "    dataStorageId: dataStorage.outputs.id\n", "    dataStorageId: hostStorage.outputs.id\n",
        "must-be", "dataStorageId must be an output of dataStorage, not of hostStorage",
    ),
}  # fmt: skip


@cache
def read_real() -> Project:
    """The infrastructure as it is."""
    return read_project(INFRA)


def faults_of_values(real: Project) -> tuple[Finding, ...]:
    """What is found of roles and values; no schemas are needed for it."""
    made = tuple(made_plans(real))
    return (*check_roles(made), *check_values(made, real), *check_fitting(made, real))


def test_the_infrastructure_gives_what_is_needed_and_no_more() -> None:
    """As it is, nothing is found: each test of a seed shows what the seed did."""
    assert faults_of_values(read_real()) == ()


@pytest.mark.parametrize("name", SEEDS)
def test_a_seeded_fault_of_values_is_found(name: str) -> None:
    """With its rule, what must be, and where."""
    file, old, new, rule, message = SEEDS[name]
    text = (INFRA / file).read_text()
    assert old in text
    seeded = replace(read_real(), files={**read_real().files, file: parse_bicep(text.replace(old, new, 1))})
    found = [fault for fault in faults_of_values(seeded) if fault.rule == rule and message in fault.message]
    assert found, faults_of_values(seeded)
    assert all(fault.file in seeded.files and (fault.line, fault.column) > (1, 1) for fault in found)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("destinationPortRanges: ['443']\n    sourceAddressPrefixes: ['10.0.0.0/8']", []),
        ("destinationPortRanges: ['443', '*']\n    sourceAddressPrefix: '10.0.0.0/8'", ["port"]),
        ("destinationPortRange: '443'\n    sourceAddressPrefix: '0.0.0.0/0'", ["source"]),
        ("description: 'x'", ["port", "source"]),
    ],
)
def test_an_inbound_rule_names_its_port_and_its_source(tmp_path: Path, rule: str, said: list[str]) -> None:
    """One that stands by itself, too; what goes out or is denied may name all."""
    for direction, access, told_of in (("Inbound", "Allow", said), ("Inbound", "Deny", []), ("Outbound", "Allow", [])):
        text = (
            "resource r 'Microsoft.Network/networkSecurityGroups/securityRules@2024-07-01' = {\n  name: 'a/b'\n"
            f"  properties: {{\n    direction: '{direction}'\n    access: '{access}'\n    {rule}\n  }}\n}}\n"
        )
        read = project(tmp_path, text)
        found = told(check_fitting(tuple(made_plans(read)), read))
        assert [one.rpartition(" ")[2] for one in found] == told_of


def test_rules_that_are_not_known_are_told(tmp_path: Path) -> None:
    """What cannot be looked at is not taken for good."""
    text = (
        "param rules array\nresource r 'Microsoft.Network/networkSecurityGroups@2024-07-01' = {\n  name: 'a'\n"
        "  properties: {\n    securityRules: rules\n  }\n}\n"
    )
    read = project(tmp_path, text)
    found = told(check_fitting(tuple(made_plans(read)), read))
    assert [one.rpartition(": ")[2] for one in found] == ["it depends on the parameter rules"]


SETTINGS = (
    "param more object\nvar appSettings = union({\n  A: '1'\n  B: '2'\n}, flag ? { C: '3' } : {}, "
    "toObject(items(more), one => 'CHANNEL_${one.key}', one => 'D'))\nparam flag bool\n"
)


def test_settings_are_found_in_unions_choices_and_functions(tmp_path: Path) -> None:
    """All names that a deployment may set, a prefix where one is put together."""
    (tmp_path / "s.bicep").write_text(SETTINGS)
    assert list(deployed_settings(tmp_path / "s.bicep")) == ["A", "B", "C", "CHANNEL_*"]


def test_settings_that_differ_are_told(tmp_path: Path) -> None:
    """What is missing, with the nearest that is there, and what nothing reads."""
    (tmp_path / "s.bicep").write_text(SETTINGS)
    file = tmp_path / "s.bicep"
    assert check_settings(file, needed={"A", "B", "C"}, known={"CHANNEL_*"}) == ()
    found = told(check_settings(file, needed={"A", "C", "E"}, known={"CHANNEL_*"}))
    assert "setting-missing: the code reads E, and appSettings does not set it" in found
    assert "setting-unread: appSettings sets B, which nothing reads" in found


def test_a_waiver_covers_what_it_names_and_no_more() -> None:
    """And one that covers nothing is told, so that no waiver outlives its reason."""
    waivers = read_waivers()
    assert all(len(waiver.reason) > 20 for waiver in waivers)
    waived = next(waiver for waiver in waivers if waiver.rule == "CKV_AZURE_222")
    here = Finding("modules/function_app.bicep", 1, 1, "CKV_AZURE_222", "m", "app")
    other = Finding("modules/function_app.bicep", 1, 1, "CKV_AZURE_1", "m", "app")
    assert waive([here, other], [waived]) == (other,)
    assert {finding.rule for finding in waive([other], [waived])} == {"CKV_AZURE_1", "waiver-unused"}


@pytest.mark.parametrize("text", ["- rule: X\n", "- reason: because\n", "- rule: X\n  reason: y\n  subjct: z\n"])
def test_a_waiver_without_a_reason_is_refused(tmp_path: Path, text: str) -> None:
    """A key that means nothing, too."""
    (tmp_path / "w.yaml").write_text(text)
    with pytest.raises(ValueError, match="line 1 of the waivers"):
        read_waivers(tmp_path / "w.yaml")


@given(st.sampled_from([STRING, INT, BOOL, NULL, Literals(("a",)), Literals((1,)), ListOf(STRING)]))
def test_a_kind_fits_itself_and_any_union_with_it(kind: Kind) -> None:
    """A union fits only where each of its members does."""
    assert fits(kind, kind)
    assert fits(kind, OneOf((kind, BOOL)))
    assert fits(OneOf((kind, BOOL)), BOOL) == fits(kind, BOOL)


def test_the_nearest_name_is_near() -> None:
    """Nothing is proposed where nothing is close."""
    assert nearest("locaton", ["location", "tags"]) == "; did you mean 'location'?"
    assert nearest("xyz", ["location", "tags"]) == ""
