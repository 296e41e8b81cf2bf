"""Install `@azure/mcp` from its lock file: it carries the schemas that Bicep's own compiler reads.

The answers that were got from it are kept beside it: both go when the lock file changes. The program never does more
than print a schema.
"""

from pathlib import Path

from infra.node_packages import NodePackages, PackagesMissing
from local.services.azurite.install import DEFAULT_TOOLS

_NAME = "bicep-schemas"
_INSTALL_COMMAND = "python -m infra.checks install"


class SchemasMissing(Exception):  # noqa: N818 - names the condition
    """The program that prints the schemas is not installed, or could not be, or gave no answer."""


def ensure_schemas(tools: Path = DEFAULT_TOOLS) -> Path:
    """Install the pinned program below `tools` unless it is there; return its path.

    Safe to run from several processes at once, and after an interrupted run.

    Raises:
        SchemasMissing: npm could not install it, or there is no npm.
    """
    try:
        _packages(tools).ensure()
    except PackagesMissing as error:
        raise SchemasMissing(str(error)) from error
    return program(tools)


def program(tools: Path = DEFAULT_TOOLS) -> Path:
    """The installed program; `SchemasMissing` if it is absent or not what the lock file says."""
    try:
        modules = _packages(tools).installed()
    except PackagesMissing as error:
        raise SchemasMissing(str(error)) from error
    found = sorted(modules.glob("@azure/mcp-*/dist/azmcp*"))
    programs = [path for path in found if path.stem == "azmcp" and path.suffix in {"", ".exe"}]
    if not programs:
        raise SchemasMissing(f"`@azure/mcp` has brought no program for this kind of machine into {modules}.")
    return programs[0]


def home(tools: Path = DEFAULT_TOOLS) -> Path:
    """The folder of the installation; everything that the program writes stays in it."""
    return _packages(tools).home


def _packages(tools: Path) -> NodePackages:
    return NodePackages(_NAME, Path(__file__).parent, _INSTALL_COMMAND, tools)
