"""Names that nobody else uses in the session's Azurite."""

import uuid

import pytest


@pytest.fixture
def container() -> str:
    """A container that does not exist yet."""
    return f"c-{uuid.uuid4().hex}"


@pytest.fixture
def table() -> str:
    """A table that does not exist yet."""
    return f"t{uuid.uuid4().hex}"
