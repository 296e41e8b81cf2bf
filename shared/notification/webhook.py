"""A channel that takes messages by HTTP; its address is a secret, and appears in no message."""

import logging
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from shared.contracts.notification import ChannelKind, Message
from shared.errors import ConfigurationError, PermanentError, TransientError
from shared.notification.bodies import body_of

if TYPE_CHECKING:
    import httpx

_CONNECT_SECONDS: Final = 5.0
_ANSWER_SECONDS: Final = 10.0
#: Whoever waits for an answer meanwhile must not wait long: a channel that is down is told of, not waited for.
_ATTEMPTS: Final = 3
_PAUSE_SECONDS: Final = 1.0
_BUSY: Final = frozenset({408, 425, 429})
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class WebhookChannel:
    """Posts a message's JSON to an address; implements `Channel`. TLS is verified, and no redirect is followed.

    Args:
        name: As the fleet file says it, for messages: `teams:demand`.
        kind: What the body looks like.
        url: https; http on loopback only.
        pause: Waits so many seconds between two attempts.
        headers: Further ones of each attempt; it raises what `send` raises.

    Raises:
        ConfigurationError: The address is none that could be meant.
    """

    def __init__(
        self,
        name: str,
        kind: ChannelKind,
        url: str,
        pause: Callable[[float], None] = time.sleep,
        headers: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        self._name = name
        self._kind = kind
        self._url = _checked(name, url)
        self._pause = pause
        self._headers = headers
        # It tells the address of each request, which is the secret.
        logging.getLogger("httpx").setLevel(logging.WARNING)

    def send(self, message: Message) -> None:
        """Post a message, a few times if the channel is busy.

        Raises:
            PermanentError: `ChannelRefused`.
            TransientError: The channel is down, busy or slow.
        """
        body = body_of(self._kind, message)
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                self._post(body)
            except TransientError:
                if attempt == _ATTEMPTS:
                    raise
                self._pause(_PAUSE_SECONDS * attempt)
            else:
                return

    def _post(self, body: dict[str, Any]) -> None:
        import httpx  # noqa: PLC0415 - loaded at first use

        timeout = httpx.Timeout(_ANSWER_SECONDS, connect=_CONNECT_SECONDS)
        headers = dict(self._headers())
        try:
            response = httpx.post(self._url, json=body, headers=headers, timeout=timeout, follow_redirects=False)
        except httpx.HTTPError as error:
            # Not the error itself: it may tell the address.
            raise TransientError(f"the channel {self._name} cannot be reached ({type(error).__name__})") from None
        self._check(response)

    def _check(self, response: "httpx.Response") -> None:
        status = response.status_code
        if status in _BUSY or status >= 500:
            raise TransientError(f"the channel {self._name} is busy or broken: it answered {status}")
        if 300 <= status < 400:
            told = f"The channel {self._name} sends us elsewhere ({status}), and no redirect is followed"
            raise PermanentError("ChannelRefused", f"{told}; set its final address.")
        if status >= 400:
            told = f"The channel {self._name} refused the message ({status})"
            raise PermanentError("ChannelRefused", f"{told}; look whether its address still holds.")


def _checked(name: str, url: str) -> str:
    parts = urlsplit(url)
    if parts.hostname and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)):
        return url
    raise ConfigurationError(f"the address of the channel {name} is no https address; set the one that it was given")
