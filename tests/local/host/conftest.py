"""The hosts that the tests of a module share."""

import json
from collections.abc import Iterator

import pytest

from tests.local.host.running_host import RunningHost, copy_app


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHost]:
    """The app ``web``, with local settings, a body limit of 100 kB and one function switched off."""
    app = copy_app("web", tmp_path_factory.mktemp("host"))
    values = {"GREETING": "hello from the settings", "TICK_SCHEDULE": "0 0 0 1 1 *", "OVERRIDDEN": "by the file"}
    (app / "local.settings.json").write_text(json.dumps({"IsEncrypted": False, "Values": values}))
    environment = {"FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": "100000", "AzureWebJobs.switched_off.Disabled": "true"}
    with RunningHost(app, environment=environment) as host:
        yield host


@pytest.fixture(scope="module")
def durable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHost]:
    """The app ``durable``, whose task hub is named by a setting."""
    app = copy_app("durable", tmp_path_factory.mktemp("host"))
    with RunningHost(app, environment={"HUB": "TestHub7"}) as host:
        yield host
