"""The loopback ports of a stack: fixed by default, kept with its state, each changed by one environment variable."""

import json
import os
import socket
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Self

from local.services.process import HOST, LocalServiceError, Port

SETTING_PREFIX = "STACK_PORT_"  # not SIGNALBOX_: the app refuses settings of that prefix which it does not know


@dataclass(frozen=True)
class Ports:
    """One port for each service; the defaults are those that the real tools use."""

    host: int = 7071
    azurite_blob: int = 10000
    azurite_queue: int = 10001
    azurite_table: int = 10002
    mlflow: int = 5000
    jobs: int = 7081
    scoring: int = 7082
    blob_events: int = 7083
    azureml: int = 7084
    azureml_identity: int = 7085

    @classmethod
    def free(cls) -> Self:
        """Ports that nothing listens on now, all different."""
        with ExitStack() as held:
            sockets = [held.enter_context(socket.create_server((HOST, 0))) for _ in fields(cls)]
            return cls(*(one.getsockname()[1] for one in sockets))

    @classmethod
    def of_state(
        cls, file: Path, fresh: "Ports | None" = None, environment: Mapping[str, str] | None = None
    ) -> "Ports":
        """The ports of a state directory.

        Those it has used before, since blob URLs in its histories name them; else ``fresh``, else the defaults. A
        variable ``STACK_PORT_<NAME>`` changes one of them in any case.
        """
        ports = cls(**json.loads(file.read_text())) if file.exists() else (fresh or cls())
        return ports.with_settings(os.environ if environment is None else environment)

    def with_settings(self, environment: Mapping[str, str]) -> Self:
        """These ports, changed by the variables of an environment."""
        return replace(
            self, **{name: _number(setting, environment[setting]) for name, setting in _settings(environment)}
        )

    def save(self, file: Path) -> None:
        """Remember these ports."""
        aside = file.with_name(f"{file.name}.new")
        aside.write_text(json.dumps(asdict(self), indent=2))
        aside.replace(file)

    def port(self, name: str) -> Port:
        """One port with the setting that changes it."""
        return Port(getattr(self, name), _setting(name))


def _setting(name: str) -> str:
    return f"{SETTING_PREFIX}{name.upper()}"


def _settings(environment: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(one.name, _setting(one.name)) for one in fields(Ports) if _setting(one.name) in environment]


def _number(setting: str, text: str) -> int:
    if text.isascii() and text.isdigit() and 0 < int(text) < 65536:
        return int(text)
    raise LocalServiceError(f"{setting} must be a port number from 1 to 65535, not {text!r}.")
