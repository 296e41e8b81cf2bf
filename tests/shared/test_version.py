"""The version that is written into what Signalbox makes."""

import tomllib

from shared.settings import APP_ROOT
from shared.version import VERSION


def test_the_version_is_that_of_the_project() -> None:
    """It is written down twice, and the same."""
    assert tomllib.loads((APP_ROOT / "pyproject.toml").read_text())["project"]["version"] == VERSION
