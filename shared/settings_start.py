"""Settings are looked at when a host asks what is in the app: a wrong one stops it there, and not the first event."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from shared.settings import APP_ROOT, fleet_files, misfit, problems_of

#: Azure, Core Tools and the local host all say by it where the app is reached. What only imports the app has no host.
_OF_A_HOST: Final = "WEBSITE_HOSTNAME"


def check_in_a_host(environment: Mapping[str, str] = os.environ) -> None:
    """Look at all settings, and whether the files are there that they name; without a host, nothing is looked at.

    Raises:
        ConfigurationError: What is wrong, all at once.
    """
    if _OF_A_HOST in environment and (problems := [*problems_of(environment), *_missing_files(environment)]):
        raise misfit(problems)


def _missing_files(environment: Mapping[str, str]) -> Iterator[str]:
    named: list[tuple[str, Path]] = [("SIGNALBOX_FLEET", file) for file in fleet_files(environment)]
    if ca := environment.get("SIGNALBOX_AZUREML_CA"):
        named.append(("SIGNALBOX_AZUREML_CA", APP_ROOT / ca))
    return (f"{name}: there is no file {file}" for name, file in named if not file.is_file())
