"""One POST: to the address that was checked, under the host's name, no redirects, and the secret is never told."""

import http.server
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from shared.errors import PermanentError, TransientError
from shared.notification.callback import AnswerLostError, Callbacks
from shared.notification.callback_hosts import PUBLIC_HOSTS, parse_hosts

SECRET = "s3cret-of-the-activity"
BODY = b'{"StatusCode": "200"}'
PUBLIC = "https://dp.svc.datafactory.azure.com"


class _Listener(http.server.ThreadingHTTPServer):
    """Answers every POST as it is told to; keeps path, host and body. Status 0 closes the connection without one."""

    status = 200
    answers: dict[str, str] = {}  # noqa: RUF012 - replaced by the test, never changed
    got: list[tuple[str, str, Any]]


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Listener

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, self.headers["Host"], json.loads(body)))
        if self.server.status:
            self.send_response(self.server.status)
            for name, value in self.server.answers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Nothing."""


@pytest.fixture
def listener() -> Iterator[_Listener]:
    """A listener on this machine."""
    server = _Listener(("127.0.0.1", 0), _Handler)
    server.got = []
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@contextmanager
def posting(listener: _Listener) -> Iterator[tuple[Callbacks, str]]:
    """A poster that trusts the listener, and an address there."""
    origin = f"http://127.0.0.1:{listener.server_port}"
    yield Callbacks(parse_hosts(origin)), f"{origin}/callback?sig={SECRET}"


def test_it_is_posted_as_it_is(listener: _Listener) -> None:
    """Path, query and host are those of the address."""
    with posting(listener) as (callbacks, uri):
        callbacks.post(uri, BODY)
    host = f"127.0.0.1:{listener.server_port}"
    assert listener.got == [(f"/callback?sig={SECRET}", host, {"StatusCode": "200"})]


@pytest.mark.parametrize(
    ("status", "kind", "told"),
    [
        (302, PermanentError, "no redirect is followed"),
        (400, PermanentError, "refused the callback (400)"),
        (404, PermanentError, "refused the callback (404)"),
        (408, TransientError, "answered 408"),
        (429, TransientError, "answered 429"),
        (500, TransientError, "answered 500"),
        (503, TransientError, "answered 503"),
        (0, AnswerLostError, "did not answer"),
    ],
)
def test_what_is_answered_decides_what_comes_next(
    listener: _Listener, status: int, kind: type[Exception], told: str
) -> None:
    """Busy and broken are tried again, refused is not; nothing is followed, and no message has the secret."""
    listener.status = status
    listener.answers = {"Location": f"http://127.0.0.1:{listener.server_port}/elsewhere"}
    with posting(listener) as (callbacks, uri), pytest.raises(kind) as caught:
        callbacks.post(uri, BODY)
    assert told in str(caught.value)
    assert SECRET not in str(caught.value)
    assert SECRET not in str(caught.value.__context__)
    assert len(listener.got) == 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("30", 30.0), ("999999", 3600.0), ("Fri, 31 Dec 2100 23:59:59 GMT", 3600.0),
     ("Fri, 31 Dec 1999 23:59:59 GMT", None), ("soon", None), ("-1", None), ("", None)],
)  # fmt: skip
def test_how_long_to_wait_is_the_hosts_to_say(listener: _Listener, header: str, seconds: float | None) -> None:
    """In seconds or as a date, for an hour at most; what cannot be read counts as nothing."""
    listener.status, listener.answers = 429, {"Retry-After": header}
    with posting(listener) as (callbacks, uri), pytest.raises(TransientError) as caught:
        callbacks.post(uri, BODY)
    assert caught.value.retry_after == seconds


def test_nobody_there_is_tried_again() -> None:
    """A port on which nobody listens."""
    with pytest.raises(TransientError, match="cannot be reached"):
        Callbacks(parse_hosts("http://127.0.0.1:9")).post(f"http://127.0.0.1:9/{SECRET}", BODY)


def test_the_connection_goes_to_the_address_that_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name is resolved once per call, and TLS is asked for the host's name at that very address."""
    asked: list[str] = []
    sent: list[httpx.Request] = []

    def find(host: str, port: int) -> list[str]:
        asked.append(f"{host}:{port}")
        return ["20.42.0.1"] if len(asked) == 1 else ["169.254.169.254"]

    def send(self: httpx.Client, request: httpx.Request, **options: Any) -> httpx.Response:
        sent.append(request)
        assert options == {"stream": True}
        assert (self.follow_redirects, self.trust_env) == (False, False)
        return httpx.Response(200)

    monkeypatch.setattr(httpx.Client, "send", send)
    callbacks = Callbacks(parse_hosts(PUBLIC_HOSTS), find)
    callbacks.post(f"{PUBLIC}/callback?sig={SECRET}", BODY)
    assert asked == ["dp.svc.datafactory.azure.com:443"]
    assert (sent[0].url.host, sent[0].url.port, sent[0].url.raw_path) == (
        "20.42.0.1",
        None,
        b"/callback?sig=" + SECRET.encode(),
    )
    assert sent[0].headers["Host"] == "dp.svc.datafactory.azure.com"
    assert sent[0].extensions["sni_hostname"] == "dp.svc.datafactory.azure.com"
    with pytest.raises(PermanentError, match="private, local or reserved"):
        callbacks.post(f"{PUBLIC}/callback?sig={SECRET}", BODY)
    assert len(sent) == 1


def test_a_name_that_cannot_be_found_now_may_be_found_later() -> None:
    """The door lets it in, and the post is tried again."""

    def find(host: str, port: int) -> list[str]:
        raise OSError(f"{host}:{port}")

    callbacks = Callbacks(parse_hosts(PUBLIC_HOSTS), find)
    callbacks.check(f"{PUBLIC}/{SECRET}")
    with pytest.raises(TransientError, match="cannot be found") as caught:
        callbacks.post(f"{PUBLIC}/{SECRET}", BODY)
    assert SECRET not in str(caught.value)


def _serve_tls(listener: _Listener, folder: Path, name: str) -> ssl.SSLContext:
    """Have the listener speak TLS as a host of this name; who trusts it, and nobody else."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a test")]), datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "host.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    pem.write_bytes(certificate.public_bytes(Encoding.PEM) + private)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    listener.socket = server.wrap_socket(listener.socket, server_side=True)
    return ssl.create_default_context(cafile=str(pem))


@pytest.mark.parametrize(("certified", "taken"), [("dp.example.com", True), ("other.example.com", False)])
def test_the_certificate_has_to_be_the_hosts(
    listener: _Listener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, certified: str, taken: bool
) -> None:
    """Not that of the address that is called: over real TLS, whose address only this test lets pass."""
    monkeypatch.setattr("shared.notification.callback.check_addresses", lambda *_: None)
    trusting = _serve_tls(listener, tmp_path, certified)
    host = f"dp.example.com:{listener.server_port}"
    callbacks = Callbacks(parse_hosts(host), lambda *_: ["127.0.0.1"], trusting)
    if taken:
        callbacks.post(f"https://{host}/callback?sig={SECRET}", BODY)
        assert listener.got == [(f"/callback?sig={SECRET}", host, {"StatusCode": "200"})]
    else:
        with pytest.raises(TransientError, match="cannot be reached") as caught:
            callbacks.post(f"https://{host}/callback?sig={SECRET}", BODY)
        assert SECRET not in str(caught.value)
        assert not listener.got
