"""What goes to Azure: all that the app needs, and nothing of the laptop's."""

import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

import shared.code_digest as code_digest_module
from infra.pipelines.package import IGNORED, main, packaged_files, write_package
from shared.code_digest import COMMIT_FILE, code_digest, deployed_commit, packaged_commit
from shared.settings import APP_ROOT

#: What lies at the top of it.
TOP = {"function_app.py", "host.json", "requirements.txt", "LICENSE", "functions", "shared", "examples"}
#: What the example's fleet file leads to.
EXAMPLE = {"fleet.yaml", "recipes", "pipelines", "steps", "environments", "golden", "__init__.py"}
#: Of each kind of file that the app reads, one.
NEEDED = {
    "examples/flights/fleet.yaml", "examples/flights/recipes/weather.yaml", "examples/flights/steps/.amlignore",
    "examples/flights/pipelines/components/score.yml", "functions/dashboard/templates/home.html",
}  # fmt: skip
#: The rooms are imported with nothing of this checkout, nor what is installed from it, to be found.
ALONE = """
import importlib, os, pkgutil, sys
sys.path[:] = [os.getcwd(), *(one for one in sys.path if one != ROOT and not one.startswith(ROOT + "/tests"))]
import function_app, functions, shared
for package in (functions, shared):
    assert package.__file__.startswith(os.getcwd()), package.__file__
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)
outside = [name for name in sys.modules if name.split(".")[0] in ("cli", "local", "tests", "benchmarks", "infra")]
assert not outside, outside
from shared.fleet.loader import load_fleet
from shared.settings import APP_ROOT
assert len(load_fleet(APP_ROOT / "examples/flights/fleet.yaml").models) == 12
assert not any(one.startswith(ROOT) and "/.venv/" not in one for one in sys.path), sys.path
print(sorted(function.get_function_name() for function in function_app.app.get_functions())[0])
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the zip is unpacked into."""
    folder = tmp_path_factory.mktemp("package")
    write_package(APP_ROOT, folder / "dist" / "signalbox.zip")
    with zipfile.ZipFile(folder / "dist" / "signalbox.zip") as found:
        found.extractall(folder / "app")
    return folder / "app"


def test_only_what_the_app_needs_goes() -> None:
    """No tests, no local services, no command line, no documentation, no settings of a laptop, nothing compiled."""
    files = packaged_files(APP_ROOT)
    assert {one.parts[0] for one in files} == TOP
    assert {str(one) for one in files} >= NEEDED
    assert {one.parts[2] for one in files if one.parts[0] == "examples" and len(one.parts) > 2} <= EXAMPLE
    assert not [
        one
        for one in files
        if one.suffix in (".md", ".pyc", ".zip", ".db") or "dry_run" in one.name or "__pycache__" in one.parts
    ]
    assert not [one for one in files if one.name.startswith((".env", "local.settings"))]


def test_all_that_the_app_needs_goes(package: Path) -> None:
    """All rooms can be imported from the package alone, its functions are indexed, and the example's fleet is whole."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"ROOT = {str(APP_ROOT)!r}\n{ALONE}"],
        cwd=package, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip()


def test_every_file_of_the_code_goes(package: Path) -> None:
    """It has the digest that the deployed app will tell, and the commit that it was made of."""
    assert code_digest(package) == code_digest(APP_ROOT)
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=APP_ROOT, check=True, capture_output=True, text=True)
    assert packaged_commit(package) == head.stdout.strip()
    assert packaged_commit(APP_ROOT) == ""


def test_the_commit_that_azd_has_packed_is_not_the_checkouts(tmp_path: Path) -> None:
    """Its hook leaves the file behind; it goes into no package of ours twice, and tells nothing of the checkout."""
    root = _checkout(tmp_path)
    hook = yaml.safe_load((APP_ROOT / "azure.yaml").read_text())["services"]["app"]["hooks"]["prepackage"]["posix"]
    subprocess.run([hook["shell"], "-c", hook["run"]], cwd=root, check=True)
    packed = tmp_path / "packed"
    packed.mkdir()
    shutil.copy(root / COMMIT_FILE, packed)
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=root, check=True, capture_output=True, text=True)
    assert (packaged_commit(packed), packaged_commit(root)) == (head.stdout.strip(), "")
    assert COMMIT_FILE not in {str(one) for one in packaged_files(root)}


@pytest.mark.parametrize(("packaged", "runs"), [("a" * 40, "a" * 40), ("", "b" * 40)])
def test_the_package_says_which_commit_runs_before_the_setting(
    packaged: str, runs: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settings are written before the code, and stay when it does not follow."""
    (tmp_path / COMMIT_FILE).write_text(f"{packaged}\n")
    monkeypatch.setattr(code_digest_module, "APP_ROOT", tmp_path)
    monkeypatch.setattr(code_digest_module, "settings", lambda: SimpleNamespace(git_commit="B" * 40))
    assert deployed_commit() == runs


def test_the_same_files_make_the_same_package(tmp_path: Path) -> None:
    """Byte by byte, whenever they were checked out."""
    root = _checkout(tmp_path)
    write_package(root, tmp_path / "one.zip")
    (root / "function_app.py").touch()
    write_package(root, tmp_path / "two.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_what_is_ignored_stays_and_what_is_new_goes(tmp_path: Path) -> None:
    """By both lists; a file that was deleted, and that git still knows, is no fault."""
    root = _checkout(tmp_path)
    (root / "functions" / "new.py").touch()
    (root / "functions" / "secret.txt").touch()
    (root / "functions" / "gone.py").unlink()
    names = [str(one) for one in packaged_files(root)]
    assert names == ["function_app.py", "functions/new.py"]


def test_without_the_list_nothing_is_packed(tmp_path: Path) -> None:
    """Else all of the checkout would go."""
    root = _checkout(tmp_path)
    (root / IGNORED).unlink()
    with pytest.raises(FileNotFoundError, match=r"\.funcignore is missing"):
        packaged_files(root)


def test_the_command_tells_what_it_made(package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the digest that a deployment is held against; the package has what git knows, and the commit."""
    made = tmp_path / "deep" / "signalbox.zip"
    assert main([str(made)]) == 0
    assert code_digest(package) in capsys.readouterr().out
    assert made.read_bytes() == (package.parent / "dist" / "signalbox.zip").read_bytes()
    with zipfile.ZipFile(made) as found:
        assert sorted(found.namelist()) == sorted([*map(str, packaged_files(APP_ROOT)), COMMIT_FILE])


def test_the_interpreter_here_is_that_of_the_package() -> None:
    """What is imported here is imported there."""
    assert sysconfig.get_python_version() == (APP_ROOT / ".python-version").read_text().strip()


def _checkout(folder: Path) -> Path:
    root = folder / "checkout"
    (root / "functions").mkdir(parents=True)
    (root / "tests").mkdir()
    for name in ("function_app.py", "functions/gone.py", "tests/test_a.py", "notes.md"):
        (root / name).write_text(name)
    (root / ".gitignore").write_text("secret.txt\n")
    (root / IGNORED).write_text("/.*\n/tests/\n*.md\n")
    git = [shutil.which("git") or "git", "-c", "user.name=t", "-c", "user.email=t@example.org"]
    for words in (("init", "-q"), ("add", "."), ("commit", "-qm", "one")):
        subprocess.run([*git, *words], cwd=root, check=True)
    return root
