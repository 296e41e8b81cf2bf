"""Azurite: how it is found and installed, and the real one at work."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient

from local.services.azurite import (
    AzuriteMissing,
    AzuritePorts,
    azurite_service,
    connection_string,
    create_resources,
    ensure_azurite,
    installed_azurite,
)
from local.services.azurite import install as installation
from local.services.process import RunningService
from local.stack.ports import Ports

AZURITE_VERSION = "3.36.0"


def test_the_lock_file_pins_azurite_and_hashes_everything() -> None:
    """One exact version, and no package without a content hash."""
    lock = json.loads(installation.LOCK.read_text())
    manifest = json.loads(installation.MANIFEST.read_text())
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert manifest["dependencies"] == {"azurite": AZURITE_VERSION}
    assert packages["node_modules/azurite"]["version"] == AZURITE_VERSION
    assert [name for name, entry in packages.items() if not entry.get("integrity")] == []


def test_an_absent_azurite_is_named_with_the_command_that_installs_it(tmp_path: Path) -> None:
    """Nothing is downloaded at a start."""
    with pytest.raises(AzuriteMissing, match=r"python -m local\.services\.azurite install"):
        installed_azurite(tmp_path)


def test_an_installation_is_made_once_and_again_for_another_lock_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hash of the lock file decides; an interrupted run does not count."""
    runs: list[Path] = []

    def npm(directory: Path) -> None:
        runs.append(directory)
        program = directory / "node_modules" / "azurite" / "dist" / "src" / "azurite.js"
        program.parent.mkdir(parents=True)
        program.touch()
        if len(runs) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(installation, "_run_npm", npm)
    with pytest.raises(KeyboardInterrupt):
        ensure_azurite(tmp_path)
    assert ensure_azurite(tmp_path) == ensure_azurite(tmp_path) == installed_azurite(tmp_path)
    assert len(runs) == 2
    (tmp_path / "azurite" / "installed.sha256").write_text(hashlib.sha256(b"another lock file").hexdigest())
    ensure_azurite(tmp_path)
    assert len(runs) == 3


@pytest.fixture
def azurite(tmp_path: Path) -> Iterator[tuple[RunningService, str]]:
    """A running Azurite and its connection string."""
    ports = Ports.free()
    three = AzuritePorts(*(ports.port(f"azurite_{kind}") for kind in ("blob", "queue", "table")))
    running = RunningService(azurite_service(tmp_path / "data", three, tmp_path / "azurite.log"))
    running.start()
    try:
        running.wait_ready()
        yield running, connection_string(ports.azurite_blob, ports.azurite_queue, ports.azurite_table)
    finally:
        running.stop()


@pytest.mark.stack
def test_blobs_and_tables_survive_a_restart(azurite: tuple[RunningService, str]) -> None:
    """Put and list over the real SDKs; an orderly restart keeps everything; creating resources twice is fine."""
    running, connection = azurite
    for _ in range(2):
        create_resources(connection, ["landing"], ["models"])
    with BlobServiceClient.from_connection_string(connection) as blobs:
        landing = blobs.get_container_client("landing")
        landing.upload_blob("dir/a.csv", b"x,y\n")
        running.restart()
        assert list(landing.list_blob_names()) == ["dir/a.csv"]
        assert landing.download_blob("dir/a.csv").readall() == b"x,y\n"
    with TableServiceClient.from_connection_string(connection) as tables:
        assert [one.name for one in tables.list_tables()] == ["models"]
    assert running.pid is not None
    running.stop()
    assert running.exit_code == 0
