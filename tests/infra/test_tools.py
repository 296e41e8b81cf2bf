"""What the checks of the workbook are installed with, where it is not there."""

import hashlib
import shutil
from pathlib import Path

import pytest

from infra.checks.schema_book import SchemasMissing, install
from infra.checks.schema_book.install import program
from infra.node_packages import NodePackages, PackagesMissing
from infra.workbook.engine import EngineMissing, ensure_engine
from infra.workbook.kusto import PACKAGES


def _packages(tools: Path) -> NodePackages:
    return NodePackages(PACKAGES.name, PACKAGES.source, PACKAGES.install_with, tools)


def test_packages_that_are_missing_say_how_they_are_installed(tmp_path: Path) -> None:
    """One command."""
    with pytest.raises(PackagesMissing, match=r"Run `python -m infra\.workbook install` once"):
        _packages(tmp_path).installed()


def test_packages_of_another_lock_file_count_as_missing(tmp_path: Path) -> None:
    """The hash of the lock file is kept beside them."""
    (tmp_path / "kusto").mkdir()
    (tmp_path / "kusto" / "installed.sha256").write_text("0" * 64)
    with pytest.raises(PackagesMissing):
        _packages(tmp_path).installed()


def test_npm_that_fails_leaves_nothing_that_counts_as_installed(tmp_path: Path) -> None:
    """Its own last words are told."""
    source = tmp_path / "source"
    source.mkdir()
    for name in ("package.json", "package-lock.json"):
        (source / name).write_text("no JSON")
    broken = NodePackages("broken", source, "python -m x", tmp_path)
    with pytest.raises(PackagesMissing, match="npm could not install broken"):
        broken.ensure()
    with pytest.raises(PackagesMissing, match="Run `python -m x` once"):
        broken.installed()


def test_an_engine_without_uv_says_what_brings_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`make setup` has it."""
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(EngineMissing, match="make setup"):
        ensure_engine(tmp_path)


def test_schemas_that_are_missing_say_how_they_are_installed(tmp_path: Path) -> None:
    """So do those of another lock file, and a package without a program for this kind of machine says that."""
    with pytest.raises(SchemasMissing, match=r"Run `python -m infra\.checks install` once"):
        program(tmp_path)
    (tmp_path / "bicep-schemas" / "node_modules").mkdir(parents=True)
    lock = Path(install.__file__).with_name("package-lock.json")
    (tmp_path / "bicep-schemas" / "installed.sha256").write_text(hashlib.sha256(lock.read_bytes()).hexdigest())
    with pytest.raises(SchemasMissing, match="no program for this kind of machine"):
        program(tmp_path)
