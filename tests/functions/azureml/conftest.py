"""The app on Azure ML, each test with a workspace of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functions.azureml.workspace import Site, azureml_site
from tests.functions.conftest import App


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the SDK warn, as in the folder above."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.filterwarnings("ignore:azure.functions df_loads:DeprecationWarning"))


@pytest.fixture
def site(app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Ends with an error when the double was asked for what it does not know."""
    with azureml_site(app, tmp_path, monkeypatch) as site:
        yield site
