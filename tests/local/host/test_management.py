"""The rest of the durable management API: waiting starts, purging by filter, restart, entities, and mistakes."""

import json
from typing import Any

import httpx
import pytest

from tests.local.host.running_host import RunningHost, eventually
from tests.local.host.test_durable import HOOK, becomes, ended, start

ALL = "2020-01-01T00:00:00Z"


def test_a_start_can_wait_for_the_end(durable: RunningHost) -> None:
    """With ``timeout``: 200 and the bare output when it completes in time."""
    answer = durable.client.post(f"{HOOK}/orchestrators/squares", params={"timeout": "15"}, json=3)
    assert (answer.status_code, answer.json()) == (200, 14)


def test_a_start_that_waits_too_short_gives_the_urls(durable: RunningHost) -> None:
    """The check-status response, as without a timeout; an interval longer than the timeout is a 400."""
    url = f"{HOOK}/orchestrators/waiting"
    answer = durable.client.post(url, params={"timeout": "0.2", "pollingInterval": "0.1"}, json=1)
    assert answer.status_code == 202
    assert durable.client.get(answer.json()["statusQueryGetUri"]).status_code == 202
    wrong = durable.client.post(url, params={"timeout": "1", "pollingInterval": "2"}, json=1)
    assert wrong.status_code == 400
    assert "should be bigger than retry timeout" in wrong.json()["Message"]


def test_a_start_that_waits_for_a_failure_shows_the_status(durable: RunningHost) -> None:
    """Not the bare output then: the status, as the status endpoint gives it."""
    answer = durable.client.post(f"{HOOK}/orchestrators/failing", params={"timeout": "15"}, json="no data")
    assert (answer.status_code, answer.json()["runtimeStatus"]) == (200, "Failed")


def test_an_orchestrator_that_does_not_exist_is_a_400(durable: RunningHost) -> None:
    """With the name that was meant."""
    answer = durable.client.post(f"{HOOK}/orchestrators/square_s", json=1)
    assert answer.status_code == 400
    message = answer.json()["Message"]
    assert "The function 'square_s' doesn't exist, is disabled, or is not an orchestrator" in message
    assert "did you mean 'squares'?" in message


def test_instance_ids_that_azure_refuses_are_400(durable: RunningHost) -> None:
    """Such as one that begins with an at sign."""
    assert durable.client.post(f"{HOOK}/orchestrators/squares/@x", json=1).status_code == 400


def test_other_methods_are_refused(durable: RunningHost) -> None:
    """A GET starts nothing."""
    assert durable.client.get(f"{HOOK}/orchestrators/squares").status_code in {404, 405}


def test_purge_by_filter_deletes_what_has_ended(durable: RunningHost) -> None:
    """By time and status: 200 with the count, then 404; without ``createdTimeFrom`` a 400; what runs is left alone."""
    running = start(durable, "waiting", "x")
    first = start(durable, "squares", 1)
    ended(durable, first)
    instances = f"{HOOK}/instances"
    assert durable.client.delete(instances).status_code == 400
    none = durable.client.delete(instances, params={"createdTimeFrom": "2199-01-01T00:00:00Z"})
    assert none.status_code == 404
    answer = durable.client.delete(instances, params={"createdTimeFrom": ALL, "runtimeStatus": "Completed"})
    assert answer.status_code == 200
    assert answer.json()["instancesDeleted"] >= 1
    assert durable.client.get(first["statusQueryGetUri"]).status_code == 404
    assert durable.client.get(running["statusQueryGetUri"]).status_code == 202


def test_restart_can_keep_the_id(durable: RunningHost) -> None:
    """With ``restartWithNewInstanceId=false``: 409 while it runs, else a new run under the same id."""
    urls = start(durable, "waiting", "x", id="again")
    same = {"restartWithNewInstanceId": "false"}
    conflict = durable.client.post(urls["restartPostUri"], params=same)
    assert conflict.status_code == 409
    assert "non-terminal instance" in conflict.json()["Message"]
    durable.client.post(urls["terminatePostUri"])
    ended(durable, urls)
    assert durable.client.post(urls["restartPostUri"], params=same).json()["id"] == "again"
    becomes(durable, urls, "Running")


def test_show_input_hides_inputs(durable: RunningHost) -> None:
    """For one instance and for a list."""
    urls = start(durable, "squares", 2, id="hidden-1")
    ended(durable, urls)
    hidden = {"showInput": "false"}
    assert durable.client.get(urls["statusQueryGetUri"], params=hidden).json()["input"] is None
    listed = durable.client.get(f"{HOOK}/instances/", params={**hidden, "instanceIdPrefix": "hidden-"}).json()
    assert [i["input"] for i in listed] == [None]


def test_a_callers_trace_reaches_the_orchestration(durable: RunningHost) -> None:
    """A start with a W3C traceparent is taken; its history then begins with that parent."""
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    answer = durable.client.post(f"{HOOK}/orchestrators/squares", json=1, headers={"traceparent": parent})
    assert ended(durable, answer.json()).json()["output"] == 1


def entity(durable: RunningHost, key: str) -> httpx.Response:
    """A counter's state."""
    return durable.client.get(f"{HOOK}/entities/Counter/{key}")


def counts(durable: RunningHost, key: str, total: int) -> None:
    """Wait for a counter."""
    eventually(lambda: (a := entity(durable, key)).status_code == 200 and a.json() == total, f"the sum {total}")


