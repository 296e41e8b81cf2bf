"""Pipelines of GitHub Actions and Azure DevOps: whole by their schemas, the same steps, no secret, few rights."""

import json
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).parents[2]
GITHUB = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
DEVOPS = sorted((ROOT / "infra" / "pipelines" / "azure-devops").glob("*.yml"))
EVERY = [*GITHUB, *DEVOPS]
#: Carries the published schemas; run by uv, so that nothing of it is installed here.
CARRIER = "check-jsonschema==0.39.0"
SCHEMAS = {"github": "github-workflows.json", "devops": "azure-pipelines.json"}


def read(file: Path) -> Any:
    """The file with every scalar as text, which is how Azure Pipelines reads it, and its schema is written."""
    return yaml.load(file.read_text(), yaml.BaseLoader)


def github(name: str) -> Any:
    """A workflow of GitHub."""
    found = yaml.safe_load((ROOT / ".github" / "workflows" / f"{name}.yml").read_text())
    return {("on" if key is True else key): value for key, value in found.items()}  # YAML 1.1 takes `on` for a truth


def devops(name: str) -> Any:
    """A pipeline or a template of Azure DevOps."""
    return yaml.safe_load((ROOT / "infra" / "pipelines" / "azure-devops" / f"{name}.yml").read_text())


def mappings(found: Any) -> Iterator[dict[str, Any]]:
    """Every mapping within."""
    if isinstance(found, dict):
        yield found
        for value in found.values():
            yield from mappings(value)
    elif isinstance(found, list):
        for value in found:
            yield from mappings(value)


def commands(found: Any) -> list[str]:
    """What is run, in order."""
    keys = ("run", "script", "inlineScript")
    return [str(one[key]) for one in mappings(found) for key in keys if isinstance(one.get(key), str)]


@cache
def schema(system: str) -> Any:
    """The published schema of a system."""
    code = "import check_jsonschema, pathlib; print(pathlib.Path(check_jsonschema.__file__).parent)"
    done = subprocess.run(
        [ROOT / ".tools/uv/bin/uv", "run", "--quiet", "--isolated", "--no-project", "--with", CARRIER, "python", "-c",
         code],
        check=True, capture_output=True, text=True, timeout=110,
    )  # fmt: skip
    return json.loads((Path(done.stdout.strip()) / "builtin_schemas" / "vendor" / SCHEMAS[system]).read_text())


def faults(system: str, found: Any) -> list[str]:
    """What the schema says of it."""
    return [one.message[:300] for one in jsonschema.Draft7Validator(schema(system)).iter_errors(found)]


