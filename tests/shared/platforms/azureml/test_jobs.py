import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.jobs import NAME_TAKEN, FolderInput, JobInput
from shared.errors import PermanentError, TransientError
from shared.platforms.azureml import job_files
from shared.platforms.azureml.connection import Connection, Workspace
from shared.platforms.azureml.errors import FORBIDDEN, INVALID_DEFINITION, MESSAGE_LIMIT
from shared.platforms.azureml.jobs import AzureMlJobs, _instant
from shared.platforms.azureml.metrics import last_values, newest
from shared.platforms.azureml.paths import container_path, datastore_uri
from shared.platforms.azureml.pipelines import definition_of
from shared.platforms.azureml.workspace_services import WorkspaceServices
from shared.platforms.log_ends import ERROR_LIMIT
from shared.storage.blobs import AzureBlobStore
from tests.doubles.azure_ml import AzureMlDouble
from tests.shared.platforms.azureml.conftest import CONTAINER, PIPELINES

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]

_PLAIN = PIPELINES / "plain.yml"
_TAGS = {"signalbox.instance": "i-1"}


def _new(kind: str) -> str:
    return f"{kind}-{uuid.uuid4().hex[:8]}"


def _inputs(times: int = 2) -> dict[str, JobInput]:
    return {"dataset": FolderInput(type="uri_folder", path="datasets/v1"), "times": times}


def _submitted(jobs: AzureMlJobs, kind: str, pipeline: Path = _PLAIN) -> str:
    name = _new(kind)
    jobs.submit_job(name, pipeline, "contract", _inputs(), _TAGS)
    return name


def _ended(jobs: AzureMlJobs, name: str) -> str:
    """The status that a job ends with, read as often as it takes in the double."""
    for _ in range(10):
        state = jobs.read_job(name)
        if state is not None and state.final:
            return state.status
    pytest.fail(f"{name} does not end: {state}")


def _puts(double: AzureMlDouble, name: str) -> list[Any]:
    return [one for one in double.log if one.method == "PUT" and one.path.endswith(f"/jobs/{name}")]


def test_a_job_is_submitted_with_our_inputs_outputs_and_tags(jobs: AzureMlJobs, double: AzureMlDouble) -> None:
    """The request says all of it: who waits, what was asked for, and where the outputs go."""
    name = _submitted(jobs, "submit")
    (put,) = _puts(double, name)
    body = put.body["properties"]
    assert body["experimentName"] == "contract"
    assert body["inputs"]["dataset"]["uri"] == "azureml://datastores/signalbox/paths/datasets/v1"
    assert body["inputs"]["times"]["value"] == "2"
    assert body["outputs"]["model"]["uri"] == f"azureml://datastores/signalbox/paths/jobs/{name}/model/"
    assert body["tags"]["signalbox.instance"] == "i-1"
    assert body["tags"]["signalbox.pipeline"] == str(_PLAIN)
    assert len(body["tags"]["signalbox.definition"]) == 32


def test_the_same_job_is_adopted_and_another_of_its_name_refused(jobs: AzureMlJobs, double: AzureMlDouble) -> None:
    """A repeated activity starts nothing; a name clash is permanent."""
    name = _submitted(jobs, "twice")
    jobs.submit_job(name, _PLAIN, "contract", _inputs(), _TAGS)
    assert len(_puts(double, name)) == 1
    with pytest.raises(PermanentError, match="is another one") as caught:
        jobs.submit_job(name, _PLAIN, "contract", _inputs(), {"signalbox.instance": "i-2"})
    assert caught.value.code == NAME_TAKEN


