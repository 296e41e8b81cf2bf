"""`python -m infra.parameters dev|prod`: lets the azd environment that is chosen deploy with these parameters."""

import argparse
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from infra.pipelines.parameters import variables

_FOLDER: Final = Path(__file__).parent


def main(given: Sequence[str] | None = None) -> int:
    """Tell azd each value; exit code 1 where there is no azd, or it takes one of them not.

    Args:
        given: The command line; that of this process unless given.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("which", choices=sorted(file.stem for file in _FOLDER.glob("*.json")))
    parser.add_argument("--show", action="store_true", help="only say what it would be told")
    arguments = parser.parse_args(given)
    azd = shutil.which("azd")
    if azd is None and not arguments.show:
        sys.stderr.write("azd is not installed, or not on the PATH: docs/deploy.md says where to get it\n")
        return 1
    for name, value in variables(_FOLDER / f"{arguments.which}.json").items():
        sys.stdout.write(f"{name}={value}\n")
        if azd is not None and not arguments.show:
            done = subprocess.run([azd, "env", "set", name, value], check=False)  # noqa: S603 - names and values are ours
            if done.returncode:  # it has said why
                sys.stderr.write(f"azd did not take {name}: is an environment chosen? `azd env new NAME` makes one\n")
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
