"""HTTP on a loopback port, over TLS or plain: bytes in, `Request`; `Answer`, bytes out."""

import json
import socket
import ssl
import threading
import time
import traceback
import uuid
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.doubles.azure_ml.faults import Faults
from tests.doubles.azure_ml.messages import Answer, Refusal, Request, UnknownRoute

HOST = "127.0.0.1"
#: A client that says nothing for so long is gone.
_IDLE_SECONDS = 60

type App = Callable[[Request], Answer]


class Journal:
    """What was asked, in order, and what nobody should have asked. Thread-safe by what lists can do."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.unknown: list[str] = []


class LoopbackServer:
    """One listening port, served by a thread per connection.

    Args:
        app: Answers; a `Refusal` that it raises is an answer too.
        journal: Every request goes there.
        faults: Met before the request reaches `app`.
        port: 0 for any free one.
        tls: Certificate and key; plain http where it is `None`.
    """

    def __init__(
        self, app: App, journal: Journal, faults: Faults, *, port: int = 0, tls: tuple[Path, Path] | None = None
    ) -> None:
        handler = type("Handler", (_Handler,), {"app": staticmethod(app), "journal": journal, "faults": faults})
        self._server = _Server((HOST, port), handler)
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            # the handshake happens in the connection's own thread, at its first read
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.url = f"{'https' if tls else 'http'}://{HOST}:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop to listen, and close what is open."""
        self._server.shutdown()
        self._server.close_connections()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._open: set[socket.socket] = set()
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""

    def close_connections(self) -> None:
        for connection in list(self._open):
            self.shutdown_request(connection)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_SECONDS
    disable_nagle_algorithm = True  # with it, each answer takes 40 ms
    wbufsize = 65_536
    app: App
    journal: Journal
    faults: Faults

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it
        """The journal is the log."""

    def _serve(self) -> None:
        request, problem = self._read()
        self.journal.requests.append(request)
        fault = self.faults.take(request)
        if fault is not None:
            time.sleep(fault.seconds)
            if fault.drop == "before":
                return self._drop()
        answer = fault.answer() if fault is not None else None
        if answer is None:
            answer = problem.answer() if problem is not None else self._ask(request)
        if fault is not None and fault.drop == "after":
            return self._drop()
        request.status = answer.status
        return self._send(answer)

    do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = do_HEAD = _serve  # noqa: N815 - the base class looks for them

    def _read(self) -> tuple[Request, Refusal | None]:
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        request = Request(self.command, unquote(parts.path), query, headers)
        content = self._content()
        try:
            request.body = json.loads(content) if content else None
        except ValueError as error:
            return request, Refusal(400, "InvalidRequestContent", f"The request content was invalid JSON: {error}.")
        return request, None

    def _content(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        pieces = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def _ask(self, request: Request) -> Answer:
        try:
            return self.app(request)
        except Refusal as refusal:
            return refusal.answer()
        except UnknownRoute as unknown:
            what = f"{request.method} {request.path}: {unknown}" if str(unknown) else f"{request.method} {request.path}"
            self.journal.unknown.append(what)
            return Refusal(501, "UnknownToTheDouble", f"the double does not know {what}").answer()
        except Exception as error:  # noqa: BLE001 - whatever it is, the test has to see it
            self.journal.unknown.append(f"{request.method} {request.path}: {traceback.format_exc()}")
            return Refusal(500, "FaultOfTheDouble", repr(error)).answer()

    def _send(self, answer: Answer) -> None:
        content = b"" if answer.body is None else json.dumps(answer.body).encode()
        self.send_response(answer.status)
        self.send_header("x-ms-request-id", str(uuid.uuid4()))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.body is not None:
            self.send_header("Content-Type", "application/json; charset=utf-8")
        if answer.status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _drop(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)
