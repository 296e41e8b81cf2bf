"""Endpoints, deployments and the log of effects in one SQLite file; an effect is logged where it is stored."""

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local.services.database import now, open_database
from local.services.scoring.definitions import Deployment, Endpoint, State, Wanted
from local.services.scoring.settings import Settings

_SCHEMA = """
CREATE TABLE IF NOT EXISTS endpoints (name TEXT PRIMARY KEY, tags TEXT NOT NULL, traffic TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS deployments (
    id INTEGER PRIMARY KEY AUTOINCREMENT, endpoint TEXT NOT NULL REFERENCES endpoints(name), name TEXT NOT NULL,
    model TEXT NOT NULL, tags TEXT NOT NULL, state TEXT NOT NULL, error TEXT, requests INTEGER NOT NULL DEFAULT 0,
    restarts INTEGER NOT NULL DEFAULT 0, UNIQUE (endpoint, name));
CREATE TABLE IF NOT EXISTS effects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, action TEXT NOT NULL, endpoint TEXT NOT NULL,
    deployment TEXT, detail TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS answers (
    deployment INTEGER NOT NULL, at REAL NOT NULL, seconds REAL NOT NULL, ok INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS answers_by_time ON answers (deployment, at);
"""

#: How long each answer's time is kept, in seconds: a canary may be watched for a month.
_KEPT_SECONDS = 31 * 24 * 3600

#: Columns that came later: a state of an earlier version gets them when it is opened.
_ADDED = {
    "endpoints": {"mirror": "TEXT NOT NULL DEFAULT '{}'"},
    "deployments": {
        "folder": "TEXT",
        "settings": "TEXT NOT NULL DEFAULT '{}'",
        "mirrored": "INTEGER NOT NULL DEFAULT 0",
        "mirror_failures": "INTEGER NOT NULL DEFAULT 0",
    },
}

#: When a deployment was made is known from the log: the newest of its name, which may have been used before.
_DEPLOYMENTS = """
SELECT *, (SELECT max(at) FROM effects WHERE action = 'deployment_created' AND effects.endpoint = deployments.endpoint
           AND effects.deployment = deployments.name) AS created_at FROM deployments"""


