"""What a step of a pipeline needs."""

from pathlib import Path
from typing import Any

import pytest

from shared.job_steps import step_fault


@pytest.mark.parametrize(
    ("step", "fault"),
    [
        ({"command": "ls"}, None),
        ({"component": "azureml:train:1"}, None),
        ({"type": "sweep", "trial": "./train.yml"}, None),
        ({"command": "ls", "code": "."}, None),
        ({"command": "ls", "code": "git+https://example.test/code"}, None),
        ({"command": "ls", "code": "./no"}, "has the code `./no`, which does not exist; write it, or correct the path"),
        ({"type": "command"}, "has neither `component` nor `command`, only type; write one of them"),
        ({}, "has neither `component` nor `command`, only nothing; write one of them"),
    ],
)  # fmt: skip
def test_a_step_has_something_to_do(tmp_path: Path, step: dict[str, Any], fault: str | None) -> None:
    """And its code is there, where it is beside the pipeline."""
    assert step_fault(step, tmp_path) == fault
