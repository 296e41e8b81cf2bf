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
from shared.registry.azureml import AzureMlRegistry
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
    "job_of_registered_steps": r"/jobs/plain$",
    "job_of_a_registered_pipeline": r"/jobs/registered$",
}
#: The writes of Azure ML's own registry, in their order.
_REGISTRY = ("registered_version", "promoted_version", "version_promoted_after_it", "version_no_more_champion")
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
    few: dict[str, JobInput] = {"dataset": inputs["dataset"], "times": 2}
    for name in ("plain", "registered"):
        jobs.submit_job(name, PIPELINES / f"{name}.yml", "departures", few, {})
    puts = [one for one in double.log if one.method == "PUT"]
    return {kind: [one.body for one in puts if re.search(path, one.path)][-1] for kind, path in _KINDS.items()}


@pytest.mark.parametrize("kind", _KINDS)
def test_a_request_body_is_as_recorded(bodies: dict[str, Any], kind: str) -> None:
    """A change of the SDK or of ours that reaches the wire shows as a change of a file."""
    _compare(kind, bodies[kind])


@pytest.mark.usefixtures("jobs")
def test_the_registrys_writes_are_as_recorded(connection: Connection, double: AzureMlDouble, tmp_path: Path) -> None:
    """A version is registered, made champion, and replaced as such by another one: tags are all that says so."""
    (tmp_path / "MLmodel").write_text("flavors: {}\n")
    registry, start = AzureMlRegistry(connection), len(double.log)
    for job in ("rank-1", "rank-2"):
        registry.register("ranked", job, tmp_path, {"verdict": "accepted"}, {"mape": 0.31})
    for version in ("1", "2"):
        registry.promote("ranked", version)
    sent = [one.body for one in double.log[start:] if one.method == "PUT" and "/models/ranked/" in one.path]
    first, _, *tagged = sent
    for kind, body in zip(_REGISTRY, (first, *tagged), strict=True):
        _compare(kind, body)


@pytest.mark.usefixtures("bodies")
def test_what_run_history_is_asked_is_as_recorded(jobs: AzureMlJobs, double: AzureMlDouble) -> None:
    """Neither metrics nor the reason of a failure are Resource Manager's: each is read elsewhere, by its own route."""
    double.plan("doomed", statuses=("Failed",), error="out of memory")
    data = FolderInput(type="uri_folder", path="datasets/departures/v7")
    jobs.submit_job("doomed", PIPELINES / "plain.yml", "departures", {"dataset": data}, {})
    start = len(double.log)
    jobs.read_job_metrics("nightly")
    while (state := jobs.read_job("doomed")) is not None and not state.final:
        pass
    asked = [one for one in double.log[start:] if not re.search(r"/(jobs|workspaces)/[^/]+$", one.path)]
    reads = [{"method": one.method, "path": one.path, "query": dict(one.query)} for one in asked]
    _compare("run_history_reads", reads)


def _compare(kind: str, body: Any) -> None:
    file, sent = _GOLDEN / f"{kind}.json", _placed(body)
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
    properties = (body["properties"].get("properties") or {}) if isinstance(body, dict) else {}
    for name in [name for name in properties if "git" in name]:
        del properties[name]
