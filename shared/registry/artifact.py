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
    files = {path.relative_to(folder).as_posix().encode(): path for path in folder.rglob("*") if path.is_file()}
    together = hashlib.sha256()
    for name in sorted(files):
        with files[name].open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        together.update(digest.encode() + b"  " + name + b"\n")
    return together.hexdigest()
