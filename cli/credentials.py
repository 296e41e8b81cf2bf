"""What a command shows an app so that it is let in: a function key, or a token of Entra ID."""

import logging
import os
from typing import Final

from cli.failures import FAILED, MISUSED, CommandError
from cli.finding import Address
from cli.resource import RESOURCE

#: A token that somebody has already: `az account get-access-token --resource APP` tells one.
TOKEN: Final = "SIGNALBOX_TOKEN"  # noqa: S105 - the variable's name


def headers_for(app: Address, key: str) -> dict[str, str]:
    """The headers that let a command in.

    Raises:
        CommandError: There is no token, or a secret would travel in the clear.
    """
    token = _entra_token(RESOURCE.get()) if RESOURCE.get() else os.environ.get(TOKEN, "")
    headers = {"x-functions-key": key} if key else {}
    headers |= {"authorization": f"Bearer {token}"} if token else {}
    for what, value in (("key", key), ("token", token)):
        if not (value.isascii() and value.isprintable()):
            raise CommandError(
                f"no-{what}", f"the {what} has characters that none has: was it copied whole?", exit_code=MISUSED
            )
    if headers and app.url.startswith("http://") and not app.local:
        raise CommandError(
            "in-the-clear",
            f"a key or token would travel unencrypted to {app.url}",
            f"use https: --app {app.url.replace('http://', 'https://', 1)}",
            exit_code=MISUSED,
        )
    return headers


def _entra_token(resource: str) -> str:
    """A token for whoever is logged in here: by `az login`, a managed identity, or what else azure-identity knows."""
    from azure.core.exceptions import ClientAuthenticationError  # noqa: PLC0415 - heavy, and rarely needed
    from azure.identity import DefaultAzureCredential  # noqa: PLC0415 - as above

    logging.getLogger("azure").setLevel(logging.CRITICAL)  # each way that does not work would be a warning
    scope = resource if resource.endswith("/.default") else f"{resource.rstrip('/')}/.default"
    try:
        with DefaultAzureCredential() as credential:
            return credential.get_token(scope).token
    except (ClientAuthenticationError, ValueError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise CommandError(
            "no-token",
            f"Entra ID gave no token for {resource}: {first}",
            "log in with `az login`, and name the app's own resource: --entra api://CLIENT-ID",
            exit_code=FAILED,
        ) from error
