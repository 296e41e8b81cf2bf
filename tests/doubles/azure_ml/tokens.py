"""Entra tokens that nobody signed: the SDK reads who a token is for, and so does the double."""

import base64
import binascii
import json
import time
from typing import Any

from tests.doubles.azure_ml.messages import Refusal

#: Of tokens that submit a job in the user's name, or call the data plane.
AML_AUDIENCE = "https://ml.azure.com"
LIFETIME_SECONDS = 3600


def make_token(audience: str) -> str:
    """A token for an audience, good for an hour."""
    now = int(time.time())
    claims = {
        "aud": audience.rstrip("/"),
        "tid": "22222222-2222-2222-2222-222222222222",
        "oid": "33333333-3333-3333-3333-333333333333",
        "iat": now,
        "exp": now + LIFETIME_SECONDS,
    }
    return ".".join((_part({"alg": "none", "typ": "JWT"}), _part(claims), "c2lnbmF0dXJl"))


def require_token(value: str | None, audiences: frozenset[str], what: str) -> None:
    """Refuse with 401 what is not a token for one of these audiences, or has expired."""
    claims = _claims(value or "")
    if claims is None:
        raise Refusal(401, "AuthenticationFailed", f"Authentication failed. {what} is missing or is no token.")
    audience = str(claims.get("aud", "")).rstrip("/")
    if audience not in audiences:
        message = f"The access token has been obtained for the wrong audience {audience!r}: {what} wants one for "
        raise Refusal(401, "InvalidAuthenticationTokenAudience", message + " or ".join(sorted(audiences)))
    if not isinstance(claims.get("exp"), int) or claims["exp"] <= time.time():
        raise Refusal(401, "ExpiredAuthenticationToken", "The access token has expired.")


def bearer(header: str | None) -> str | None:
    """What follows `Bearer` in an Authorization header."""
    kind, _, value = (header or "").partition(" ")
    return value.strip() if kind.lower() == "bearer" and value.strip() else None


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _claims(token: str) -> dict[str, Any] | None:
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, binascii.Error):
        return None
    return claims if isinstance(claims, dict) else None
