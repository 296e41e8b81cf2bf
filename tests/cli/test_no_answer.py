"""What is said where nobody answers as Signalbox does, and of refusals: each told apart, with what to do."""

import json
import socket
import ssl
import stat
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from cli import finding
from cli.credentials import headers_for
from cli.failures import CommandError
from cli.finding import Address
from cli.main import app
from cli.resource import RESOURCE

LOCAL, CLOUD = "http://localhost:9", "https://a.azurewebsites.net"


def caused(error: Exception, cause: Exception) -> Exception:
    """An error with its cause, as httpx raises them."""
    error.__cause__ = cause
    return error


def ask(monkeypatch: pytest.MonkeyPatch, answer: httpx.Response | Exception, *more: str, url: str = CLOUD) -> Result:
    """Run a command against an app that answers so."""

    def reply(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    client: Callable[..., httpx.Client] = partial(httpx.Client, transport=httpx.MockTransport(reply))
    monkeypatch.setattr("cli.asking.httpx.Client", client)
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    return CliRunner().invoke(app, ["models", *([] if "--app" in more else ["--app", url]), *more])


@pytest.mark.parametrize(
    ("answer", "code", "told"),
    [
        (httpx.ConnectError("refused"), "nobody-there", "it cannot be reached"),
        (caused(httpx.ConnectError("x"), socket.gaierror(-2, "unknown")), "unknown-host", "there is no host a.azure"),
        (caused(httpx.ConnectError("x"), ssl.SSLCertVerificationError("bad")), "tls", "SSL_CERT_FILE"),
        (caused(httpx.ConnectError("x"), ssl.SSLError(1, "[SSL] wrong")), "tls", "did you mean http://a.azure"),
        (httpx.ConnectTimeout("x"), "no-answer", "did not answer within 30 s"),
        (httpx.ReadTimeout("x"), "no-answer", "took the question and did not answer"),
        (httpx.RemoteProtocolError("illegal status line"), "no-http", "does not speak HTTP"),
        (httpx.RemoteProtocolError("Server disconnected without sending a response."), "connection-broken", "broke"),
        (httpx.ReadError("reset"), "connection-broken", "the app may be restarting"),
        (httpx.Response(200, text="<html>"), "not-signalbox", "no Signalbox app"),
        (httpx.Response(200, json=[1]), "not-signalbox", "no Signalbox app"),
        (httpx.Response(200, json={"models": 7}), "not-signalbox", "no Signalbox app"),
        (httpx.Response(404), "not-signalbox", "404 for /api/models"),
    ],
)
def test_each_way_of_no_answer_is_told_apart(
    monkeypatch: pytest.MonkeyPatch, answer: httpx.Response | Exception, code: str, told: str
) -> None:
    """With exit code 3 and a remedy."""
    done = ask(monkeypatch, answer)
    assert (done.exit_code, told in done.stderr) == (3, True), done.stderr
    error = json.loads(ask(monkeypatch, answer, "--json").stdout)["error"]
    assert (error["code"], error["exit_code"], bool(error["remedy"])) == (code, 3, True)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (httpx.Response(401), "--entra api://CLIENT-ID"),
        (httpx.Response(302, headers={"location": "https://login"}), "login page"),
        (httpx.Response(403, text="<h1>Site disabled"), "is the app stopped"),
        (
            httpx.Response(
                403,
                json={
                    "type": "urn:signalbox:not-allowed",
                    "detail": "ana may not. It needs the app role Signalbox.Approver.",
                },
            ),
            "Signalbox.Approver",
        ),
        (httpx.Response(500, text="boom"), "answered 500: boom"),
        (httpx.Response(503, json={"detail": "Storage is away.", "correlation_id": "abc"}), "signalbox trace abc"),
        (httpx.Response(409, json={"detail": "Not now."}), "error: Not now."),
    ],
)
def test_a_refusal_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch, answer: httpx.Response, told: str) -> None:
    """With exit code 1: the app was there."""
    done = ask(monkeypatch, answer)
    assert (done.exit_code, told in done.stderr) == (1, True), done.stderr