def test_an_entity_is_signalled_and_deleted(durable: RunningHost) -> None:
    """POST with ``op`` sends an operation, DELETE sends ``delete``: both 202; afterwards it is gone."""
    url = f"{HOOK}/entities/Counter/s1"
    for n in (4, 5):
        assert durable.client.post(url, params={"op": "add"}, json=n).status_code == 202
    counts(durable, "s1", 9)
    assert durable.client.delete(url).status_code == 202
    eventually(lambda: entity(durable, "s1").status_code == 404, "the end of the entity")


def test_an_operations_input_is_json_or_text(durable: RunningHost) -> None:
    """What is declared as JSON must be it; anything else is a string."""
    url = f"{HOOK}/entities/Echo/e1"
    headers = {"content-type": "text/plain"}
    assert durable.client.post(url, params={"op": "keep"}, content="plain words", headers=headers).status_code == 202
    eventually(lambda: (a := durable.client.get(url)).status_code == 200 and a.json() == "plain words", "the text")
    bad = durable.client.post(url, params={"op": "keep"}, content="{", headers={"content-type": "application/json"})
    assert bad.status_code == 400
    assert bad.json()["Message"].startswith("Could not parse JSON content")


def test_entities_are_listed_by_name_and_page(durable: RunningHost) -> None:
    """Keys and times; states only with ``fetchState``; a header leads to the next page."""
    for key in ("l1", "l2", "l3"):
        durable.client.post(f"{HOOK}/entities/Listed/{key}", params={"op": "keep"}, json={"k": key})
        url = f"{HOOK}/entities/Listed/{key}"
        eventually(lambda url=url: durable.client.get(url).status_code == 200, "the entity")  # type: ignore[misc]
    url = f"{HOOK}/entities/Listed"
    first = durable.client.get(url, params={"top": "2"})
    token = first.headers["x-ms-continuation-token"]
    second = durable.client.get(
        url, params={"top": "2", "fetchState": "true"}, headers={"x-ms-continuation-token": token}
    )
    assert [e["entityId"] for e in first.json()] == [{"name": "listed", "key": k} for k in ("l1", "l2")]
    assert [e["state"] for e in first.json()] == [None, None]
    assert [(e["entityId"]["key"], e["state"]) for e in second.json()] == [("l3", {"k": "l3"})]
    assert "x-ms-continuation-token" not in second.headers
    assert first.json()[0]["lastOperationTime"].endswith("Z")
    everything = durable.client.get(f"{HOOK}/entities").json()
    assert "listed" in {e["entityId"]["name"] for e in everything}
    assert durable.client.get(url, params={"lastOperationTimeFrom": "2199-01-01T00:00:00Z"}).json() == []
    assert durable.client.get(url, params={"lastOperationTimeFrom": "soon"}).status_code == 400


def test_an_entity_needs_a_key(durable: RunningHost) -> None:
    """The Python SDK refuses an empty one, so a signal to it could never be handled."""
    answer = durable.client.post(f"{HOOK}/entities/Listed", params={"op": "keep"}, json=1)
    assert answer.status_code == 400
    assert "key is missing" in answer.json()["Message"]


def test_an_entity_can_be_purged_by_its_id(durable: RunningHost) -> None:
    """As an instance is; the answer counts it."""
    url = f"{HOOK}/entities/Counter/p1"
    durable.client.post(url, params={"op": "add"}, json=1)
    counts(durable, "p1", 1)
    purged = durable.client.delete(f"{HOOK}/instances/@counter@p1")
    assert (purged.status_code, purged.json()) == (200, {"instancesDeleted": 1})
    assert entity(durable, "p1").status_code == 404


def failed(durable: RunningHost, name: str) -> str:
    """Run an orchestrator that fails, and give its output."""
    body: dict[str, Any] = ended(durable, start(durable, name, 1)).json()
    assert body["runtimeStatus"] == "Failed"
    return str(body["output"])


def test_an_activity_that_does_not_exist_is_named(durable: RunningHost) -> None:
    """The instance fails, with the name that was meant."""
    output = failed(durable, "calls_nobody")
    assert "The activity 'squares_' is not registered" in output
    assert "did you mean 'square'?" in output


def test_a_result_that_is_no_json_is_told_by_function(durable: RunningHost) -> None:
    """The instance fails, and the message says which function, and what it may return."""
    output = failed(durable, "gets_a_set")
    assert "function a_set" in output
    assert "what JSON can hold" in output


def test_errors_have_a_message(durable: RunningHost) -> None:
    """A JSON object, as Web API gives."""
    answer = durable.client.post(f"{HOOK}/orchestrators/waiting", content="{")
    assert answer.status_code == 400
    assert json.loads(answer.text)["Message"].startswith("Invalid JSON content")


@pytest.mark.parametrize("path", ["/instances", "/instances/", "/entities/", "/entities/Counter/"])
def test_a_slash_at_the_end_makes_no_difference(durable: RunningHost, path: str) -> None:
    """As in the extension."""
    assert durable.client.get(HOOK + path).status_code == 200


def test_purging_an_entity_that_does_not_exist_counts_none(durable: RunningHost) -> None:
    """The extension asks the store for an id that begins with an at sign, without a look: 200, and 0 deleted."""
    purged = durable.client.delete(f"{HOOK}/instances/@counter@nobody")
    assert (purged.status_code, purged.json()) == (200, {"instancesDeleted": 0})
