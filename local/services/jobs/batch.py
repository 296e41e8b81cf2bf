"""Batch endpoints: names under which a folder is scored by a registered model or a pipeline, as a job.

A job of a model runs the pipeline in ``batch_scoring/``; one of a pipeline runs that. Source of the words: the CLI v2
YAML references "batch endpoint", "batch deployment" and "pipeline component deployment" of Azure Machine Learning.
"""

import re
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.services.database import now, open_database
from local.services.jobs.definitions import Data, JobError, JobRequest, Value
from local.services.jobs.sources import registered_model

ENDPOINT_TAG, DEPLOYMENT_TAG = "azureml.batch_endpoint", "azureml.batch_deployment"
"""The tags of a job that say what it was started by."""

_MODEL_PIPELINE = Path(__file__).with_name("batch_scoring") / "pipeline.yml"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{1,30}[A-Za-z0-9]")
_SCHEMA = """
CREATE TABLE IF NOT EXISTS batch_deployments (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, endpoint TEXT NOT NULL, name TEXT NOT NULL, model TEXT, pipeline TEXT,
    created_at TEXT NOT NULL, UNIQUE (endpoint, name));
CREATE TABLE IF NOT EXISTS batch_defaults (endpoint TEXT PRIMARY KEY, deployment TEXT NOT NULL);
"""


class BatchConflictError(Exception):
    """What is asked for contradicts what is there."""


class BatchNotFoundError(Exception):
    """There is no such endpoint or deployment."""


@dataclass(frozen=True)
class BatchDeployment:
    """What one deployment of a batch endpoint runs: a model (``azureml:name:version``) or a pipeline's file."""

    endpoint: str
    name: str
    model: str | None
    pipeline: str | None
    created_at: str

    def describe(self) -> dict[str, Any]:
        """The deployment as the API shows it; there is nothing to wait for."""
        shown = {"name": self.name, "endpoint": self.endpoint, "model": self.model, "pipeline": self.pipeline}
        return shown | {"provisioning_state": "Succeeded", "error": None, "created_at": self.created_at}


class BatchStore:
    """The batch endpoints; used from the event loop's thread only. An endpoint is there while it has deployments."""

    def __init__(self, file: Path) -> None:
        self._db = open_database(file, _SCHEMA)

    def close(self) -> None:
        """Release the file."""
        self._db.close()

    def deployments(self, endpoint: str) -> list[BatchDeployment]:
        """Those of an endpoint, by name; empty when it is absent."""
        rows = self._db.execute("SELECT * FROM batch_deployments WHERE endpoint = ? ORDER BY name", (endpoint,))
        return [_deployment(row) for row in rows]

    def find(self, endpoint: str, name: str) -> BatchDeployment | None:
        """The deployment, or None."""
        return next((one for one in self.deployments(endpoint) if one.name == name), None)

    def default(self, endpoint: str) -> str | None:
        """The deployment that is asked when a call names none; None when the endpoint is absent."""
        row = self._db.execute("SELECT deployment FROM batch_defaults WHERE endpoint = ?", (endpoint,)).fetchone()
        return str(row["deployment"]) if row else None

    def put(self, endpoint: str, name: str, model: str | None, pipeline: str | None) -> tuple[BatchDeployment, bool]:
        """Make sure that the deployment exists; return it and whether it is new. An endpoint's first is its default.

        Raises:
            JobError: names, model or pipeline are none.
            BatchConflictError: it exists and runs something else.
        """
        _check(endpoint, name, model, pipeline)
        existing = self.find(endpoint, name)
        if existing is None:
            self._db.execute("BEGIN IMMEDIATE")
            insert = (
                "INSERT INTO batch_deployments (endpoint, name, model, pipeline, created_at) VALUES (?, ?, ?, ?, ?)"
            )
            self._db.execute(insert, (endpoint, name, model, pipeline, now()))
            self._db.execute("INSERT OR IGNORE INTO batch_defaults VALUES (?, ?)", (endpoint, name))
            self._db.execute("COMMIT")
            created = self.find(endpoint, name)
            assert created is not None, "it was inserted in the lines above"
            return created, True
        if (existing.model, existing.pipeline) != (model, pipeline):
            runs = existing.model or existing.pipeline
            msg = f"batch deployment {name!r} exists and runs {runs}: deploy under another name, or delete it first"
            raise BatchConflictError(msg)
        return existing, False

    def set_default(self, endpoint: str, name: str) -> None:
        """Ask this deployment when a call names none.

        Raises:
            BatchNotFoundError: the endpoint has no such deployment.
        """
        self.chosen(endpoint, name)
        self._db.execute("UPDATE batch_defaults SET deployment = ? WHERE endpoint = ?", (name, endpoint))

    def delete(self, endpoint: str, name: str) -> bool:
        """Delete a deployment, and with its last one the endpoint; return False if there is none.

        Raises:
            BatchConflictError: it is the default while there are others.
        """
        if self.find(endpoint, name) is None:
            return False
        is_last = len(self.deployments(endpoint)) == 1
        if self.default(endpoint) == name and not is_last:
            raise BatchConflictError(
                f"batch deployment {name!r} is the endpoint's default: make another one that first"
            )
        self._db.execute("BEGIN IMMEDIATE")
        self._db.execute("DELETE FROM batch_deployments WHERE endpoint = ? AND name = ?", (endpoint, name))
        if is_last:
            self._db.execute("DELETE FROM batch_defaults WHERE endpoint = ?", (endpoint,))
        self._db.execute("COMMIT")
        return True

    def chosen(self, endpoint: str, name: str | None) -> BatchDeployment:
        """The deployment of that name, or the endpoint's default.

        Raises:
            BatchNotFoundError: there is none.
        """
        found = self.find(endpoint, name or self.default(endpoint) or "")
        if found is None:
            known = ", ".join(one.name for one in self.deployments(endpoint))
            what = f"has no deployment {name!r}; it has {known}" if known else "does not exist"
            raise BatchNotFoundError(f"the batch endpoint {endpoint!r} {what}")
        return found