def test_a_job_that_is_adopted_with_another_definition_is_logged(
    jobs: AzureMlJobs, double: AzureMlDouble, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What runs is what was submitted: whoever wonders about its result finds a warning."""
    name = _submitted(jobs, "changed")
    for pipeline, times in ((_PLAIN, 2), (_PLAIN, 7), (tmp_path / "gone.yml", 2)):
        jobs.submit_job(name, pipeline, "contract", _inputs(times), _TAGS)
    changed, gone = (one.getMessage() for one in caplog.records if one.name == AzureMlJobs.__module__)
    assert changed == f"job {name} is adopted as it was submitted: {_PLAIN.resolve()} says otherwise now"
    assert "gone.yml" in gone
    assert len(_puts(double, name)) == 1


def test_a_job_that_somebody_else_submitted_meanwhile_is_adopted(jobs: AzureMlJobs, double: AzureMlDouble) -> None:
    """It was absent when we looked, and taken when we submitted."""
    name = _submitted(jobs, "race")
    double.fail_once("GET", f"/jobs/{name}$", 404)
    double.fail_once("PUT", f"/jobs/{name}$", 400, message="A job with this name already exists")
    assert jobs.submit_job(name, _PLAIN, "contract", _inputs(times=7), _TAGS).name == name
    double.fail_once("GET", f"/jobs/{name}$", 404)
    double.fail_once("PUT", f"/jobs/{name}$", 400, message="A job with this name already exists")
    with pytest.raises(PermanentError, match="is another one"):
        jobs.submit_job(name, _PLAIN, "contract", _inputs(), {})


def test_a_submission_whose_answer_was_lost_is_found_again(jobs: AzureMlJobs, double: AzureMlDouble) -> None:
    """The job runs; the next attempt adopts it."""
    name = _new("lost")
    double.fail_once("PUT", f"/jobs/{name}$", drop="after")
    with pytest.raises(TransientError):
        jobs.submit_job(name, _PLAIN, "contract", _inputs(), _TAGS)
    assert jobs.submit_job(name, _PLAIN, "contract", _inputs(), _TAGS).name == name
    assert len(_puts(double, name)) == 1


def test_a_registered_pipeline_component_is_a_pipeline(jobs: AzureMlJobs, double: AzureMlDouble) -> None:
    """Its inputs and outputs are the component's."""
    name = _submitted(jobs, "registered", PIPELINES / "registered.yml")
    (put,) = _puts(double, name)
    body = put.body["properties"]
    assert body["componentId"].endswith("/components/whole/versions/1")
    assert body["inputs"]["times"]["value"] == "2"
    assert body["outputs"]["evaluation"]["jobOutputType"] == "uri_file"
    assert body["outputs"]["model"]["uri"] == f"azureml://datastores/signalbox/paths/jobs/{name}/model/"


@pytest.mark.parametrize("pipeline", ["plain.yml", "registered.yml"])
def test_an_input_that_the_pipeline_does_not_have_is_named(jobs: AzureMlJobs, pipeline: str) -> None:
    """With those that it has; nothing is submitted."""
    name = _new("unknown-input")
    with pytest.raises(PermanentError, match=r"'tmies'.*dataset, times") as caught:
        jobs.submit_job(name, PIPELINES / pipeline, "contract", {"tmies": 2}, {})
    assert caught.value.code == "UnknownInput"
    assert jobs.read_job(name) is None


@pytest.mark.parametrize(
    ("pipeline", "inputs", "fault"),
    [
        ("train.yml", {"rate": "abc"}, "input 'rate' takes number, not 'abc'"),
        ("train.yml", {"dataset": "text"}, "input 'dataset' takes data of type uri_folder, not 'text'"),
        (
            "train.yml",
            {"origin": FolderInput(type="uri_folder", path="a")},
            "input 'origin' takes string, not data of ",
        ),
        ("registered.yml", {"times": 2.5}, "input 'times' takes integer, not 2.5"),
        ("declared.yml", {"mode": "abc"}, "input 'mode' takes integer, not 'abc'"),
    ],
)
def test_an_input_of_another_type_is_refused(
    jobs: AzureMlJobs, pipeline: str, inputs: Mapping[str, JobInput], fault: str
) -> None:
    """As the pipeline, its component, or the component of a step declares it; nothing is submitted."""
    name = _new("another-type")
    with pytest.raises(PermanentError) as caught:
        jobs.submit_job(name, PIPELINES / pipeline, "contract", inputs, {})
    assert caught.value.code == "InvalidInput"
    assert f"{pipeline}: {fault}" in caught.value.message
    assert jobs.read_job(name) is None


@pytest.mark.parametrize("inputs", [{"times": "abc"}, {"times": 2.5}])
def test_an_input_whose_type_only_the_service_knows_is_refused_by_it(
    jobs: AzureMlJobs, inputs: Mapping[str, JobInput]
) -> None:
    """A registered component is not read before."""
    with pytest.raises(PermanentError, match=next(iter(inputs))) as caught:
        jobs.submit_job(_new("another-type"), _PLAIN, "contract", {**_inputs(), **inputs}, {})
    assert caught.value.code == "UserError"


def test_an_input_that_the_pipeline_types_may_be_given(jobs: AzureMlJobs, double: AzureMlDouble) -> None:
    """Azure ML's YAML knows no such declaration, and is sent the value in its place."""
    name = _new("declared")
    jobs.submit_job(name, PIPELINES / "declared.yml", "contract", {"mode": 3}, {})
    (put,) = _puts(double, name)
    assert put.body["properties"]["inputs"]["mode"]["value"] == "3"


_STEP = "jobs: {a: {type: command, command: ls, environment: azureml:steps:1}}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- a\n- list",
        "type: command\ncommand: ls",
        "type: pipeline\ninputs: [a]\n" + _STEP,
        "type: pipeline\njobs: {a: {type: command, component: ./absent.yml}}",
        "type: pipeline\njobs: {a: {type: unheard-of}}",
        "type: pipeline\ncomponent: somewhere else",
        "type: pipeline\ncomponent: azureml:absent:1",
        "type: pipeline\n" + _STEP,  # no compute anywhere
        "type: pipeline\njobs: {a: {type",
    ],
)
def test_a_pipeline_that_cannot_be_submitted_is_an_invalid_definition(
    jobs: AzureMlJobs, tmp_path: Path, text: str
) -> None:
    """Before anything is asked of the service, and the file is named."""
    file = tmp_path / "broken.yml"
    file.write_text(text)
    with pytest.raises(PermanentError, match=r"broken\.yml") as caught:
        jobs.submit_job(_new("broken"), file, "contract", {}, {})
    assert caught.value.code == INVALID_DEFINITION
    assert len(caught.value.message) < 2 * MESSAGE_LIMIT