def test_a_name_that_is_not_known_is_answered_by_the_one_that_was_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of those that the app has."""

    def reply(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/models":
            return httpx.Response(200, json={"models": [{"model": "demand-north"}, {"model": "other"}]})
        detail = "No fleet of this app has a model demand-nort. `GET /api/models` lists all."
        return httpx.Response(404, json={"type": "urn:signalbox:unknown-model", "detail": detail})

    client: Callable[..., httpx.Client] = partial(httpx.Client, transport=httpx.MockTransport(reply))
    monkeypatch.setattr("cli.asking.httpx.Client", client)
    done = CliRunner().invoke(app, ["why", "demand-nort", "--app", LOCAL])
    assert (done.exit_code, "GET /api" in done.stderr) == (1, False)
    assert "did you mean `demand-north`?" in done.stderr


def test_where_no_stack_runs_it_is_said_how_to_start_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No app was named, and none was found."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(finding, "_CHECKOUT", tmp_path)
    monkeypatch.setattr(finding, "USUAL", "http://127.0.0.1:1")
    done = CliRunner().invoke(app, ["models"], env={"SIGNALBOX_APP": ""})
    assert done.exit_code == 3
    assert all(told in done.stderr for told in ("no stack of this folder runs", "signalbox up", "make up"))


@pytest.mark.parametrize("url", ["http://a.azurewebsites.net", "http://10.0.0.7:7071"])
def test_a_secret_goes_over_https_only(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """But for this machine."""
    with pytest.raises(CommandError, match="unencrypted") as caught:
        headers_for(Address(url, given=True), "k")
    assert (caught.value.exit_code, "https://" in caught.value.remedy) == (2, True)
    monkeypatch.setenv("SIGNALBOX_TOKEN", "t")
    with pytest.raises(CommandError, match="unencrypted"):
        headers_for(Address(url, given=True), "")
    for local in ("http://localhost:1", "http://127.0.0.1:1", "http://[::1]:1", "https://a"):
        assert headers_for(Address(local, given=True), "k") == {"x-functions-key": "k", "authorization": "Bearer t"}


def test_key_and_app_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is on the command line counts more; a key that was copied with a line break is told."""
    seen: list[Any] = []

    def reply(request: httpx.Request) -> httpx.Response:
        seen.append((request.url.host, request.headers.get("x-functions-key")))
        return httpx.Response(200, json={"models": []})

    client: Callable[..., httpx.Client] = partial(httpx.Client, transport=httpx.MockTransport(reply))
    monkeypatch.setattr("cli.asking.httpx.Client", client)
    variables = {"SIGNALBOX_APP": "http://127.0.0.1:9", "SIGNALBOX_KEY": "k"}
    CliRunner().invoke(app, ["models"], env=variables)
    CliRunner().invoke(app, ["models", "--app", LOCAL, "--key", "other"], env=variables)
    assert seen == [("127.0.0.1", "k"), ("localhost", "other")]
    assert "was it copied whole?" in CliRunner().invoke(app, ["models", "--key", "k\n"], env=variables).stderr


