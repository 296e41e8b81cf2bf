"""An offline engine that runs Kusto queries: the PyPI package `duckdb-kql`, which translates them for DuckDB.

It is no Kusto: it shows that a query finds its rows in recorded telemetry and what it makes of them, while meaning and
types are the language service's to judge. It has an environment of its own below `.tools`, since nothing else here
needs a database of 68 MB.
"""

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, TypeAdapter

from infra.node_packages import one_at_a_time
from infra.workbook.tables import Columns
from local.services.azurite.install import DEFAULT_TOOLS

_FOLDER: Final = Path(__file__).parent
_REQUIREMENTS: Final = _FOLDER / "requirements.txt"
_INSTALL_TIMEOUT_SECONDS: Final = 600
_TIMEOUT_SECONDS: Final = 120

type Rows = Mapping[str, Iterable[Mapping[str, Any]]]


class EngineMissing(Exception):  # noqa: N818 - names the condition
    """The engine is not installed, or could not be."""


class EngineError(Exception):
    """The engine has not answered."""


class Answer(BaseModel):
    """What a query finds.

    Attributes:
        columns: Their names, in order.
        rows: Values in the order of the columns; times are texts.
        problem: Why the engine cannot run it.
    """

    columns: list[str]
    rows: list[list[Any]]
    problem: str | None = None

    @property
    def records(self) -> list[dict[str, Any]]:
        """The rows by their columns' names."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


_ANSWERS: Final = TypeAdapter(dict[str, Answer])


def ensure_engine(tools: Path = DEFAULT_TOOLS) -> Path:
    """Install the pinned engine below `tools` unless it is there; its Python.

    Raises:
        EngineMissing: uv could not install it, or there is no uv.
    """
    home = tools / "kql-engine"
    python, stamp = home / "bin" / "python", home / "installed.sha256"
    wanted = hashlib.sha256(_REQUIREMENTS.read_bytes()).hexdigest()
    tools.mkdir(parents=True, exist_ok=True)
    with one_at_a_time(tools / "kql-engine.lock"):
        if not (stamp.exists() and stamp.read_text() == wanted):
            uv = _uv(tools)
            _run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, home])
            _run([uv, "pip", "install", "--quiet", "--require-hashes", "--python", python, "-r", _REQUIREMENTS])
            stamp.write_text(wanted)
    return python


def run(queries: Mapping[str, str], tables: Mapping[str, Columns], rows: Rows) -> dict[str, Answer]:
    """Run queries by their names over the rows of each table; what a row lacks is null.

    Raises:
        EngineMissing: The engine could not be installed.
        EngineError: It has not answered.
    """
    asked = {"tables": tables, "rows": {name: list(found) for name, found in rows.items()}, "queries": queries}
    done = subprocess.run(  # noqa: S603 - our own program
        [ensure_engine(), _FOLDER / "run.py"],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_SECONDS,
        check=False,
    )
    if done.returncode:
        raise EngineError(f"the engine ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return _ANSWERS.validate_json(done.stdout)


def _uv(tools: Path) -> Path:
    own = tools / "uv" / "bin" / "uv"
    found = own if own.exists() else shutil.which("uv")
    if found is None:
        raise EngineMissing("There is no uv, which installs the engine: `make setup` brings it.")
    return Path(found)


def _run(command: list[str | Path]) -> None:
    done = subprocess.run(  # noqa: S603 - uv, with arguments of our own
        command, capture_output=True, text=True, timeout=_INSTALL_TIMEOUT_SECONDS, check=False
    )
    if done.returncode:
        raise EngineMissing(f"uv could not install the engine (exit code {done.returncode}):\n{done.stderr[-2000:]}")
