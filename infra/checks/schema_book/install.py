"""Install `@azure/mcp` from its lock file with npm: it carries the schemas that Bicep's own compiler reads.

The hash of the lock file is kept beside what was installed from it, and so are the answers that were got from it: both
go when the lock file changes. npm's install scripts do not run, and the program never does more than print a schema.
"""

import fcntl
import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.services.azurite.install import DEFAULT_TOOLS, AzuriteMissing, find_node, npm_command

FOLDER = Path(__file__).parent
LOCK = FOLDER / "package-lock.json"
INSTALL_TIMEOUT_SECONDS = 600.0
INSTALL_COMMAND = "python -m infra.checks install"


class SchemasMissing(Exception):  # noqa: N818 - names the condition
    """The program that prints the schemas is not installed, or could not be."""


def ensure_schemas(tools: Path = DEFAULT_TOOLS) -> Path:
    """Install the pinned program below `tools` unless it is there; return its path.

    Safe to run from several processes at once, and after an interrupted run.

    Raises:
        SchemasMissing: npm could not install it, or there is no npm.
    """
    tools.mkdir(parents=True, exist_ok=True)
    with one_at_a_time(tools / "bicep-schemas.lock"):
        if not _is_current(tools):
            _install(tools)
    return program(tools)


def program(tools: Path = DEFAULT_TOOLS) -> Path:
    """The installed program; `SchemasMissing` if it is absent or not what the lock file says."""
    found = sorted(home(tools).glob("node_modules/@azure/mcp-*/dist/azmcp*"))
    programs = [path for path in found if path.stem == "azmcp" and path.suffix in {"", ".exe"}]
    if not programs or not _is_current(tools):
        raise SchemasMissing(f"The resource schemas are not installed in {tools}. Run `{INSTALL_COMMAND}` once.")
    return programs[0]


def home(tools: Path = DEFAULT_TOOLS) -> Path:
    """The folder of the installation; everything that the program writes stays in it."""
    return tools / "bicep-schemas"


@contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Hold a lock between processes, kept in the file `path`."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _is_current(tools: Path) -> bool:
    stamp = home(tools) / "installed.sha256"
    return stamp.exists() and stamp.read_text() == hashlib.sha256(LOCK.read_bytes()).hexdigest()


def _install(tools: Path) -> None:
    aside = tools / "bicep-schemas.partial"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    for source in (LOCK, FOLDER / "package.json"):
        shutil.copy(source, aside)
    _run_npm(aside)
    (aside / "installed.sha256").write_text(hashlib.sha256(LOCK.read_bytes()).hexdigest())
    shutil.rmtree(home(tools), ignore_errors=True)
    aside.rename(home(tools))


def _run_npm(directory: Path) -> None:
    options = ["ci", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund"]
    try:
        done = subprocess.run(  # noqa: S603 - the pinned program, with arguments of our own
            [*npm_command(find_node()), *options],
            cwd=directory, capture_output=True, text=True, timeout=INSTALL_TIMEOUT_SECONDS, check=False,
        )  # fmt: skip
    except AzuriteMissing as error:  # there is no Node or no npm, and the message says what to install
        raise SchemasMissing(str(error)) from error
    except subprocess.TimeoutExpired as error:
        limit = f"{INSTALL_TIMEOUT_SECONDS:g} s"
        raise SchemasMissing(f"npm did not finish in {limit}; is its registry reachable?") from error
    if done.returncode:
        raise SchemasMissing(f"npm could not install the schemas (exit code {done.returncode}):\n{done.stderr[-2000:]}")