@pytest.mark.parametrize(
    ("step", "fault"),
    [
        ("comand: ls", "the step 'a' has neither `component` nor `command`, only type, comand; write one of them"),
        (
            "command: ls, code: ./src",
            "the step 'a' has the code `./src`, which does not exist; write it, or correct the",
        ),
    ],
)
def test_a_step_is_told_by_the_keys_that_are_written(jobs: AzureMlJobs, tmp_path: Path, step: str, fault: str) -> None:
    """The SDK names a key that it has looked for first, whatever is wrong."""
    file = tmp_path / "steps.yml"
    file.write_text(f"type: pipeline\njobs: {{a: {{type: command, {step}}}}}\n")
    with pytest.raises(PermanentError) as caught:
        jobs.submit_job(_new("step"), file, "contract", {}, {})
    assert caught.value.code == INVALID_DEFINITION
    assert f"{file}: {fault}" in caught.value.message


def test_a_pipeline_that_is_not_there_is_an_invalid_definition(jobs: AzureMlJobs, tmp_path: Path) -> None:
    """The message names the file."""
    with pytest.raises(PermanentError, match=r"absent\.yml") as caught:
        jobs.submit_job(_new("absent"), tmp_path / "absent.yml", "contract", {}, {})
    assert caught.value.code == INVALID_DEFINITION


