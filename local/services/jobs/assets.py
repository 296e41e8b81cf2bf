"""Named versions that never change: models that jobs have made and folders of data, in a SQLite file of their own.

A version is a reference, as on Azure ML: the files stay where they are, and registering them again under the same
version is the same version. Models of the MLflow registry are not in here; a version here goes before one there.
"""

import json
import re
import sqlite3
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from local.services.database import now, open_database
from local.services.jobs.definitions import Data, JobError, Plan
from local.services.jobs.sources import registered_data, registered_model

_SCHEMA = """
CREATE TABLE IF NOT EXISTS assets (
    kind TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL, path TEXT NOT NULL, folder TEXT,
    tags TEXT NOT NULL, created_at TEXT NOT NULL, PRIMARY KEY (kind, name, version));
"""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,254}")
_VERSIONS = {"model": re.compile(r"\d{1,18}"), "data": re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,29}")}


class Kind(StrEnum):
    """What a version is a version of."""

    MODEL = "model"
    DATA = "data"


class VersionTakenError(Exception):
    """The version exists and is something else; ``code`` says of what it is a version."""

    def __init__(self, kind: Kind, message: str) -> None:
        super().__init__(message)
        self.code = f"{kind.title()}VersionTaken"


@dataclass(frozen=True)
class Asset:
    """One version.

    Attributes:
        path: Azure ML's reference: `azureml://jobs/{job}/outputs/{output}` or `azureml://datastores/…/paths/…`.
        folder: where a model's files are on this machine; None for data, which the storage account has.
    """

    name: str
    version: str
    path: str
    folder: str | None
    tags: dict[str, str]
    created_at: str = field(default_factory=now)

    def describe(self) -> dict[str, Any]:
        """The version as the API shows it."""
        shown = {"name": self.name, "version": self.version, "path": self.path, "tags": self.tags}
        return shown | {"folder": self.folder, "created_at": self.created_at}


class AssetStore:
    """The versions; used from the event loop's thread only."""

    def __init__(self, file: Path) -> None:
        self._db = open_database(file, _SCHEMA)

    def close(self) -> None:
        """Release the file."""
        self._db.close()

    def find(self, kind: Kind, name: str, version: str) -> Asset | None:
        """The version, or None."""
        query = "SELECT * FROM assets WHERE kind = ? AND name = ? AND version = ?"
        row = self._db.execute(query, (kind, name, version)).fetchone()
        return _asset(row) if row else None

    def adopt(self, kind: Kind, name: str, version: str, path: str) -> Asset | None:
        """The version if it is there and refers to ``path``; None if it is not there.

        Raises:
            VersionTakenError: it refers to something else.
        """
        found = self.find(kind, name, version)
        if found is not None and found.path != path:
            remedy = "a version never changes: take another one"
            msg = f"version {version} of the {kind} {name!r} is {found.path}, not {path}; {remedy}"
            raise VersionTakenError(kind, msg)
        return found

    def create(self, kind: Kind, asset: Asset) -> Asset:
        """Store a version that is not there yet; return it.

        Raises:
            JobError: a name or a version that Azure ML or MLflow would not take.
        """
        _check_name(kind, asset.name, asset.version)
        values = (kind, asset.name, asset.version, asset.path, asset.folder, json.dumps(asset.tags), asset.created_at)
        self._db.execute("INSERT INTO assets VALUES (?, ?, ?, ?, ?, ?, ?)", values)
        return asset

    def locate(self, data: Data) -> Data:
        """``data`` with the place that a version stands for; all else, and models of MLflow's registry, as it is."""
        if (reference := registered_data(data)) and (found := self.find(Kind.DATA, *reference)):
            return Data(type=data.type, path=found.path)
        if (reference := registered_model(data)) and (found := self.find(Kind.MODEL, *reference)) and found.folder:
            return Data(type=data.type, path=found.folder)
        return data

    def require(self, plan: Plan) -> None:
        """Refuse a plan that reads a version of data that nobody has registered.

        Raises:
            JobError: `DataNotFound`.
        """
        for data in plan.data:
            reference = registered_data(data)
            if reference and self.find(Kind.DATA, *reference) is None:
                remedy = "register it, or use azureml://datastores/{container}/paths/{path}"
                msg = f"there is no version {reference[1]} of the data {reference[0]!r}: {remedy}"
                raise JobError("DataNotFound", msg)


def _check_name(kind: Kind, name: str, version: str) -> None:
    if not _NAME.fullmatch(name):
        raise JobError("InvalidName", f"{name!r}: a {kind}'s name has 1-255 letters, digits, '_', '.' or '-'")
    if not _VERSIONS[kind].fullmatch(version):
        rule = "a number" if kind == Kind.MODEL else "1-30 letters, digits, '_', '.' or '-'"
        raise JobError("InvalidVersion", f"{version!r}: the version of a {kind} is {rule}")


def _asset(row: sqlite3.Row) -> Asset:
    fields = dict(row)
    del fields["kind"]
    return Asset(**fields | {"tags": json.loads(fields["tags"])})
