"""Databricks' side of MLflow's REST API, put before a real MLflow server.

MLflow's client for Databricks speaks the server's own API under /api/2.0/mlflow, so models, versions, runs, tags and
stages are the real server's doing. What is Databricks' alone is done here: the token; experiments that are paths; no
aliases in a workspace; artifacts under `dbfs:` which travel by the Files API; and Unity Catalog's own routes, which
name the same things, keep tags from a search, and make a version first and take its files in afterwards.
"""

import json
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final, Self
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

import httpx

TOKEN: Final = "dapi-of-the-tests"

_FILES: Final = "/api/2.0/fs/files"
_SIGNED: Final = "/signed"
_FOLDERS: Final = "/api/2.0/fs/directories"
_RUN_FILE: Final = re.compile(r"/WorkspaceInternal/Mlflow/Artifacts/([^/]+)/Runs/([^/]+)/artifacts/(.+)")
_CATALOG: Final = "/api/2.0/mlflow/unity-catalog/"
_SWITCH: Final = f"{_CATALOG}registered-models:is-databricks-sdk-models-artifact-repository-enabled"
#: How both name the place of a run's artifacts.
_THERE: Final = ("mlflow-artifacts:/", "dbfs:/databricks/mlflow-tracking/")

type _Answer = tuple[int, Any]


