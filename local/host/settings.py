"""local.settings.json, read as the Functions Core Tools read it, and references to settings in other texts."""

import json
import logging
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.host.errors import HostError
from local.host.host_json_keys import LOCAL_SETTINGS_KEYS, unknown_keys

DEFAULT_PORT = 7071
LOCAL_SETTINGS = "local.settings.json"
_REFERENCE = re.compile(r"%([^%\s]+)%")

log = logging.getLogger("local.host")


def load_local_settings(directory: Path) -> None:
    """Put ``Values`` and ``ConnectionStrings`` of local.settings.json into the environment.

    A variable that is already set wins. Unknown keys are logged.

    Raises:
        HostError: the file is encrypted, is not JSON, or has a value that is not a scalar.
    """
    path = directory / LOCAL_SETTINGS
    document = read_object(path) or {}
    for sentence in unknown_keys(document, LOCAL_SETTINGS_KEYS):
        log.warning("%s: %s", LOCAL_SETTINGS, sentence)
    if document.get("IsEncrypted"):
        raise HostError(f"{path} is encrypted: run `func settings decrypt`, or set IsEncrypted to false")
    for name, value in section(document, "Values").items():
        if isinstance(value, (dict, list)):
            raise HostError(f"{path}: Values.{name} must be a string, since it becomes an environment variable")
        os.environ.setdefault(name, value if isinstance(value, str) else json.dumps(value))
    for name, value in section(document, "ConnectionStrings").items():
        text = value.get("ConnectionString", "") if isinstance(value, Mapping) else value
        os.environ.setdefault(f"ConnectionStrings:{name}", str(text))


def local_port(directory: Path) -> int:
    """Port that local.settings.json asks for (``Host.LocalHttpPort``), else the usual 7071."""
    port = host_section(directory).get("LocalHttpPort", DEFAULT_PORT)
    return port if isinstance(port, int) else DEFAULT_PORT


def host_section(directory: Path) -> Mapping[str, Any]:
    """The section ``Host`` of local.settings.json: how the local host itself runs."""
    return section(read_object(directory / LOCAL_SETTINGS) or {}, "Host")


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


def read_object(path: Path) -> dict[str, Any] | None:
    """The JSON object in a file; None when there is no such file.

    Raises:
        HostError: the file holds something else.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))  # editors on Windows put a BOM there
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise HostError(f"{path} is not valid JSON: {error}") from error
    if not isinstance(document, dict):
        raise HostError(f"{path} must hold a JSON object")
    return document


def section(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A part of a document that is an object itself; empty when it is absent."""
    found = document.get(name)
    return found if isinstance(found, Mapping) else {}
