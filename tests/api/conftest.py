"""The real app on the local host, over a storage in which a little of everything has been written."""

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from shared.settings import APP_ROOT
from tests.api.seeded import seed
from tests.local.host.running_host import RunningHost

#: Nobody listens there: what activities need of other services is away.
_NOBODY = "http://127.0.0.1:9"
_NEVER = "0 0 0 29 2 *"


@pytest.fixture(scope="session")
def api(azurite: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of the app."""
    folder = tmp_path_factory.mktemp("api")
    with RunningHost(
        _app(folder), "--state", str(folder / "durable.db"), environment=_settings(azurite, folder)
    ) as host:
        seed(azurite)
        try:
            yield host.client
        finally:
            (folder / "host.log").write_text(host.output)
            host.stop(signal.SIGKILL)  # runs that wait for services which are away would be waited for


def _app(folder: Path) -> Path:
    """The app's own two files, in a folder that may have a log beside it."""
    app = folder / "app"
    app.mkdir()
    for name in ("function_app.py", "host.json"):
        shutil.copy(APP_ROOT / name, app)
    return app


def _settings(storage: str, folder: Path) -> dict[str, str]:
    return {
        "PYTHONPATH": str(APP_ROOT),
        "SIGNALBOX_STORAGE": storage,
        "SIGNALBOX_DATA_CONTAINER": "api-data",
        "SIGNALBOX_LANDING_CONTAINER": "api-landing",
        "SIGNALBOX_ANCHOR_CONTAINER": "api-anchors",
        "SIGNALBOX_REGISTRY_URI": _NOBODY,
        "SIGNALBOX_JOBS_URL": _NOBODY,
        "SIGNALBOX_SCORING_URL": _NOBODY,
        "SIGNALBOX_WEBHOOK_SECRET": "0123456789abcdef",
        "SIGNALBOX_TELEMETRY": f"file:{folder / 'traces.jsonl'}",
        **{f"SIGNALBOX_{name}_SCHEDULE": _NEVER for name in ("RECONCILE", "TICK", "RETENTION", "ANCHOR")},
    }
