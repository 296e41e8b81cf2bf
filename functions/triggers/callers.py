"""Who calls: told by the platform in front of the app, and by nobody else.

With `SIGNALBOX_AUTHENTICATION=entra`, App Service authentication stands in front: it sets the header, takes away one
that a client sent, and lets nobody in without a token (Microsoft Learn, "Work with user identities in Azure App Service
authentication"). With `keys`, the header is not looked at, since anybody could send it.
"""

import base64
import binascii
import json
from typing import Any, Final

import azure.functions as func

from functions import adapters
from functions.triggers.http import BadRequestError
from shared.authorization import KEY_HOLDER, Caller, Role, may, needed
from shared.contracts.policy import ModelPolicy
from shared.settings import settings

_HEADER: Final = "X-MS-CLIENT-PRINCIPAL"
#: Types of claims, short as in tokens and long as the platform may map them.
_ROLES: Final = ("roles", "http://schemas.microsoft.com/ws/2008/06/identity/claims/role")
_GROUPS: Final = "groups"
_NAMES: Final = (
    "preferred_username",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
    "name",
    "appid",
    "azp",
)


def knows_people() -> bool:
    """Whether callers are people and applications that Entra ID knows, and not holders of a key."""
    return settings().authentication == "entra"


def read_caller(request: func.HttpRequest) -> Caller:
    """Who calls.

    Raises:
        BadRequestError: 401: the platform in front has not said who.
    """
    if not knows_people():
        return KEY_HOLDER
    claims = _claims(request.headers.get(_HEADER, ""))
    by_type: dict[str, list[str]] = {}
    for one in claims:
        by_type.setdefault(str(one.get("typ")), []).append(str(one.get("val")))
    name = next((by_type[kind][0] for kind in _NAMES if kind in by_type), "")
    if not name:
        raise BadRequestError(401, "unknown-caller", "The token names nobody: it has no user name and no application.")
    roles = frozenset(value for kind in _ROLES for value in by_type.get(kind, ()))
    return Caller(name, roles, frozenset(by_type.get(_GROUPS, ())))


def require(request: func.HttpRequest, role: Role, policy: ModelPolicy | None = None) -> Caller:
    """Who calls, if they may.

    Raises:
        BadRequestError: 401 or 403.
    """
    caller = read_caller(request)
    if not may(caller, role, policy):
        told = f"{caller.name} may not do this"
        told += f" with {policy.model}. " if policy is not None else ". "
        raise BadRequestError(403, "not-allowed", told + needed(role, policy))
    return caller


def refusal(request: func.HttpRequest, role: Role) -> func.HttpResponse | None:
    """What is answered to a caller who does not have a role in the whole app; readers may have it of any model."""
    if not knows_people():
        return None
    try:
        caller = read_caller(request)
        if role == "reader" and any(may(caller, role, policy) for policy in adapters.policies()):
            return None
        require(request, role)
    except BadRequestError as error:
        return error.answer
    return None


def _claims(header: str) -> list[dict[str, Any]]:
    try:
        claims = json.loads(base64.b64decode(header, validate=True))["claims"]
        if all(isinstance(one, dict) for one in claims):
            return list(claims)
    except (binascii.Error, ValueError, KeyError, TypeError):
        pass
    told = f"The header {_HEADER} is missing or cannot be read: is App Service authentication on for this app?"
    raise BadRequestError(401, "unknown-caller", told)
