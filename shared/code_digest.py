"""What code this is: its commit, and one hash of all its files, so that what runs can be told from what should."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from shared.settings import APP_ROOT, settings

#: Of the app's folder: what the Functions host reads, and the rooms that it leads to.
_FILES: Final = ("function_app.py", "host.json", "requirements.txt")
_ROOMS: Final = ("functions", "shared")
#: Beside them in a package: the commit that it was made of.
COMMIT_FILE: Final = "COMMIT"


def code_digest(root: Path) -> str:
    """The SHA-256 of the app's own files, in hexadecimal.

    Settings, fleet files and installed packages do not count; compiled Python does not either.

    Args:
        root: The folder of `function_app.py`.

    Raises:
        OSError: A file is missing or cannot be read.
    """
    digest = hashlib.sha256()
    for path in _code(root):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def packaged_commit(root: Path) -> str:
    """The commit that a package was made of, as it says itself; empty where nothing does.

    A checkout is no package: azd leaves the file there that it has packed, and commits come and go after that.

    Args:
        root: The folder of `function_app.py`.
    """
    if (root / ".git").exists():
        return ""
    try:
        return (root / COMMIT_FILE).read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return ""


def deployed_commit() -> str:
    """The commit that runs here, in small letters: the package's own, else the setting's; empty where nobody knows.

    The package comes first, since settings are written before the code that they are for, and stay where it fails.
    """
    return (packaged_commit(APP_ROOT) or settings().git_commit).lower()


def _code(root: Path) -> Iterator[Path]:
    yield from (root / name for name in _FILES)
    for room in _ROOMS:
        found = (path for path in (root / room).rglob("*") if path.is_file() and "__pycache__" not in path.parts)
        yield from sorted(found, key=lambda path: path.relative_to(root).as_posix())
