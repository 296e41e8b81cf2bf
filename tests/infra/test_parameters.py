"""`infra.parameters`: what azd deploys with, and the two usual environments."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from functions.index import EVENTS
from infra.checks.bicep import parse_bicep
from infra.parameters.__main__ import main
from infra.pipelines.parameters import variables
from shared.authorization import APP_ROLES
from shared.settings import APP_ROOT

INFRA = APP_ROOT / "infra"
OF_AZD = INFRA / "main.parameters.json"
FOLDER = INFRA / "parameters"
USUAL = sorted(FOLDER.glob("*.json"))
#: Their defaults are made anew with each deployment.
MADE_UP = {"budgetStart"}


def read_parameters(file: Path) -> dict[str, Any]:
    """The values in a parameter file, by the parameter's name in `main.bicep`."""
    return {name: given["value"] for name, given in json.loads(file.read_text())["parameters"].items()}


def azd_names() -> dict[str, str]:
    """By the name of a parameter: the value of azd's environment that it is taken from."""
    found = {name: re.fullmatch(r"\$\{(\w+)(=.*)?\}", value) for name, value in read_parameters(OF_AZD).items()}
    return {name: match[1] for name, match in found.items() if match}


def _declared(file: Path) -> dict[str, str]:
    parse_bicep(file.read_text())
    return dict(re.findall(r"^param (\w+) (\w+)", file.read_text(), re.MULTILINE))


def test_azd_can_be_told_every_parameter_of_main_bicep() -> None:
    """Each parameter is a value of azd's environment, under a name of its own, and there is no other one."""
    names = azd_names()
    assert set(names) == set(read_parameters(OF_AZD)) == set(_declared(INFRA / "main.bicep")) - MADE_UP
    assert len(set(names.values())) == len(names)


@pytest.mark.parametrize("file", USUAL, ids=lambda file: file.stem)
def test_the_usual_environments_name_parameters_that_are_there(file: Path) -> None:
    """A file of parameters has known names only, with values of their types."""
    kinds = {"string": str, "int": int, "bool": bool}
    declared = _declared(INFRA / "main.bicep")
    for name, value in read_parameters(file).items():
        assert type(value) is kinds[declared[name]], name


def test_what_azd_would_be_told_can_be_looked_at(capsys: pytest.CaptureFixture[str]) -> None:
    """`--show` lists the values and calls nobody."""
    assert main(["prod", "--show"]) == 0
    assert "STORAGE_SKU=Standard_ZRS\n" in capsys.readouterr().out


def test_azd_is_told_each_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One call of `azd env set` for each; without azd nothing is told, and the exit code is 1."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["dev"]) == 1
    azd = tmp_path / "azd"
    azd.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/told\n')
    azd.chmod(0o755)
    assert main(["dev"]) == 0
    told = (tmp_path / "told").read_text().splitlines()
    assert "env set FLEET_ENVIRONMENT dev" in told
    assert len(told) == len(read_parameters(FOLDER / "dev.json")) - 2


def test_an_azd_that_takes_no_value_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As where no environment is chosen yet: with what to do, and after the first one."""
    monkeypatch.setenv("PATH", str(tmp_path))
    azd = tmp_path / "azd"
    azd.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/told\nexit 1\n')
    azd.chmod(0o755)
    assert main(["dev"]) == 1
    assert "azd env new NAME" in capsys.readouterr().err
    assert len((tmp_path / "told").read_text().splitlines()) == 1


def test_the_hook_uses_what_the_deployment_puts_out() -> None:
    """Names in the hook's commands are outputs of main.bicep, and its parameters those of events.bicep."""
    hook = yaml.safe_load((APP_ROOT / "azure.yaml").read_text())["hooks"]["postdeploy"]
    outputs = set(re.findall(r"^output (\w+) ", (INFRA / "main.bicep").read_text(), re.MULTILINE))
    for shell, sign in (("posix", r"\$(\w+)"), ("windows", r"\$env:(\w+)")):
        command = hook[shell]["run"]
        assert set(re.findall(sign, command)) <= outputs | {"AZURE_SUBSCRIPTION_ID"}
        assert set(re.findall(r'"(\w+)=', command)) <= set(_declared(INFRA / "events.bicep"))


def test_events_are_brought_to_functions_that_are_there() -> None:
    """The subscriptions name functions of `functions.index`."""
    named = set(re.findall(r"\$\{functions\}/(\w+)'", (INFRA / "events.bicep").read_text()))
    assert named == {name for names in EVENTS.values() for name in names}


def test_the_registration_has_the_roles_that_the_app_asks_for() -> None:
    """For people and programs, and the Azure CLI has consent for the scope that is there."""
    entra = {file.stem: json.loads(file.read_text()) for file in (INFRA / "entra").glob("*.json")}
    roles = entra["app_roles"]
    assert [role["value"] for role in roles] == list(APP_ROLES.values())
    assert len({role["id"] for role in roles}) == len(roles)
    assert all(role["isEnabled"] and role["allowedMemberTypes"] == ["User", "Application"] for role in roles)
    scopes = [scope["id"] for scope in entra["scope"]["api"]["oauth2PermissionScopes"]]
    allowed = entra["azure_cli"]["api"]["preAuthorizedApplications"]
    assert [client["delegatedPermissionIds"] for client in allowed] == [scopes]


def test_parameter_files_are_in_azures_form() -> None:
    """`az deployment` takes them as they are."""
    for file in (OF_AZD, *USUAL):
        content = json.loads(file.read_text())
        assert content["$schema"].endswith("/deploymentParameters.json#")
        assert all(set(given) == {"value"} for given in content["parameters"].values())


def test_the_page_lists_every_parameter_as_it_is() -> None:
    """The table in docs/deploy.md has each value of azd once, and what dev and prod give it."""
    row = r"^\| `([A-Z_]+)` \|[^|]*\|[^|]*\|([^|]*)\|([^|]*)\|$"
    rows = re.findall(row, (APP_ROOT / "docs/deploy.md").read_text(), re.MULTILINE)
    listed = {name: tuple(given.strip().strip("`") for given in both) for name, *both in rows}
    usual = [variables(FOLDER / f"{which}.json") for which in ("dev", "prod")]
    assert listed == {name: tuple(values.get(name, "") for values in usual) for name in azd_names().values()}
