"""Where a Webhook activity waits to be called back: an address for each, which can be used once."""

import http.server
import json
import secrets
import threading
from queue import Empty, Queue
from typing import Any, Self


class CallbackListener:
    """A listener on this machine, as a context manager.

    Attributes:
        origin: Scheme, host and port: what `SIGNALBOX_CALLBACK_HOSTS` has to name.
        answers: Statuses of the next callbacks; 200 when there are none. What is not 200 was not taken.
        seen: The status of each callback that came.
    """

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.seen: list[int] = []
        self._open: dict[str, Queue[dict[str, Any]]] = {}
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self.origin = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def address(self) -> str:
        """A new address to be called back at; whoever has it can end the activity."""
        token = secrets.token_hex(16)
        self._open[token] = Queue()
        return f"{self.origin}/workflow/callback?sig={token}"

    def wait(self, address: str, seconds: float) -> dict[str, Any] | None:
        """What was told there; `None` after so many seconds, and then nobody waits there any more."""
        token = address.rpartition("=")[2]
        try:
            return self._open[token].get(timeout=seconds)
        except Empty:
            return None
        finally:
            self._open.pop(token, None)

    def take(self, token: str, body: bytes) -> int:
        """Take a callback; the status of the answer."""
        status = self.answers.pop(0) if self.answers else 200
        waits = self._open.get(token)
        if status == 200:
            status = 200 if waits is not None and waits.empty() else 404
        if status == 200 and waits is not None:
            waits.put(json.loads(body))
        self.seen.append(status)
        return status


def _handler(listener: CallbackListener) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            is_json = self.headers["Content-Type"] == "application/json"
            self.send_response(listener.take(self.path.rpartition("=")[2], body) if is_json else 415)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
            """Nothing."""

    return Handler