class ScoringStore:
    """The state of the service; used from the event loop's thread only."""

    def __init__(self, file: Path) -> None:
        self._db = open_database(file, _SCHEMA)
        for table, columns in _ADDED.items():
            present = {row["name"] for row in self._db.execute(f"PRAGMA table_info({table})")}
            for name in columns.keys() - present:
                self._db.execute(f"ALTER TABLE {table} ADD COLUMN {name} {columns[name]}")
        self._db.execute("DELETE FROM answers WHERE at < ?", (time.time() - _KEPT_SECONDS,))

    def close(self) -> None:
        """Release the file."""
        self._db.close()

    @contextmanager
    def _effect(self, action: str, endpoint: str, deployment: str | None = None, **detail: Any) -> Iterator[None]:
        """A transaction that also logs what it does."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute(
                "INSERT INTO effects (at, action, endpoint, deployment, detail) VALUES (?, ?, ?, ?, ?)",
                (now(), action, endpoint, deployment, json.dumps(detail)),
            )
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def effects(self) -> list[dict[str, Any]]:
        """Everything that was changed on request, in order."""
        rows = self._db.execute("SELECT seq, at, action, endpoint, deployment, detail FROM effects ORDER BY seq")
        return [dict(row) | {"detail": json.loads(row["detail"])} for row in rows]

    # --- endpoints

    def endpoints(self) -> list[Endpoint]:
        """All endpoints, by name."""
        return [_endpoint(row) for row in self._db.execute("SELECT * FROM endpoints ORDER BY name")]

    def find_endpoint(self, name: str) -> Endpoint | None:
        """The endpoint, or None."""
        row = self._db.execute("SELECT * FROM endpoints WHERE name = ?", (name,)).fetchone()
        return _endpoint(row) if row else None

    def create_endpoint(self, name: str, tags: dict[str, str]) -> None:
        """A new endpoint without traffic."""
        with self._effect("endpoint_created", name):
            insert = "INSERT INTO endpoints (name, tags, traffic) VALUES (?, ?, ?)"
            self._db.execute(insert, (name, json.dumps(tags), "{}"))

    def delete_endpoint(self, name: str) -> None:
        """Delete an endpoint that has no deployments any more."""
        with self._effect("endpoint_deleted", name):
            self._db.execute("DELETE FROM endpoints WHERE name = ?", (name,))

    def set_traffic(self, endpoint: str, traffic: dict[str, int], mirror: dict[str, int]) -> None:
        """Replace the traffic split, and what is mirrored."""
        detail: dict[str, Any] = {"traffic": traffic} | ({"mirror": mirror} if mirror else {})
        with self._effect("traffic_changed", endpoint, **detail):
            update = "UPDATE endpoints SET traffic = ?, mirror = ? WHERE name = ?"
            self._db.execute(update, (json.dumps(traffic), json.dumps(mirror), endpoint))

    # --- deployments

    def deployments(self, endpoint: str | None = None) -> list[Deployment]:
        """The deployments of one endpoint, or all, in the order of their creation."""
        query = f"{_DEPLOYMENTS} WHERE ?1 IS NULL OR endpoint = ?1 ORDER BY id"
        rows = self._db.execute(query, (endpoint,))
        return [_deployment(row) for row in rows]

    def find_deployment(self, endpoint: str, name: str) -> Deployment | None:
        """The deployment, or None."""
        query = f"{_DEPLOYMENTS} WHERE endpoint = ? AND name = ?"
        row = self._db.execute(query, (endpoint, name)).fetchone()
        return _deployment(row) if row else None

    def create_deployment(self, endpoint: str, name: str, wanted: Wanted) -> Deployment:
        """A new deployment, Creating."""
        with self._effect("deployment_created", endpoint, name, model=wanted.model):
            self._db.execute(
                "INSERT INTO deployments (endpoint, name, model, folder, settings, tags, state)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    *(endpoint, name, wanted.model, wanted.folder, wanted.settings.model_dump_json()),
                    *(json.dumps(wanted.tags), State.CREATING),
                ),
            )
        created = self.find_deployment(endpoint, name)
        assert created is not None, "it was inserted in the line above"
        return created

    def delete_deployment(self, deployment: Deployment) -> None:
        """Forget a deployment, and its share of nothing in traffic and mirror."""
        endpoint = self.find_endpoint(deployment.endpoint)
        assert endpoint is not None, "a deployment has an endpoint"
        traffic, mirror = (
            json.dumps({name: share for name, share in shares.items() if name != deployment.name})
            for shares in (endpoint.traffic, endpoint.mirror)
        )
        with self._effect("deployment_deleted", deployment.endpoint, deployment.name, model=deployment.model):
            self._db.execute("DELETE FROM deployments WHERE id = ?", (deployment.id,))
            self._db.execute("DELETE FROM answers WHERE deployment = ?", (deployment.id,))
            update = "UPDATE endpoints SET traffic = ?, mirror = ? WHERE name = ?"
            self._db.execute(update, (traffic, mirror, endpoint.name))

    def set_state(self, deployment_id: int, state: State, error: dict[str, str] | None = None) -> None:
        """What has become of a deployment; without effect when it has been deleted."""
        self._db.execute(
            "UPDATE deployments SET state = ?, error = ? WHERE id = ?",
            (state, json.dumps(error) if error else None, deployment_id),
        )

    def note_crash(self, deployment_id: int, error: dict[str, str]) -> None:
        """A deployment that served has crashed, and is started again."""
        self.set_state(deployment_id, State.UPDATING, error)
        self._db.execute("UPDATE deployments SET restarts = restarts + 1 WHERE id = ?", (deployment_id,))

    def count_request(self, deployment_id: int) -> None:
        """A request was answered by this deployment."""
        self._db.execute("UPDATE deployments SET requests = requests + 1 WHERE id = ?", (deployment_id,))

    def note_answer(self, deployment_id: int, seconds: float, *, ok: bool) -> None:
        """How a request, or a copy of one, has fared just now."""
        insert = "INSERT INTO answers (deployment, at, seconds, ok) VALUES (?, ?, ?, ?)"
        self._db.execute(insert, (deployment_id, time.time(), seconds, ok))

    def answers(self, deployment_id: int, since: float, until: float) -> list[tuple[float, bool]]:
        """Seconds of each request between two moments (seconds since 1970), and whether it was answered."""
        query = "SELECT seconds, ok FROM answers WHERE deployment = ? AND at >= ? AND at < ?"
        return [(row["seconds"], bool(row["ok"])) for row in self._db.execute(query, (deployment_id, since, until))]

    def count_mirrored(self, deployment_id: int, *, answered: bool) -> None:
        """A copy of a request was answered by this deployment, or it failed."""
        column = "mirrored" if answered else "mirror_failures"
        self._db.execute(f"UPDATE deployments SET {column} = {column} + 1 WHERE id = ?", (deployment_id,))  # noqa: S608 - one of two constants


def _endpoint(row: sqlite3.Row) -> Endpoint:
    return Endpoint(row["name"], *(json.loads(row[key]) for key in ("tags", "traffic", "mirror")))


def _deployment(row: sqlite3.Row) -> Deployment:
    fields = dict(row)
    fields["tags"] = json.loads(fields["tags"])
    fields["settings"] = Settings.model_validate_json(fields["settings"])
    fields["state"] = State(fields["state"])
    fields["error"] = json.loads(fields["error"]) if fields["error"] else None
    return Deployment(**fields)
