"""Asking a running app over HTTP: whatever goes wrong is told in one way, with what to do."""

import getpass
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import httpx

from cli.credentials import headers_for
from cli.failures import interrupted
from cli.finding import Address, find_app
from cli.refused import refused
from cli.unanswered import LOOK, maybe_taken, other_than_signalbox, unanswered, unsure

_SECONDS = 30.0  # for an answer
_PAUSE = 2.0  # seconds before an order is sent once more: an app that restarts is away for a moment
_EXPECTED = 3.0  # seconds until somebody wonders


def asking(url: str, key: str, ask: Callable[[httpx.Client], int]) -> int:
    """Ask the app, and give the exit code, which is that of ``ask``.

    Args:
        url: Where the app is; empty for the stack that runs here.
        key: A function key, where the app asks for one.
        ask: Is given a client whose errors it need not catch.

    Raises:
        CommandError: The app refused, nobody answered, or what answered is no Signalbox app.
    """
    app = find_app(url)
    try:
        with _client(app, headers_for(app, key)) as client:
            try:
                return ask(client)
            except httpx.HTTPStatusError as error:
                raise refused(app, client, error.response) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise unanswered(app, error, _SECONDS) from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise other_than_signalbox(app, repr(error)) from error


def fetch(
    client: httpx.Client, method: str, path: str, *, changes: bool | None = None, **request: Any
) -> dict[str, Any]:
    """A JSON object.

    Args:
        client: As `asking` gives it.
        method: Of HTTP.
        path: As `api_path` makes it.
        changes: Whether the app is told to do something; all but GET does unless said otherwise.
        request: What httpx takes. A JSON body with a `request_id` may be sent twice: it is one order.

    Raises:
        CommandError: The app was told to do something and may do it, though nobody has heard its answer.
    """
    if method != "GET" if changes is None else changes:
        try:
            answer = _order(client, method, path, request)
        except KeyboardInterrupt:
            raise interrupted("left before the app had answered: it may have taken the order", LOOK) from None
    else:
        answer = client.request(method, path, **request)
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


def _order(client: httpx.Client, method: str, path: str, request: dict[str, Any]) -> httpx.Response:
    """The answer to an order, which is given once more where none came and the app can tell that it is the same."""
    try:
        return client.request(method, path, **request)
    except httpx.TransportError as error:
        if not unsure(error):
            raise
        first = error
    if "request_id" in (request.get("json") or {}):
        sys.stderr.write("no answer came; the same order is sent once more, and counts once\n")
        time.sleep(_PAUSE)
        with suppress(httpx.TransportError):
            return client.request(method, path, **request)
    app = Address(str(client.base_url).rstrip("/"), given=True)
    raise maybe_taken(app, first, _SECONDS) from first


@contextmanager
def said_when_slow(words: str) -> Iterator[None]:
    """Say on stderr what is waited for, where it takes longer than a person expects."""
    saying = threading.Timer(_EXPECTED, sys.stderr.write, [f"{words}\n"])
    saying.daemon = True
    saying.start()
    try:
        yield
    finally:
        saying.cancel()


def operator() -> str:
    """Who asks, as the app writes it down."""
    try:
        return f"operator:{getpass.getuser()}"
    except OSError:  # a container may have no name for its user
        return "operator"


def _client(app: Address, headers: dict[str, str]) -> httpx.Client:
    """A client; proxies and authorities of the environment count for what is not on this machine."""
    if app.url.startswith("http://"):  # without TLS there is no need to read authorities, which takes 60 ms
        no_authorities = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        return httpx.Client(
            base_url=app.url, headers=headers, timeout=_SECONDS, trust_env=not app.local, verify=no_authorities
        )
    return httpx.Client(base_url=app.url, headers=headers, timeout=_SECONDS, trust_env=not app.local)
