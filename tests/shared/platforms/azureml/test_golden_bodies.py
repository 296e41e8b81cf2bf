import difflib
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from shared.contracts.jobs import FolderInput, JobInput, ModelInput
from shared.platforms.azureml.connection import Connection
from shared.platforms.azureml.jobs import AzureMlJobs
from shared.settings import APP_ROOT
from tests.doubles.azure_ml import AzureMlDouble
from tests.shared.platforms.azureml.conftest import PIPELINES

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]

_GOLDEN = Path(__file__).with_name("golden")
#: Set it to write the files anew; then read what changed.
_RECORD = "SIGNALBOX_RECORD_GOLDEN"
_KINDS = {
    "job": r"/jobs/nightly$",
    "component": r"/components/[^/]+/versions/[^/]+$",
    "code": r"/codes/[^/]+/versions/[^/]+$",
    "model": r"/models/departures/versions/",
    "data": r"/data/flights/versions/",
}
#: What differs between two machines or two moments, and what stands for it.
_PLACEHOLDERS = (
    (re.compile(re.escape(str(APP_ROOT))), "{app}"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*(Z|\+00:00)"), "{time}"),
    (re.compile(r"http://127\.0\.0\.1:\d+/[^\"/]+/[^\"/]+"), "{upload}"),
    (re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"), "{guid}"),
    (re.compile(r"\b[0-9a-f]{32,64}\b"), "{hash}"),
)


@pytest.fixture(scope="module")
def bodies(jobs: AzureMlJobs, connection: Connection, double: AzureMlDouble) -> dict[str, Any]:
    """What was sent for one of each kind: the last PUT of it."""
    inputs: dict[str, JobInput] = {
        "dataset": FolderInput(type="uri_folder", path="datasets/departures/v7"),
        "start": ModelInput(model="start", version="3"),
        "origin": "EWR",
        "rate": 0.25,
    }
    double.plan("nightly", outputs={"model": {"MLmodel": b"flavors"}})
    jobs.submit_job("nightly", PIPELINES / "train.yml", "departures", inputs, {"signalbox.instance": "i-1"})
    while (state := jobs.read_job("nightly")) is not None and not state.final:
        pass
    jobs.register_model("departures", "4", "nightly", "model", {"verdict": "accepted"})
    jobs.register_data("flights", "7", "datasets/departures/v7", {"cell": "EWR"})
    puts = [one for one in double.log if one.method == "PUT"]
    return {kind: [one.body for one in puts if re.search(path, one.path)][-1] for kind, path in _KINDS.items()}


@pytest.mark.parametrize("kind", _KINDS)
def test_a_request_body_is_as_recorded(bodies: dict[str, Any], kind: str) -> None:
    """A change of the SDK or of ours that reaches the wire shows as a change of a file."""
    file, sent = _GOLDEN / f"{kind}.json", _placed(bodies[kind])
    if os.environ.get(_RECORD):
        file.write_text(sent, encoding="utf-8")
    recorded = file.read_text(encoding="utf-8")
    changes = "\n".join(difflib.unified_diff(recorded.splitlines(), sent.splitlines(), "recorded", "sent", lineterm=""))
    assert not changes, changes


def _placed(body: Any) -> str:
    """A body as text that is the same everywhere."""
    _forget_repository(body)
    text = json.dumps(body, indent=2, sort_keys=True)
    for pattern, placeholder in _PLACEHOLDERS:
        text = pattern.sub(placeholder, text)
    return text + "\n"


def _forget_repository(body: Any) -> None:
    """The SDK tells the service which Git commit a job was submitted from, where there is one."""
    properties = body["properties"].get("properties") or {}
    for name in [name for name in properties if "git" in name]:
        del properties[name]
