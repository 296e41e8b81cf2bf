"""Following an orchestration by its status URL."""

import time
from typing import Any, Final

import httpx

_LOOKS_EVERY: Final = 0.5
_ENDS: Final = ("Completed", "Failed", "Terminated")


def ended(client: httpx.Client, status_url: str) -> dict[str, Any]:
    """A run's status, once it has ended; of one that failed the app answers with 500, which is no mistake here."""
    while (found := client.get(status_url).json())["runtimeStatus"] not in _ENDS:
        time.sleep(_LOOKS_EVERY)
    status: dict[str, Any] = found
    return status
