"""Calling back: one POST to an address that whoever waits has given us. The address is a secret, and in no message."""

import logging
import math
import re
import socket
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from shared.errors import PermanentError, TransientError
from shared.notification.callback_hosts import CallbackHosts, CallbackTarget, check_addresses, check_uri

if TYPE_CHECKING:
    import ssl

    import httpx

type Resolve = Callable[[str, int], Sequence[str]]

_CONNECT_SECONDS: Final = 5.0
_ANSWER_SECONDS: Final = 10.0
_MOST_ADDRESSES: Final = 3
_BUSY: Final = frozenset({408, 425, 429})
_LONGEST_ASKED: Final = 3600.0


class AnswerLostError(TransientError):
    """The callback was sent, and no answer came: it may have been taken."""


def resolve(host: str, port: int) -> list[str]:
    """Every address of a host.

    Raises:
        OSError: It cannot be found now.
    """
    return list(dict.fromkeys(str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))


class Callbacks:
    """Posts to hosts on a list. Every call is blocking and has a deadline.

    The connection goes to the very address that was checked, with the host's name in TLS and in its header: a name that
    is resolved a second time may lead elsewhere (DNS rebinding). No redirect is followed, no proxy is asked, and of the
    answer only its status is read.

    Args:
        hosts: Where callbacks may go.
        find: Gives the addresses of a host.
        tls: Which certificates are believed; those of the public authorities when absent.
    """

    def __init__(self, hosts: CallbackHosts, find: Resolve = resolve, tls: "ssl.SSLContext | None" = None) -> None:
        self._hosts = hosts
        self._find = find
        self._tls = tls
        # It tells the address of each request, which is the secret.
        logging.getLogger("httpx").setLevel(logging.WARNING)

    def check(self, uri: str) -> None:
        """Refuse an address to which nothing may be sent; a host that cannot be found just now may be found later.

        Raises:
            PermanentError: `CallbackNotAllowed`.
        """
        target = check_uri(uri, self._hosts)
        try:
            check_addresses(target, self._find(target.host, target.port))
        except OSError:
            return

    def post(self, uri: str, body: bytes) -> None:
        """Post JSON, once.

        Raises:
            PermanentError: `CallbackNotAllowed`, or `CallbackRefused`: nobody waits there any more.
            TransientError: Nobody answers there, or is busy; an `AnswerLostError` when it may have been taken.
        """
        target = check_uri(uri, self._hosts)
        try:
            addresses = self._find(target.host, target.port)
        except OSError:
            raise TransientError(f"the host {target.host} cannot be found") from None
        check_addresses(target, addresses)
        self._check(target, self._send(target, addresses[:_MOST_ADDRESSES], body))

    def _send(self, target: CallbackTarget, addresses: Sequence[str], body: bytes) -> "httpx.Response":
        import httpx  # noqa: PLC0415 - loaded at first use

        timeout = httpx.Timeout(_ANSWER_SECONDS, connect=_CONNECT_SECONDS)
        failure = "it has no address"
        with httpx.Client(timeout=timeout, follow_redirects=False, trust_env=False, verify=self._tls or True) as client:
            for address in addresses:
                request = client.build_request(
                    "POST",
                    httpx.URL(
                        scheme=target.scheme, host=address, port=target.port, raw_path=target.resource.encode("ascii")
                    ),
                    content=body,
                    headers={"Host": target.authority, "Content-Type": "application/json"},
                    extensions={"sni_hostname": target.host} if target.scheme == "https" else {},
                )
                try:
                    response = client.send(request, stream=True)
                except (httpx.ConnectError, httpx.ConnectTimeout) as error:  # the next address may answer
                    failure = type(error).__name__
                except httpx.HTTPError as error:
                    # Not the error itself: it may tell the address.
                    raise AnswerLostError(f"the host {target.host} did not answer ({type(error).__name__})") from None
                else:
                    response.close()
                    return response
        raise TransientError(f"the host {target.host} cannot be reached ({failure})")

    def _check(self, target: CallbackTarget, response: "httpx.Response") -> None:
        status = response.status_code
        if status in _BUSY or status >= 500:
            told = f"the host {target.host} is busy or broken: it answered {status}"
            raise TransientError(told, _asked_pause(response.headers.get("Retry-After", "")))
        if 300 <= status < 400:
            told = f"The host {target.host} sends us elsewhere ({status}), and no redirect is followed."
            raise PermanentError("CallbackRefused", told)
        if status >= 400:
            told = (
                f"The host {target.host} refused the callback ({status}): the activity waits no longer, or never did."
            )
            raise PermanentError("CallbackRefused", told)


def _asked_pause(text: str) -> float | None:
    """Seconds that a `Retry-After` asks for, at most an hour; it has a number or a date (RFC 9110, section 10.2.3)."""
    if re.fullmatch(r"[0-9]{1,9}", text):
        return min(float(text), _LONGEST_ASKED)
    try:
        seconds = (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return None
    return min(seconds, _LONGEST_ASKED) if math.isfinite(seconds) and seconds > 0 else None
