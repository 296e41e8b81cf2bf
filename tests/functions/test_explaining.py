"""`POST /api/events/explain`: what each event would start, told from the models' present states, and nothing done."""

import asyncio
import copy
import json
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import azure.functions as func
import pytest
from durabletask.client import OrchestrationState, OrchestrationStatus
from durabletask.entities import EntityInstanceId

from functions import adapters
from functions.index import ROUTES
from functions.triggers import explaining, present, understanding_files
from functions.triggers.callers import Seen
from functions.triggers.fleet_runs import begin_fleet_run
from functions.triggers.recognizing import FORMS
from functions.triggers.run_requests import read_run_request
from shared import names
from shared.contracts.conditioning import ConditionDatasetInput
from shared.contracts.deliveries import Delivery
from shared.interlock.state import upcast
from tests.functions.conftest import registered
from tests.functions.landing_site import Site, ready, waiting

AT = datetime(2013, 8, 20, tzinfo=UTC)
CELL = "monthly origin=JFK month=2013-07"


@pytest.fixture(autouse=True)
def configured(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Where files land, and how callers are known."""
    made = SimpleNamespace(landing_container="landing", authentication="keys")
    monkeypatch.setattr(understanding_files, "settings", lambda: made)
    monkeypatch.setattr(adapters, "read_model", lambda: SimpleNamespace(all=list))
    monkeypatch.setattr(adapters, "holds", lambda: SimpleNamespace(of=lambda fleet: ()))
    return made


async def ask(site: Site, event: Any) -> tuple[int, dict[str, Any]]:
    """What the door answers."""
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    request = func.HttpRequest("POST", "http://app/api/events/explain", body=body)
    answer = await explaining.explain_event(request, site.app.client)
    return answer.status_code, json.loads(answer.get_body())


async def explained(site: Site, event: Any) -> dict[str, Any]:
    """The explanation of one event."""
    status, told = await ask(site, event)
    assert status == 200, told
    (one,) = told["events"]
    return dict(one)


async def refused(site: Site, event: Any) -> str:
    """What is said of a body that cannot be explained."""
    status, told = await ask(site, event)
    assert status == 400
    return str(told["detail"])


def blob(path: str = "raw/flights/JFK/2013-07.csv", **changes: Any) -> dict[str, Any]:
    """Event Grid tells of a file."""
    return {
        "eventType": "Microsoft.Storage.BlobCreated",
        "eventTime": AT.isoformat(),
        "subject": f"/blobServices/default/containers/landing/blobs/{path}",
        "data": {"api": "PutBlob", "eTag": "0x1", "contentLength": 5},
        **changes,
    }


def webhook(model: str = "m-jfk", action: str = "created", **data: Any) -> dict[str, Any]:
    """MLflow tells of a version."""
    return {"entity": "model_version", "action": action, "data": {"name": model, "version": "7", **data}}


async def _until_training(site: Site, model: str) -> None:
    """Wait until the model has begun to train."""
    async with asyncio.timeout(20):
        while True:
            found = await site.app.client.get_entity(EntityInstanceId(names.MODEL_INTERLOCK, model))
            state: Any = found.get_typed_state(dict) if found is not None else None
            if upcast(state).summary == "training":
                return
            await asyncio.sleep(0.01)


async def _until_quiet(site: Site) -> None:
    """Wait until the model has heard who holds its fleet, and no orchestration runs any more."""
    async with asyncio.timeout(20):
        while True:
            found = await site.app.client.get_entity(EntityInstanceId(names.MODEL_INTERLOCK, "m-jfk"))
            state: Any = found.get_typed_state(dict) if found is not None else None
            instances = await site.app.client.get_all_orchestration_states()
            if upcast(state).fleet_holds == "known" and all(_has_ended(one) for one in instances):
                return
            await asyncio.sleep(0.01)


def _has_ended(state: OrchestrationState) -> bool:
    return state.runtime_status is OrchestrationStatus.COMPLETED


def _noting(asked: list[str], name: str, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """The same, which notes that it was called."""

    async def noted(*args: Any) -> Any:
        asked.append(name)
        return await call(*args)

    return noted


def everything(site: Site) -> Any:
    """All rows of the engine's file, and all that storage holds."""
    with closing(sqlite3.connect(f"file:{site.folder / 'durable.db'}?mode=ro", uri=True)) as file:
        tables = [name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        engine = {name: sorted(map(repr, file.execute(f"SELECT * FROM {name}"))) for name in tables}
    stores = [vars(one) for one in (site.landing, site.data, site.index, site.inbox)]
    return engine, copy.deepcopy([{key: value for key, value in one.items() if key != "listed"} for one in stores])


class TestFiles:
    """Files that land."""

    async def test_a_file_that_completes_a_cell_would_begin_trainings(self, site: Site) -> None:
        """It names the source, the dataset, the model, and why."""
        await ready(site)
        told = await explained(site, blob())
        assert (told["channel"], told["accepted"]) == ("storage", True)
        assert (told["sources"], told["datasets"]) == (["flights of flights"], ["monthly"])
        assert [(cell["name"], cell["would"], cell["models"]) for cell in told["cells"]] == [(CELL, "publish", 1)]
        (model,) = told["models"]
        assert (model["model"], model["would"]) == ("m-jfk", "begin"), model["reason"]
        assert "Would begin a training of m-jfk on dataset version (new JFK 2013-07), since:" in told["summary"]
        assert any("does not lie there now" in note for note in told["notes"])

    async def test_a_file_of_which_others_are_missing_would_wait(self, site: Site) -> None:
        """What is missing is told, and no model is asked."""
        told = await explained(site, blob())
        (cell,) = told["cells"]
        assert (cell["would"], told["models"]) == ("wait", [])
        assert "holidays" in cell["reason"]
        assert "would wait" in told["summary"]

    async def test_a_cell_whose_deadline_has_passed_would_fail(
        self, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The fleet file says that it does not wait for ever."""
        monkeypatch.setattr(understanding_files, "utc_now", lambda: AT)
        site.fleet(waiting("fail"))
        await site.land("ref/events.csv", "y,2")
        told = await explained(site, blob())
        assert told["cells"][0]["would"] == "fail"

    async def test_a_training_in_flight_makes_the_next_wait(self, site: Site) -> None:
        """The state is read from the model's own entity."""
        await ready(site)
        site.app.world.job_status = "Running"
        site.app.engine_functions[names.FIND_HOLDS] = registered().activities[names.FIND_HOLDS]
        await site.land("raw/flights/JFK/2013-06.csv", "x,1")
        await _until_training(site, "m-jfk")
        (model,) = (await explained(site, blob()))["models"]
        assert (model["would"], model["begins"]) == ("tell", [])
        assert "Training 1 is in flight; dataset version (new JFK 2013-07) is next." in model["reason"]

    @pytest.mark.parametrize(
        ("event", "why"),
        [
            (blob("raw/else.csv"), "No source of any fleet wants this path"),
            (blob(data={"eTag": "0x1", "contentLength": 0}), "The file is empty"),
            (blob(data={"eTag": "", "contentLength": 5}), "names no container, blob and eTag"),
            (blob(data={"api": "CreateFile", "eTag": "0x1", "contentLength": 0}), "FlushWithClose"),
            (blob(eventType="Microsoft.Storage.BlobDeleted"), "Only Microsoft.Storage.BlobCreated"),
            (blob(subject="/blobServices/default/containers/other/blobs/a.csv"), "awaited in the container landing"),
            (blob(eventType="Microsoft.Resources.ResourceWriteSuccess"), "start nothing"),
            (blob(eventType="Microsoft.EventGrid.SubscriptionValidationEvent"), "host answers"),
        ],
    )
    async def test_what_would_not_be_accepted_says_why(self, site: Site, event: dict[str, Any], why: str) -> None:
        """As its door would record it; nothing would start."""
        told = await explained(site, event)
        assert (told["accepted"], told["models"]) == (False, [])
        assert why in told["reason"]
        assert told["summary"].startswith("Would start nothing.")

    async def test_a_file_that_came_before_does_nothing_twice(self, site: Site) -> None:
        """What became of it then is told."""
        key = "landing/raw/flights/JFK/2013-07.csv@0x1"
        site.inbox.record(
            Delivery(channel="storage", key=key, subject="s", received_at=AT, outcome="accepted", reason="R.")
        )
        told = await explained(site, blob())
        assert "has come before, at 2013-08-20 00:00 UTC, and was accepted: R." in told["reason"]

    async def test_a_file_without_a_period_may_be_needed_by_no_cell_yet(self, site: Site) -> None:
        """It is accepted, and leads to nothing."""
        told = await explained(site, blob("ref/events.csv"))
        assert told["accepted"]
        assert "No cell needs it yet" in told["summary"]

    async def test_both_schemas_of_event_grid_say_the_same(self, site: Site) -> None:
        """CloudEvents have other words for the same."""
        grid = blob()
        cloud = {"specversion": "1.0", "type": grid["eventType"], "time": grid["eventTime"],
                 "subject": grid["subject"], "data": grid["data"]}  # fmt: skip
        assert await explained(site, grid) == await explained(site, cloud)


class TestRegistry:
    """Webhooks of model registries."""

    async def test_a_version_of_somebody_else_is_told(self, site: Site) -> None:
        """The model's decision, and its reason."""
        told = await explained(site, webhook())
        assert (told["channel"], told["accepted"]) == ("mlflow", True)
        assert "registered by someone else" in told["models"][0]["reason"]

    @pytest.mark.parametrize(
        ("event", "why"),
        [
            (webhook("m-jfkk"), "Did you mean `m-jfk`?"),
            (webhook(action="deleted"), "start nothing"),
            ({"entity": "model_version", "action": "created"}, "lacks"),
        ],
    )
    async def test_what_would_start_nothing_says_why(self, site: Site, event: dict[str, Any], why: str) -> None:
        """The nearest model, or an example."""
        told = await explained(site, event)
        assert not told["accepted"]
        assert why in told["reason"]

    async def test_a_webhook_that_came_before_does_nothing_twice(self, site: Site) -> None:
        """Its content is the key."""
        key = names.version_key("m-jfk", "7")
        site.inbox.record(Delivery(channel="mlflow", key=key, subject="s", received_at=AT, outcome="done", reason="R."))
        assert "has come before" in (await explained(site, webhook()))["reason"]
        again = {"event": "MODEL_VERSION_CREATED", "model_name": "m-jfk", "version": "7"}
        assert "This event has come before" in (await explained(site, again))["reason"]

    async def test_a_version_of_databricks_is_explained_as_one_of_mlflow(self, site: Site) -> None:
        """Its own words, the same door for what follows; comments start nothing, and a misspelt model is named."""
        event = {"event": "MODEL_VERSION_CREATED", "model_name": "m-jfk", "version": "7"}
        told = await explained(site, event)
        assert told["accepted"]
        assert told["models"][0]["model"] == "m-jfk"
        assert not (await explained(site, {**event, "event": "COMMENT_CREATED"}))["accepted"]
        assert "did you mean" in (await explained(site, {**event, "model_name": "m-jf"}))["reason"].lower()


class TestJobs:
    """What Azure ML tells of jobs."""

    @staticmethod
    def _event(**changes: Any) -> dict[str, Any]:
        data = {"runId": "j", "runStatus": "Completed", **changes.pop("data", {})}
        return {"eventType": "Microsoft.MachineLearningServices.RunCompleted", "subject": "experiments/e/runs/j",
                "data": data, **changes}  # fmt: skip

    async def test_a_job_that_somebody_waits_for_wakes_the_wait(
        self, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The wait reads the job's status itself."""
        asked: list[str] = []

        async def state(instance: str) -> Any:
            asked.append(instance)
            return SimpleNamespace(runtime_status=OrchestrationStatus.RUNNING)

        monkeypatch.setattr(site.app.client, "get_orchestration_state", state)
        told = await explained(site, self._event())
        assert told["accepted"]
        assert "The wait for the job j would wake" in told["summary"]
        assert (await explained(site, {**self._event(), "data": []}))["accepted"]
        assert asked == [names.watcher("j")] * 2

    @pytest.mark.parametrize(
        ("event", "why"),
        [
            ({}, "Nobody waits for this job"),
            ({"data": {"parentRunId": "p"}}, "a step of a pipeline"),
            ({"eventType": "Microsoft.MachineLearningServices.ModelRegistered"}, "search for lost events"),
            ({"eventType": "Microsoft.MachineLearningServices.ModelDeployed"}, "only RunCompleted"),
        ],
    )
    async def test_other_jobs_wake_nobody(self, site: Site, event: dict[str, Any], why: str) -> None:
        """A step, a stranger's job, and other events."""
        told = await explained(site, self._event(**event))
        assert not told["accepted"]
        assert why in told["reason"]


class TestRequests:
    """Calls of Data Factory."""

    async def test_a_training_of_one_model(self, site: Site) -> None:
        """On the dataset version that would be found."""
        body = {"operation": "train", "model": "m-jfk", "request_id": "r"}
        assert "has no version" in (await explained(site, body))["reason"]
        await ready(site)
        await site.land("raw/flights/JFK/2013-07.csv", "x,1")
        told = await explained(site, body)
        assert told["accepted"]
        assert told["models"][0]["would"] in ("begin", "wait")
        assert site.newest().version in told["models"][0]["reason"]

    async def test_a_run_over_a_selection_of_models(self, site: Site) -> None:
        """Those that cannot be asked are told with the reason."""
        await ready(site)
        await site.land("raw/flights/JFK/2013-07.csv", "x,1")
        told = await explained(site, {"operation": "train", "request_id": "r"})
        assert [one["model"] for one in told["models"]] == ["m-jfk"]
        assert [(cell["name"], cell["would"]) for cell in told["cells"]] == [("m-lga", "leave")]

    async def test_a_run_that_conditions(self, site: Site) -> None:
        """Its cells are looked at as if the run had been begun."""
        await ready(site)
        site.landing.land("raw/flights/JFK/2013-07.csv", "route,flights\nx,1\n", AT)
        told = await explained(site, {"operation": "condition", "request_id": "r"})
        assert [(cell["name"], cell["would"]) for cell in told["cells"]] == [(CELL, "publish")]
        assert told["models"][0]["would"] == "begin"

    async def test_a_request_that_was_made_before_begins_nothing_twice(self, site: Site) -> None:
        """It is known by its id."""
        await ready(site)
        site.landing.land("raw/flights/JFK/2013-07.csv", "route,flights\nx,1\n", AT)
        body = {"request_id": "r"}
        await begin_fleet_run(site.app.client, read_run_request("condition", body, AT, None))
        told = await explained(site, {"operation": "condition", **body})
        assert not told["accepted"]
        assert "asked for before" in told["reason"]

    async def test_an_activity_of_a_pipeline_says_its_operation_by_its_url(self, site: Site) -> None:
        """Both kinds of activity; a body may be text."""
        await ready(site)
        site.landing.land("raw/flights/JFK/2013-07.csv", "route,flights\nx,1\n", AT)
        plain = await explained(site, {"operation": "condition", "request_id": "r"})
        web = {"url": "https://a/api/datafactory/condition", "body": {"request_id": "r"}}
        azure = {"functionName": "datafactory/condition", "body": '{"request_id": "r"}'}
        expression = {
            "url": {"value": "@concat(pipeline().parameters.app, '/api/datafactory/condition')", "type": "Expression"},
            "body": {"value": '{"request_id": "r"}', "type": "Expression"},
        }
        for properties in (web, azure, expression):
            told = await explained(site, {"name": "n", "typeProperties": properties})
            assert told["summary"] == plain["summary"]

    async def test_a_run_whose_body_says_what_it_does(self, site: Site) -> None:
        """Of one model, too, and the address that is to be called back is not told."""
        await ready(site)
        await site.land("raw/flights/JFK/2013-07.csv", "x,1")
        body = {"operation": "train", "model": "m-jfk", "request_id": "r", "callBackUri": "https://a.example/s3cret"}
        told = await explained(site, {"typeProperties": {"url": "https://a/api/datafactory/run", "body": body}})
        assert told["accepted"]
        assert [one["model"] for one in told["models"]] == ["m-jfk"]
        assert "s3cret" not in json.dumps(told)

    @pytest.mark.parametrize(
        ("event", "why"),
        [
            ({"request_id": "r", "fleet": "flights"}, "add `operation`, one of condition, train, score"),
            ({"typeProperties": {"url": "https://a/api/runs", "body": {}}}, "calls https://a/api/runs"),
            ({"typeProperties": {"url": "http://[", "body": {}}}, "calls http://["),
            ({"typeProperties": []}, "calls nothing"),
            ({"typeProperties": {"url": "https://a/api/datafactory/train", "body": "@json('x')"}}, "put in what"),
            (
                {"typeProperties": {"url": {"value": "@concat('https://a/', 'api')", "type": "Expression"}}},
                "Put in what the expression comes to",
            ),
        ],
    )
    async def test_a_call_that_does_not_say_what_it_wants(self, site: Site, event: dict[str, Any], why: str) -> None:
        """What was understood, and an example."""
        assert why in await refused(site, event)

    async def test_a_call_that_its_door_would_refuse_says_why(self, site: Site) -> None:
        """In the door's own words."""
        told = await explained(site, {"operation": "train", "request_id": "r", "select": {"orgin": "JFK"}})
        assert "Did you mean `origin`?" in told["reason"]
        told = await explained(site, {"operation": "retrain", "request_id": "r"})
        assert "Known: condition, train, score" in told["reason"]


class TestOwnEvents:
    """What the app's own parts tell each other."""

    async def test_time_and_policy_may_be_left_out(self, site: Site) -> None:
        """The model's own fleet file says the policy."""
        told = await explained(
            site, {"kind": "version_registered", "model": "m-jfk", "version": "7", "seen_by": "webhook"}
        )
        assert told["what"] == "version registered of m-jfk"
        assert told["models"][0]["would"] == "nothing"

    async def test_an_order_to_condition_a_cell(self, site: Site) -> None:
        """As recorded deliveries have it in their bodies."""
        await ready(site)
        site.landing.land("raw/flights/JFK/2013-07.csv", "route,flights\nx,1\n", AT)
        cell = {"origin": "JFK", "month": "2013-07"}
        order = ConditionDatasetInput(fleet="flights", dataset="monthly", cell=cell, cause="c", at=AT)
        direct = await explained(site, order.to_wire())
        assert direct["models"][0]["would"] == "begin"
        kept = Delivery(channel="conditioning", key="k", subject="s", received_at=AT, outcome="failed", reason="r",
                        body=order.model_dump_json())  # fmt: skip
        assert await explained(site, kept.to_wire()) == direct
        wrong = {"fleet": "flights", "dataset": "monthly", "cell": {"origin": "BOS", "month": "2013-07"}}
        assert "is no origin" in (await explained(site, wrong))["reason"]

    async def test_an_observation(self, site: Site) -> None:
        """Its model is in the path of its door, and here beside the rest."""
        event = {"model": "m-jfk", "version": "7", "period": "2013-07", "figures": {"rmse": 1.0}}
        assert (await explained(site, event))["models"][0]["model"] == "m-jfk"
        assert not (await explained(site, {**event, "model": "nobody"}))["accepted"]

    @pytest.mark.parametrize(
        ("event", "why"),
        [
            ({"kind": "version_registred", "model": "m-jfk"}, "did you mean `version_registered`?"),
            ({"kind": "version_registered", "model": "m-jfk"}, "`version`: Field required"),
            ({"fleet": "flights", "dataset": "monthly", "cell": []}, "Needed: fleet, dataset, cell"),
            ({"channel": "storage", "key": "k", "body": '{"eventTy'}, "only the beginning is kept"),
        ],
    )
    async def test_one_that_does_not_fit_is_refused(self, site: Site, event: dict[str, Any], why: str) -> None:
        """With what is wrong and what would be right."""
        assert why in await refused(site, event)

    async def test_of_a_model_that_there_is_not_nothing_is_accepted(self, site: Site) -> None:
        """An event that says itself that it has no policy is no exception."""
        told = await explained(site, {"kind": "woken", "model": "m-jkf", "policy": None})
        assert (told["accepted"], told["models"]) == (False, [])
        assert "did you mean `m-jfk`?" in told["reason"]


class TestManyModels:
    """Events that concern many models."""

    async def test_what_is_known_is_read_once_for_all_events(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        """States come by page, holds by fleet; neither is read again for the next event, or for each model."""
        many = ", ".join(f"c{number}" for number in range(30))
        site.fleet(
            ("origin: [JFK, LGA]}", f"origin: [JFK], carrier: [{many}]}}"),
            ("m-{origin}:", "m-{origin}-{carrier}:"),
        )
        await ready(site)
        plain = await explained(site, blob())
        asked: list[str] = []

        def _told_of_holds(fleet: str) -> tuple[()]:
            asked.append(f"holds of {fleet}")
            return ()

        for call in ("get_entity", "get_all_entities"):
            monkeypatch.setattr(site.app.client, call, _noting(asked, call, getattr(site.app.client, call)))
        monkeypatch.setattr(adapters, "holds", lambda: SimpleNamespace(of=_told_of_holds))
        status, told = await ask(site, [blob(), blob()])
        assert (status, [len(one["models"]) for one in told["events"]]) == (200, [30, 30])
        assert (asked.count("get_all_entities"), asked.count("get_entity"), asked.count("holds of flights")) == (
            1,
            1,
            1,
        )
        monkeypatch.setattr(present, "_FEW", 1000)
        assert await explained(site, blob()) == plain == told["events"][0]


class TestBodies:
    """What is no event."""

    @pytest.mark.parametrize("name", FORMS)
    async def test_what_is_shown_as_an_example_is_understood(self, site: Site, name: str) -> None:
        """With the names of the fleet that is there, it is no bad request."""
        text = json.dumps(FORMS[name].example)
        for ours, theirs in (("m-jfk", "demand-plains"), ("flights", "demand")):
            text = text.replace(theirs, ours)
        event = json.loads(text.replace('{"month"', '{"origin": "JFK", "month"'))
        told = await explained(site, event)
        assert "equired" not in told["reason"]
        assert "cannot be read" not in told["what"]

    @pytest.mark.parametrize(
        ("body", "why"),
        [
            (b"{", "The body is no JSON"),
            (b"[" * 100_000, "The body is"),
            (b"5", "The body is a JSON number; an event is an object"),
            (b"[]", "The array is empty"),
            (b"[{}]", "The event is empty"),
            (b'[{"kind": "woken", "model": "m-jfk"}, "x"]', "Event 2 of 2 is a JSON text"),
            (json.dumps([{}] * 21).encode(), "at most 20 are explained at once"),
            (b'{"eventTyp": "x", "data": {}}', "nearest to an event of Event Grid, which also has `eventType`"),
            (b'{"hello": 1}', "Known are a webhook of MLflow"),
            (b'{"entity": "a", "action": "b", "eventType": "c"}', "could be a webhook of MLflow"),
        ],
    )
    async def test_what_is_no_event_is_answered_with_what_was_understood(
        self, site: Site, body: bytes, why: str
    ) -> None:
        """And with an example."""
        assert why in await refused(site, body)

    async def test_an_array_is_explained_event_by_event(self, site: Site) -> None:
        """Each from the present state."""
        await ready(site)
        _, told = await ask(site, [blob(), webhook()])
        assert [one["channel"] for one in told["events"]] == ["storage", "mlflow"]


async def test_what_models_would_do_is_told_to_those_who_may_see_them(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To whoever may read only some models, the others are not told, not even by their names."""
    await ready(site)
    monkeypatch.setattr(Seen, "has", lambda self, model: False)
    told = await explained(site, blob())
    assert (told["accepted"], told["models"]) == (True, [])
    assert "Of 1 models those are told that you may see: 0." in told["notes"]
    assert "m-jfk" not in json.dumps(told)


def test_a_reader_may_ask() -> None:
    """It is a POST since the event is its body, and changes nothing."""
    (route,) = ROUTES["explaining"]
    assert (route.method, route.role) == ("POST", "reader")


async def test_nothing_is_done(site: Site) -> None:
    """The engine's file and all that storage holds are, byte for byte, what they were before."""
    site.fleet(("timezone: America", "level: 1\ntimezone: America"))
    site.app.engine_functions[names.FIND_HOLDS] = registered().activities[names.FIND_HOLDS]
    await ready(site)
    await site.land("raw/flights/JFK/2013-06.csv", "x,1")
    site.landing.land("raw/flights/JFK/2013-07.csv", "route,flights\nx,1\n", AT + timedelta(days=1))
    await _until_quiet(site)
    before = everything(site)
    events = [
        blob(),
        webhook(),
        {"operation": "train", "model": "m-jfk", "request_id": "r"},
        {"operation": "condition", "request_id": "r"},
        {"operation": "train", "request_id": "r"},
        {"kind": "version_registered", "model": "m-jfk", "version": "7", "seen_by": "webhook"},
        {"event": "MODEL_VERSION_CREATED", "model_name": "m-jfk", "version": "7"},
        TestJobs._event(),
    ]
    status, told = await ask(site, events)
    assert status == 200
    assert any(one["models"] for one in told["events"])
    assert everything(site) == before
