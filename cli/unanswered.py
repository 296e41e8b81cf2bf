"""Why nobody has answered as Signalbox does: told apart, each with what to do."""

import socket
import ssl
from collections.abc import Iterator
from typing import Final

import httpx

from cli.failures import UNANSWERED, CommandError
from cli.finding import Address

_NAME_IT = "name another app: --app URL, or SIGNALBOX_APP"
_START = "start the local stack: signalbox up (or make up), or signalbox demo; or " + _NAME_IT
#: How h11 says that a connection ended early; its other errors are of what is no HTTP at all.
_LET_GO: Final = ("disconnected", "closed connection")


#: What to do before an order is given again.
LOOK: Final = "look before you give it again: signalbox models, signalbox run list"


def broke(error: httpx.HTTPError | httpx.InvalidURL) -> bool:
    """Whether a connection ended before its answer did: what stood there a moment ago has gone, or has let go."""
    if isinstance(error, httpx.RemoteProtocolError):
        return any(word in str(error) for word in _LET_GO)
    return isinstance(error, httpx.ReadError | httpx.WriteError | httpx.CloseError)


def unsure(error: httpx.HTTPError) -> bool:
    """Whether the app may have taken what was sent, though it did not answer."""
    return broke(error) or isinstance(error, httpx.ReadTimeout | httpx.WriteTimeout)


def maybe_taken(app: Address, error: httpx.HTTPError, seconds: float) -> CommandError:
    """What to say of an order that got no answer."""
    told = unanswered(app, error, seconds)
    return _error(told.code, f"{told.detail}; all the same it may have taken the order", LOOK)


def unanswered(app: Address, error: httpx.HTTPError | httpx.InvalidURL, seconds: float) -> CommandError:
    """What to say of a question that got no answer.

    Args:
        app: Where it went.
        error: What became of it.
        seconds: How long was waited, where the error does not know it.
    """
    causes = list(_causes(error))
    if tls := next((one for one in causes if isinstance(one, ssl.SSLError)), None):
        return _tls(app, tls)
    if isinstance(error, httpx.TimeoutException):
        return _silence(app, _waited(error) or seconds, connected=not isinstance(error, httpx.ConnectTimeout))
    if any(isinstance(one, socket.gaierror) for one in causes):
        host = httpx.URL(app.url).host
        return _error("unknown-host", f"there is no host {host}", f"check the name in {app.url}, or {_NAME_IT}")
    if isinstance(error, httpx.ConnectError):
        return _nobody(app)
    if broke(error):
        told = f"the connection to {app.url} broke before it had answered; the app may be restarting"
        return _error(
            "connection-broken",
            told,
            f"ask again in a minute. If it stays so, what listens there speaks no HTTP: {_NAME_IT}",
        )
    return _error(
        "no-http",
        f"what answers at {app.url} does not speak HTTP as an app does ({error})",
        f"is it https that is spoken there? Else {_NAME_IT}",
    )


def other_than_signalbox(app: Address, why: str) -> CommandError:
    """Something answers, and it is not an app of ours."""
    return _error("not-signalbox", f"what answers at {app.url} is no Signalbox app of this version ({why})", _NAME_IT)


def _nobody(app: Address) -> CommandError:
    if not app.given:
        return _error("nobody-there", f"no stack of this folder runs, and no app answers at {app.url}", _START)
    if app.local:
        return _error("nobody-there", f"no app answers at {app.url}: nothing listens there", _START)
    return _error("nobody-there", f"no app answers at {app.url}: it cannot be reached", f"is it up? Else {_NAME_IT}")


def _silence(app: Address, seconds: float, *, connected: bool) -> CommandError:
    if connected:
        told = f"{app.url} took the question and did not answer within {seconds:.0f} s"
        return _error("no-answer", told, "ask again: an app that starts takes its time; its log tells more")
    return _error("no-answer", f"{app.url} did not answer within {seconds:.0f} s", f"is it up? Else {_NAME_IT}")


def _waited(error: httpx.TimeoutException) -> float | None:
    """The seconds that its request was given for an answer."""
    try:
        seconds: float | None = error.request.extensions["timeout"]["read"]
    except (RuntimeError, KeyError):  # it never was one of a client
        return None
    return seconds


def _tls(app: Address, error: ssl.SSLError) -> CommandError:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _error(
            "tls",
            f"the certificate of {app.url} is not trusted: {getattr(error, 'verify_message', error)}",
            "is the name in the URL the app's own? For an authority of your own, name its file in SSL_CERT_FILE",
        )
    plain = app.url.replace("https://", "http://", 1)
    return _error(
        "tls",
        f"no TLS is spoken at {app.url} ({getattr(error, 'reason', None) or error})",
        f"did you mean {plain}? Else {_NAME_IT}",
    )


def _error(code: str, detail: str, remedy: str) -> CommandError:
    return CommandError(code, detail, remedy, exit_code=UNANSWERED)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error, and what it came from."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__
