"""The job service as a process: what a client of its HTTP interface can rely on."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.local.services.live_service import ROOT, LiveService, free_port, living
from tests.local.services.polling import eventually
from tests.local.services.receiver import Receiver, receiving

pytestmark = pytest.mark.stack

PIPELINES = Path(__file__).with_name("pipelines")


@pytest.fixture(scope="module")
def events() -> Iterator[Receiver]:
    """The host's Event Grid endpoint."""
    with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory, events: Receiver) -> Iterator[LiveService]:
    """A running job service that all tests of this module share."""
    folder = tmp_path_factory.mktemp("jobs")
    yield from _job_service(folder, "--events-url", events.url)


@pytest.fixture
def own_jobs(tmp_path: Path) -> Iterator[LiveService]:
    """A running job service for one test, which may kill it."""
    yield from _job_service(tmp_path)


def _job_service(folder: Path, *arguments: str) -> Iterator[LiveService]:
    storage = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;BlobEndpoint=http://127.0.0.1:9/a;"
    mlflow = f"sqlite:///{folder}/mlflow.db"
    options = ["--storage", storage, "--mlflow", mlflow, "--preload", "json", *arguments]
    with living(LiveService("local.services.jobs", folder, *options)) as service:
        yield service


def put(service: LiveService, name: str, pipeline: str, **inputs: Any) -> httpx.Response:
    """Submit a job of the test pipelines."""
    return service.http.put(f"/jobs/{name}", json={"pipeline": str(PIPELINES / pipeline), "inputs": inputs})


def words(folder: Path) -> dict[str, str]:
    """Inputs of combine_and_count.yml whose trace and gate are in ``folder``."""
    return {"trace": str(folder / "trace.txt"), "gate": str(folder / "gate")}


def ended(service: LiveService, name: str) -> dict[str, Any]:
    """The job, once it has ended."""
    final = {"Completed", "Failed", "Canceled"}
    assert eventually(lambda: status(service, name) in final), service.log.read_text()
    return dict(service.http.get(f"/jobs/{name}").json())


def status(service: LiveService, name: str) -> str:
    """The job's status now."""
    return str(service.http.get(f"/jobs/{name}").json()["status"])


def step_status(service: LiveService, name: str, step: str) -> str:
    """The step's status now."""
    return str(next(s["status"] for s in service.http.get(f"/jobs/{name}").json()["steps"] if s["name"] == step))


def trace(folder: Path) -> list[str]:
    """The runs that the steps recorded."""
    file = folder / "trace.txt"
    return file.read_text().split() if file.exists() else []


def test_job_runs_and_gives_its_outputs(jobs: LiveService, tmp_path: Path) -> None:
    """Bindings, mixed text, a default and an absent optional part reach the steps; outputs are listed and read back."""
    (tmp_path / "gate").touch()
    created = put(jobs, "outputs", "combine_and_count.yml", word="day", **words(tmp_path))
    assert (created.status_code, created.json()["experiment_name"]) == (201, "words")
    job = ended(jobs, "outputs")
    assert (job["status"], job["error"], job["tags"]) == ("Completed", None, {"kind": "test"})
    assert [step["status"] for step in job["steps"]] == ["Completed", "Completed"]
    assert job["created_at"] <= job["started_at"] <= job["steps"][0]["started_at"] <= job["ended_at"]
    assert jobs.http.get("/jobs/outputs/outputs").json()["outputs"] == {
        "text": {"type": "uri_folder", "files": [{"path": "nested/text.txt", "size": 12}]},
        "length": {"type": "uri_file", "files": [{"path": "length", "size": 2}]},
    }
    assert jobs.http.get("/jobs/outputs/outputs/text/nested/text.txt").text == "a-day|7|none"
    assert jobs.http.get("/jobs/outputs/outputs/length/length").text == "12"
    assert jobs.http.get("/jobs/outputs/logs/combine").text == "combined a-day|7|none\n"


