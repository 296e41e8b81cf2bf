"""The doors to runs of a fleet: what they begin, what they answer, and what they refuse, with what would be right."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import azure.functions as func
import pytest
from durabletask.client import OrchestrationState, OrchestrationStatus

from function_app import app as function_app
from functions.triggers.fleet_runs import begin_fleet_run, how_it_stands
from functions.triggers.http import BadRequestError
from functions.triggers.run_requests import read_run_request
from local.testing.app import TestApp
from shared import names
from shared.contracts.fleet_runs import PlanRunInput, RunFleetInput
from shared.fleet_runs.digest import first_row
from tests.functions.fleet_in_memory import START, FleetInMemory, make_fleet
from tests.functions.test_run_fleet import FAST, SLOW, order

pytestmark = pytest.mark.filterwarnings("ignore:azure.functions df_loads:DeprecationWarning")


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FleetInMemory:
    """Two origins: six models."""
    return make_fleet(tmp_path, monkeypatch, ("JFK", "LGA"))


@pytest.fixture
async def app(fleet: FleetInMemory) -> AsyncIterator[TestApp]:
    """The fleet on an engine whose clock skips every pause."""
    async with TestApp(fleet.functions()) as running:
        yield running


async def ask(app: TestApp, name: str, body: Any = None, *, params: dict[str, str] | None = None, **route: str) -> Any:
    """Call a door; its status and its body."""
    content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    request = func.HttpRequest("POST", "http://app/api", params=params, route_params=route, body=content)
    answer = await _door(name)(req=request, client=app.client_binding)
    return answer.status_code, json.loads(answer.get_body())


class TestBeginning:
    """`POST /api/datafactory/{operation}`."""

    async def test_a_run_is_begun_once_per_content(self, app: TestApp, fleet: FleetInMemory) -> None:
        """The same body gives the same run, another selection another; the answer tells where to look."""
        body = {"select": {"origin": "JFK"}, "request_id": "adf-1"}
        status, one = await ask(app, "datafactory", body, operation="train")
        _, again = await ask(app, "datafactory", body, operation="train")
        _, other = await ask(app, "datafactory", {**body, "select": {"origin": ["LGA"]}}, operation="train")
        assert status == 202
        assert one["id"] == again["id"] != other["id"]
        assert "returnInternalServerErrorOnFailure=true" in one["statusQueryGetUri"]
        await app.output(one["id"])
        assert {asked.model for asked in fleet.asked if asked.request_id == one["id"]} == {SLOW, FAST, "quick-jfk"}

    async def test_a_start_that_comes_again_after_the_end_begins_nothing(
        self, app: TestApp, fleet: FleetInMemory
    ) -> None:
        """A timer that fires twice asks nobody twice."""
        await app.output(await begin_fleet_run(app.client, order()))
        later = order(at=datetime(2026, 1, 6, tzinfo=UTC), requested_by="somebody else", trace="00-1-2-01")
        await app.output(await begin_fleet_run(app.client, later))
        assert len(fleet.asked) == 6

    async def test_a_model_alone_is_one_training(self, app: TestApp, fleet: FleetInMemory) -> None:
        """As it always was: `train_on_request`, and no run."""
        app.functions.orchestrators[names.TRAIN_ON_REQUEST] = lambda context, payload: payload["policy"]["model"]
        status, begun = await ask(app, "datafactory", {"model": SLOW, "request_id": "r"}, operation="train")
        assert status == 202
        assert await app.output(begun["id"]) == SLOW
        assert not fleet.runs.rows

    async def test_a_model_alone_is_scored_by_a_run(self, app: TestApp, fleet: FleetInMemory) -> None:
        """There is no other way to ask for a scoring."""
        fleet.champions = {SLOW}
        _, begun = await ask(app, "datafactory", {"model": SLOW, "request_id": "r"}, operation="score")
        await app.output(begun["id"])
        assert fleet.runs.rows[begun["id"]].counts == {"scored": 1}

    @pytest.mark.parametrize(
        ("operation", "body", "refusal"),
        [
            ("retrain", {"request_id": "r"}, (404, "Known: condition, train, score")),
            ("train", {}, (400, "`request_id`: Field required")),
            ("train", b"{", (400, "no JSON")),
            ("train", b"[]", (400, "an object is needed")),
            ("train", b'{"request_id": 1' + b"0" * 5_000 + b"}", (400, "no JSON")),
            ("train", b'{"request_id": "r", "fleet": "\\ud800"}', (400, "no JSON")),
            ("train", {"request_id": "r", "selct": {}}, (400, "`selct`: Extra inputs")),
            ("train", {"request_id": "r", "select": "JFK"}, (400, "`select`")),
            ("train", {"request_id": "r", "select": {"orgin": "JFK"}}, (400, "Did you mean `origin`?")),
            ("train", {"request_id": "r", "select": {"origin": "BOS"}}, (400, "origin: JFK, LGA")),
            ("train", {"request_id": "r", "select": {"origin": []}}, (400, "at least one")),
            ("train", {"request_id": "r", "select": {"model": SLOW, "movement": "fast"}}, (400, "Nothing in")),
            ("train", {"request_id": "r", "select": {"model": ["x" * 11_000]}}, (400, "Select by labels")),
            ("train", {"request_id": "r", "fleet": "demmo"}, (404, "did you mean `demo`?")),
            ("train", {"request_id": "r", "as_of": "9/30/2013"}, (400, "Write a date, 2013-09-08")),
            ("train", {"request_id": "r", "as_of": "2013-09-31"}, (400, "Write a date")),
            ("train", {"request_id": "r", "as_of": "2013-09-08T06:00"}, (400, "2013-09-08T06:00Z")),
            ("train", {"request_id": "r", "as_of": "0001-01-01T00:00Z"}, (400, "from 1900 to 2199")),
            ("train", {"request_id": "r", "as_of": "9999-12-31"}, (400, "from 1900 to 2199")),
            ("train", {"request_id": "r", "fail_on": "some"}, (400, "'any', 'all' or 'never'")),
            ("train", {"model": "nobody", "request_id": "r"}, (404, "Known: departures-jfk-fast")),
            ("train", {"model": SLOW, "request_id": "r", "select": {}}, (400, "leave `model` out, and give `select`")),
            ("condition", {"request_id": "r", "select": {"movement": "fast"}}, (400, "month: any value")),
            ("condition", {"request_id": "r", "model": SLOW}, (400, "no label `model`")),
            ("condition", {"request_id": "r", "selct": {}}, (400, "requested_by, prefix.")),
            ("condition", {"request_id": "r", "prefix": ""}, (400, "`prefix`: String should have at least 1")),
            ("condition", {"request_id": "r", "prefix": "raw/BOS/"}, (400, "Their files are raw/{origin}/{month}.csv")),
            ("condition", {"request_id": "r", "prefix": "/raw/JFK/"}, (400, "No source of the fleet demo")),
            ("condition", {"request_id": "r", "prefix": "raw/*"}, (400, "No source of the fleet demo")),
            ("condition", {"request_id": "r", "prefix": "raw/LGA/"}, (400, "No file has landed under `raw/LGA/`")),
            ("train", {"request_id": "r", "prefix": "raw/JFK/"}, (400, "`train` is asked for models: use `select`")),
            ("score", {"request_id": "r", "prefix": "raw/JFK/"}, (400, "`score` is asked for models: use `select`")),
        ],
    )  # fmt: skip
    async def test_a_wrong_body_is_told_what_would_be_right(
        self, app: TestApp, fleet: FleetInMemory, operation: str, body: Any, refusal: tuple[int, str]
    ) -> None:
        """Nothing begins."""
        fleet.landed = ["raw/JFK/2013-08.csv"]
        got, problem = await ask(app, "datafactory", body, operation=operation)
        status, told = refusal
        assert (got, problem["status"]) == (status, status)
        assert told in problem["detail"]
        assert not fleet.runs.rows

    async def test_a_prefix_is_part_of_what_a_run_is(self, app: TestApp, fleet: FleetInMemory) -> None:
        """Another prefix is another run, and without one a run has the id that it always had."""
        fleet.landed = ["raw/JFK/2013-08.csv"]
        body = {"prefix": "raw/JFK/", "request_id": "r"}
        status, one = await ask(app, "datafactory", body, operation="condition")
        _, again = await ask(app, "datafactory", body, operation="condition")
        _, other = await ask(app, "datafactory", {**body, "prefix": "raw/"}, operation="condition")
        assert status == 202
        assert one["id"] == again["id"] != other["id"]
        await app.output(one["id"])
        assert fleet.runs.rows[one["id"]].prefix == "raw/JFK/"
        known = await begin_fleet_run(app.client, order("condition", request_id="plain"))
        assert known == "run-demo-condition-c3bdedf737a9"

    def test_a_date_is_that_day_wherever_it_is_read(self, fleet: FleetInMemory) -> None:
        """Also in UTC, where midnight in New York is another moment."""
        read = read_run_request("train", {"request_id": "r", "as_of": "2013-09-30"}, START, None)
        assert read.as_of is not None
        assert read.as_of.date() == read.as_of.astimezone(UTC).date() == datetime(2013, 9, 30, tzinfo=UTC).date()

    def test_one_of_several_fleets_must_be_named(self, fleet: FleetInMemory, monkeypatch: pytest.MonkeyPatch) -> None:
        """The answer lists them."""
        from functions import adapters
        from shared.fleet.fleet import Fleets

        (one,) = adapters.fleets().all
        monkeypatch.setattr(adapters, "fleets", lambda: Fleets((one, one)))
        with pytest.raises(BadRequestError, match="one of demo, demo"):
            read_run_request("train", {"request_id": "r"}, START, None)


class TestTelling:
    """`GET /api/runs` and `GET /api/runs/{id}`."""

    async def test_runs_are_listed_with_their_figures(self, app: TestApp, fleet: FleetInMemory) -> None:
        """Newest first; `fleet` and `limit` narrow the list."""
        for number in (1, 2):
            asked = order(request_id=str(number), at=START.replace(hour=number))
            await app.output(await begin_fleet_run(app.client, asked))
        _, listed = await ask(app, "list_runs")
        assert [run["request_id"] for run in listed["runs"]] == ["2", "1"]
        assert listed["runs"][0]["reason"] == "6 cells: 6 passed."
        assert len((await ask(app, "list_runs", params={"limit": "1"}))[1]["runs"]) == 1
        assert len((await ask(app, "list_runs", params={"fleet": "demo"}))[1]["runs"]) == 2
        status, problem = await ask(app, "list_runs", params={"fleet": "dmeo"})
        assert (status, problem["detail"]) == (404, "There is no fleet dmeo; did you mean `demo`?")
        for limit in ("0", "x", "1001", "²", "9" * 5_000):
            assert (await ask(app, "list_runs", params={"limit": limit}))[0] == 400

    async def test_a_run_is_told_cell_by_cell_while_it_goes_on_and_after(
        self, app: TestApp, fleet: FleetInMemory
    ) -> None:
        """The same shape both times; the digest's place is told at the end."""
        fleet.words = {SLOW: ("running",) * 3 + ("failed",)}
        run = await begin_fleet_run(app.client, order())
        await app.run_until_idle()
        _, told = await ask(app, "get_run", id=run)
        assert (told["state"], told["digest"]) == ("running", None)
        assert {cell["name"]: cell["outcome"] for cell in told["cells"]}[SLOW] == "running"
        await app.output(run)
        _, told = await ask(app, "get_run", id=run)
        assert (told["state"], told["digest"]) == ("done", f"runs/demo/{run}/digest.json")
        assert {cell["name"]: cell["reason"] for cell in told["cells"]}[SLOW] == "it is failed"

    async def test_an_unknown_run_is_not_found(self, app: TestApp, fleet: FleetInMemory) -> None:
        """The answer says where all are."""
        for door in ("get_run", "retry_run"):
            status, problem = await ask(app, door, id="nobody")
            assert status == 404
            assert "GET /api/runs" in problem["detail"]

    async def test_a_run_that_was_terminated_does_not_go_on(self, app: TestApp, fleet: FleetInMemory) -> None:
        """Nobody has written that down, so its instance is asked; and what was open can be retried."""
        fleet.words = {SLOW: ()}
        run = await begin_fleet_run(app.client, order())
        await app.run_until_idle()
        await app.client.terminate_orchestration(run)
        await app.finish(run)
        _, told = await ask(app, "get_run", id=run)
        assert told["state"] == "failed"
        assert "ended as terminated" in told["reason"]
        assert [one["state"] for one in (await ask(app, "list_runs"))[1]["runs"]] == ["failed"]
        fleet.words = {}
        status, retry = await ask(app, "retry_run", id=run)
        assert status == 202
        await app.output(retry["id"])
        assert fleet.runs.rows[retry["id"]].counts == {"passed": 1}

    async def test_a_run_that_ends_while_it_is_looked_at_has_not_failed(
        self, app: TestApp, fleet: FleetInMemory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Its row was read before its end, and its instance after it."""
        run = await begin_fleet_run(app.client, order())
        await app.output(run)
        ended = fleet.runs.rows[run]
        before = ended.model_copy(update={"state": "running", "ended_at": None})
        rows = iter([before, ended, ended])
        monkeypatch.setattr(fleet.runs, "get", lambda _: next(rows))
        monkeypatch.setattr(fleet.runs, "recent", lambda _: [before])
        assert (await ask(app, "get_run", id=run))[1]["state"] == "done"
        assert [one["state"] for one in (await ask(app, "list_runs"))[1]["runs"]] == ["done"]

    def test_a_run_that_has_only_just_begun_is_told(self) -> None:
        """Before its first step there is no row; its input says what it is about."""
        told = how_it_stands("run-1", None, _state(OrchestrationStatus.PENDING, names.RUN_FLEET, order()))
        assert told is not None
        assert (told.state, told.operation) == ("running", "train")
        assert how_it_stands("run-1", None, _state(OrchestrationStatus.RUNNING, names.TRAIN_MODEL, order())) is None

    def test_a_run_whose_instance_is_gone_has_failed(self) -> None:
        """It was purged before it ended."""
        told = how_it_stands("run-1", first_row(PlanRunInput(run="run-1", order=order())), None)
        assert told is not None
        assert (told.state, "is gone" in told.reason) == ("failed", True)


class TestRetrying:
    """`POST /api/runs/{id}/retry`."""

    async def test_a_retry_is_begun_once_and_keeps_what_was_asked(self, app: TestApp, fleet: FleetInMemory) -> None:
        """Pressing twice is one retry; another `request_id` is another one."""
        fleet.words = {SLOW: ("failed",)}
        asked = order(as_of=datetime(2013, 9, 5, tzinfo=UTC), again=True)
        run = await begin_fleet_run(app.client, asked)
        await app.output(run)
        status, one = await ask(app, "retry_run", id=run)
        _, again = await ask(app, "retry_run", {"fail_on": "never"}, id=run)
        _, other = await ask(app, "retry_run", {"request_id": "once more"}, id=run)
        assert status == 202
        assert one["id"] == again["id"] != other["id"]
        await app.finish(one["id"])
        row = fleet.runs.rows[one["id"]]
        assert (row.retry_of, row.as_of, row.again, row.fail_on) == (run, asked.as_of, True, "any")
        assert [cell.model for cell in fleet.asked if cell.request_id == one["id"]] == [SLOW]

    async def test_a_run_that_goes_on_is_not_retried(self, app: TestApp, fleet: FleetInMemory) -> None:
        """Its cells may still end well."""
        fleet.words = {SLOW: ()}
        run = await begin_fleet_run(app.client, order())
        await app.run_until_idle()
        status, problem = await ask(app, "retry_run", id=run)
        assert status == 409
        assert "when it has ended" in problem["detail"]

    async def test_a_run_without_failures_is_not_retried(self, app: TestApp, fleet: FleetInMemory) -> None:
        """Nothing begins."""
        run = await begin_fleet_run(app.client, order())
        await app.output(run)
        assert (await ask(app, "retry_run", id=run))[0] == 409

    async def test_a_wrong_body_is_refused(self, app: TestApp, fleet: FleetInMemory) -> None:
        """The fields that are allowed are named."""
        fleet.words = {SLOW: ("failed",)}
        run = await begin_fleet_run(app.client, order())
        await app.output(run)
        status, problem = await ask(app, "retry_run", {"again": True}, id=run)
        assert status == 400
        assert "Allowed: request_id, fail_on, requested_by" in problem["detail"]


def _state(status: OrchestrationStatus, name: str, asked: RunFleetInput) -> OrchestrationState:
    return OrchestrationState("run-1", name, status, START, START, asked.model_dump_json(), None, None, None)


def _door(name: str) -> Callable[..., Awaitable[Any]]:
    function_app.functions_bindings = {}  # the app takes its own names for duplicates when it is asked again
    found = next(one for one in function_app.get_functions() if one.get_function_name() == name)
    door: Callable[..., Awaitable[Any]] = found.get_user_function()
    return door
