"""Which fleet file a command means, and what is said of one that cannot be used."""

import os
from collections.abc import Callable
from pathlib import Path

from cli.failures import MISUSED, CommandError
from cli.files import require_file
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
    """Tell of a fleet; gives the exit code.

    Raises:
        CommandError: The file cannot be used, or what was asked of it is not in it.
    """
    (first, *others) = given_or_configured([file] if file else [])
    if others:
        told = f"{_FILES} names {1 + len(others)} files"
        raise CommandError("which-file", told, f"name one of them by --file: {first}", exit_code=MISUSED)
    require_file(first)
    try:
        tell(load_fleet(first, environment_of(environment)))
    except (ConfigurationError, PermanentError) as error:
        detail = error.message if isinstance(error, PermanentError) else str(error)
        raise CommandError("fleet-file", detail) from error
    return 0