@pytest.fixture
def az(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Azure's command line, as far as it gives tokens."""
    program = tmp_path / "az"
    program.write_text(
        '#!/bin/sh\necho "$@" >> "$0.log"\n[ -e "$0.out" ] && { echo "ERROR: Please run az login" >&2; exit 1; }\n'
        'echo \'{"accessToken": "tok", "expires_on": 4070908800, "tokenType": "Bearer"}\'\n'
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "AzureCliCredential")
    return program


def test_a_token_of_whoever_is_logged_in_goes_with_the_question(monkeypatch: pytest.MonkeyPatch, az: Path) -> None:
    """For the resource that `--entra` names; the next command does not have it any more."""
    seen: list[str | None] = []

    def reply(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.get("authorization"))
        return httpx.Response(200, json={"models": []})

    client: Callable[..., httpx.Client] = partial(httpx.Client, transport=httpx.MockTransport(reply))
    monkeypatch.setattr("cli.asking.httpx.Client", client)
    for more in (["--entra", "api://app"], []):
        CliRunner().invoke(app, ["models", "--app", LOCAL, *more])
    assert seen == ["Bearer tok", None]
    assert "--resource api://app" in (az.parent / "az.log").read_text()


def test_whoever_is_not_logged_in_is_told_to(az: Path) -> None:
    """And nothing is asked without a token."""
    (az.parent / "az.out").touch()
    token = RESOURCE.set("api://app")
    try:
        with pytest.raises(CommandError, match="gave no token for api://app") as caught:
            headers_for(Address(CLOUD, given=True), "")
    finally:
        RESOURCE.reset(token)
    assert "az login" in caught.value.remedy


def test_a_real_address_without_http_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that speaks something else, over a real socket."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1024)
                connection.sendall(b"SSH-2.0-OpenSSH_9\r\n")

        threading.Thread(target=greet, daemon=True).start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        done = CliRunner().invoke(app, ["models", "--app", url])
    assert (done.exit_code, "speaks no HTTP" in done.stderr) == (3, True), done.stderr


BROKEN = httpx.RemoteProtocolError("Server disconnected without sending a response.")


def order(
    monkeypatch: pytest.MonkeyPatch, *answers: httpx.Response | Exception, words: str
) -> tuple[Result, list[Any]]:
    """Give an order to an app that answers so, one after the other; what it was sent."""
    left, sent = list(answers), []

    def reply(request: httpx.Request) -> httpx.Response:
        sent.append(json.loads(request.content))
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    client: Callable[..., httpx.Client] = partial(httpx.Client, transport=httpx.MockTransport(reply))
    monkeypatch.setattr("cli.asking.httpx.Client", client)
    monkeypatch.setattr("cli.asking._PAUSE", 0.0)
    return CliRunner().invoke(app, [*words.split(), "--app", LOCAL]), sent


@pytest.mark.parametrize("words", ["hold m -r r", "hold --fleet f -r r", "retrain m", "run train", "run retry x"])
@pytest.mark.parametrize("silence", [httpx.ReadTimeout("x"), httpx.ReadError("reset"), BROKEN])
def test_an_order_without_an_answer_is_sent_once_more_as_the_same(
    monkeypatch: pytest.MonkeyPatch, silence: Exception, words: str
) -> None:
    """Its id tells the app that it is one order."""
    taken = httpx.Response(200, json={"id": "run-1", "reason": "Done.", "models": []})
    done, sent = order(monkeypatch, silence, taken, words=words)
    assert done.exit_code == 0, done.stderr
    assert sent[0] == sent[1]
    assert sent[0]["request_id"]


@pytest.mark.parametrize("second", [httpx.ReadTimeout("x"), httpx.ConnectError("x"), BROKEN])
def test_an_order_that_nobody_answers_may_have_been_taken(monkeypatch: pytest.MonkeyPatch, second: Exception) -> None:
    """It is said so, with where to look; not to ask again."""
    done, sent = order(monkeypatch, httpx.ReadTimeout("x"), second, words="hold m -r r")
    assert (done.exit_code, len(sent)) == (3, 2)
    assert "it may have taken the order" in done.stderr
    assert ("look before you give it again" in done.stderr, "ask again" in done.stderr) == (True, False)


def test_an_order_without_an_id_is_sent_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The app could not tell that the second is the first."""
    done, sent = order(monkeypatch, httpx.ReadTimeout("x"), words="retention --apply")
    assert (done.exit_code, len(sent), "it may have taken the order" in done.stderr) == (3, 1, True)
    done, _ = order(monkeypatch, httpx.ReadTimeout("x"), words="retention")
    assert (done.exit_code, "the order" in done.stderr) == (3, False)


def test_an_order_that_never_left_is_not_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody was there to take it."""
    done, sent = order(monkeypatch, httpx.ConnectError("refused"), words="hold m -r r")
    assert (done.exit_code, len(sent), "may have taken" in done.stderr) == (3, 1, False)


@pytest.mark.parametrize(
    ("location", "told"),
    [
        ("https://a.azurewebsites.net/api/models?brief=true", "did you mean --app https://a.azurewebsites.net?"),
        ("https://a.azurewebsites.net/.auth/login/aad", "login page"),
        ("https://login.microsoftonline.com/api/models", "login page"),
        ("/api/models", "login page"),
        ("http://[", "login page"),
    ],
)
def test_a_redirect_to_https_is_no_login_page(monkeypatch: pytest.MonkeyPatch, location: str, told: str) -> None:
    """The same address is meant, encrypted."""
    answer = httpx.Response(301, headers={"location": location})
    assert told in ask(monkeypatch, answer, url="http://a.azurewebsites.net").stderr
