"""A schedule of the fleet file, on the real host: its timer begins what has come due."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest

from local.stack import Ports, Stack
from shared.contracts.deliveries import Delivery
from shared.settings import APP_ROOT
from shared.storage.inbox import TableInbox
from tests.e2e.conftest import DEV
from tests.e2e.running import eventually

pytestmark = [pytest.mark.stack, pytest.mark.timeout(120)]

ZONE = "America/New_York"


def test_what_came_due_while_the_app_was_down_is_begun(tmp_path: Path) -> None:
    """The schedule is known since yesterday and came due an hour ago; nothing has landed, so the run skips all."""
    now = datetime.now(UTC)
    written = f"daily {(now - timedelta(hours=1)).astimezone(ZoneInfo(ZONE)):%H:%M}"
    settings = {**DEV, "SIGNALBOX_FLEET": str(_fleet(tmp_path, written)), "SIGNALBOX_TICK_SCHEDULE": "* * * * * *"}
    ports, state = Ports.free(), tmp_path / "stack"
    with Stack(state, ports=ports, settings=settings, only=["azurite"]) as stack:
        TableInbox(stack.storage).conclude(_seen(written, now - timedelta(days=1)))
    with Stack(state, ports=ports, settings=settings, only=["azurite", "host"], webhooks=False) as stack:
        (run,) = eventually(lambda: _runs(stack), lambda runs: [one["state"] for one in runs] == ["failed"], "the run")
    assert (run["operation"], run["requested_by"], run["counts"]) == ("train", "schedule", {"skipped": 2})


def _fleet(folder: Path, written: str) -> Path:
    """The example with a schedule."""
    file = shutil.copytree(APP_ROOT / "examples/flights", folder / "flights") / "fleet.yaml"
    file.write_text(f'{file.read_text()}\nschedule: {{train: "{written}"}}\n')
    return file


def _seen(written: str, at: datetime) -> Delivery:
    """That the schedule was seen first at a time."""
    return Delivery(
        channel="schedule", key="flights/train", subject="flights train", received_at=at, outcome="accepted",
        reason="It is new.", body=f"{written} {ZONE}",
    )  # fmt: skip


def _runs(stack: Stack) -> list[dict[str, object]]:
    found: list[dict[str, object]] = httpx.get(f"{stack.host_url}/api/runs", timeout=30).json()["runs"]
    return found