def test_same_job_again_is_the_same_job(jobs: LiveService, tmp_path: Path) -> None:
    """A repeated submission answers 200 and runs nothing; another definition under the name answers 409."""
    (tmp_path / "gate").touch()
    assert put(jobs, "again", "combine_and_count.yml", **words(tmp_path)).status_code == 201
    ended(jobs, "again")
    repeated = put(jobs, "again", "combine_and_count.yml", **words(tmp_path))
    assert (repeated.status_code, repeated.json()["status"]) == (200, "Completed")
    other = put(jobs, "again", "combine_and_count.yml", word="other", **words(tmp_path))
    assert other.status_code == 409
    assert other.json()["error"]["code"] == "UserError"
    assert other.json()["error"]["message"].startswith("A job with this name already exists")
    assert trace(tmp_path) == ["combine", "count"]


def test_a_runs_job_is_the_same_whatever_its_definition(jobs: LiveService) -> None:
    """Its tag says whose it is; what was submitted stays, and a job that does not say so is another one."""
    job = {"pipeline": str(PIPELINES / "shell.yml"), "inputs": {"word": "a"}, "tags": {"signalbox.instance": "run"}}
    assert jobs.http.put("/jobs/own", json=job).status_code == 201
    again = jobs.http.put("/jobs/own", json=job | {"pipeline": "/gone.yml", "inputs": {"word": "b"}})
    assert (again.status_code, again.json()["inputs"]) == (200, {"word": "a"})
    for tags in ({}, {"signalbox.instance": "other"}):
        assert jobs.http.put("/jobs/own", json=job | {"tags": tags}).status_code == 409
    jobs.http.post("/jobs/own/cancel")


def test_values_never_become_code(jobs: LiveService, tmp_path: Path) -> None:
    """A value full of quotes and shell operators arrives as it is, and is refused where a shell would read it."""
    (tmp_path / "gate").touch()
    evil = 'it\'s "$(touch x)"; a&b'
    put(jobs, "evil", "combine_and_count.yml", word=evil, **words(tmp_path))
    assert ended(jobs, "evil")["status"] == "Completed"
    assert jobs.http.get("/jobs/evil/outputs/text/nested/text.txt").text == f"a-{evil}|7|none"
    refused = put(jobs, "evil-shell", "shell.yml", word="$(id)")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "UnsafeInput")
    assert "step 'write': input 'word'" in refused.json()["error"]["message"]


def test_other_commands_run_in_a_shell(jobs: LiveService) -> None:
    """A command that is no plain Python script runs in bash, with this Python first in its path."""
    put(jobs, "shell", "shell.yml", word="hi there")
    assert ended(jobs, "shell")["error"] is None
    lines = jobs.http.get("/jobs/shell/outputs/text/text").text.splitlines()
    assert lines[:2] == ["hi there", "good day"]
    assert lines[2] == sys.prefix


def test_steps_share_no_interpreter_state(jobs: LiveService) -> None:
    """What one step changes in its interpreter, the next does not see; nor does it see the service's own modules."""
    put(jobs, "isolation", "isolation.yml")
    assert ended(jobs, "isolation")["status"] == "Completed"
    clean = {
        "leaked": False,
        "variable": False,
        "service_is_importable": False,
        "name": "__main__",
        "threads": "1",
        "root_run": "isolation",
        "trace": None,
    }
    for output in ("first", "second"):
        assert jobs.http.get(f"/jobs/isolation/outputs/{output}/{output}").json() == clean


def test_steps_continue_the_trace_of_the_job(jobs: LiveService) -> None:
    """The tag of the job is in the environment of each step, where OpenTelemetry looks for it."""
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    job = {"pipeline": str(PIPELINES / "isolation.yml"), "tags": {"signalbox.traceparent": trace}}
    assert jobs.http.put("/jobs/traced", json=job).status_code == 201
    assert ended(jobs, "traced")["status"] == "Completed"
    assert jobs.http.get("/jobs/traced/outputs/first/first").json()["trace"] == trace


