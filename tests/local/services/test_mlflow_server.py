"""The real MLflow server: ready, its webhooks delivered and signed, also after a crash."""

import base64
import hashlib
import hmac
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.services.mlflow_api import call, mlflow_client
from local.services.mlflow_server import finish_start, mlflow_service, prepare_database, tracking_uri
from local.services.mlflow_webhooks import WEBHOOK_NAME, ensure_webhook, remove_webhooks
from local.services.process import LocalServiceError, Port, RunningService
from local.stack.ports import Ports
from tests.local.services.polling import eventually
from tests.local.services.receiver import Receiver, Request, receiving

SECRET = "shared-between-two"


@pytest.fixture
def mlflow(tmp_path: Path) -> Iterator[RunningService]:
    """A running server with its data in ``tmp_path/mlflow``."""
    port = Port(Ports.free().mlflow, "SETTING")
    running = RunningService(mlflow_service(tmp_path / "mlflow", port, tmp_path / "mlflow.log"))
    running.start()
    try:
        running.wait_ready()
        yield running
    finally:
        running.stop()


def register(uri: str, model: str) -> None:
    """Register a model."""
    with mlflow_client(uri) as client:
        call(client, "POST", "/registered-models/create", {"name": model})


def signed_by(request: Request, secret: str) -> bool:
    """Whether a delivery carries the signature of a secret: HMAC-SHA256 of `id.timestamp.body`."""
    delivery, moment = request.headers["X-MLflow-Delivery-Id"], request.headers["X-MLflow-Timestamp"]
    content = f"{delivery}.{moment}.".encode() + request.body
    expected = base64.b64encode(hmac.digest(secret.encode(), content, hashlib.sha256)).decode()
    return hmac.compare_digest(request.headers["X-MLflow-Signature"], f"v1,{expected}")


def arrives(receiver: Receiver, model: str) -> bool:
    """Whether the registration of a model is delivered in time."""
    return eventually(lambda: model in [one.json["data"]["name"] for one in receiver.requests])


@pytest.mark.stack
def test_webhooks_are_delivered_signed_also_after_a_crash(mlflow: RunningService, tmp_path: Path) -> None:
    """Registered once however often we ask; delivered with our signature; still so after SIGKILL and a new start."""
    port = mlflow.service.ports[0].number
    uri, directory = tracking_uri(port), tmp_path / "mlflow"
    finish_start(directory, uri, "signalbox")
    with receiving() as receiver:
        first = ensure_webhook(uri, "http://127.0.0.1:9/old", "the-first-secret")
        assert ensure_webhook(uri, receiver.url, SECRET) == first
        register(uri, "before")
        assert arrives(receiver, "before")
        mlflow.kill()
        prepare_database(directory)
        mlflow.start()
        mlflow.wait_ready()
        finish_start(directory, uri, "signalbox")
        register(uri, "after")
        assert arrives(receiver, "after")
        assert [one.json["entity"] for one in receiver.requests] == ["registered_model"] * 2
        assert all(signed_by(one, SECRET) for one in receiver.requests)
    with mlflow_client(uri) as client:
        (webhook,) = call(client, "GET", "/webhooks")["webhooks"]
    assert webhook["name"] == WEBHOOK_NAME
    assert len(webhook["events"]) == 6
    assert remove_webhooks(uri) == 1
    assert remove_webhooks(uri) == 0
    key = directory / "webhook-encryption.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_a_server_that_is_away_is_an_error_with_its_address() -> None:
    """The caller learns which server did not answer."""
    port = Ports.free().mlflow
    with pytest.raises(LocalServiceError, match=f"http://127.0.0.1:{port}.* does not answer"):
        ensure_webhook(tracking_uri(port), "http://127.0.0.1/", SECRET)


def test_a_fresh_database_needs_no_upgrade(tmp_path: Path) -> None:
    """The server makes its own database; nothing is run, nothing appears."""
    prepare_database(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_telemetry_is_off_and_the_key_is_kept(tmp_path: Path) -> None:
    """Two starts have the same key; MLflow's and the general opt-out are both set."""
    log, port = tmp_path / "log", Port(5000, "SETTING")
    first, second = (dict(mlflow_service(tmp_path / "mlflow", port, log).env) for _ in range(2))
    assert first == second
    assert (first["MLFLOW_DISABLE_TELEMETRY"], first["DO_NOT_TRACK"]) == ("true", "true")
