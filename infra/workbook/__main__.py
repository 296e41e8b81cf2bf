"""`python -m infra.workbook install|build|check`: what its checks need; the workbook anew; what is wrong with it."""

import argparse
import sys
from collections.abc import Iterator

from infra.checks.findings import Finding
from infra.node_packages import PackagesMissing
from infra.workbook.build import WORKBOOK, build, read_queries
from infra.workbook.checking import check_queries
from infra.workbook.engine import EngineMissing, ensure_engine
from infra.workbook.kusto import PACKAGES


def main() -> int:
    """Do what the command line says; 1 where something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m infra.workbook", description=__doc__)
    parser.add_argument("command", choices=["install", "build", "check"])
    command = parser.parse_args().command
    try:
        return {"install": _install, "build": _build, "check": _check}[command]()
    except (PackagesMissing, EngineMissing) as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _install() -> int:
    sys.stdout.write(f"Kusto's language service: {PACKAGES.ensure()}\nThe offline engine: {ensure_engine()}\n")
    return 0


def _build() -> int:
    WORKBOOK.write_text(build())
    return 0


def _check() -> int:
    found = list(_wrong())
    for one in found:
        sys.stderr.write(f"{one}\n")
    return 1 if found else 0


def _wrong() -> Iterator[Finding]:
    yield from check_queries(read_queries())
    if WORKBOOK.read_text() != build():
        told = "it is not what the layout and the queries make: run `python -m infra.workbook build`"
        yield Finding(WORKBOOK.name, 1, 1, "workbook", told)


if __name__ == "__main__":
    sys.exit(main())
