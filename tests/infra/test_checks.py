"""The real infrastructure passes its checks, and each fault that is put into a copy of it is found."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.checks.check import INFRA, check_infra
from infra.checks.findings import Finding
from infra.checks.scanner import ensure_scanner
from infra.checks.schema_book import ensure_schemas
from infra.checks.waivers import read_waivers

pytestmark = [pytest.mark.infra, pytest.mark.timeout(300)]

type Edit = Callable[[str], str]


def put(old: str, new: str) -> Edit:
    """Replace the first `old`, which must be there: so the faults stay faults of the files as they are."""

    def edit(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return edit


def without(pattern: str) -> Edit:
    """Remove the first match, which must be there."""

    def edit(text: str) -> str:
        rest, count = re.subn(pattern, "", text, count=1, flags=re.MULTILINE | re.DOTALL)
        assert count == 1
        return rest

    return edit


#: Name: the file, what is done to it, the rule that finds it, and what the message holds.
FAULTS: dict[str, tuple[str, Edit, str, str]] = {
    "syntax": (
        "modules/data_storage.bicep", put("  properties: {", "  properties {"), "syntax",
        "expected 'resource', or the name of a property and ':'|expected ':' after the property 'properties'",
    ),
    "property typo": (
        "modules/data_storage.bicep", put("minimumTlsVersion", "minimunTlsVersion"), "property",
        "has no property 'minimunTlsVersion'; did you mean 'minimumTlsVersion'?",
    ),
    "wrong type": (
        "modules/data_storage.bicep", put("allowBlobPublicAccess: false", "allowBlobPublicAccess: 'no'"), "type",
        "account.properties.allowBlobPublicAccess: expected bool, got 'no'",
    ),
    "misspelt value": (
        "modules/data_storage.bicep", put("kind: 'StorageV2'", "kind: 'StorgeV2'"), "type",
        "account.kind: 'StorgeV2' is none of the values that Azure names; did you mean 'StorageV2'?",
    ),
    "unknown resource type": (
        "modules/data_storage.bicep", put("Microsoft.Storage/storageAccounts@", "Microsoft.Storage/storageAcounts@"),
        "resource-type", "'Microsoft.Storage/storageAcounts'; did you mean 'Microsoft.Storage/storageAccounts'?",
    ),
    "undefined reference": (
        "modules/data_storage.bicep", put("= account.id", "= acount.id"), "undefined",
        "nothing is named 'acount'; did you mean 'account'?",
    ),
    "undefined output of a module": (
        "main.bicep", put("identity.outputs.principalId", "identity.outputs.principleId"), "undefined",
        "the outputs of modules/identity.bicep has no property 'principleId'; did you mean 'principalId'?",
    ),
    "undefined property of a resource": (
        "modules/durable.bicep", put("properties.endpoint", "properties.endpiont"), "undefined",
        "has no property 'endpiont'; did you mean 'endpoint'?",
    ),
    "missing role": (
        "modules/roles.bicep", without(r"^resource dataBlobs .*?^}$"), "role-missing",
        "on dataStorage (shared.storage.blobs), and has Storage Table Data Contributor there; Storage Blob Data",
    ),
    "role that nothing needs": (
        "modules/roles.bicep",
        put("roleIds['Storage Table Data Contributor'])\n  scope: dataStorage\n",
            "roleIds['Storage Table Data Contributor'])\n  scope: vault\n"),
        "role-unneeded", "nothing of Storage Table Data Contributor on vault is needed",
    ),
    "role that allows too much": (
        "modules/roles.bicep",
        put("Definitions', roleIds['Key Vault Secrets User']", "Definitions', roleIds['Key Vault Secrets Officer']"),
        "role-broad", "Key Vault Secrets User allows Microsoft.KeyVault/vaults/secrets/getSecret/action",
    ),
    "value that must be another": (
        "modules/authentication.bicep", put("requireAuthentication: true", "requireAuthentication: false"), "must-be",
        "globalValidation.requireAuthentication must be true",
    ),
    "value that does not fit": (
        "main.bicep", put("outputs.landingContainer", "outputs.dataContainer"), "must-be",
        "landingContainer must be dataStorage.outputs.landingContainer",
    ),
    "missing setting": (
        "modules/app_settings.bicep", without(r"^ *SIGNALBOX_STORAGE:.*?$"), "setting-missing",
        "the code reads SIGNALBOX_STORAGE, and appSettings does not set it",
    ),
    "setting that nothing reads": (
        "modules/app_settings.bicep", put("SIGNALBOX_STORAGE:", "SIGNALBOX_STORE: ''\n    SIGNALBOX_STORAGE:"),
        "setting-unread", "appSettings sets SIGNALBOX_STORE, which nothing reads; did you mean 'SIGNALBOX_STORAGE'?",
    ),
    "public access": (
        "modules/data_storage.bicep", put("allowBlobPublicAccess: false", "allowBlobPublicAccess: true"),
        "public-access", "account.properties.allowBlobPublicAccess must be false",
    ),
    "shared keys": (
        "modules/host_storage.bicep", without(r"^ *allowSharedKeyAccess: false$"), "public-access",
        "account.properties.allowSharedKeyAccess must be false",
    ),
    "open to the internet": (
        "modules/host_storage.bicep", put("isPrivate ? 'Deny' : 'Allow'", "'Allow'"), "public-access",
        "account can be reached from the internet, with private networking too",
    ),
    "a written-out secret": (
        "modules/secrets.bicep", put("webhookSecret string = newGuid()", "webhookSecret string = 'hunter2'"), "secret",
        "the default of the secret webhookSecret is written out",
    ),
    "no tags": (
        "modules/key_vault.bicep", without(r"^  tags: tags$"), "tags", "vault has no tags",
    ),
    "a name that is too long": (
        "modules/key_vault.bicep", put("  name: name", "  name: '${name}0'"), "name",
        "has 25 characters; at most 24 are allowed",
    ),
    "missing property": (
        "modules/key_vault.bicep", without(r"^  location: location$"), "required", "vault lacks 'location', string",
    ),
    "read-only property": (
        "modules/durable.bicep", put("ipAllowlist:", "provisioningState: 'x'\n    ipAllowlist:"), "property",
        "provisioningState is read-only",
    ),
    "unknown variant": (
        "modules/event_subscription.bicep", put("'AzureFunction'", "'AzureFunctionn'"), "type",
        "destination.endpointType: 'AzureFunctionn' is none of",
    ),
    "unknown variant in a module's parameter": (
        "events.bicep", put("'StringIn'", "'StringInn'"), "type", "did you mean 'StringIn'?",
    ),
    "unknown parameter of a module": (
        "main.bicep", put("planName:", "planNam:"), "module",
        "modules/function_app.bicep has no parameter 'planNam'; did you mean 'planName'?",
    ),
    "missing parameter of a module": (
        "main.bicep", put("planName:", "planNam:"), "module", "lacks the parameter 'planName', string",
    ),
    "wrong type of a module's parameter": (
        "main.bicep", put("instanceMemory: instanceMemory", "instanceMemory: '2048'"), "type",
        "instanceMemory: expected int, got '2048'",
    ),
    "unused parameter": (
        "modules/durable.bicep", put("param name string", "param idle string = ''\nparam name string"), "unused",
        "nothing uses the parameter 'idle'",
    ),
    "unknown version": (
        "modules/key_vault.bicep", put("vaults@20", "vaults@19"), "api-version",
        "cannot be checked; the schemas are of",
    ),
    "a module without its scope": (
        "main.bicep", without(r"^  scope: group$"), "scope", "goes to a resourceGroup, this file to a subscription",
    ),
    "unknown function": (
        "main.bicep", put("toLower(", "toLowr("), "undefined", "there is no function 'toLowr'; did you mean 'toLower'?",
    ),
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def without_fault(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The unedited files have no fault: each test of a fault shows what the edit did."""
    ensure_schemas()
    assert faults_of(copied(tmp_path_factory.mktemp("unedited"))) == ()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The infrastructure, where it may be damaged."""
    return copied(tmp_path)


def copied(folder: Path) -> Path:
    """A copy of the infrastructure; what its files load from elsewhere in the repository is there."""
    target = folder / "infra"
    shutil.copytree(INFRA, target, ignore=shutil.ignore_patterns("checks", "__pycache__"))
    (folder / "examples").symlink_to(INFRA.parent / "examples")
    return target


def faults_of(folder: Path, *, scanned: bool = False) -> tuple[Finding, ...]:
    """What is found, less what is waived."""
    return check_infra(folder, waivers=read_waivers(), scanned=scanned)


def test_the_infrastructure_passes(copy: Path) -> None:
    """The unedited files have no fault but those that are waived, checkov's findings included."""
    ensure_scanner()
    assert faults_of(copy, scanned=True) == ()


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found(copy: Path, name: str) -> None:
    """With its rule, its file, its line and what would be right."""
    file, edit, rule, message = FAULTS[name]
    (copy / file).write_text(edit((copy / file).read_text()))
    found = [fault for fault in faults_of(copy) if fault.rule == rule and fault.file == file]
    assert any(part in fault.message for fault in found for part in message.split("|")), faults_of(copy)
    assert all(fault.line >= 1 and fault.column >= 1 for fault in found)


def test_checkov_looks_at_every_file(copy: Path) -> None:
    """It finds what it knows, and nothing that it cannot read goes unsaid."""
    ensure_scanner()
    file = copy / "modules" / "data_storage.bicep"
    file.write_text(put("minimumTlsVersion: 'TLS1_2'", "minimumTlsVersion: 'TLS1_0'")(file.read_text()))
    (copy / "modules" / "torn.bicep").write_text("resource x 'A/b@2020-01-01' = {\n")
    found = {(fault.rule, fault.file) for fault in faults_of(copy, scanned=True)}
    assert ("CKV_AZURE_44", "modules/data_storage.bicep") in found
    assert ("scanner-blind", "modules/torn.bicep") in found
