"""The double as a process of its own, as `make up AZUREML=double` runs it."""

import ssl
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

from local.services.process import HOST, RunningService, Service
from shared.settings import APP_ROOT
from tests.doubles.azure_ml.events import EventSender, events_of
from tests.doubles.azure_ml.tokens import make_token
from tests.doubles.azure_ml.world import World
from tests.doubles.wire import MODEL
from tests.fixtures_services import free_port


def _answer(server: HTTPServer, count: int) -> None:
    for _ in range(count):
        server.handle_request()


@pytest.mark.stack
def test_a_process_keeps_its_world(tmp_path: Path) -> None:
    """After a start anew the same certificate is trusted, and what was registered is there; its own door is open."""
    port, identity = free_port(), free_port()
    options = {"--port": str(port.number), "--identity-port": str(identity.number), "--state": str(tmp_path / "state")}
    options["--storage"] = "UseDevelopmentStorage=true"
    service = Service(
        name="azureml",
        argv=(sys.executable, "-m", "tests.doubles.azure_ml", *(part for option in options.items() for part in option)),
        log=tmp_path / "log",
        health=f"http://{HOST}:{identity.number}/health",
        ports=(port, identity),
        cwd=APP_ROOT,
    )
    process = RunningService(service)
    process.start()
    try:
        process.wait_ready()
        url = f"https://{HOST}:{port.number}"
        trusted = ssl.create_default_context(cafile=str(tmp_path / "state" / "ca.pem"))
        model = f"{url}{World().workspace_id}/models/m/versions/1?api-version=2023-08-01-preview"
        headers = {"Authorization": f"Bearer {make_token(url)}"}
        with httpx.Client(verify=trusted, headers=headers) as http:
            assert http.put(model, json=MODEL).status_code == 201
            door = f"http://{HOST}:{identity.number}/double"
            fault = {"path": "/models/m/", "status": 503, "retry_after": 30}
            assert httpx.post(f"{door}/faults", json=fault, trust_env=False).status_code == 201
            assert http.get(model).headers["Retry-After"] == "30"
            seen = httpx.get(f"{door}/requests?last=2", trust_env=False).json()["requests"]
            assert [(one["method"], one["status"]) for one in seen] == [("PUT", 201), ("GET", 503)]
            process.restart()
            assert http.get(model).json()["properties"]["modelUri"] == MODEL["properties"]["modelUri"]
        assert process.exit_code is None
    finally:
        process.stop()
    assert "SIGNALBOX_AZUREML_CA" in process.service.log.read_text()


def test_events_are_delivered_until_they_are_taken() -> None:
    """A webhook that fails gets the same event again, and the next one after it."""
    taken: list[Any] = []
    answers = [503, 200, 200]

    class Webhook(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it
            pass

        def do_POST(self) -> None:
            import json

            taken.extend(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(answers[len(taken) - 1])
            self.send_header("Content-Length", "0")
            self.end_headers()

    with HTTPServer((HOST, 0), Webhook) as server:
        sender = EventSender(f"http://{HOST}:{server.server_address[1]}", "/workspace", lambda _job: "nightly")
        answering = Thread(target=lambda: _answer(server, len(answers)))
        answering.start()
        sender.send("job-1", "Running", {"signalbox.instance": "train-1"})
        sender.send("job-1", "Paused", {})
        answering.join()
        sender.close()
    assert [event["data"]["runStatus"] for event in taken] == ["Running", "Running", "Paused"]
    assert taken[0]["id"] == taken[1]["id"]
    assert taken[0]["data"]["runTags"] == {"signalbox.instance": "train-1"}


def test_the_end_of_a_job_is_two_events() -> None:
    """The status has changed, and the run is completed."""
    kinds = [event["eventType"].rpartition(".")[2] for event in events_of("/w", "nightly", "job-1", "Failed", {})]
    assert kinds == ["RunStatusChanged", "RunCompleted"]
