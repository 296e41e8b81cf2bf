"""Each implementation of `Platform` in its world, and a training and a model that the tests share."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

import pytest

from shared.platforms.base import Platform
from tests.shared.platforms.contract.azureml_world import azureml_world
from tests.shared.platforms.contract.local_world import LocalWorld, local_world
from tests.shared.platforms.contract.world import World, new, submit


def _local(request: pytest.FixtureRequest, folder: Path) -> AbstractContextManager[LocalWorld]:
    storage, jobs, scoring = (request.getfixturevalue(name) for name in ("azurite", "job_service", "scoring_service"))
    return local_world(storage, jobs, scoring, folder)


def _azureml(request: pytest.FixtureRequest, _folder: Path) -> AbstractContextManager[World]:
    return azureml_world(request.getfixturevalue("azurite"))


#: How each implementation's world is made, by name: add a line for a new one. What it needs it asks of the request, so
#: that nothing else is started.
WORLDS: Final[dict[str, Callable[[pytest.FixtureRequest, Path], AbstractContextManager[World]]]] = {
    "local": _local,
    "azureml": _azureml,
}


@pytest.fixture(scope="session", params=list(WORLDS))
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The world of each implementation in turn."""
    with WORLDS[request.param](request, tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest.fixture(scope="session")
def platform(world: World) -> Platform:
    """The implementation under test."""
    return world.platform


@pytest.fixture(scope="session")
def trained(world: World) -> str:
    """The name of a completed training."""
    name = new("train")
    submit(world, name)
    state = world.finish(name)
    assert state.status == "Completed", state
    return name


@pytest.fixture(scope="session")
def model(platform: Platform, trained: str) -> str:
    """A registered model: versions 1 and 2 are alike."""
    name = new("multiplies")
    for version in ("1", "2"):
        platform.register_model(name, version, trained, "model", {"made_by": "contract"})
    return name


@pytest.fixture(scope="session")
def local(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalWorld]:
    """The local world, for what only that one has."""
    with _local(request, tmp_path_factory.mktemp("local")) as world:
        yield world
