"""How people write down a registered version: `models:/NAME/VERSION`, `models:/NAME@ALIAS`, `azureml:NAME:VERSION`.

Sources: MLflow's "Model Registry" on model URIs, and the YAML references of Azure ML's CLI v2.
"""

import re
from typing import Final, NamedTuple

_NAME: Final = r"(?P<name>[^/@:\s]+)"
_FORMS: Final = (
    re.compile(rf"models:/{{1,3}}{_NAME}/(?P<version>[0-9]+)"),
    re.compile(rf"models:/{{1,3}}{_NAME}@(?P<alias>[A-Za-z0-9_.-]+)"),
    re.compile(rf"azureml:{_NAME}:(?P<version>[0-9]+)"),
    re.compile(rf"azureml:{_NAME}@(?P<alias>[A-Za-z0-9_.-]+)"),
)
_EXAMPLES: Final = "models:/NAME/3, models:/NAME@champion or azureml:NAME:3"
_STAGE: Final = re.compile(r"models:/{1,3}[^/@:\s]+/[A-Za-z]+")


class ModelUri(NamedTuple):
    """A version of a registered model: by its number, or by an alias that points to it."""

    name: str
    version: str | None
    alias: str | None


def read_model_uri(text: str) -> ModelUri:
    """Read what somebody wrote.

    Raises:
        ValueError: It names no version; the message says how one is written.
    """
    for form in _FORMS:
        if match := form.fullmatch(text.strip()):
            found = match.groupdict()
            return ModelUri(found["name"], found.get("version"), found.get("alias"))
    if _STAGE.fullmatch(text.strip()):
        raise ValueError(f"`{text}` names a stage, which moves; name a version or an alias: {_EXAMPLES}")
    raise ValueError(f"`{text}` names no version of a registered model; write {_EXAMPLES}")