def test_what_the_service_refuses_is_told_in_its_words(jobs: AzureMlJobs, double: AzureMlDouble) -> None:
    """A YAML can be right in itself and wrong for the workspace."""
    name = _new("refused")
    double.fail_once("PUT", f"/jobs/{name}$", 400, code="UserError", message="The compute gpu is gone. " * 100)
    with pytest.raises(PermanentError, match="The compute gpu is gone") as caught:
        jobs.submit_job(name, _PLAIN, "contract", _inputs(), _TAGS)
    assert caught.value.code == "UserError"
    assert len(caught.value.message) < 2 * MESSAGE_LIMIT


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"status": 403, "code": "AuthorizationFailed", "message": "The client may not write jobs."}, FORBIDDEN),
        ({"status": 403, "code": "QuotaExceeded", "message": "The quota of cores is used up."}, "QuotaExceeded"),
        ({"status": 429, "code": "TooManyRequests", "message": "The quota of requests is used up."}, None),
        ({"status": 503, "code": "ServiceUnavailable", "message": "Later."}, None),
    ],
)
def test_a_refusal_is_permanent_or_transient_as_it_is(
    jobs: AzureMlJobs, double: AzureMlDouble, fault: dict[str, Any], expected: str | None
) -> None:
    """A role and a quota do not come back by themselves; a busy service does, and its wait is not slept through."""
    name = _new("faults")
    double.fail_once("PUT", f"/jobs/{name}$", headers={"Retry-After": "300"}, **fault)
    with pytest.raises((PermanentError, TransientError), match=fault["message"]) as caught:
        jobs.submit_job(name, _PLAIN, "contract", _inputs(), _TAGS)
    assert getattr(caught.value, "code", None) == expected
    jobs.submit_job(name, _PLAIN, "contract", _inputs(), _TAGS)


def test_a_dropped_connection_is_transient(jobs: AzureMlJobs, double: AzureMlDouble) -> None:
    """While reading as well."""
    name = _submitted(jobs, "dropped")
    double.fail_once("GET", f"/jobs/{name}$", drop="before")
    with pytest.raises(TransientError, match=name):
        jobs.read_job(name)
    assert jobs.read_job(name) is not None


def test_a_service_that_nobody_reaches_is_transient(double: AzureMlDouble, connection: Connection) -> None:
    """The address is right, only nobody is there now."""
    away = Connection(
        Workspace.parse(double.workspace_id),
        url="https://127.0.0.1:9",
        ca=None,
        datastore="signalbox",
        container=CONTAINER,
        storage="unused",
    )
    with pytest.raises(TransientError):
        AzureMlJobs(away).read_job("any")
    away.close()


def test_a_job_is_read_from_its_start_to_its_end(jobs: AzureMlJobs, double: AzureMlDouble) -> None:
    """Statuses are Azure ML's own words, and times come with them."""
    double.plan("whole-*", statuses=["Queued", "Running", "NotResponding", "Running", "Completed"])
    name = _submitted(jobs, "whole")
    read = [jobs.read_job(name) for _ in range(5)]
    assert [state and state.status for state in read] == ["Queued", "Running", "NotResponding", "Running", "Completed"]
    assert read[0] is not None
    assert read[0].started_at is None
    assert read[4] is not None
    assert read[4].started_at is not None
    assert read[4].ended_at is not None
    assert read[4].started_at <= read[4].ended_at


def test_a_job_that_vanished_is_none(jobs: AzureMlJobs, double: AzureMlDouble) -> None:
    """As one that never was; who waits for it knows the difference."""
    double.plan("vanish-*", run=5, vanish_after=1)
    name = _submitted(jobs, "vanish")
    assert jobs.read_job(name) is not None
    assert jobs.read_job(name) is None


def test_a_long_error_is_capped(jobs: AzureMlJobs, double: AzureMlDouble) -> None:
    """The run history's own words, as many as a person reads: the last line among them, which names the exception."""
    double.plan("fails-*", end="Failed", error="no such carrier " + "x\n" * 10_000 + "ValueError: no rows")
    name = _submitted(jobs, "fails")
    assert _ended(jobs, name) == "Failed"
    state = jobs.read_job(name)
    assert state is not None
    assert state.error is not None
    assert "no such carrier" in state.error
    assert state.error.endswith("ValueError: no rows")
    assert len(state.error) == ERROR_LIMIT


