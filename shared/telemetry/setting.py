"""Reads `SIGNALBOX_TELEMETRY`: where spans and metrics go. Pure: a wrong setting is told with all the others."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal, NamedTuple, cast, get_args
from urllib.parse import urlsplit

from shared.errors import ConfigurationError

Kind = Literal["file", "console", "otlp", "azure_monitor", "opencensus", "off"]
_KINDS: Final = get_args(Kind)
#: What follows their colon.
_TARGETS: Final = {"file": "PATH", "otlp": "URL"}
EXPECTED: Final = (
    "a list, separated by commas, of azure_monitor, otlp:URL, console, file:PATH and opencensus; or off alone"
)
_INSTRUMENTATION_KEY: Final = re.compile(
    r"(?i)(^|;)\s*InstrumentationKey=[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(;|$)"
)
CONNECTION_STRING: Final = "APPLICATIONINSIGHTS_CONNECTION_STRING"
#: Kinds that need it.
CLOUD: Final = frozenset({"azure_monitor", "opencensus"})
_BY_THE_WORKER: Final = "PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY"
#: As the worker's `is_true_like`.
_TRUE: Final = frozenset({"1", "true", "t", "yes", "y"})


class Target(NamedTuple):
    """One place that telemetry goes to.

    Attributes:
        kind: What it speaks.
        where: A path or a URL; empty for what needs none.
    """

    kind: Kind
    where: str = ""

    @property
    def name(self) -> str:
        """What messages and metrics call it: never its address, which may hold a secret."""
        return self.kind


def parse_telemetry(setting: str) -> tuple[Target, ...]:
    """The places that a setting names; none for `off`.

    Raises:
        ConfigurationError: A part is unknown, incomplete, or contradicts another one.
    """
    targets = tuple(_target(part.strip(), setting) for part in setting.split(","))
    kinds = [target.kind for target in targets]
    if "off" in kinds:
        if len(kinds) > 1:
            raise _wrong(setting, "off goes with nothing else")
        return ()
    for kind in kinds:
        if kinds.count(kind) > 1:
            raise _wrong(setting, f"{kind} is named twice")
    if set(kinds) >= CLOUD:
        raise _wrong(
            setting, "azure_monitor and opencensus send to the same resource, where everything would be double"
        )
    return targets


def connection_string(environment: Mapping[str, str], kind: Kind) -> str:
    """The Application Insights connection string of an environment.

    Raises:
        ConfigurationError: There is none, or it names no instrumentation key; or the Functions worker exports to Azure
            Monitor itself.
    """
    if environment.get(_BY_THE_WORKER, "").strip().lower() in _TRUE:
        msg = (
            f"SIGNALBOX_TELEMETRY has {kind}, but by {_BY_THE_WORKER} the worker sends there already: drop one of them"
        )
        raise ConfigurationError(msg)
    value = environment.get(CONNECTION_STRING)
    if value and _INSTRUMENTATION_KEY.search(value):
        return value
    what = "is not set" if not value else "has no InstrumentationKey that is a GUID"
    msg = (
        f"SIGNALBOX_TELEMETRY has {kind}, but {CONNECTION_STRING} {what}; copy it from the overview of the "
        "Application Insights resource: InstrumentationKey=…;IngestionEndpoint=https://…"
    )
    raise ConfigurationError(msg)


def set_aside(path: Path) -> Path:
    """Where a file of spans or metrics is kept once it was full: `spans.jsonl` as `spans.1.jsonl`."""
    return path.with_suffix(f".1{path.suffix}")


def _target(part: str, setting: str) -> Target:
    kind, colon, where = part.partition(":")
    if kind not in _KINDS:
        raise _wrong(setting, f"{part!r} is not known")
    if kind in _TARGETS and not where:
        raise _wrong(setting, f"{kind} needs its {_TARGETS[kind]}")
    if kind not in _TARGETS and colon:
        raise _wrong(setting, f"{kind} takes nothing behind a colon")
    if kind == "otlp" and not _is_http(where):
        raise _wrong(setting, f"{where!r} is no http or https URL, such as otlp:http://collector:4318")
    return Target(cast("Kind", kind), where)


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


def _wrong(setting: str, why: str) -> ConfigurationError:
    return ConfigurationError(f"SIGNALBOX_TELEMETRY is {setting!r}: {why}; use {EXPECTED}")
