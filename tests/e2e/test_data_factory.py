"""The pipelines of `infra/data_factory` against the running stack: each contract, each operation, well and badly.

Nothing has landed at first, so everything fails; those who need a year of data, and models in production, ask for it.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest

from local.stack import Ports, Stack
from shared.storage.callbacks import TableCallbacks
from tests.data_factory.executor import ActivityFailedError, Factory
from tests.data_factory.listener import CallbackListener
from tests.e2e.conftest import DEV
from tests.e2e.running import FAST, PATIENCE, SLOW, Running, eventually

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]

type Requests = dict[str, dict[str, Any]]

WEBHOOK = "signalbox_webhook"
CONTRACTS = ("signalbox_function", "signalbox_web", WEBHOOK)


@dataclass
class Scene:
    """A stack and a Data Factory that calls it."""

    running: Running
    factory: Factory
    listener: CallbackListener

    def run(self, contract: str, operation: str, request: dict[str, Any], run_id: str) -> dict[str, Any]:
        """Run a pipeline; what its activities gave."""
        more = {"poll_seconds": 1} if contract == "signalbox_function" else {}
        app = self.running.stack.host_url
        return self.factory.run(contract, run_id, app=app, operation=operation, request=request, **more)

    def failure(self, contract: str, operation: str, request: dict[str, Any], run_id: str) -> ActivityFailedError:
        """Run a pipeline that must fail; how it did."""
        try:
            given = self.run(contract, operation, request, run_id)
        except ActivityFailedError as error:
            return error
        raise AssertionError(f"{contract} {operation} did not fail: {given}")

    def at_once[T](self, asked: Requests, run: Callable[..., T], word: str) -> dict[tuple[str, str], T]:
        """Each operation in each contract, side by side as in a factory; what came of it, by contract and operation.

        The two contracts that poll have the same run id, and so look at one run.
        """
        cases = [(contract, operation) for contract in CONTRACTS for operation in asked]
        ids = {
            (contract, operation): f"{word}-{operation}-{'called' if contract == WEBHOOK else 'polled'}"
            for contract, operation in cases
        }
        with ThreadPoolExecutor(len(cases)) as pool:
            found = {case: pool.submit(run, *case, asked[case[1]], ids[case]) for case in cases}
            return {case: one.result() for case, one in found.items()}

    def callbacks(self, run: str) -> list[dict[str, Any]]:
        """How the callbacks of a run ended, newest first."""
        return [one for one in self.running.deliveries("callback") if one["started"] == [run]]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A stack on which nothing has happened yet, and which may call this test back."""
    with CallbackListener() as listener:
        settings = {**DEV, "SIGNALBOX_CALLBACK_HOSTS": f"*.svc.datafactory.azure.com, {listener.origin}"}
        with Stack(tmp_path_factory.mktemp("stack"), ports=Ports.free(), settings=settings) as stack:
            running = Running(stack)
            try:
                yield Scene(running, Factory(listener, {"signalbox-function-key": "of-no-use-here"}), listener)
            finally:
                running.close()


@pytest.fixture(scope="module")
def landed(scene: Scene) -> Scene:
    """The same with a year of data and two models trained on it; the one that is scored here is in production."""
    scene.running.land_year()
    scene.running.wait_released(names=(SLOW,))
    scene.running.wait(FAST, lambda model: model.row.get("verdict") == "passed", "with a version that has passed")
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


def test_a_failure_is_a_failure_in_every_contract(scene: Scene) -> None:
    """Nothing has landed: each operation fails its pipeline, with the run's own reason."""
    asked: Requests = {
        "condition": {"select": {"origin": "JFK"}},
        "train": {"model": SLOW},
        "score": {"model": SLOW},
        "run": {"operation": "train", "select": {"origin": "JFK"}},
    }
    failures = scene.at_once(asked, scene.failure, "nothing")
    reasons = {"condition": "landed", "train": "no version", "score": "1 skipped.", "run": "2 cells: 2 skipped."}
    for (contract, operation), failure in failures.items():
        assert reasons[operation] in failure.message, (contract, operation, failure.message)
    assert {failures[WEBHOOK, name].code for name in asked} == {"RunFailed"}
    assert {failures["signalbox_function", name].code for name in asked} == {"Failed"}
    assert {failures["signalbox_web", name].code for name in asked} == {"500"}


def test_a_body_that_does_not_fit_fails_at_once(scene: Scene) -> None:
    """Texts are no truth values: the answer names the field, and nothing is begun."""
    for contract in CONTRACTS:
        failure = scene.failure(contract, "train", {"select": {"origin": "JFK"}, "again": "True"}, "typed")
        assert failure.code == "400"
        assert "`again`: Input should be a valid boolean" in failure.message


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


def test_a_refused_callback_is_a_dead_letter_and_is_replayed(scene: Scene) -> None:
    """It is told where deliveries are, without its address, and called once more when an operator says so."""
    address = scene.listener.address()
    body = {"select": {"origin": "JFK"}, "request_id": "refused", "callBackUri": address}
    scene.listener.answers = [410]
    begun = scene.running.http.post("/api/datafactory/condition", json=body)
    assert begun.status_code == 202
    run = begun.json()["id"]
    (dead,) = eventually(lambda: scene.callbacks(run), bool, "how the callback ended")
    assert (dead["outcome"], "refused the callback (410)" in dead["reason"]) == ("dead", True)
    again = eventually(
        lambda: scene.running.http.post(f"/api/runs/{run}/callback"), lambda one: one.is_success, "it can be replayed"
    )
    assert again.json() == {"id": run, "callbacks": 1}
    told = scene.listener.wait(address, 60)
    assert told is not None
    assert told["Output"]["instance"] == run
    eventually(lambda: scene.callbacks(run)[0], lambda one: one["outcome"] == "done", "the callback is done")
    assert scene.running.http.post(f"/api/runs/{run}/callback").status_code == 404


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


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("https://evil.example/callback?sig=s3cret", "evil.example is not on the list"),
        ("http://dp.svc.datafactory.azure.com/?sig=s3cret", "does not begin with https://"),
        ("https://169.254.169.254/metadata?sig=s3cret", "its host is no name"),
        ("http://127.0.0.1:1/?sig=s3cret", "does not begin with https://"),
        ("https://user:s3cret@dp.svc.datafactory.azure.com/", "neither a user, a password"),
    ],
)
def test_hosts_that_are_not_on_the_list_are_refused(scene: Scene, address: str, told: str) -> None:
    """400 with the reason and without the secret; nothing is begun."""
    for body in ({"model": SLOW}, {"select": {"origin": "JFK"}}):
        answer = scene.running.http.post(
            "/api/datafactory/train", json={**body, "request_id": "evil", "callBackUri": address}
        )
        assert answer.status_code == 400
        assert told in answer.json()["detail"]
        assert "s3cret" not in answer.text


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