@pytest.mark.infra
@pytest.mark.parametrize("file", EVERY, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_a_definition_is_whole_by_its_published_schema(file: Path) -> None:
    """The schemas are those of the schema store, as check-jsonschema carries them."""
    if file in GITHUB:
        assert not faults("github", github(file.stem))
    else:
        assert not faults("devops", read(file))


@pytest.mark.infra
@pytest.mark.parametrize(
    ("system", "before", "after"),
    [
        ("github", "timeout-minutes", "timeout-minute"),
        ("github", "permissions:\n  contents: read", "permissions:\n  contents: all"),
        ("devops", "displayName", "displaynames"),
        ("devops", "UsePythonVersion@0", "UsePython@0"),
        ("devops", "versionSpec", "version"),
    ],
)
def test_a_fault_is_found_by_the_schema(system: str, before: str, after: str) -> None:
    """A property that is misspelt, a value that there is not, a task that nobody knows."""
    files = [file for file in (GITHUB if system == "github" else DEVOPS) if before in file.read_text()]
    text = files[0].read_text().replace(before, after)
    loader = yaml.SafeLoader if system == "github" else yaml.BaseLoader
    found = yaml.load(text, loader)
    assert faults(system, {("on" if key is True else key): value for key, value in found.items()})


def test_what_they_run_is_there() -> None:
    """Every target of make, every script, every workflow and template that one of them names."""
    targets = set(re.findall(r"(?m)^([a-z]+):", (ROOT / "Makefile").read_text()))
    for file in EVERY:
        found = read(file)
        for command in commands(found):
            for target in re.findall(r"\bmake (\S+)", command):
                assert target in targets, (file.name, target)
            for script in re.findall(r"\b(infra/\S+\.sh)", command):
                assert (ROOT / script).stat().st_mode & 0o111, script
        for one in mappings(found):
            if str(one.get("uses", "")).startswith("./"):
                assert (ROOT / one["uses"]).is_file(), one
            if "template" in one:
                assert (file.parent / one["template"]).is_file(), one


def test_no_secret_is_kept() -> None:
    """Who deploys is known by federation; nothing reads a secret, and nothing that looks like one is written down."""
    for file in EVERY:
        text = file.read_text()
        assert not re.search(r"(?i)secrets\.|secrets:|password|client-secret|creds:|api[-_]?key", text), file.name
        assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", text), file.name
    login = next(one for one in mappings(github("deploy")) if str(one.get("uses", "")).startswith("azure/login@"))
    assert set(login["with"]) == {"client-id", "tenant-id", "subscription-id"}


@pytest.mark.parametrize("file", GITHUB, ids=lambda file: file.name)
def test_a_workflow_has_the_least_rights(file: Path) -> None:
    """It reads the code; only the job that deploys may ask for a token, and its callers may let it."""
    found = github(file.stem)
    assert found["permissions"] == {"contents": "read"}
    for name, job in found["jobs"].items():
        more = job.get("permissions", {})
        deploys = name == "deploy" or job.get("uses", "").endswith("/deploy.yml")
        assert more == ({"contents": "read", "id-token": "write"} if deploys else {}), name
        for step in job.get("steps", ()):
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False


def test_both_systems_install_the_same_azd() -> None:
    """A version, not the newest of the day, and one whose Bicep knows what the templates say (0.38)."""
    (action,) = (one for one in mappings(github("deploy")) if str(one.get("uses", "")).startswith("azure/setup-azd@"))
    version = action["with"]["version"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    (install,) = (command for command in commands(devops("deploy")) if "install-azd" in command)
    assert install.endswith(f"install-azd.sh | bash -s -- --version {version}")
    piped = [command for file in EVERY for command in commands(read(file)) if re.search(r"\|\s*(ba|z)?sh\b", command)]
    assert piped == [install]
    assert install.startswith("set -o pipefail\n")  # else a download that failed would go on, as far as to the drain


@pytest.mark.parametrize("file", GITHUB, ids=lambda file: file.name)
def test_actions_are_pinned_and_jobs_end(file: Path) -> None:
    """By major version or commit; and no job may hang for hours."""
    found = github(file.stem)
    for one in mappings(found):
        uses = str(one.get("uses", ""))
        assert not uses or uses.startswith("./") or re.fullmatch(r"[\w./-]+@(v\d+|[0-9a-f]{40})", uses), uses
    for job in found["jobs"].values():
        assert "uses" in job or (job["timeout-minutes"] <= 120 and job["runs-on"] != "ubuntu-latest")


def test_deployments_never_overlap_and_are_never_cut_off() -> None:
    """A pull request's older run may be given up; a deployment may not."""
    assert github("pull-request")["concurrency"]["cancel-in-progress"] is True
    for name in ("main", "release"):
        assert github(name)["concurrency"]["cancel-in-progress"] is False
    deploy = github("deploy")["jobs"]["deploy"]
    assert deploy["concurrency"] == {"group": "deploy-${{ inputs.environment }}", "cancel-in-progress": False}
    assert devops("deploy")["stages"][1]["lockBehavior"] == "sequential"


def test_what_is_not_valid_is_not_deployed() -> None:
    """Each job of a deployment waits for the one before it, and the first of them for all that is validated."""
    for name, environment in (("main", "dev"), ("release", "prod")):
        jobs = github(name)["jobs"]
        assert (jobs[environment]["needs"], set(jobs)) == ("validate", {"validate", environment})
        assert [one["template"] for one in devops(name)["stages"]] == ["validate.yml", "deploy.yml"]
    assert github("deploy")["jobs"]["deploy"]["needs"] == "package"
    package, deploy = devops("deploy")["stages"]
    assert (package["dependsOn"], deploy["dependsOn"]) == ("validate", "package")
    for file in EVERY:
        assert not re.search(r"always\(\)|failed\(\)|continue-?on-?error|condition:", file.read_text(), re.I), file.name


def test_prod_waits_for_whoever_approves() -> None:
    """Only the release branch leads to prod, through an environment, whose rules ask somebody."""
    for find, name in ((github, "main"), (devops, "main"), (github, "release"), (devops, "release")):
        wanted = "dev" if name == "main" else "prod"
        assert {one["environment"] for one in mappings(find(name)) if "environment" in one} == {wanted}
    assert github("release")["on"] == {"push": {"branches": ["release/**"]}}
    assert devops("release")["trigger"]["branches"]["include"] == ["release/*"]
    assert github("deploy")["jobs"]["deploy"]["environment"] == "${{ inputs.environment }}"
    (job,) = devops("deploy")["stages"][1]["jobs"]
    assert job["environment"] == "${{ parameters.environment }}"


def test_both_systems_do_the_same() -> None:
    """The same commands in the same order, with the same epochs, and the same variables for the deployment."""
    validate = [commands(found("validate")) for found in (github, devops)]
    assert validate[0] == validate[1] == ["make check", "make coverage", "make test", "make models", "make demo"]
    ours = [command for command in commands(devops("deploy")) if "azd.sh" not in command]
    theirs = commands(github("deploy"))
    assert [one.split()[0] for one in theirs] == [one.split()[0] for one in ours]
    for name in ("pull-request", "main", "release"):
        of_github = github(name)["jobs"]["validate"]["with"]
        of_devops = devops(name)["stages"][0]["parameters"]
        assert of_github == of_devops, name
    variables = set(github("deploy")["jobs"]["deploy"]["env"])
    (step,) = (one for one in mappings(devops("deploy")) if one.get("task") == "AzureCLI@2")
    assert set(step["env"]) == variables
    for name in (*variables, "AZURE_PRINCIPAL_TYPE"):
        known = (ROOT / "infra" / "main.parameters.json").read_text() + (ROOT / "infra/pipelines/deploy.sh").read_text()
        assert name in known, name


def test_main_trains_longer_than_a_pull_request() -> None:
    """And all epochs are those that the example's pipeline has itself."""
    few, many = (github(name)["jobs"]["validate"]["with"]["epochs"] for name in ("pull-request", "main"))
    assert few < many == github("release")["jobs"]["validate"]["with"]["epochs"]
    train = yaml.safe_load((ROOT / "examples" / "flights" / "pipelines" / "train.yml").read_text())
    assert many == train["inputs"]["epochs"]


def test_the_interpreter_is_the_projects() -> None:
    """As in `.python-version`, which the Function App has too; Node comes from PyPI by the project's own lock."""
    version = (ROOT / ".python-version").read_text().strip()
    for file in GITHUB:
        for one in mappings(read(file)):
            if str(one.get("uses", "")).startswith("actions/setup-python@"):
                assert one["with"] == {"python-version-file": ".python-version"}
    (python,) = (one for one in mappings(devops("setup")) if one.get("task") == "UsePythonVersion@0")
    assert python["inputs"]["versionSpec"] == version == "3.13"
    assert not any("setup-node" in file.read_text() or "NodeTool" in file.read_text() for file in EVERY)
