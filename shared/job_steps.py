"""What a step of a pipeline needs, by plain reading: azure-ai-ml names other keys than those that are written."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

#: Beginnings of code that is not beside the file.
_ELSEWHERE: Final = ("azureml:", "git+", "http://", "https://")


def step_fault(step: Mapping[str, Any], folder: Path) -> str | None:
    """What is wrong with a step of a pipeline, and what would be right; `None` where nothing is known to be.

    Args:
        step: As the YAML says it.
        folder: Where the YAML lies.
    """
    if step.get("type", "command") == "command" and not ("component" in step or "command" in step):
        return (
            f"has neither `component` nor `command`, only {', '.join(map(str, step)) or 'nothing'}; write one of them"
        )
    return code_fault(step, folder)


def code_fault(definition: Mapping[str, Any], folder: Path) -> str | None:
    """Likewise of the code of a step or a component."""
    code = definition.get("code")
    if not isinstance(code, str) or code.startswith(_ELSEWHERE) or (folder / code).exists():
        return None
    return f"has the code `{code}`, which does not exist; write it, or correct the path"