def test_failing_step_fails_the_job_with_its_last_words(jobs: LiveService) -> None:
    """The error has the end of the step's log, in at most 4 KB; what depends on the step is not started."""
    put(jobs, "fails", "fails.yml")
    job = ended(jobs, "fails")
    assert (job["status"], job["error"]["code"]) == ("Failed", "StepFailed")
    assert job["error"]["message"].startswith("step 'broken' failed with exit code 1")
    assert job["error"]["message"].endswith("RuntimeError: the data has no rows")
    assert len(job["error"]["message"].encode()) <= 4096
    assert [step["status"] for step in job["steps"]] == ["Failed", "NotStarted"]
    assert "line 0\n" in jobs.http.get("/jobs/fails/logs/broken").text
    assert jobs.http.get("/jobs/fails/outputs").status_code == 409


def test_branches_go_on_after_a_failure(jobs: LiveService) -> None:
    """By default the other branches are finished; a killed step and one over its time limit have failed."""
    put(jobs, "branches", "branches.yml")
    job = ended(jobs, "branches")
    assert (job["status"], job["error"]["code"]) == ("Failed", "StepFailed")
    assert {step["name"]: step["status"] for step in job["steps"]} == {
        "dies": "Failed",
        "waits": "Failed",
        "works": "Completed",
    }
    assert job["error"]["message"].startswith("step 'dies' was ended by signal 9")
    assert not [one for one in psutil.process_iter(["cmdline"]) if one.info["cmdline"] == ["sleep", "61.73"]]


def test_cancel_ends_the_running_step(jobs: LiveService, tmp_path: Path) -> None:
    """Cancel ends the step's process and the job becomes Canceled; a second cancel, or one of an ended job, is 202."""
    put(jobs, "cancel", "combine_and_count.yml", **words(tmp_path))
    assert eventually(lambda: trace(tmp_path) == ["combine", "count"])
    assert jobs.http.get("/jobs/cancel/outputs").status_code == 409
    assert jobs.http.post("/jobs/cancel/cancel").status_code == 202
    assert jobs.http.post("/jobs/cancel/cancel").status_code == 202
    job = ended(jobs, "cancel")
    assert job["status"] == "Canceled"
    assert [step["status"] for step in job["steps"]] == ["Completed", "Canceled"]
    assert jobs.http.post("/jobs/cancel/cancel").json()["status"] == "Canceled"
    assert eventually(lambda: len(jobs.family()) == 2)  # the forkserver and multiprocessing's resource tracker


def test_waiting_job_can_be_canceled(jobs: LiveService, tmp_path: Path) -> None:
    """With both processes taken, a further job waits; canceled, it ends at once and has run nothing."""
    for name in ("busy-1", "busy-2", "waiting"):
        (tmp_path / name).mkdir()
    with _opened_at_the_end(tmp_path / "busy-1" / "gate", tmp_path / "busy-2" / "gate"):
        for name in ("busy-1", "busy-2"):
            put(jobs, name, "combine_and_count.yml", **words(tmp_path / name))
        assert eventually(lambda: all(trace(tmp_path / name) == ["combine", "count"] for name in ("busy-1", "busy-2")))
        put(jobs, "waiting", "combine_and_count.yml", **words(tmp_path / "waiting"))
        assert status(jobs, "waiting") in {"Queued", "NotStarted"}
        jobs.http.post("/jobs/waiting/cancel")
        assert ended(jobs, "waiting")["status"] == "Canceled"
    for name in ("busy-1", "busy-2"):
        assert ended(jobs, name)["status"] == "Completed"
    assert trace(tmp_path / "waiting") == []


@contextlib.contextmanager
def _opened_at_the_end(*gates: Path) -> Iterator[None]:
    """Let the waiting steps go on even when the test fails, so that no later test finds both processes taken."""
    try:
        yield
    finally:
        for gate in gates:
            gate.touch()