def test_the_step_that_failed_speaks_first(jobs: AzureMlJobs, double: AzureMlDouble, connection: Connection) -> None:
    """A pipeline says only that a step of it failed."""
    double.plan("steps-*", end="Failed", error="Pipeline has failed child jobs.")
    name = _submitted(jobs, "steps")
    assert _ended(jobs, name) == "Failed"
    services = WorkspaceServices(connection)
    told = {"error": {"code": "UserError", "message": "no such carrier"}}
    steps = [
        {"runId": "a", "displayName": "prepare", "status": "Completed", "error": None},
        {"runId": "b", "displayName": "train", "status": "Failed", "error": told},
    ]
    patient = AzureMlJobs(connection)
    patient._services = Mock(spec=services, run=services.run, children=lambda job: steps)
    state = patient.read_job(name)
    assert state is not None
    assert state.error == "step train: UserError: no such carrier; UserError: Pipeline has failed child jobs."


def test_a_pipelines_metrics_are_those_of_its_steps() -> None:
    """Each step logs in a run of its own."""
    logged = {
        "job": [],
        "a": [{"key": "rows", "value": 7, "timestamp": 1}, {"key": "loss", "value": 2.0, "timestamp": 1}],
        "b": [{"key": "loss", "value": 1.0, "timestamp": 2}],
    }
    services = Mock(spec=WorkspaceServices, children=lambda job: [{"runId": "b"}, {"runId": "a"}], metrics=logged.get)
    assert last_values(services, "job") == {"rows": 7.0, "loss": 1.0}


def test_the_steps_of_a_run_are_read_page_by_page(connection: Connection) -> None:
    """A wide pipeline does not fit into one answer."""
    pages = {
        None: {"value": [{"runId": "a"}], "continuationToken": "t"},
        "t": {"value": [{"runId": "b"}], "continuationToken": None},
    }
    answer = httpx.MockTransport(
        lambda request: httpx.Response(200, json=pages[request.url.params.get("$continuationtoken")])
    )
    with httpx.Client(transport=answer) as client:
        where = Mock(
            spec=connection, workspace=connection.workspace, http=client, arm_scope="s", token=lambda scope: "t"
        )
        services = WorkspaceServices(where)
        services._places = ("https://history", "https://tracking")
        assert [step["runId"] for step in services.children("job")] == ["a", "b"]


def test_a_failed_job_is_told_even_where_its_reason_is_not(jobs: AzureMlJobs, double: AzureMlDouble) -> None:
    """An identity may read jobs and not their history."""
    double.plan("silent-*", end="Failed")
    name = _submitted(jobs, "silent")
    assert _ended(jobs, name) == "Failed"
    double.fail_once("GET", f"/runs/{name}$", 403, code="Forbidden", message="Not for you.")
    state = jobs.read_job(name)
    assert state is not None
    assert state.status == "Failed"
    assert state.error is not None
    assert "Not for you." in state.error


def test_a_busy_history_is_transient(jobs: AzureMlJobs, double: AzureMlDouble) -> None:
    """The reason is worth another attempt."""
    double.plan("later-*", end="Failed")
    name = _submitted(jobs, "later")
    assert _ended(jobs, name) == "Failed"
    double.fail_once("GET", f"/runs/{name}$", 503)
    with pytest.raises(TransientError):
        jobs.read_job(name)


def test_a_job_is_cancelled_once(jobs: AzureMlJobs, double: AzureMlDouble) -> None:
    """Asking again, or for what is final or absent, does nothing."""
    double.plan("cancel-*", run=50)
    name = _submitted(jobs, "cancel")
    jobs.cancel_job(name)
    jobs.cancel_job(name)
    assert _ended(jobs, name) == "Canceled"
    jobs.cancel_job(name)
    jobs.cancel_job(_new("never"))
    assert _ended(jobs, name) == "Canceled"


