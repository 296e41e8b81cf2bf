"""Access keys, for a host that enforces authorization levels (``--enforce-auth``); ``func start`` ignores them.

Keys are read from ``Host.Keys`` of local.settings.json, or else from a file, which is made with random keys when it is
missing. Both hold the object that ``az functionapp keys list`` prints, and beyond it the keys of single functions::

    {"masterKey": "…", "functionKeys": {"default": "…"}, "systemKeys": {"durabletask_extension": "…"},
     "functions": {"echo": {"default": "…"}}}

What opens what is as on Azure (https://learn.microsoft.com/azure/azure-functions/function-keys-how-to): a function key
or a host key opens the level ``function``, the master key opens everything, and an extension's webhook takes its own
system key.
"""

import hmac
import json
import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.requests import Request

from local.host.errors import HostError
from local.host.functions import Function
from local.host.settings import read_object, section

HEADER = "x-functions-key"
DURABLE, EVENT_GRID, BLOBS = "durabletask_extension", "eventgrid_extension", "blobs_extension"


@dataclass(frozen=True)
class HostKeys:
    """The keys of one app.

    Attributes:
        master: opens everything.
        host: open every function of the level ``function``.
        system: by extension.
        functions: by function, in lower case.
    """

    master: str
    host: tuple[str, ...] = ()
    system: Mapping[str, str] = field(default_factory=dict)
    functions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def allow_function(self, request: Request, function: Function) -> bool:
        """Whether the request may call this HTTP-triggered function."""
        level = str(function.trigger.get("authLevel") or "function").lower()
        if level == "anonymous":
            return True
        if level == "admin":
            return _carries(request, [self.master])
        own = self.functions.get(function.name.casefold(), ())
        return _carries(request, [self.master, *self.host, *own])

    def allow_extension(self, request: Request, extension: str) -> bool:
        """Whether the request may call the webhook of this extension."""
        return _carries(request, [self.master, self.system.get(extension, "")])

    def allow_admin(self, request: Request) -> bool:
        """Whether the request may call the host's own API."""
        return _carries(request, [self.master])


def read_keys(given: Mapping[str, Any], path: Path) -> HostKeys:
    """The keys in ``given``, or those in the file at ``path``, which is made when it is missing.

    Raises:
        HostError: the keys cannot be read, or there is no master key.
    """
    if given:
        return _parse(given, "Host.Keys of local.settings.json")
    document = read_object(path)
    if document is None:
        document = _new_keys()
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(document, file, indent=2)
    return _parse(document, str(path))


def _parse(document: Mapping[str, Any], where: str) -> HostKeys:
    master = document.get("masterKey")
    if not isinstance(master, str) or not master:
        raise HostError(f'{where} has no masterKey: write {{"masterKey": "…", "functionKeys": {{"default": "…"}}}}')
    own = section(document, "functions")
    return HostKeys(
        master=master,
        host=_values(section(document, "functionKeys")),
        system={str(name): str(key) for name, key in section(document, "systemKeys").items()},
        functions={str(name).casefold(): _values(section(own, name)) for name in own},
    )


def _values(keys: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(key) for key in keys.values())


def _new_keys() -> dict[str, Any]:
    new = secrets.token_urlsafe
    system = {name: new(32) for name in (DURABLE, EVENT_GRID, BLOBS)}
    return {"masterKey": new(32), "functionKeys": {"default": new(32)}, "systemKeys": system}


def _carries(request: Request, keys: Iterable[str]) -> bool:
    given = request.headers.get(HEADER) or request.query_params.get("code") or ""
    # All are compared, in constant time: neither the key nor its place is to be guessed from the delay.
    matches = [hmac.compare_digest(given.encode(), key.encode()) for key in keys if key]
    return any(matches)
