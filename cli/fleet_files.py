"""Which fleet file a command means, and what is said of one that cannot be used."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from shared.errors import ConfigurationError, PermanentError
from shared.fleet.fleet import Fleet
from shared.fleet.loader import load_fleet
from shared.settings import Settings

_FILES = "SIGNALBOX_FLEET"
_ENVIRONMENT = "SIGNALBOX_ENVIRONMENT"


def given_or_configured(files: list[Path]) -> list[Path]:
    """The files that were named, else those that the app itself would read."""
    if files:
        return files
    text = os.environ.get(_FILES, "")
    configured = Settings.model_construct(fleet=text).fleet_files
    return list(configured or Settings.model_construct().fleet_files)


def environment_of(name: str | None) -> str | None:
    """The environment that was named, else the one that the app itself would take."""
    return name or os.environ.get(_ENVIRONMENT) or None


def with_fleet(file: Path | None, environment: str | None, tell: Callable[[Fleet], None]) -> int:
    """Tell of a fleet; gives the exit code: 1 with the reason on stderr when the file cannot be used."""
    (first, *others) = given_or_configured([file] if file else [])
    if others:
        sys.stderr.write(f"error: {_FILES} names {1 + len(others)} files: name one of them by --file\n")
        return 1
    try:
        tell(load_fleet(first, environment_of(environment)))
    except (ConfigurationError, PermanentError) as error:
        sys.stderr.write(f"{error.message if isinstance(error, PermanentError) else error}\n")
        return 1
    return 0
