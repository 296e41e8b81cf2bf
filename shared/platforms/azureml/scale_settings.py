"""How a managed deployment scales: the `scale_settings` of its YAML, in the words of a Kubernetes deployment's.

Azure ML itself knows `type: target_utilization` on Kubernetes only. A managed deployment is scaled from outside, by
Azure Monitor, so what its YAML says is read here, and Azure ML is told the number of instances to begin with.
Source of the words and of their defaults: the CLI v2 YAML reference "Kubernetes online deployment".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from shared.errors import PermanentError
from shared.platforms.azureml.errors import INVALID_DEFINITION, definition_errors

KUBERNETES: Final = "kubernetes"
#: The key in a deployment's YAML.
SCALE_SETTINGS: Final = "scale_settings"
_TARGET_UTILIZATION: Final = "targetutilization"
_MIN, _MAX = "min_instances", "max_instances"
_TARGET: Final = "target_utilization_percentage"
_POLLING: Final = "polling_interval"
_KNOWN: Final = ("type", _MIN, _MAX, _TARGET, _POLLING)
_DEFAULT_TARGET: Final = 70


@dataclass(frozen=True)
class ScaleSettings:
    """Between how many instances a deployment scales, and at which load.

    Attributes:
        min_instances: At least, and to begin with; 1 or more.
        max_instances: At most.
        target: Percent of the CPU, averaged over the instances, above which there shall be more of them; 1 to 100.
    """

    min_instances: int
    max_instances: int
    target: int


def read_yaml(file: Path) -> Mapping[str, Any]:
    """A definition's content.

    Raises:
        PermanentError: `InvalidDefinition`: it cannot be read, or is not a YAML mapping.
    """
    import yaml  # noqa: PLC0415 - only deploying needs it

    with definition_errors(file):
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise PermanentError(INVALID_DEFINITION, f"{file} is not a YAML mapping; write an Azure ML definition")
    return content


def scale_settings(content: Mapping[str, Any], file: Path | None) -> ScaleSettings | None:
    """How a managed deployment scales; `None` where its YAML does not say, and on Kubernetes, which does it itself.

    `polling_interval`, in seconds, is how often Kubernetes looks. Azure Monitor looks once a minute, whatever it says.

    Args:
        content: The YAML's content.
        file: It, for messages.

    Raises:
        PermanentError: `InvalidDefinition`: it says what cannot be.
    """
    given = content.get(SCALE_SETTINGS)
    if not isinstance(given, Mapping) or content.get("type") == KUBERNETES:
        return None  # anything else than a mapping is refused by the SDK, in its own words
    # The SDK takes the type in any case: `TargetUtilization` as well.
    if str(given.get("type")).replace("_", "").lower() != _TARGET_UTILIZATION:
        return None
    if unknown := sorted(str(key) for key in given if key not in _KNOWN):
        raise _wrong(file, f"{unknown[0]!r} is not known", f"write some of {', '.join(_KNOWN)}")
    least = _number(given, _MIN, file, default=1)
    most = _number(given, _MAX, file)
    _number(given, _POLLING, file, default=1)
    if least > most:
        raise _wrong(file, f"{_MIN} is {least}, more than {_MAX}, which is {most}", f"let {_MAX} be {least} or more")
    target = _number(given, _TARGET, file, default=_DEFAULT_TARGET)
    if target > 100:
        raise _wrong(file, f"{_TARGET} is {target}", "write a whole number from 1 to 100")
    if content.get("instance_count", least) != least:
        problem = f"instance_count is {content['instance_count']!r}, but {_MIN} is {least}"
        raise _wrong(file, problem, f"leave instance_count out: a deployment that scales begins with {_MIN}")
    return ScaleSettings(least, most, target)


def _number(given: Mapping[str, Any], key: str, file: Path | None, default: int | None = None) -> int:
    """A whole number of 1 or more."""
    value = given.get(key, default)
    if value is None:
        raise _wrong(file, f"{key} is missing", "say how many instances there may be at most")
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise _wrong(file, f"{key} is {value!r}", "write a whole number of 1 or more")
    return value


def _wrong(file: Path | None, problem: str, remedy: str) -> PermanentError:
    return PermanentError(INVALID_DEFINITION, f"{file}: {SCALE_SETTINGS}: {problem}: {remedy}")
