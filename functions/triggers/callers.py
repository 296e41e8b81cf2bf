"""Who calls: told by the platform in front of the app, and by nobody else.

With `SIGNALBOX_AUTHENTICATION=entra`, App Service authentication stands in front: it sets the header, takes away one
that a client sent, and lets nobody in without a token (Microsoft Learn, "Work with user identities in Azure App Service
authentication"). With `keys`, the header is not looked at, since anybody could send it.
"""

import base64
import binascii
import json
from collections.abc import Collection
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final

import azure.functions as func

from functions import adapters, sight
from functions.triggers.http import BadRequestError, problem
from shared.authorization import KEY_HOLDER, Caller, Role, may, needed
from shared.contracts.policy import ModelPolicy
from shared.settings import settings

_HEADER: Final = "X-MS-CLIENT-PRINCIPAL"
#: What a browser says of a request that a page of somebody else makes (W3C, "Fetch Metadata Request Headers").
_SITE: Final = "Sec-Fetch-Site"
_FOREIGN: Final = ("cross-site", "same-site")
_SAFE: Final = ("GET", "HEAD")
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


def foreign(request: func.HttpRequest) -> func.HttpResponse | None:
    """What is answered to a browser that was sent here by a page of somebody else to change something.

    It brings the cookie of whoever is signed in, or reaches an app on their laptop; they have asked for nothing. No
    page can write this header or keep it back. Programs do not send it, and go on; so does what is opened by a link.
    """
    site = request.headers.get(_SITE, "").lower()
    if request.method in _SAFE or site not in _FOREIGN:
        return None
    told = f"A page of another site sent this ({_SITE}: {site}), and orders are taken from none. Give it by"
    return problem(403, "cross-site", f"{told} the command line, or by a program that is no page.")


def refusal(request: func.HttpRequest, role: Role) -> func.HttpResponse | None:
    """What is answered to a caller who does not have a role in the whole app; readers may have it of any model.

    What such a reader sees then is the room's to say, see `Seen`.
    """
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


def in_sight(request: func.HttpRequest) -> AbstractContextManager[None]:
    """While it is entered, the fleets are what the caller may see of them.

    Raises:
        BadRequestError: 401: the platform in front has not said who calls.
    """
    caller = read_caller(request)
    if may(caller, "reader"):
        return nullcontext()
    return sight.only([policy.model for policy in adapters.policies() if may(caller, "reader", policy)])


class Seen:
    """What a caller may see: everything, or the models that a fleet file names them for.

    Attributes:
        whole: Whether they may see the whole app, so also what belongs to no model.
    """

    def __init__(self, request: func.HttpRequest) -> None:
        caller = read_caller(request)
        self.whole = may(caller, "reader")
        policies = () if self.whole else adapters.policies()
        self._models = frozenset(policy.model for policy in policies if may(caller, "reader", policy))

    def has(self, model: str) -> bool:
        """Whether they may see this model; another one is to them as one that there is not."""
        return self.whole or model in self._models

    def has_all(self, models: Collection[str]) -> bool:
        """Whether they may see what tells of these models; what tells of none is for readers of the whole app."""
        return self.whole or (bool(models) and all(model in self._models for model in models))


def _claims(header: str) -> list[dict[str, Any]]:
    try:
        claims = json.loads(base64.b64decode(header, validate=True))["claims"]
        if all(isinstance(one, dict) for one in claims):
            return list(claims)
    except (binascii.Error, ValueError, KeyError, TypeError, RecursionError):
        pass
    told = f"The header {_HEADER} is missing or cannot be read: is App Service authentication on for this app?"
    raise BadRequestError(401, "unknown-caller", told)
