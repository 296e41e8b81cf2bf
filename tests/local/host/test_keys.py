"""Authorization: ignored as under ``func start``, and enforced with ``--enforce-auth``."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.host.errors import HostError
from local.host.keys import read_keys
from tests.local.host.running_host import RunningHost, copy_app, eventually

KEYS = {
    "masterKey": "the-master",
    "functionKeys": {"default": "the-host"},
    "systemKeys": {"eventgrid_extension": "the-grid", "durabletask_extension": "the-durable"},
    "functions": {"guarded": {"default": "the-own"}},
}
HUB = "/runtime/webhooks/durabletask"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHost]:
    """The app ``limits`` with keys from its local settings."""
    app = copy_app("limits", tmp_path_factory.mktemp("host"))
    (app / "local.settings.json").write_text(json.dumps({"Host": {"Keys": KEYS}}))
    with RunningHost(app, "--enforce-auth") as host:
        yield host


@pytest.mark.parametrize(
    ("path", "key", "expected"),
    [
        ("log", "", 200),
        ("guarded", "", 401),
        ("guarded", "wrong", 401),
        ("guarded", "the-own", 200),
        ("guarded", "the-host", 200),
        ("guarded", "the-master", 200),
        ("guarded", "the-grid", 401),
        ("other", "the-own", 401),
        ("other", "the-host", 200),
        ("secret", "the-host", 401),
        ("secret", "the-master", 200),
    ],
)
def test_each_level_opens_to_its_keys(guarded: RunningHost, path: str, key: str, expected: int) -> None:
    """By header as by query: anonymous to all, function to its own, host and master keys, admin to the master key."""
    assert guarded.client.get(f"/api/{path}", headers={"x-functions-key": key}).status_code == expected
    assert guarded.client.get(f"/api/{path}", params={"code": key}).status_code == expected


def test_webhooks_need_their_system_key(guarded: RunningHost) -> None:
    """Event Grid's key is for Event Grid; a host key opens no webhook; the master key opens all."""
    headers = {"aeg-event-type": "SubscriptionValidation"}

    def shake(code: str) -> int:
        params = {"functionName": "on_event", "code": code}
        body = [{"data": {"validationCode": "x"}}]
        return guarded.client.post("/runtime/webhooks/eventgrid", params=params, json=body, headers=headers).status_code

    assert [shake(code) for code in ("", "the-host", "the-grid", "the-master")] == [401, 401, 200, 200]


def test_the_hosts_own_api_needs_the_master_key(guarded: RunningHost) -> None:
    """Its functions are shown to the master only; that it runs is told to everybody."""
    assert guarded.client.get("/admin/functions").status_code == 401
    assert guarded.client.get("/admin/functions", params={"code": "the-master"}).status_code == 200
    assert guarded.client.get("/admin/host/status").status_code == 200


def test_without_the_option_levels_are_ignored(tmp_path: Path) -> None:
    """As under ``func start``."""
    with RunningHost(copy_app("limits", tmp_path)) as host:
        assert host.client.get("/api/secret").status_code == 200


def test_management_urls_carry_the_key(tmp_path: Path) -> None:
    """A check-status response leads to URLs that work, and without the key they do not."""
    app = copy_app("durable", tmp_path)
    (app / "local.settings.json").write_text(json.dumps({"Host": {"Keys": KEYS}}))
    with RunningHost(app, "--enforce-auth", environment={"HUB": "h"}) as host:
        urls = host.client.post("/start/squares", json=2).json()
        status = urls["statusQueryGetUri"]
        assert "code=the-durable" in status
        eventually(lambda: host.client.get(status).status_code == 200, "the end of the instance")
        assert host.client.get(status.partition("?")[0]).status_code == 401
        started = host.client.post(f"{HUB}/orchestrators/squares?code=the-durable", json=2)
        assert host.client.get(started.headers["location"]).status_code in {200, 202}


def test_keys_are_made_once_and_kept_private(tmp_path: Path) -> None:
    """A file that is missing is made with random keys, readable by its owner only; then it is read."""
    path = tmp_path / "state" / "keys.json"
    first = read_keys({}, path)
    assert read_keys({}, path) == first
    assert read_keys({}, tmp_path / "other.json").master != first.master
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_keys_without_a_master_are_refused(tmp_path: Path) -> None:
    """The message says what to write."""
    with pytest.raises(HostError, match="has no masterKey: write"):
        read_keys({"functionKeys": {}}, tmp_path / "keys.json")
