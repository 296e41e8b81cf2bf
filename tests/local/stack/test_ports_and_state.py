"""The ports and the state directory of a stack."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from local.services.process import LocalServiceError
from local.services.secret_files import kept_secret
from local.stack.plan import REPOSITORY, app_settings
from local.stack.ports import Ports
from local.stack.state import StackRunning, StateDirectory
from shared.settings import read_settings

HOLDER = """
import os, subprocess, sys, time
from pathlib import Path
from local.stack.state import StateDirectory
lock = StateDirectory(Path(sys.argv[1])).acquire()
child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=0, pass_fds=[lock])
print(child.pid, flush=True)
time.sleep(120)
"""


def test_free_ports_differ() -> None:
    """No port is given twice."""
    ports = Ports.free()
    numbers = {getattr(ports, name) for name in Ports.__dataclass_fields__}
    assert len(numbers) == len(Ports.__dataclass_fields__)


def test_a_state_keeps_its_ports(tmp_path: Path) -> None:
    """Fresh ports count for a new state only: blob URLs in an old one name its ports."""
    file = tmp_path / "ports.json"
    first = Ports.of_state(file, Ports(host=1234), {})
    assert first.host == 1234
    first.save(file)
    assert Ports.of_state(file, Ports(host=4321), {}) == first
    assert Ports.of_state(tmp_path / "none.json", None, {}) == Ports()


def test_a_variable_changes_a_port(tmp_path: Path) -> None:
    """The setting that an error names does change the port, also of an old state."""
    file = tmp_path / "ports.json"
    Ports().save(file)
    setting = Ports().port("azurite_blob").setting
    assert setting == "STACK_PORT_AZURITE_BLOB"
    assert Ports.of_state(file, None, {setting: "10123"}) == Ports(azurite_blob=10123)
    with pytest.raises(LocalServiceError, match="STACK_PORT_AZURITE_BLOB must be a port number"):
        Ports.of_state(file, None, {setting: "many"})


def test_one_stack_uses_a_directory(tmp_path: Path) -> None:
    """A second stack is refused with the first one's process id; afterwards it is welcome."""
    first, second = StateDirectory(tmp_path), StateDirectory(tmp_path)
    first.acquire()
    with pytest.raises(StackRunning, match=f"process {os.getpid()} uses"):
        second.acquire()
    first.release()
    second.acquire()
    second.release()


def test_a_directory_is_free_when_the_last_service_of_a_killed_stack_has_ended(tmp_path: Path) -> None:
    """The lock outlives a killed stack as long as one of its guardians does, and the next stack waits for it."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=REPOSITORY
    )
    assert holder.stdin
    assert holder.stdout
    with holder.stdin, holder.stdout:
        assert int(holder.stdout.readline())
        holder.kill()
        holder.wait(10)
        state = StateDirectory(tmp_path)
        waited: list[float] = []

        def end_the_last_one(seconds: float) -> None:
            waited.append(seconds)
            holder.stdin.close()  # type: ignore[union-attr]  # asserted above

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("local.stack.state.time.sleep", end_the_last_one)
            state.acquire()
        state.release()
    assert waited


def test_secrets_are_kept_and_private(tmp_path: Path) -> None:
    """The same secret after a restart, readable by its owner only."""
    path = tmp_path / "new" / "secret"
    first = kept_secret(path)
    assert len(first) >= 32
    assert kept_secret(path) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_app_accepts_its_settings(tmp_path: Path) -> None:
    """What the stack passes is what the app knows; the secret stays the same."""
    state = StateDirectory(tmp_path)
    settings = read_settings(app_settings(state, Ports()))
    assert settings.jobs_url == "http://127.0.0.1:7081"
    assert settings.registry_uri == "http://127.0.0.1:5000"
    assert "BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1" in settings.storage
    assert app_settings(state, Ports())["SIGNALBOX_WEBHOOK_SECRET"] == settings.webhook_secret