class DatabricksFront:
    """A context manager: Databricks on loopback while it is open.

    Attributes:
        url: What DATABRICKS_HOST has to be.
        files: Files of models in Unity Catalog, by path.
        log: Method and path of every request.
        finalizes: Whether the files of a version are taken in; the client's crash before that is `False`.

    Args:
        server: URL of the MLflow server.
    """

    def __init__(self, server: str) -> None:
        self._server = httpx.Client(base_url=server, timeout=20)
        self._ready: set[tuple[str, str]] = set()
        self.files: dict[str, bytes] = {}
        self.log: list[tuple[str, str]] = []
        self.finalizes = True
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> Self:
        Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._server.close()

    def answer(self, method: str, target: str, token: str, body: bytes) -> _Answer:
        """Status and JSON document, or bytes, of one request."""
        url = urlsplit(target)
        self.log.append((method, url.path))
        if url.path == "/.well-known/databricks-config":
            return 200, {"host_type": "workspace", "workspace_id": "1"}
        if url.path.startswith(_SIGNED):  # the address itself is the secret
            return self._file(method, unquote(url.path.removeprefix(_SIGNED)), body)
        if token != f"Bearer {TOKEN}":
            return 403, _error("PERMISSION_DENIED", "Invalid access token.")
        if url.path.startswith(_FILES):
            return self._file(method, unquote(url.path.removeprefix(_FILES)), body)
        if url.path.startswith(_FOLDERS):
            return self._folder(unquote(url.path.removeprefix(_FOLDERS)).rstrip("/"))
        return self._mlflow(method, url, body)

    def _mlflow(self, method: str, url: SplitResult, body: bytes) -> _Answer:
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        asked = json.loads(_renamed(body.decode(), *reversed(_THERE))) if body else query
        if url.path == _SWITCH:
            return 200, {"is_databricks_sdk_models_artifact_repository_enabled": True}
        if url.path.startswith(_CATALOG):
            return self._catalog(method, url.path.removeprefix(_CATALOG), asked)
        if url.path == "/api/2.0/mlflow/experiments/create" and not asked["name"].startswith("/"):
            return 400, _error("INVALID_PARAMETER_VALUE", "An experiment name must be an absolute path.")
        if url.path.endswith(("model-versions/list-artifacts", "model-versions/get-signed-download-uri")):
            return self._version_files(asked, listed=url.path.endswith("list-artifacts"))
        if "alias" in url.path:
            return 404, _error("ENDPOINT_NOT_FOUND", f"No API found for '{method} {url.path}'")
        return self._pass_on(method, url.path, asked)

    def _catalog(self, method: str, operation: str, asked: dict[str, Any]) -> _Answer:
        name = asked.get("name") or str(asked.get("filter", "")).partition("= ")[2].strip("'")
        if name.count(".") != 2:
            return 400, _error("INVALID_PARAMETER_VALUE", f"{name!r} is not a three-level name")
        if "stage" in operation:
            return 404, _error("ENDPOINT_NOT_FOUND", "no stages here")
        if operation == "model-versions/finalize":
            if self.finalizes:
                self._ready.add((name, str(asked["version"])))
            method, operation = "GET", "model-versions/get"
        status, told = self._pass_on(method, f"/api/2.0/mlflow/{operation}", asked)
        for version in [*told.get("model_versions", ()), *([told["model_version"]] if "model_version" in told else ())]:
            self._as_in_catalog(version, searched=operation == "model-versions/search")
        if status == 200 and operation == "model-versions/search" and not self._known(name):
            return 404, _error("RESOURCE_DOES_NOT_EXIST", f"Registered model '{name}' does not exist.")
        return status, told

    def _version_files(self, asked: dict[str, Any], *, listed: bool) -> _Answer:
        """The files of a version in the workspace's registry: those of its run here."""
        where = "/api/2.0/mlflow/model-versions/get-download-uri"
        status, told = self._pass_on("GET", where, {name: asked[name] for name in ("name", "version")})
        if status != 200:
            return status, told
        experiment, run, *_ = told["artifact_uri"].removeprefix(_THERE[1]).split("/")
        root = f"/WorkspaceInternal/Mlflow/Artifacts/{experiment}/Runs/{run}/artifacts/model"
        path = asked.get("path", "")
        if not listed:
            return 200, {"signed_uri": f"{self.url}{_SIGNED}{root}/{path}"}
        status, found = self._folder(f"{root}/{path}".rstrip("/"))
        entries = found["contents"] if status == 200 else []
        prefix = f"{path}/" if path else ""
        files = [{"path": f"{prefix}{one['name']}", "is_dir": one["is_directory"], "file_size": 0} for one in entries]
        return 200, {"files": files}

    def _known(self, name: str) -> bool:
        return self._pass_on("GET", "/api/2.0/mlflow/registered-models/get", {"name": name})[0] == 200

    def _as_in_catalog(self, version: dict[str, Any], *, searched: bool) -> None:
        version["status"] = "READY" if (version["name"], version["version"]) in self._ready else "PENDING_REGISTRATION"
        for absent in ("aliases", "current_stage", *(("tags",) if searched else ())):
            version.pop(absent, None)

    def _pass_on(self, method: str, path: str, asked: dict[str, Any]) -> _Answer:
        sent: dict[str, Any] = {"params": asked} if method == "GET" else {"json": asked}
        answer = self._server.request(method, path, **sent)
        if not answer.headers.get("Content-Type", "").startswith("application/json"):
            return 404, _error("ENDPOINT_NOT_FOUND", f"No API found for '{method} {path}'")
        return answer.status_code, json.loads(_renamed(answer.text, *_THERE))

    def _file(self, method: str, path: str, content: bytes) -> _Answer:
        if method != "PUT":
            return (200, self.files[path]) if path in self.files else (404, _error("NOT_FOUND", path))
        self.files[path] = content
        if match := _RUN_FILE.fullmatch(path):  # the real server keeps it as well
            experiment, run, file = match.groups()
            where = f"/api/2.0/mlflow-artifacts/artifacts/{experiment}/{run}/artifacts/{file}"
            return self._server.put(where, content=content).status_code, {}
        return 200, {}

    def _folder(self, path: str) -> _Answer:
        inside = [one.removeprefix(f"{path}/").split("/") for one in self.files if one.startswith(f"{path}/")]
        if not inside:
            return 404, _error("NOT_FOUND", path)
        entries = {parts[0]: len(parts) > 1 for parts in inside}
        contents = [
            {"path": f"{path}/{name}", "name": name, "is_directory": is_folder, "file_size": 0}
            for name, is_folder in entries.items()
        ]
        return 200, {"contents": contents}


def _handler(front: DatabricksFront) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) or self._chunks()
            status, told = front.answer(self.command, self.path, self.headers.get("Authorization", ""), body)
            content = told if isinstance(told, bytes) else json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.send_header("x-databricks-org-id", "1")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _serve  # noqa: N815 - http.server's names

        def _chunks(self) -> bytes:
            """A body of unknown length."""
            if self.headers.get("Transfer-Encoding") != "chunked":
                return b""
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)

        def log_message(self, *_: object) -> None:
            """Nothing: `DatabricksFront.log` has it."""

    return Handler


def _renamed(text: str, old: str, new: str) -> str:
    return text.replace(old, new)


def _error(code: str, message: str) -> dict[str, str]:
    return {"error_code": code, "message": message}
