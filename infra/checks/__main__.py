"""`python -m infra.checks [install] [--json] [FOLDER]`: check the infrastructure, or install what the checks need."""

import argparse
import sys
from pathlib import Path

from infra.checks.check import INFRA, check_infra
from infra.checks.findings import as_json
from infra.checks.scanner import ScannerMissing, ensure_scanner
from infra.checks.schema_book import SchemasMissing, ensure_schemas
from infra.checks.waivers import read_waivers
from local.services.azurite.install import DEFAULT_TOOLS


def main() -> int:
    """Run, print, and return the exit code: 0 for no finding, 1 for some, 2 if the checks could not run."""
    parser = argparse.ArgumentParser(prog="python -m infra.checks", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=INFRA, help="what to check, or `install`")
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    parser.add_argument("--tools", type=Path, default=DEFAULT_TOOLS, help="where tools are installed (%(default)s)")
    arguments = parser.parse_args()
    try:
        if arguments.folder == Path("install"):
            sys.stdout.write(
                f"Schemas: {ensure_schemas(arguments.tools)}\ncheckov: {ensure_scanner(arguments.tools)}\n"
            )
            return 0
        return _check(arguments.folder, arguments.tools, as_data=arguments.json)
    except (SchemasMissing, ScannerMissing, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2


def _check(folder: Path, tools: Path, *, as_data: bool) -> int:
    findings = check_infra(folder, waivers=read_waivers(), tools=tools)
    if as_data:
        sys.stdout.write(as_json(findings) + "\n")
    else:
        sys.stdout.writelines(f"{finding}\n" for finding in findings)
        count = len(list(folder.rglob("*.bicep")))
        sys.stdout.write(
            f"{len(findings)} faults in {count} Bicep files\n" if findings else f"{count} Bicep files: ok\n"
        )
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
