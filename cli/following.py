"""Following what takes long: by looking at it again and again, also past a restart of the app."""

import sys
import time
from typing import Any, Final

import httpx

_LOOKS_EVERY: Final = 0.5
#: Seconds without an answer: the host may restart.
_SILENCE: Final = 300.0
#: What is said meanwhile.
SILENT: Final = "No answer: the app may be restarting. It is asked again."
_ENDS: Final = ("Completed", "Failed", "Terminated")


class Patience:
    """How long whoever follows something goes on without an answer."""

    def __init__(self) -> None:
        self._heard = time.monotonic()

    def heard(self) -> None:
        """An answer came."""
        self._heard = time.monotonic()

    def is_over(self, error: httpx.HTTPError) -> bool:
        """Whether an error ends it: the app itself has refused, or nobody has answered for too long.

        While the app restarts, nobody answers, or a gateway does in its place.
        """
        refused = isinstance(error, httpx.HTTPStatusError) and not error.response.is_server_error
        return refused or time.monotonic() - self._heard > _SILENCE


def ended(client: httpx.Client, status_url: str) -> dict[str, Any]:
    """An orchestration's status, once it has ended; on stderr is said where nobody answers for a while.

    Args:
        client: As `cli.asking.asking` gives it.
        status_url: Where the app tells of it.

    Raises:
        httpx.HTTPError: The app refused, or has not answered for minutes.
    """
    patience = Patience()
    silent = False
    while True:
        try:
            found = _status(client.get(status_url))
            patience.heard()
            silent = False
        except httpx.HTTPError as error:
            if patience.is_over(error):
                raise
            if not silent:
                sys.stderr.write(f"{SILENT}\n")
            silent = True
        else:
            if found["runtimeStatus"] in _ENDS:
                return found
        time.sleep(_LOOKS_EVERY)


def _status(answer: httpx.Response) -> dict[str, Any]:
    """What an answer tells of an orchestration; of one that failed the app answers with 500, which is no mistake."""
    try:
        found: Any = answer.json()
    except ValueError:
        found = None
    if isinstance(found, dict) and "runtimeStatus" in found:
        return found
    answer.raise_for_status()
    raise ValueError(f"{answer.status_code} without a status")
