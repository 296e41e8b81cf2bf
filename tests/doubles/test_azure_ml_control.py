"""The double's own door: what was asked of it, and what shall go wrong."""

from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest

from tests.doubles.azure_ml import AzureMlDouble
from tests.doubles.azure_ml.backends import JobEngine
from tests.doubles.wire import COMPONENT, JOB, Wire


class _Engine(JobEngine):
    """Runs each job as fast as it can; notes which."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.cancelled: list[str] = []

    def start(self, name: str, properties: Mapping[str, Any]) -> None:
        self.started.append(name)

    def read(self, name: str) -> tuple[str, str | None]:
        return ("Canceled" if name in self.cancelled else "Completed"), None

    def cancel(self, name: str) -> None:
        self.cancelled.append(name)

    def outputs(self, name: str) -> dict[str, dict[str, bytes]]:
        return {}

    def metrics(self, name: str) -> dict[str, float]:
        return {"rows": 7.0}


@pytest.fixture(scope="module")
def engine() -> _Engine:
    """What really runs the jobs."""
    return _Engine()  # type: ignore[abstract]  # neither models nor batch endpoints are asked for here


@pytest.fixture(scope="module")
def double(engine: _Engine) -> Iterator[AzureMlDouble]:
    """One that runs its jobs, as in `make up`, and whose clock stands."""
    with AzureMlDouble(engine=engine, clock=lambda: 0.0) as double:
        yield double


@pytest.fixture(scope="module")
def wire(double: AzureMlDouble) -> Iterator[Wire]:
    """The https side."""
    wire = Wire(double)
    assert wire.put("/components/train/versions/1", COMPONENT).status_code == 201
    yield wire
    wire.close()


@pytest.fixture(scope="module")
def door(double: AzureMlDouble) -> Iterator[httpx.Client]:
    """The other side."""
    with httpx.Client(base_url=f"{double.identity_url}/double", trust_env=False) as door:
        yield door


def _status(wire: Wire, job: str) -> str:
    answer = wire.send("GET", f"/jobs/{job}")
    return str(answer.json()["properties"]["status"]) if answer.status_code == 200 else str(answer.status_code)


@pytest.mark.parametrize(
    ("plan", "status"),
    [
        ({}, "Completed"),
        ({"queue_seconds": 5}, "Queued"),
        ({"run_seconds": 5}, "Running"),
        ({"fail": "no such carrier"}, "Failed"),
        ({"vanish": True}, "404"),
        ({"hang": True}, "Running"),
        ({"not_responding": True}, "NotResponding"),
    ],
)
def test_a_job_goes_as_planned(
    wire: Wire, door: httpx.Client, engine: _Engine, plan: dict[str, Any], status: str
) -> None:
    """One that is to complete is run all the same, and takes longer; one that fails, hangs or vanishes is not run."""
    name = f"job-{'-'.join(plan) or 'plain'}"
    assert door.post("/plan", json={"jobs": name, **plan}).status_code == 201
    assert wire.put(f"/jobs/{name}", JOB).status_code == 201
    assert _status(wire, name) == status
    assert (name in engine.started) == (plan.keys() <= {"queue_seconds", "run_seconds"})


def test_a_planned_failure_has_the_words_of_the_plan(wire: Wire, door: httpx.Client, double: AzureMlDouble) -> None:
    """In the run history, where Azure ML has them."""
    door.post("/plan", json={"jobs": "fails", "fail": "no such carrier"})
    wire.put("/jobs/fails", JOB)
    assert _status(wire, "fails") == "Failed"
    run = wire.send("GET", "/history/v1.0/runs/fails", inside="", version=None)
    assert run.json()["error"]["error"]["message"] == "no such carrier"


def test_a_job_that_hangs_can_be_cancelled(wire: Wire, door: httpx.Client, engine: _Engine) -> None:
    """Though nothing runs it."""
    door.post("/plan", json={"jobs": "stuck", "hang": True})
    wire.put("/jobs/stuck", JOB)
    assert _status(wire, "stuck") == "Running"
    assert wire.send("POST", "/jobs/stuck/cancel").status_code == 202
    assert _status(wire, "stuck") == "Canceled"
    assert "stuck" not in engine.cancelled


def test_a_fault_meets_so_many_requests(wire: Wire, door: httpx.Client) -> None:
    """With the header that says when to come again, and none after them."""
    wire.put("/jobs/busy", JOB)
    fault = {"method": "get", "path": "/jobs/busy$", "status": 429, "retry_after": 30, "times": 2}
    assert door.post("/faults", json=fault).json()["times"] == 2
    answers = [wire.send("GET", "/jobs/busy") for _ in range(3)]
    assert [one.status_code for one in answers] == [429, 429, 200]
    assert answers[0].headers["Retry-After"] == "30"
    assert answers[0].json()["error"]["code"] == "TooManyRequests"


def test_a_connection_is_dropped_on_demand(wire: Wire, door: httpx.Client) -> None:
    """After what was asked for was done."""
    door.post("/faults", json={"path": "/jobs/dropped$", "drop": "after"})
    with pytest.raises(httpx.RemoteProtocolError):
        wire.put("/jobs/dropped", JOB)
    assert _status(wire, "dropped") == "Completed"


def test_requests_are_shown(wire: Wire, door: httpx.Client) -> None:
    """Those that were meant, with their bodies where that is wanted, and never with a token."""
    wire.put("/jobs/shown", JOB)
    wire.send("GET", "/jobs/shown")
    shown = door.get("/requests", params={"path": "/jobs/shown$"})
    assert [(one["method"], one["status"]) for one in shown.json()["requests"]] == [("PUT", 201), ("GET", 200)]
    assert "Bearer" not in shown.text
    last = door.get("/requests", params={"path": "/jobs/shown$", "method": "put", "last": 1, "bodies": "true"})
    assert [one["body"]["properties"]["jobType"] for one in last.json()["requests"]] == ["Pipeline"]


def test_what_waits_is_told_and_forgotten(wire: Wire, door: httpx.Client) -> None:
    """After that, jobs go as they go."""
    door.post("/plan", json={"jobs": "*", "hang": True})
    door.post("/faults", json={"path": "/never", "seconds": 1})
    told = door.get("/").json()
    assert {"jobs": "*", "queue_seconds": 0.0, "run_seconds": 0.0, "hang": True} in told["plans"]
    assert [one["pattern"] for one in told["faults"]] == ["/never"]
    assert told["unknown"] == []
    assert len(door.delete("/plan").json()["forgotten"]) == len(told["plans"])
    assert len(door.delete("/faults").json()["forgotten"]) == 1
    wire.put("/jobs/after-all", JOB)
    assert _status(wire, "after-all") == "Completed"


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("/plan", {"queue_seconds": 1}, 'object with "jobs"'),
        ("/plan", {"jobs": "*", "hangs": True}, '"hangs" is not known'),
        ("/plan", {"jobs": "*", "hang": "yes"}, "cannot be 'yes'"),
        ("/plan", {"jobs": "*", "run_seconds": True}, "cannot be True"),
        ("/plan", {"jobs": "*", "run_seconds": -1}, "not from 0 to 86400"),
        ("/plan", {"jobs": "*", "hang": True, "fail": "x"}, "cannot fail and hang"),
        ("/faults", {"path": "/jobs"}, 'needs a "status"'),
        ("/faults", {"path": "(", "status": 503}, "no regular expression"),
        ("/faults", {"path": "/jobs", "status": 200}, "not an error"),
        ("/faults", {"path": "/jobs", "drop": "now"}, '"before" or "after"'),
        ("/faults", {"path": "/jobs", "status": 503, "times": 0}, "not from 1 to"),
        ("/plan", [], "JSON object"),
    ],
)
def test_a_wrong_order_is_refused(door: httpx.Client, path: str, body: Any, words: str) -> None:
    """With what would be right; nothing is planned."""
    answer = door.post(path, json=body)
    assert answer.status_code == 400
    assert words in answer.json()["error"]["message"]


def test_an_unknown_door_says_which_there_are(door: httpx.Client) -> None:
    """It is no mistake of the app's, so the double does not hold it against it."""
    answer = door.get("/plans")
    assert answer.status_code == 404
    assert "POST /double/plan" in answer.json()["error"]["message"]
