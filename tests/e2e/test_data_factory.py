"""The pipelines of `infra/data_factory` against a stack with a year of data, and with models in production."""

import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from shared.storage.callbacks import TableCallbacks
from tests.data_factory.scene import WEBHOOK, Requests, Scene
from tests.e2e.running import MODELS, PATIENCE, SLOW, eventually

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def landed(scene: Scene) -> Scene:
    """The stack with what it was given before this file; the year lands here where nobody landed it."""
    if any(scene.running.model(name).state == "waiting" for name in MODELS):
        scene.running.land_year()
        scene.running.wait_released()
    return scene


@pytest.fixture(scope="module")
def told_run(scene: Scene) -> str:
    """The id of a run that was given an address, and has called back there."""
    address = scene.listener.address()
    body = {"select": {"origin": "JFK"}, "request_id": "told", "callBackUri": address}
    run: str = scene.running.http.post("/api/datafactory/condition", json=body).json()["id"]
    told = scene.listener.wait(address, PATIENCE)
    assert told is not None
    assert told["Output"]["instance"] == run
    return run


def test_every_operation_succeeds_in_every_contract(landed: Scene) -> None:
    """With the data there: conditioned, trained, scored, and each pipeline has what the next step needs."""
    asked: Requests = {
        "condition": {"select": {"origin": "JFK"}},
        "train": {"select": {"origin": "JFK"}},
        "score": {"model": SLOW},
        "run": {"operation": "train", "model": SLOW},
    }
    outputs = landed.at_once(asked, landed.run, "landed")
    scored = {operation: outputs[WEBHOOK, operation]["Run"] for operation in asked}
    assert scored["score"]["counts"] == {"scored": 1}
    assert scored["train"]["counts"] == {"unchanged": 2}
    assert scored["run"]["counts"] == {"unchanged": 1}
    assert set(scored["condition"]["counts"]) <= {"unchanged", "incomplete"}
    assert [cell["name"] for cell in scored["score"]["cells"]] == [SLOW]
    for operation in asked:
        polled = outputs["signalbox_web", operation]["Run"]
        assert (polled["runtimeStatus"], polled["output"]["state"]) == ("Completed", "done")
        assert outputs["signalbox_function", operation]["Status"]["runtimeStatus"] == "Completed"


def test_one_training_calls_back_with_its_version(landed: Scene) -> None:
    """A model alone is trained anew; a callback that finds the host broken at first comes again meanwhile."""
    landed.listener.answers = [503]
    before = len(landed.listener.seen)
    with ThreadPoolExecutor(1) as pool:
        quick = pool.submit(landed.run, WEBHOOK, "condition", {"select": {"origin": "JFK"}}, "broken")
        output = landed.run(WEBHOOK, "train", {"model": SLOW}, "alone")["Run"]
        assert quick.result()["Run"]["operation"] == "condition"
    assert (output["outcome"], output["model"]) == ("passed", SLOW)
    assert output["version"] not in (None, "1")
    assert landed.listener.seen[before:] == [503, 200, 200]


def test_the_same_run_id_is_the_same_run(landed: Scene) -> None:
    """An activity that is run again, with another address, is told how the one run ended, and begins nothing."""
    request = {"select": {"origin": "JFK"}}
    one = landed.run(WEBHOOK, "train", request, "twice")["Run"]
    other = landed.run(WEBHOOK, "train", request, "twice")["Run"]
    assert one == other


def test_killed_before_the_end_it_calls_back_all_the_same(landed: Scene) -> None:
    """The app dies with the run under way, and is started again: one callback comes."""
    address, before = landed.listener.address(), len(landed.listener.seen)
    body = {"select": {"origin": "JFK"}, "again": True, "request_id": "killed", "callBackUri": address}
    assert landed.running.http.post("/api/datafactory/condition", json=body).status_code == 202
    landed.running.stack.kill("host")
    landed.running.stack.restart_host()
    told = landed.listener.wait(address, PATIENCE)
    assert told is not None
    assert told["StatusCode"] == "200"
    assert landed.listener.seen[before:] == [200]


def test_no_address_is_left_anywhere(scene: Scene, told_run: str) -> None:
    """Neither in histories nor in logs nor in the table, when all have been told."""
    stack = scene.running.stack
    eventually(TableCallbacks(stack.storage).all, lambda left: left == [], "every address is deleted")
    with closing(sqlite3.connect(stack.state.root / "host" / "durable.db")) as database:
        dump = "\n".join(database.iterdump())  # histories are written as hexadecimal digits
    assert told_run in dump
    assert _in_hexadecimal(told_run) in dump
    assert "workflow/callback" not in dump
    assert _in_hexadecimal("workflow/callback") not in dump
    logs = [file for file in stack.state.logs.iterdir() if not file.name.startswith("azurite")]
    assert logs
    assert not [file for file in logs if "workflow/callback" in file.read_text(errors="replace")]
    assert "workflow/callback" not in json.dumps(scene.running.deliveries())


def _in_hexadecimal(text: str) -> str:
    """As SQLite writes bytes out."""
    return text.encode().hex().upper()
