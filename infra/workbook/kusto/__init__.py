"""Microsoft's own language service for Kusto, which VS Code and the portal use: it reads queries without a cluster.

It runs on Node; `analyse.cjs` beside this file asks it. Installed by `python -m infra.workbook install`.
"""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic import BaseModel, TypeAdapter

from infra.node_packages import NodePackages
from infra.workbook.tables import Columns
from local.services.azurite.install import find_node

_FOLDER: Final = Path(__file__).parent
PACKAGES: Final = NodePackages("kusto", _FOLDER, "python -m infra.workbook install")
_TIMEOUT_SECONDS: Final = 120


class Place(BaseModel):
    """Where something is: line and column from 1."""

    line: int
    column: int


class Problem(Place):
    """What the language service finds wrong."""

    message: str


class Text(Place):
    """A text in quotation marks."""

    text: str


class Analysis(BaseModel):
    """What is known of a query without running it.

    Attributes:
        problems: Of syntax and meaning: unknown tables, columns and functions, wrong types.
        looked: Keys that it looks up in a dynamic column.
        compared: Texts that it compares with.
        columns: Names and types of its result.
        tables: Tables that it reads.
    """

    problems: list[Problem]
    looked: list[Text]
    compared: list[Text]
    columns: list[tuple[str, str]]
    tables: list[str]


_ANSWER: Final = TypeAdapter(dict[str, Analysis])


class LanguageServiceError(Exception):
    """The language service has not answered."""


def analyse(queries: Mapping[str, str], tables: Mapping[str, Columns]) -> dict[str, Analysis]:
    """Analyse queries by their names, against the columns of each table.

    Raises:
        PackagesMissing: The language service is not installed.
        LanguageServiceError: It has not answered.
    """
    asked = {"modules": str(PACKAGES.installed()), "tables": tables, "queries": queries}
    done = subprocess.run(  # noqa: S603 - our own program, on the Node of the project
        [find_node(), _FOLDER / "analyse.cjs"],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_SECONDS,
        check=False,
    )
    if done.returncode:
        raise LanguageServiceError(f"node ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return _ANSWER.validate_json(done.stdout)