def test_a_cancel_that_is_refused_while_the_job_runs_is_an_error(jobs: AzureMlJobs, double: AzureMlDouble) -> None:
    """Only what is over already may be refused in silence."""
    double.plan("stays-*", run=50)
    name = _submitted(jobs, "stays")
    double.fail_once("POST", f"/jobs/{name}/cancel$", 403, code="AuthorizationFailed", message="Not yours.")
    with pytest.raises(PermanentError, match="Not yours") as caught:
        jobs.cancel_job(name)
    assert caught.value.code == FORBIDDEN


def test_outputs_are_read_from_the_data_container(jobs: AzureMlJobs, double: AzureMlDouble, tmp_path: Path) -> None:
    """A file and a folder, whatever lies beside them."""
    files = {"model": {"MLmodel": b"flavors", "data/weights": b"1"}, "evaluation": {"evaluation": b"actual"}}
    double.plan("outputs-*", outputs=files)
    name = _submitted(jobs, "outputs")
    assert _ended(jobs, name) == "Completed"
    assert jobs.read_job_file(name, "evaluation") == b"actual"
    jobs.download_job_folder(name, "model", tmp_path)
    assert (tmp_path / "MLmodel").read_bytes() == b"flavors"
    assert (tmp_path / "data" / "weights").read_bytes() == b"1"
    with pytest.raises(PermanentError, match="evaluation, model"):
        jobs.read_job_file(name, "evaluations")
    with pytest.raises(PermanentError, match="not one file but 2"):
        jobs.read_job_file(name, "model")


def test_a_file_output_may_be_a_folder_with_the_file(jobs: AzureMlJobs, double: AzureMlDouble, azurite: str) -> None:
    """How a step names its file is its own affair."""
    double.plan("inside-*", outputs={"model": {"MLmodel": b"m"}})
    name = _submitted(jobs, "inside")
    assert _ended(jobs, name) == "Completed"
    with pytest.raises(PermanentError, match="not one file but 0"):
        jobs.read_job_file(name, "evaluation")
    AzureBlobStore(azurite, CONTAINER).write(f"jobs/{name}/evaluation/evaluation/part-0.csv", b"rows")
    assert jobs.read_job_file(name, "evaluation") == b"rows"


