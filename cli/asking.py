"""Asking a running app over HTTP: what goes wrong becomes one line on stderr."""

import getpass
import os
import sys
from collections.abc import Callable
from typing import Any

import httpx

_SECONDS = 30.0  # for an answer
#: For an app that knows its callers by Entra ID: `az account get-access-token --resource APP` tells one.
_TOKEN = "SIGNALBOX_TOKEN"  # noqa: S105 - the variable's name


def asking(url: str, key: str, ask: Callable[[httpx.Client], int]) -> int:
    """Ask the app, and give the exit code: that of ``ask``, or 1 with the reason on stderr.

    Args:
        url: where the app is.
        key: a function key, where the app asks for one.
        ask: is given a client whose errors it need not catch.
    """
    headers = {"x-functions-key": key} if key else {}
    if token := os.environ.get(_TOKEN):
        headers["authorization"] = f"Bearer {token}"
    try:
        with httpx.Client(base_url=url, headers=headers, timeout=_SECONDS, trust_env=False) as client:
            return ask(client)
    except httpx.HTTPStatusError as error:
        sys.stderr.write(f"error: {_reason(error.response)}\n")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        sys.stderr.write(f"error: no app answers at {url} ({error}): start one, or name it by --app\n")
    except (ValueError, KeyError) as error:
        sys.stderr.write(
            f"error: what answers at {url} is no Signalbox app of this version ({error!r}): name it by --app\n"
        )
    return 1


def fetch(client: httpx.Client, method: str, path: str, **request: Any) -> dict[str, Any]:
    """A JSON object."""
    found: dict[str, Any] = client.request(method, path, **request).raise_for_status().json()
    return found


def operator() -> str:
    """Who asks, as the app writes it down."""
    try:
        return f"operator:{getpass.getuser()}"
    except OSError:  # a container may have no name for its user
        return "operator"


def _reason(answer: httpx.Response) -> str:
    if answer.status_code == 401:
        return f"the app does not know who asks: pass a function key by --key, or a token of Entra ID in {_TOKEN}"
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"the app answered {answer.status_code}: {answer.text[:200]}"
