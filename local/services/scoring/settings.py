"""What a deployment's YAML says, as far as it has a meaning on this machine.

Source of the words: the CLI v2 YAML references "managed online deployment" and "Kubernetes online deployment" of Azure
Machine Learning. Sizes, counts, probes and the environment's image are accepted without a meaning: each deployment is
one process of this machine's Python.
"""

from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict

_AZURE_ONLY = {
    "code_configuration": "a scoring script",
    "data_collector": "the collection of data",
    "egress_public_network_access": "the isolation of the network",
}


class SettingsError(Exception):
    """The YAML is none, or asks for what only Azure ML has; ``code`` tells which."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Settings(BaseModel):
    """How a deployment's process is run: its additional environment variables."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    environment: dict[str, str] = {}


def read_settings(file: Path) -> Settings:
    """The settings in a deployment's YAML.

    Raises:
        SettingsError: `InvalidDefinition` or `UnsupportedDeployment`.
    """
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingsError("InvalidDefinition", f"{file}: {error}") from error
    if not isinstance(content, dict):
        raise SettingsError("InvalidDefinition", f"{file}: the YAML of a deployment is a mapping")
    for key, what in _AZURE_ONLY.items():
        if content.get(key):
            msg = f"{file}: {key}: {what} works on Azure ML only; here MLflow models are served by MLflow's own server"
            raise SettingsError("UnsupportedDeployment", msg)
    return Settings(environment=_variables(file, content.get("environment_variables") or {}))


def _variables(file: Path, given: Any) -> dict[str, str]:
    if not isinstance(given, dict) or any(isinstance(value, dict | list) for value in given.values()):
        raise SettingsError("InvalidDefinition", f"{file}: environment_variables: must be names with plain values")
    return {str(name): str(value) for name, value in given.items()}
