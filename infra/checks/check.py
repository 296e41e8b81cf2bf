"""All checks of a folder, in one go."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from infra.checks.bicep.declarations import Resource
from infra.checks.declaration_checks import check_declarations
from infra.checks.findings import Finding
from infra.checks.fitting_values import check_fitting
from infra.checks.hygiene_checks import check_public_access, check_secrets, check_tags
from infra.checks.name_checks import check_names
from infra.checks.project import Project, read_project
from infra.checks.required_values import check_values
from infra.checks.role_checks import check_roles
from infra.checks.sample_deployments import made_plans, sample_plans
from infra.checks.scanner import scan
from infra.checks.schema_book import InstalledSchemas
from infra.checks.settings import VARIABLE, check_settings
from infra.checks.waivers import Waiver, waive
from local.services.azurite.install import DEFAULT_TOOLS
from shared.settings_of_others import left_to_a_choice, on_azure

#: The folder that is checked unless another is named.
INFRA = Path(__file__).parents[1]


def check_infra(
    root: Path = INFRA, *, waivers: Sequence[Waiver] = (), scanned: bool = True, tools: Path = DEFAULT_TOOLS
) -> tuple[Finding, ...]:
    """Every finding below `root` that no waiver covers, and every waiver that covers none.

    Args:
        root: The folder with the Bicep files.
        waivers: What is accepted.
        scanned: Run checkov, too. Without it, waivers of its checks do not count.
        tools: Where the schemas and checkov are installed.

    Raises:
        ValueError: There is nothing to check.
        SchemasMissing: The schemas are not installed.
        ScannerMissing: checkov is not installed, or gave no answer.
    """
    project = read_project(root)
    if not project.files and not project.faults:
        msg = f"there is no Bicep file in {root}"
        raise ValueError(msg)
    schemas = InstalledSchemas(tools)
    schemas.prepare(resource.type for tree in project.files.values() for resource in tree.of(Resource))
    plans, made = tuple(sample_plans(project)), tuple(made_plans(project))
    found = [
        *project.faults,
        *check_declarations(project, schemas),
        *check_secrets(project),
        *check_tags(project, schemas),
        *check_public_access(plans, schemas),
        *check_names(plans, schemas),
        *check_roles(made),
        *check_values(made, project),
        *check_fitting(made, project),
        *_settings(project),
        *(scan(root, tools) if scanned else ()),
    ]
    counted = waivers if scanned else [waiver for waiver in waivers if not _is_scanners(waiver.rule)]
    return waive(found, counted)


def _settings(project: Project) -> Iterator[Finding]:
    """The app's settings in the file that has them."""
    for name, tree in project.files.items():
        if tree.variable(VARIABLE) is not None:
            for finding in check_settings(project.root / name, needed=on_azure(), known=left_to_a_choice()):
                yield replace(finding, file=name)


def _is_scanners(rule: str) -> bool:
    return rule == "scanner-blind" or rule.startswith("CKV")
