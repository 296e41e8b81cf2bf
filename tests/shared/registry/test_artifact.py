"""The hash of a model's files is the one that coreutils give."""

import subprocess
from pathlib import Path

from shared.registry.artifact import artifact_sha256


def _model(folder: Path) -> Path:
    (folder / "data" / "empty").mkdir(parents=True)
    for name, content in {
        "MLmodel": b"m",
        "data/model.bin": b"\0\n",
        "Zürich é": b"",
        "a b": b"x",
        "data.txt": b"y",
    }.items():
        (folder / name).write_bytes(content)
    return folder


def test_the_hash_is_that_of_coreutils(tmp_path: Path) -> None:
    """Nobody needs Signalbox to compare a model with the ledger; the command is the one in the documentation."""
    command = r"find . -type f -printf '%P\n' | LC_ALL=C sort | xargs -d '\n' sha256sum | sha256sum"
    folder = _model(tmp_path)
    done = subprocess.run(["bash", "-c", command], cwd=folder, check=True, capture_output=True, text=True)
    assert artifact_sha256(folder) == done.stdout.split()[0]


def test_every_byte_and_every_name_counts(tmp_path: Path) -> None:
    """A file that changed, moved or is gone makes another hash."""
    folder = _model(tmp_path)
    seen = {artifact_sha256(folder)}
    (folder / "a b").write_bytes(b"X")
    seen.add(artifact_sha256(folder))
    (folder / "a b").rename(folder / "data" / "a b")
    seen.add(artifact_sha256(folder))
    (folder / "Zürich é").unlink()
    seen.add(artifact_sha256(folder))
    assert len(seen) == 4
