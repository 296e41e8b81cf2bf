"""host.json and local.settings.json."""

import json
import os
from pathlib import Path

import pytest

from local.host.errors import HostError
from local.host.host_json import read_host_settings
from local.host.settings import load_local_settings, local_port, resolve_references


def test_defaults_are_those_of_the_real_host(tmp_path: Path) -> None:
    """Prefix ``api``, 100 MB, and the Core Tools' hub name."""
    (tmp_path / "host.json").write_text('{"version": "2.0"}')
    settings = read_host_settings(tmp_path, {})
    assert (settings.route_prefix, settings.hub_name, settings.body_limit) == ("api", "TestHubName", 104_857_600)


def test_host_json_is_required(tmp_path: Path) -> None:
    """Azure does not run an app without one."""
    with pytest.raises(HostError, match=r"host\.json not found"):
        read_host_settings(tmp_path, {})


@pytest.mark.parametrize(("text", "reason"), [("{", "not valid JSON"), ("[]", "must hold a JSON object")])
def test_a_malformed_file_is_named(tmp_path: Path, text: str, reason: str) -> None:
    """The error has the path."""
    (tmp_path / "host.json").write_text(text)
    with pytest.raises(HostError, match=reason) as caught:
        read_host_settings(tmp_path, {})
    assert str(tmp_path / "host.json") in str(caught.value)


def test_values_become_environment_variables_unless_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable of the shell wins over the file; numbers become text; a BOM does no harm."""
    monkeypatch.setenv("SB_TAKEN", "shell")
    for name in ("SB_FREE", "SB_NUMBER"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    values = {"SB_TAKEN": "file", "SB_FREE": "file", "SB_NUMBER": 7}
    (tmp_path / "local.settings.json").write_text(json.dumps({"Values": values}), encoding="utf-8-sig")
    load_local_settings(tmp_path)
    assert [os.environ[name] for name in values] == ["shell", "file", "7"]


@pytest.mark.parametrize(
    ("document", "reason"),
    [({"IsEncrypted": True}, "encrypted"), ({"Values": {"A": {"b": 1}}}, r"Values\.A must be a string")],
)
def test_what_cannot_become_settings_is_refused(tmp_path: Path, document: object, reason: str) -> None:
    """Encrypted files and nested values."""
    (tmp_path / "local.settings.json").write_text(json.dumps(document))
    with pytest.raises(HostError, match=reason):
        load_local_settings(tmp_path)


def test_the_port_comes_from_the_file(tmp_path: Path) -> None:
    """``Host.LocalHttpPort``, else 7071."""
    assert local_port(tmp_path) == 7071
    (tmp_path / "local.settings.json").write_text('{"Host": {"LocalHttpPort": 7099}}')
    assert local_port(tmp_path) == 7099


def test_references_are_filled_in() -> None:
    """``%NAME%`` anywhere in a text; a setting that is missing is named, and a lone percent sign is text."""
    assert resolve_references("a-%X%-%Y%", {"X": "1", "Y": "2"}, where="w") == "a-1-2"
    assert resolve_references("50 % of 10 %", {}, where="w") == "50 % of 10 %"
    with pytest.raises(HostError, match="function f, schedule: %X%"):
        resolve_references("%X%", {}, where="function f, schedule")
