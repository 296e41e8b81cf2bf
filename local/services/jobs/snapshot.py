"""A copy of a step's code, taken when the job is accepted: later edits do not change a job that waits or resumes."""

import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from local.services.jobs.definitions import JobError

_LIMIT_BYTES = 50_000_000
_LIMIT_FILES = 2_000
_LEFT_OUT = frozenset({"__pycache__", ".git", ".venv", ".mypy_cache", ".ruff_cache", ".pytest_cache", "node_modules"})


def _files(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _LEFT_OUT)
        yield from (Path(root) / name for name in sorted(names) if not name.endswith(".pyc"))


def tree_hash(folder: Path) -> str:
    """SHA-256 over the relative names and the contents of all files.

    Raises:
        JobError: the folder is too big to be code.
    """
    digest, size = hashlib.sha256(), 0
    for count, file in enumerate(_files(folder), start=1):
        content = file.read_bytes()
        size += len(content)
        if count > _LIMIT_FILES or size > _LIMIT_BYTES:
            limit = f"{_LIMIT_FILES} files or {_LIMIT_BYTES // 1_000_000} MB"
            raise JobError("CodeTooBig", f"{folder} has more than {limit}: give the steps a code folder of their own")
        digest.update(f"{file.relative_to(folder).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def copy_tree(source: Path, target: Path) -> None:
    """Copy the files that :func:`tree_hash` reads; ``target`` is complete or absent, also after a crash."""
    if target.exists():
        return
    partial = target.with_name(f"{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for file in _files(source):
        copy = partial / file.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, copy)
    partial.rename(target)
