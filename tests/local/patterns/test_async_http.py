"""Async HTTP API: over real HTTP on the local host, over a SIGKILL of it, and in the test's own process."""

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from local.testing.app import TestApp
from local.testing.chaos import Chaos
from tests.local.host.running_host import RunningHost, eventually

APP = Path(__file__).parent / "apps" / "async_http"
REPORT = {"total": 12 * 2024 + 78, "approved_by": "anna"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the app, in which the host may leave its state."""
    return shutil.copytree(APP, tmp_path / "app", ignore=shutil.ignore_patterns("__pycache__"))


@pytest.fixture
def host(folder: Path) -> Iterator[RunningHost]:
    """The app on a host of its own."""
    with RunningHost(folder) as running:
        yield running


def test_the_starter_answers_at_once_and_the_url_tells_the_rest(host: RunningHost) -> None:
    """202 with where to ask; 202 while it runs; 200 with the result at the end."""
    urls = order(host)
    status = urls["statusQueryGetUri"]
    eventually(lambda: host.client.get(status).json()["customStatus"] == {"waiting": "approval"}, "the approval")
    assert host.client.get(status).status_code == 202
    approve(host, urls)
    done = eventually(lambda: a if (a := host.client.get(status)).status_code == 200 else None, "the report")
    assert done.json()["output"] == REPORT


def test_the_url_outlives_the_host(host: RunningHost, folder: Path) -> None:
    """After a SIGKILL and a new start on the same port the same URL answers, and the report goes on."""
    urls = order(host)
    host.stop(signal.SIGKILL)
    with RunningHost(folder, "--port", str(httpx.URL(host.url).port)) as again:
        status = urls["statusQueryGetUri"]
        eventually(lambda: again.client.get(status).json()["customStatus"] == {"waiting": "approval"}, "the approval")
        approve(again, urls)
        done = eventually(lambda: a if (a := again.client.get(status)).status_code == 200 else None, "the report")
        assert done.json()["output"] == REPORT


async def test_the_same_app_in_process(folder: Path, chaos: Chaos | None) -> None:
    """The folder's orchestrator runs in the test kit, under chaos too; its custom status tells how far it is."""
    async with TestApp(folder, chaos=chaos) as app:
        instance_id = await app.start("report", 2024)
        await app.run_until_idle()
        assert app.custom_status(instance_id) == {"waiting": "approval"}
        await app.raise_event(instance_id, "approve", "anna")
        assert await app.output(instance_id) == REPORT


def order(host: RunningHost) -> dict[str, str]:
    """Order a report; gives the URLs of the answer."""
    answer = host.client.post("/api/reports/2024")
    assert answer.status_code == 202, answer.text
    urls: dict[str, str] = answer.json()
    assert answer.headers["location"] == urls["statusQueryGetUri"]
    return urls


def approve(host: RunningHost, urls: dict[str, str]) -> None:
    """Send the approval."""
    sent = host.client.post(urls["sendEventPostUri"].replace("{eventName}", "approve"), json="anna")
    assert sent.status_code == 202
