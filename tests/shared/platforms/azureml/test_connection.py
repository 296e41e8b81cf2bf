import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import ConfigurationError
from shared.platforms.azureml.connection import Connection, Workspace

_NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,30}", fullmatch=True)
_ID = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"


def _connection(url: str | None = None) -> Connection:
    where = Workspace("s", "g", "w")
    return Connection(where, url=url, ca=None, datastore="signalbox", container="signalbox", storage="unused")


@given(_NAMES, _NAMES, _NAMES)
def test_an_id_is_read_as_it_is_written(subscription: str, group: str, name: str) -> None:
    """What a workspace says of itself leads back to it."""
    workspace = Workspace(subscription, group, name)
    assert Workspace.parse(workspace.arm_id) == workspace


@pytest.mark.parametrize("written", [_ID.lower(), f"{_ID}/", f"  {_ID}\n", _ID.lstrip("/")])
def test_an_id_is_read_however_it_was_copied(written: str) -> None:
    """Casing, a slash and blanks at the ends mean nothing in Azure."""
    assert Workspace.parse(written) == Workspace("s", "g", "w")


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "w",
        "/subscriptions/s/resourceGroups/g",
        f"{_ID}/jobs/j",
        _ID.replace("MachineLearningServices", "Storage"),
        _ID.replace("/g/", "//"),
    ],
)
def test_what_is_no_id_of_a_workspace_is_refused(wrong: str) -> None:
    """The message shows what one looks like."""
    with pytest.raises(ConfigurationError, match="workspaces/NAME"):
        Workspace.parse(wrong)


@pytest.mark.parametrize(
    ("url", "scope"),
    [
        (None, "https://management.azure.com/.default"),
        ("https://management.chinacloudapi.cn/", "https://management.chinacloudapi.cn/.default"),
        ("https://127.0.0.1:1", "https://127.0.0.1:1/.default"),
    ],
)
def test_a_token_is_asked_for_the_cloud_that_is_meant(url: str | None, scope: str) -> None:
    """The public cloud where nothing is said."""
    assert _connection(url).arm_scope == scope


def test_threads_share_one_client() -> None:
    """However many ask for it first."""
    connection, clients = _connection("https://127.0.0.1:1"), []
    threads = [threading.Thread(target=lambda: clients.append(connection.client)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(client) for client in clients}) == 1
    assert len(clients) == 4
    connection.close()
