"""Environments of a workspace: which image a step runs in."""

import hashlib
import json
import re
from typing import TYPE_CHECKING, Final

from shared.errors import PermanentError
from shared.platforms.azureml.connection import Connection
from shared.platforms.azureml.errors import found

if TYPE_CHECKING:
    from azure.ai.ml.entities import Environment

#: What Azure must allow: lineage tells in which image a step ran.
PERMISSIONS: Final = ("Microsoft.MachineLearningServices/workspaces/environments/versions/read",)
#: How a pipeline's YAML names one of the workspace's: `azureml:NAME:VERSION`, `azureml:NAME@LABEL`.
_REFERENCE: Final = re.compile(r"azureml:(?!//)(?P<name>[^:@/]+)(?::(?P<version>[^:@/]+)|@(?P<label>[^:@/]+))")
_HASH: Final = 12


def image_of(connection: Connection, named: str) -> str | None:
    """The image of an environment with its version, as it is now; `None` where the workspace cannot tell.

    Args:
        connection: The workspace.
        named: As a pipeline's YAML names it. What is not the workspace's, such as a registry's, is not looked for.
    """
    wanted = _REFERENCE.fullmatch(named)
    if wanted is None:
        return None
    environments = connection.client.environments
    name, version, label = wanted["name"], wanted["version"], wanted["label"]
    try:
        there = found(f"read the environment {named}", lambda: environments.get(name, version, label))
    except PermanentError:  # whoever runs the app need not be allowed to look
        return None
    return None if there is None else _told(there)


def _told(there: "Environment") -> str | None:
    """The image, and what is installed on top of it."""
    conda = there.conda_file
    parts = [f"environment {there.name} version {there.version}"]
    if conda:
        text = conda if isinstance(conda, str) else json.dumps(conda, sort_keys=True, separators=(",", ":"))
        parts.append(f"conda sha256 {hashlib.sha256(text.encode()).hexdigest()[:_HASH]}")
    return f"{there.image} ({', '.join(parts)})" if there.image else None
