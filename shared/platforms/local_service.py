"""One local service over HTTP: deadlines, and its errors mapped to ours in one place."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from shared.errors import PermanentError, TransientError

if TYPE_CHECKING:
    import httpx

#: Longest text of a service's own message that is passed on, in characters.
MESSAGE_LIMIT: Final = 2048
_CONNECT_SECONDS: Final = 3.0
#: Deploying and cancelling answer at once; scoring a golden set and parsing a pipeline may take a while.
_ANSWER_SECONDS: Final = 50.0
_BUSY: Final = frozenset({408, 425, 429})
_REMEDY: Final = "start it with `make up`; its log is in .signalbox/logs"


class LocalService:
    """A client of one service. Thread-safe; connections are kept.

    Every call raises `PermanentError` with the service's own code and message when it refuses, and `TransientError`
    when it is down, busy or slow.

    Args:
        name: For messages: `job service`.
        url: Its root.
        transport: Replaces the network, for tests.
    """

    def __init__(self, name: str, url: str, transport: "httpx.BaseTransport | None" = None) -> None:
        self._name = name
        self._url = url.rstrip("/")
        self._transport = transport
        self._lock = threading.Lock()
        self._made: httpx.Client | None = None

    def get(self, path: str) -> dict[str, Any]:
        """A JSON object that has to be there."""
        return self._object(self._send("GET", path))

    def find(self, path: str) -> dict[str, Any] | None:
        """A JSON object, or `None` when the service says 404."""
        response = self._send("GET", path, absent_is_fine=True)
        return None if response.status_code == 404 else self._object(response)

    def put(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Create or adopt; the JSON object that is there afterwards."""
        return self._object(self._send("PUT", path, json=body))

    def post(
        self,
        path: str,
        body: Mapping[str, Any],
        headers: Mapping[str, str] | None = None,
        *,
        absent_is_fine: bool = False,
    ) -> dict[str, Any]:
        """Do something; the JSON object answered, empty when there is nothing to do it to and that is fine."""
        response = self._send("POST", path, absent_is_fine=absent_is_fine, json=body, headers=dict(headers or {}))
        return {} if response.status_code == 404 else self._object(response)

    def delete(self, path: str) -> None:
        """Remove; nothing happens when it is absent."""
        self._send("DELETE", path, absent_is_fine=True)

    def content(self, path: str) -> bytes:
        """The bytes of a file."""
        return self._send("GET", path).content

    def download(self, path: str, target: Path) -> None:
        """Copy a file, in pieces."""
        with self._errors(path), self._client().stream("GET", path) as response:
            if response.is_error:
                response.read()
            self._check(response)
            with target.open("wb") as file:
                for piece in response.iter_bytes():
                    file.write(piece)

    def close(self) -> None:
        """Close the connections; the next call opens new ones."""
        with self._lock:
            made, self._made = self._made, None
        if made is not None:
            made.close()

    def _send(self, method: str, path: str, *, absent_is_fine: bool = False, **options: Any) -> "httpx.Response":
        with self._errors(path):
            response = self._client().request(method, path, **options)
        if not (absent_is_fine and response.status_code == 404):
            self._check(response)
        return response

    def _client(self) -> "httpx.Client":
        import httpx  # noqa: PLC0415 - only the laptop has it

        with self._lock:
            if self._made is None:
                self._made = httpx.Client(
                    base_url=self._url,
                    timeout=httpx.Timeout(_ANSWER_SECONDS, connect=_CONNECT_SECONDS),
                    trust_env=False,  # no proxy between programs of one machine
                    transport=self._transport,
                )
            return self._made

    @contextmanager
    def _errors(self, path: str) -> Iterator[None]:
        import httpx  # noqa: PLC0415 - only the laptop has it

        try:
            yield
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
            msg = f"the {self._name} at {self._url} does not answer to {path} ({reason}): {_REMEDY}"
            raise TransientError(msg) from error

    def _check(self, response: "httpx.Response") -> None:
        if not response.is_error:
            return
        code, message = _service_error(response)
        what = f"{response.request.method} {response.request.url.path} answered {response.status_code}"
        if response.status_code >= 500 or response.status_code in _BUSY:
            msg = f"the {self._name} at {self._url} failed: {what}, {message}. If it stays so, {_REMEDY}"
            raise TransientError(msg)
        raise PermanentError(code, message)

    def _object(self, response: "httpx.Response") -> dict[str, Any]:
        try:
            body = response.json() if response.content else {}
        except ValueError as error:
            raise self._not_an_object(response) from error
        if not isinstance(body, dict):
            raise self._not_an_object(response)
        return body

    def _not_an_object(self, response: "httpx.Response") -> TransientError:
        path = response.request.url.path
        return TransientError(f"the {self._name} at {self._url} did not answer {path} with a JSON object: {_REMEDY}")


def path_of(*parts: str) -> str:
    """The path of a resource, each part escaped."""
    return "/" + "/".join(quote(part, safe="") for part in parts)


def version_path(kind: str, name: str, version: str) -> str:
    """The path of a version of a model, or of a data asset."""
    return path_of(kind, name, "versions", version)


def _service_error(response: "httpx.Response") -> tuple[str, str]:
    """Code and message of an error answer; of any text where it is not of the agreed form."""
    try:
        error = response.json()["error"]
        return str(error["code"]), str(error["message"])[:MESSAGE_LIMIT]
    except (ValueError, KeyError, TypeError):
        return f"Http{response.status_code}", (response.text.strip() or response.reason_phrase)[:MESSAGE_LIMIT]