def test_unknown_things_are_404(jobs: LiveService) -> None:
    """Jobs, steps and outputs that do not exist are told from those that are empty."""
    for path in ("/jobs/nobody", "/jobs/nobody/outputs", "/jobs/nobody/logs/x", "/nothing"):
        answer = jobs.http.get(path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NotFound"), path
    assert jobs.http.post("/jobs/nobody/cancel").status_code == 404


def test_no_file_outside_of_an_output_can_be_read(jobs: LiveService, tmp_path: Path) -> None:
    """Encoded dots, absolute paths and links do not lead out of the output's folder."""
    (tmp_path / "gate").touch()
    put(jobs, "traversal", "combine_and_count.yml", **words(tmp_path))
    ended(jobs, "traversal")
    (text,) = (jobs.state / "jobs" / "traversal" / "steps").glob("combine/1/outputs/out")
    (text / "link").symlink_to("/etc/hosts")
    for path in (
        "%2e%2e/%2e%2e/%2e%2e/%2e%2e/logs/combine.log",
        "..%2f..%2foutputs",
        "%2fetc%2fhosts",
        "link",
        "nested",
    ):
        assert jobs.http.get(f"/jobs/traversal/outputs/text/{path}").status_code == 404, path
    assert jobs.http.get("/jobs/traversal/outputs/length/%2e%2e/length").status_code == 404
    assert jobs.http.get("/jobs/traversal/logs/%2e%2e%2fx").status_code == 404


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"pipeline": "nowhere.yml"}, "PipelineNotFound"),
        ({}, "InvalidRequest"),
        ({"pipeline": "x", "surprise": 1}, "InvalidRequest"),
        ({"pipeline": str(PIPELINES / "sweep.yml")}, "UnsupportedStep"),
        ({"pipeline": str(PIPELINES / "combine_and_count.yml"), "inputs": {"words": "x"}}, "UnknownInput"),
    ],
)
def test_refused_job_leaves_nothing(jobs: LiveService, body: dict[str, Any], code: str) -> None:
    """What cannot be run is refused with 400 when it is submitted, and is not there afterwards."""
    answer = jobs.http.put("/jobs/refused", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
    assert jobs.http.get("/jobs/refused").status_code == 404
    assert not (jobs.state / "jobs" / "refused").exists()


def test_job_names_cannot_leave_the_folder(jobs: LiveService) -> None:
    """A name becomes a folder: dots and slashes at its start are refused."""
    for name in ("..", "%2e%2e", ".hidden", "a b"):
        assert put(jobs, name, "shell.yml").status_code in {400, 404, 405}


def test_requests_for_another_host_are_refused(jobs: LiveService) -> None:
    """A web page that rebinds its DNS name to the loopback address gets nothing."""
    assert jobs.http.get("/jobs", headers={"host": "evil.example"}).status_code == 400


def test_list_has_the_newest_first(jobs: LiveService) -> None:
    """The list can be limited and starts with the newest job."""
    put(jobs, "older", "shell.yml")
    put(jobs, "newer", "shell.yml")
    assert [job["name"] for job in jobs.http.get("/jobs?limit=2").json()["jobs"]] == ["newer", "older"]
    assert jobs.http.get("/jobs?limit=x").status_code == 400


def test_events_tell_every_change_of_status(jobs: LiveService, events: Receiver) -> None:
    """Event Grid's form: RunStatusChanged for each status, RunCompleted as well at the end, none for steps."""
    put(jobs, "told", "shell.yml")
    ended(jobs, "told")

    def about() -> list[dict[str, Any]]:
        return [event for event in events.events if event["data"]["runId"] == "told"]

    assert eventually(lambda: len(about()) == 4)
    kinds = [(event["eventType"].rsplit(".", 1)[1], event["data"]["runStatus"]) for event in about()]
    assert kinds == [
        ("RunStatusChanged", "Queued"),
        ("RunStatusChanged", "Running"),
        ("RunStatusChanged", "Completed"),
        ("RunCompleted", "Completed"),
    ]
    event = about()[-1]
    assert event["eventType"] == "Microsoft.MachineLearningServices.RunCompleted"
    assert event["subject"] == f"experiments/{event['data']['experimentId']}/runs/told"
    assert event["data"]["runType"] == "azureml.PipelineRun"
    assert len({event["id"] for event in about()}) == 4
    assert all(request.headers["aeg-event-type"] == "Notification" for request in events.requests)


def test_resumes_after_kill_without_repeating_finished_steps(own_jobs: LiveService, tmp_path: Path) -> None:
    """After SIGKILL the running step dies with the service; the next life runs it again, and only it."""
    put(own_jobs, "resume", "combine_and_count.yml", **words(tmp_path))
    assert eventually(lambda: trace(tmp_path) == ["combine", "count"])
    family = own_jobs.family()
    own_jobs.kill()
    assert eventually(lambda: not any(one.is_running() and one.status() != "zombie" for one in family), 10)
    own_jobs.start()
    assert eventually(lambda: trace(tmp_path) == ["combine", "count", "count"])
    (tmp_path / "gate").touch()
    job = ended(own_jobs, "resume")
    assert (job["status"], [step["attempt"] for step in job["steps"]]) == ("Completed", [1, 2])
    assert own_jobs.http.get("/jobs/resume/outputs/length/length").text == "14"
    assert put(own_jobs, "resume", "combine_and_count.yml", **words(tmp_path)).status_code == 200


def test_orderly_end_leaves_the_job_to_the_next_life(own_jobs: LiveService, tmp_path: Path) -> None:
    """SIGTERM ends the service with 0 and fails no job; a job canceled before the end is Canceled afterwards."""
    put(own_jobs, "stop", "combine_and_count.yml", **words(tmp_path))
    assert eventually(lambda: trace(tmp_path) == ["combine", "count"])
    family = own_jobs.family()
    assert own_jobs.stop() == 0
    assert eventually(lambda: not any(one.is_running() and one.status() != "zombie" for one in family), 10)
    (tmp_path / "gate").touch()
    own_jobs.start()
    assert ended(own_jobs, "stop")["status"] == "Completed"
    assert trace(tmp_path) == ["combine", "count", "count"]


def test_signal_to_the_whole_group_fails_no_job(own_jobs: LiveService, tmp_path: Path) -> None:
    """When forkserver and steps get the signal too, the service does not take their end for a failure."""
    put(own_jobs, "group", "combine_and_count.yml", **words(tmp_path))
    assert eventually(lambda: trace(tmp_path) == ["combine", "count"])
    for process in own_jobs.family():
        process.terminate()
    own_jobs.stop()
    own_jobs.start()
    assert eventually(lambda: trace(tmp_path) == ["combine", "count", "count"])
    assert step_status(own_jobs, "group", "count") == "Running"


def test_second_service_is_told_apart(own_jobs: LiveService, tmp_path: Path) -> None:
    """A port in use and a state folder in use are each one clear line and exit code 1."""
    common = ["--storage", "UseDevelopmentStorage=true", "--mlflow", "sqlite://", "--preload", "json"]
    for port, state, words_of_it in (
        (own_jobs.port, tmp_path / "other", "cannot listen on 127.0.0.1"),
        (free_port(), own_jobs.state, "is in use by another running service"),
    ):
        command = [sys.executable, "-m", "local.services.jobs", "--port", str(port), "--state", str(state), *common]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 1
        assert words_of_it in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1


def test_events_survive_a_host_that_is_down(tmp_path: Path) -> None:
    """Events wait in the state while nobody listens, through a kill of the service, and arrive later."""
    with receiving() as probe:
        port, url = probe.port, probe.url
    with contextlib.contextmanager(_job_service)(tmp_path, "--events-url", url) as service:

        def undelivered() -> int:
            return int(service.http.get("/health").json()["undelivered_events"])

        put(service, "unheard", "shell.yml")
        assert ended(service, "unheard")["status"] == "Completed"
        assert undelivered() == 4
        service.kill()
        service.start()
        with receiving(port) as receiver:
            receiver.statuses = [503]
            assert eventually(lambda: undelivered() == 0)
            ids = [event["id"] for event in receiver.events]
            assert len(ids) == 5
            assert len(set(ids)) == 4


def test_json_of_a_job_is_strict(jobs: LiveService) -> None:
    """NaN is not JSON: it is refused before it could spoil every later answer."""
    body = '{"pipeline": "%s", "inputs": {"word": NaN}}' % (PIPELINES / "shell.yml")
    assert jobs.http.put("/jobs/nan", content=body).status_code == 400
    assert json.loads(jobs.http.get("/jobs").text)
