"""One stack for all commands of the documentation."""

from collections.abc import Iterator

import pytest

from local.stack import Ports, Stack
from tests.docs.stage import Stage, start


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The stage, prepared."""
    folder = tmp_path_factory.mktemp("docs")
    with start(folder) as stack, Stack(folder / "double", ports=Ports.free(), only=(), azureml=True) as double:
        made = Stage(stack, folder)
        made.double = double
        try:
            made.prepare()
            yield made
        finally:
            made.running.close()
