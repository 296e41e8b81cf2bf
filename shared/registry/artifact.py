r"""One hash for the files of a model.

It is what coreutils give, so that nobody needs Signalbox to compare a model with the ledger (file names without line
breaks and backslashes given):

    cd model && find . -type f -printf '%P\n' | LC_ALL=C sort | xargs -d '\n' sha256sum | sha256sum
"""

import hashlib
from pathlib import Path


def artifact_sha256(folder: Path) -> str:
    """SHA-256 over a line `SHA-256 of the file, two blanks, path` per file, by path in bytes.

    Args:
        folder: The model's; paths are relative to it, with slashes. Empty folders do not count.
    """
    together = hashlib.sha256()
    for name, digest in sorted((name.encode(), digest) for name, digest in file_hashes(folder).items()):
        together.update(digest.encode() + b"  " + name + b"\n")
    return together.hexdigest()


def file_hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of each file by its path, relative to the folder and with slashes."""
    return {path.relative_to(folder).as_posix(): _sha256(path) for path in folder.rglob("*") if path.is_file()}


def _sha256(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
