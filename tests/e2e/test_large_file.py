"""A file of many ranges, on the real host: killed in the middle, it ends as one pass over it would."""

import csv
import hashlib
import io
from collections import Counter
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest

from benchmarks.conditioning.messy import messy_csv
from local.stack import Ports, Stack
from shared.conditioning.recipe.loader import load_recipe
from tests.e2e.conftest import NEVER
from tests.e2e.running import Running, eventually
from tests.e2e.shops import FILE, write_shops
from tests.shared.conditioning.engine.joined import one_pass

pytestmark = [pytest.mark.stack, pytest.mark.timeout(1200)]

_MIB = 1 << 20


def test_killed_while_it_is_conditioned_no_row_is_doubled_or_missing(tmp_path: Path) -> None:
    """The published table is the one-pass table, byte for byte; the quarantine holds the other rows, each once."""
    content = b"".join(messy_csv(64 * _MIB))
    settings = {**NEVER, "SIGNALBOX_FLEET": str(write_shops(tmp_path)), "SIGNALBOX_BURST_SECONDS": "0"}
    only: tuple[Literal["azurite", "blob_events", "host"], ...] = ("azurite", "blob_events", "host")
    with Stack(tmp_path / "stack", ports=Ports.free(), settings=settings, only=only) as stack:
        running = Running(stack)
        running.observer.land(FILE, content)
        for _ in range(2):
            rows = _progress(running)
            eventually(lambda rows=rows: _progress(running), lambda now, rows=rows: now != rows, "a range is done")  # type: ignore[misc]
            stack.kill("host")
            stack.restart_host()
        (done,) = eventually(lambda: running.deliveries("conditioning"), bool, "the dataset is published")
        assert done["outcome"] == "done", done["reason"]
        expected = one_pass(content, load_recipe(tmp_path / "recipe.yaml"))
        (table,) = [blob.path for blob in running.data.list("datasets/sales/") if blob.path.endswith("/sales.csv")]
        published = running.data.read(table).partition(b"\n")[2]
        assert hashlib.sha256(published).hexdigest() == hashlib.sha256(expected.table).hexdigest()
        (quarantine,) = [blob.path for blob in running.data.list("quarantine/sales/")]
        rejected = list(csv.DictReader(io.StringIO(running.data.read(quarantine).decode(), newline="")))
        assert Counter(row["rule"] for row in rejected) == Counter(expected.counts["reasons"])
        assert [int(row["row"]) for row in rejected] == [row.row for row in expected.quarantine]
        assert running.data.list("scratch/") == []
        running.close()


def _progress(running: Running) -> Any:
    """What the file's orchestration says of itself; nothing before it has begun, and while the host is down."""
    url = f"{running.stack.host_url}/runtime/webhooks/durabletask/instances"
    try:
        found = running.http.get(url, params={"instanceIdPrefix": "file-"}).json()
    except httpx.TransportError:
        return None
    return found[0]["customStatus"] if found else None
