"""`python -m infra.pipelines.package [FILE]`: the zip that goes to Azure, where the remote build installs the rest.

It has what git knows or would know of this checkout, without what `.funcignore` names, which has git's own form; and
the commit, so that what is deployed can tell it. The same files make the same zip, byte by byte.
"""

import argparse
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from shared.code_digest import COMMIT_FILE, code_digest
from shared.settings import APP_ROOT

IGNORED: Final = ".funcignore"
DEFAULT: Final = Path("dist") / "signalbox.zip"
#: The first that a zip can tell: when a file was checked out says nothing.
_LONG_AGO: Final = (1980, 1, 1, 0, 0, 0)
_READABLE: Final = 0o100644 << 16


def main(given: Sequence[str] | None = None) -> int:
    """Write the package, and tell what is in it.

    Args:
        given: The command line; that of this process unless given.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", type=Path, default=APP_ROOT / DEFAULT, help=f"{DEFAULT} unless given")
    file: Path = parser.parse_args(given).file
    files = packaged_files(APP_ROOT)
    write_package(APP_ROOT, file)
    size = f"{file.stat().st_size / 1000:,.0f} kB"
    sys.stdout.write(f"{file.name}: {len(files)} files, {size}, code {code_digest(APP_ROOT)}\n")
    return 0


def packaged_files(root: Path) -> tuple[PurePosixPath, ...]:
    """What goes to Azure, relative to the app's folder, by path.

    Raises:
        FileNotFoundError: There is no `.funcignore`: all of the checkout would go.
        subprocess.CalledProcessError: The folder is no checkout of git.
    """
    if not (root / IGNORED).is_file():
        raise FileNotFoundError(f"{root / IGNORED} is missing: without it, tests and local services would go to Azure")
    known = _listed(root, "--cached") | _listed(root, "--others", "--exclude-standard")
    left_out = _listed(root, "--cached", "--ignored", f"--exclude-from={IGNORED}")
    left_out |= _listed(root, "--others", "--ignored", f"--exclude-from={IGNORED}")
    return tuple(PurePosixPath(name) for name in sorted(known - left_out - {COMMIT_FILE}) if (root / name).is_file())


def write_package(root: Path, file: Path) -> None:
    """Write the zip; its folder is made."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        for name in packaged_files(root):
            package.writestr(_entry(str(name)), (root / name).read_bytes())
        package.writestr(_entry(COMMIT_FILE), f"{_git(root, 'rev-parse', 'HEAD').strip()}\n")


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _LONG_AGO)
    entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, _READABLE
    return entry


def _listed(root: Path, *options: str) -> set[str]:
    return {name for name in _git(root, "ls-files", "-z", *options).split("\0") if name}


def _git(root: Path, *words: str) -> str:
    done = subprocess.run(  # noqa: S603 - no part of it comes from outside
        ["git", *words],  # noqa: S607 - whichever git made the checkout
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
