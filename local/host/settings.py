"""host.json and local.settings.json, read as the Functions Core Tools read them."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.host.errors import HostError

DEFAULT_PORT = 7071
DEFAULT_BODY_LIMIT = 104_857_600  # bytes; what the real host takes when FUNCTIONS_REQUEST_BODY_SIZE_LIMIT is not set
_REFERENCE = re.compile(r"%([^%\s]+)%")


@dataclass(frozen=True)
class HostSettings:
    """What the host reads from host.json and from the application settings.

    Attributes:
        route_prefix: first segments of every function's URL, without slashes; may be empty.
        hub_name: task hub of the durable extension.
        body_limit: largest request body in bytes.
    """

    route_prefix: str
    hub_name: str
    body_limit: int


def read_host_settings(directory: Path, values: Mapping[str, str]) -> HostSettings:
    """Read host.json of the app in ``directory``; ``values`` are the application settings.

    Raises:
        HostError: host.json is missing or is not what it should be.
    """
    path = directory / "host.json"
    document = _read_object(path)
    if document is None:
        raise HostError(f'{path} not found: a function app needs one, at least {{"version": "2.0"}}')
    extensions = _section(document, "extensions")
    prefix = _section(extensions, "http").get("routePrefix", "api")
    hub = _section(extensions, "durableTask").get("hubName", "TestHubName")
    return HostSettings(
        route_prefix=resolve_references(str(prefix), values, where="host.json routePrefix").strip("/"),
        hub_name=resolve_references(str(hub), values, where="host.json hubName"),
        body_limit=_body_limit(values),
    )


def load_local_settings(directory: Path) -> None:
    """Put ``Values`` of local.settings.json into the environment; a variable that is already set wins.

    Raises:
        HostError: the file is encrypted, is not JSON, or has a value that is not a scalar.
    """
    path = directory / "local.settings.json"
    document = _read_object(path) or {}
    if document.get("IsEncrypted"):
        raise HostError(f"{path} is encrypted: run `func settings decrypt`, or set IsEncrypted to false")
    for name, value in _section(document, "Values").items():
        if isinstance(value, (dict, list)):
            raise HostError(f"{path}: Values.{name} must be a string, since it becomes an environment variable")
        os.environ.setdefault(name, value if isinstance(value, str) else json.dumps(value))


def local_port(directory: Path) -> int:
    """Port that local.settings.json asks for (``Host.LocalHttpPort``), else the usual 7071."""
    document = _read_object(directory / "local.settings.json") or {}
    port = _section(document, "Host").get("LocalHttpPort", DEFAULT_PORT)
    return port if isinstance(port, int) else DEFAULT_PORT


def resolve_references(text: str, values: Mapping[str, str], *, where: str) -> str:
    """Replace each ``%NAME%`` in ``text`` by the application setting NAME, as the host does in binding values.

    Raises:
        HostError: a setting is not there; ``where`` says who asked for it.
    """

    def value_of(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in values:
            raise HostError(f"{where}: %{name}% refers to a setting that does not exist; add {name} to the settings")
        return values[name]

    return _REFERENCE.sub(value_of, text)


def _body_limit(values: Mapping[str, str]) -> int:
    name = "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT"
    text = values.get(name, str(DEFAULT_BODY_LIMIT))
    if not text.isdecimal():
        raise HostError(f"{name} must be a number of bytes, and is {text!r}")
    return int(text)


def _read_object(path: Path) -> dict[str, Any] | None:
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))  # editors on Windows put a BOM there
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise HostError(f"{path} is not valid JSON: {error}") from error
    if not isinstance(document, dict):
        raise HostError(f"{path} must hold a JSON object")
    return document


def _section(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = document.get(name)
    return section if isinstance(section, Mapping) else {}