def request_of(deployment: BatchDeployment, data: str, inputs: dict[str, str]) -> JobRequest:
    """The job that scores the folder ``data`` (a datastore reference) with a deployment.

    Args:
        deployment: what to run.
        data: the folder.
        inputs: the types of the pipeline's inputs of data, by name; of a model's they are known.

    Raises:
        JobError: it is not clear which of the pipeline's inputs the folder is.
    """
    folder = Data(type="uri_folder", path=data)
    tags = {ENDPOINT_TAG: deployment.endpoint, DEPLOYMENT_TAG: deployment.name}
    common: dict[str, Any] = {"experiment_name": deployment.endpoint, "tags": tags}
    if deployment.model is not None:
        given: dict[str, Value] = {"model": Data(type="mlflow_model", path=deployment.model), "data": folder}
        return JobRequest(pipeline=str(_MODEL_PIPELINE), inputs=given, **common)
    assert deployment.pipeline is not None, "checked when the deployment was created"
    folders = [name for name, kind in inputs.items() if kind == "uri_folder"]
    if len(folders) != 1:
        has = ", ".join(folders) or "none"
        msg = f"{deployment.pipeline}: a batch endpoint's pipeline takes one folder to score; it has: {has}"
        raise JobError("InvalidInput", msg)
    return JobRequest(pipeline=deployment.pipeline, inputs={folders[0]: folder}, **common)


def _check(endpoint: str, name: str, model: str | None, pipeline: str | None) -> None:
    for kind, text in (("batch endpoint", endpoint), ("batch deployment", name)):
        if not _NAME.fullmatch(text):
            rule = "3-32 letters, digits or '-', starting with a letter and not ending with '-'"
            raise JobError("InvalidName", f"{kind} name {text!r}: {rule}")
    if (model is None) == (pipeline is None):
        raise JobError("InvalidRequest", "a batch deployment has either a model or a pipeline")
    if model is not None and registered_model(Data(type="mlflow_model", path=model)) is None:
        raise JobError("InvalidModel", f"model {model!r}: use azureml:name:version")


def _deployment(row: sqlite3.Row) -> BatchDeployment:
    fields = dict(row)
    del fields["seq"]
    return BatchDeployment(**fields)