@pytest.mark.parametrize("name", ["../elsewhere", "a/../../elsewhere", "a\\elsewhere"])
def test_a_file_that_would_land_elsewhere_is_refused(
    connection: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A step names its files, and a blob may be named like that; nothing is copied then."""
    blobs = [Mock(path=f"jobs/j/model/{one}", size=1) for one in ("fine", name)]
    monkeypatch.setattr(job_files, "_store", lambda connection: Mock(list=lambda path: blobs))
    with pytest.raises(PermanentError) as caught:
        job_files.download_folder(connection, "jobs/j/model", tmp_path, "output 'model' of job j")
    assert caught.value.code == "UnsafePath"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["2026-01-31T10:00:00.1234567Z", "2026-01-31T10:00:00.1234567", None, ""])
def test_a_time_of_the_run_history_is_utc(text: str | None) -> None:
    """It is written with more digits than Python has, and not always with its zone."""
    found = _instant(text)
    assert found == (datetime(2026, 1, 31, 10, 0, 0, 123456, tzinfo=UTC) if text else None)


def test_a_job_that_is_not_completed_has_no_outputs(jobs: AzureMlJobs, double: AzureMlDouble, tmp_path: Path) -> None:
    """Not even those that it wrote before it failed."""
    double.plan("half-*", end="Failed")
    name = _submitted(jobs, "half")
    assert _ended(jobs, name) == "Failed"
    with pytest.raises(PermanentError, match="it is Failed, not Completed"):
        jobs.read_job_file(name, "evaluation")
    with pytest.raises(PermanentError) as caught:
        jobs.download_job_folder(_new("never"), "model", tmp_path)
    assert caught.value.code == "JobNotFound"


def test_metrics_are_what_the_job_logged(jobs: AzureMlJobs, double: AzureMlDouble) -> None:
    """From the workspace's tracking API."""
    double.plan("metrics-*", metrics={"mape": 0.12, "rmse": 3.0})
    name = _submitted(jobs, "metrics")
    assert _ended(jobs, name) == "Completed"
    assert jobs.read_job_metrics(name) == {"mape": 0.12, "rmse": 3.0}
    with pytest.raises(PermanentError) as caught:
        jobs.read_job_metrics(_new("never"))
    assert caught.value.code == "JobNotFound"


def test_a_model_version_never_changes(jobs: AzureMlJobs, double: AzureMlDouble) -> None:
    """It is made of one job's output; the same again is adopted, another refused."""
    double.plan("model-*", outputs={"model": {"MLmodel": b"m"}})
    first, second, model = _submitted(jobs, "model"), _submitted(jobs, "model"), _new("multiplies")
    assert (_ended(jobs, first), _ended(jobs, second)) == ("Completed", "Completed")
    assert jobs.read_model(model, "1") is None
    made = jobs.register_model(model, "1", first, "model", {"verdict": "accepted"})
    assert (made.model, made.version, made.tags["verdict"]) == (model, "1", "accepted")
    assert made.path.rstrip("/").endswith(f"/paths/jobs/{first}/model")
    assert (
        jobs.register_model(model, "1", first, "model", {"verdict": "accepted"}) == made == jobs.read_model(model, "1")
    )
    with pytest.raises(PermanentError) as caught:
        jobs.register_model(model, "1", second, "model", {})
    assert caught.value.code == "ModelVersionTaken"


def test_a_data_version_never_changes(jobs: AzureMlJobs) -> None:
    """It is one folder of the data container."""
    name = _new("flights")
    assert jobs.read_data(name, "1") is None
    for path in ("datasets/v1", "datasets/v1/"):
        jobs.register_data(name, "1", path, {"cell": "JFK"})
    assert jobs.read_data(name, "1") == "datasets/v1"
    with pytest.raises(PermanentError) as caught:
        jobs.register_data(name, "1", "datasets/v2", {})
    assert caught.value.code == "DataVersionTaken"


_SCALARS = st.one_of(st.text(), st.integers(), st.booleans(), st.floats(allow_nan=False))


@given(st.dictionaries(st.text(), _SCALARS), st.randoms())
def test_a_definition_is_its_content_not_its_order(inputs: Mapping[str, JobInput], random: Any) -> None:
    """A repeated activity may build the same inputs in another order."""
    again = list(inputs.items())
    random.shuffle(again)
    assert definition_of({"a": 1}, "e", inputs) == definition_of({"a": 1}, "e", dict(again))
    assert definition_of({"a": 1}, "e", inputs) != definition_of({"a": 2}, "e", inputs)


_PATHS = st.lists(st.from_regex(r"[A-Za-z0-9=_.-]{1,12}", fullmatch=True), min_size=1, max_size=4).map("/".join)


@given(_PATHS)
def test_an_address_in_the_data_container_leads_back(path: str) -> None:
    """In the short form that we send and in the long one that the service answers."""
    where = Connection(
        Workspace("s", "g", "w"), url=None, ca=None, datastore="signalbox", container="c", storage="unused"
    )
    short = datastore_uri(where, path)
    long = short.replace("azureml://", "azureml://subscriptions/s/resourcegroups/g/workspaces/w/")
    assert container_path(where, short, "it") == container_path(where, f"{long}/", "it") == path
    with pytest.raises(PermanentError, match="signalbox"):
        container_path(where, short.replace("signalbox", "elsewhere"), "it")


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 3), st.floats(allow_nan=False)), max_size=8))
def test_of_a_metric_the_newest_value_counts(logged: list[tuple[str, int, float]]) -> None:
    """Whichever step logged it."""
    metrics = [{"key": key, "timestamp": at, "value": value} for key, at, value in logged]
    values = newest(metrics)
    assert values.keys() == {key for key, _, _ in logged}
    for key, value in values.items():
        latest = max(at for name, at, _ in logged if name == key)
        assert value in [number for name, at, number in logged if (name, at) == (key, latest)]
    assert json.dumps(values)
