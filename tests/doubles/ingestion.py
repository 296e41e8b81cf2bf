"""A place that telemetry is sent to: Azure Monitor's ingestion and an OTLP collector, on loopback, with faults."""

import gzip
import json
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self, override

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

KEY = "11111111-2222-3333-4444-555555555555"
#: Of an envelope, by the type of its data: its name ends so, and its data has these.
SCHEMA = {
    "RequestData": ("Request", {"id", "duration", "responseCode", "success", "name", "ver"}),
    "RemoteDependencyData": ("RemoteDependency", {"id", "duration", "success", "name", "ver"}),
    "ExceptionData": ("Exception", {"exceptions", "ver"}),
    "MetricData": ("Metric", {"metrics", "ver"}),
    "MessageData": ("Message", {"message", "ver"}),
}


@dataclass
class Received:
    """One request, as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Ingestion:
    """Takes what exporters send; use as a context manager.

    Attributes:
        status: What it answers.
        partial: Of 206: the envelopes that are refused, by place, with the status of each.
        headers: Of the answer.
        held: While it is not set, requests are taken and never answered.
        received: All requests, in order.
    """

    status: int = 200
    partial: dict[int, int] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    held: threading.Event = field(default_factory=threading.Event)
    received: list[Received] = field(default_factory=list)

    def __enter__(self) -> Self:
        self.held.set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.held.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def connection_string(self) -> str:
        """Of an Application Insights resource that it is."""
        return f"InstrumentationKey={KEY};IngestionEndpoint={self.url};LiveEndpoint={self.url}"

    @property
    def envelopes(self) -> list[dict[str, Any]]:
        """Azure Monitor's items, in the order in which they came, each held against its schema."""
        bodies = [one.body for one in self.received if one.path.endswith("/track")]
        found = [item for body in bodies for item in _items(body)]
        for item in found:
            check_envelope(item)
        return found

    @property
    def spans(self) -> list[Any]:
        """Spans that came as OTLP, parsed by its own schema."""
        requests = [ExportTraceServiceRequest.FromString(one.body) for one in self._at("/v1/traces")]
        return [
            span
            for one in requests
            for resource in one.resource_spans
            for s in resource.scope_spans
            for span in s.spans
        ]

    @property
    def metrics(self) -> list[Any]:
        """Metrics that came as OTLP, likewise."""
        requests = [ExportMetricsServiceRequest.FromString(one.body) for one in self._at("/v1/metrics")]
        return [
            metric
            for one in requests
            for resource in one.resource_metrics
            for s in resource.scope_metrics
            for metric in s.metrics
        ]

    def answer(self, sent: Received) -> tuple[int, dict[str, Any]]:
        """Status and body for a request."""
        count = len(_items(sent.body)) if sent.path.endswith("/track") else 0
        errors = [{"index": place, "statusCode": code, "message": "no"} for place, code in self.partial.items()]
        return self.status, {"itemsReceived": count, "itemsAccepted": count - len(errors), "errors": errors}

    def _at(self, path: str) -> list[Received]:
        return [one for one in self.received if one.path == path]


def check_envelope(item: dict[str, Any]) -> None:
    """Hold an item against what Application Insights documents of it.

    Raises:
        AssertionError: It would not be taken, or not be found again.
    """
    kind = item["data"]["baseType"]
    name, needed = SCHEMA[kind]
    assert item["name"].endswith(name), item["name"]
    assert item["iKey"] == KEY
    assert item["time"].endswith("Z"), item["time"]
    data = item["data"]["baseData"]
    assert needed <= {key for key, value in data.items() if value is not None}, (kind, data)
    assert all(isinstance(value, str) for value in (data.get("properties") or {}).values()), data
    if "duration" in needed:
        days, clock = data["duration"].split(".", 1)
        assert days.isdecimal(), data["duration"]
        assert len(clock.split(":")) == 3, data["duration"]


def _items(body: bytes) -> list[dict[str, Any]]:
    """A JSON array, or one object per line, as the service takes both."""
    text = body.decode()
    found = json.loads(text) if text.startswith("[") else [json.loads(line) for line in text.splitlines() if line]
    return [item for item in found if isinstance(item, dict)]


def _handler(double: Ingestion) -> Callable[..., BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("content-length", 0)))
            packed = self.headers.get("content-encoding") == "gzip"
            headers = {name.lower(): value for name, value in self.headers.items()}
            sent = Received(self.path, headers, gzip.decompress(raw) if packed else raw)
            double.received.append(sent)
            double.held.wait(30)
            status, body = double.answer(sent)
            is_track = sent.path.endswith("/track")
            content = json.dumps(body).encode() if is_track else b""
            self.send_response(status)
            for name, value in double.headers.items():
                self.send_header(name, value)
            self.send_header("content-type", "application/json" if is_track else "application/x-protobuf")
            self.send_header("content-length", str(len(content)))
            with suppress(ConnectionError):  # whoever was held for too long has gone
                self.end_headers()
                self.wfile.write(content)

        @override
        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    return Handler
