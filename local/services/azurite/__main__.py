"""``python -m local.services.azurite install [--tools DIR]``: install the pinned Azurite, once."""

import argparse
import sys
from pathlib import Path

from local.services.azurite.install import DEFAULT_TOOLS, ensure_azurite
from local.services.process import LocalServiceError


def main() -> int:
    """Install, say where, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m local.services.azurite", description=__doc__)
    parser.add_argument("command", choices=["install"])
    parser.add_argument("--tools", type=Path, default=DEFAULT_TOOLS, help="where tools are installed (%(default)s)")
    arguments = parser.parse_args()
    try:
        program = ensure_azurite(arguments.tools)
    except LocalServiceError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"Azurite is installed: {program}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
