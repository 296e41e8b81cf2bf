"""Durable functions through a running host: the client binding, the check-status response and the management API."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.local.host.running_host import RunningHost, copy_app, eventually
from tests.local.host.test_command import signalbox

HOOK = "/runtime/webhooks/durabletask"
ENDED = {"Completed", "Failed", "Terminated"}


def start(host: RunningHost, name: str, value: Any, **params: str) -> dict[str, str]:
    """Start an orchestrator through the app's HTTP function; gives the management URLs."""
    answer = host.client.post(f"/start/{name}", json=value, params=params)
    assert answer.status_code == 202, answer.text
    urls: dict[str, str] = answer.json()
    return urls


def ended(host: RunningHost, urls: dict[str, str]) -> httpx.Response:
    """Poll the status URL until the instance has ended."""
    url = urls["statusQueryGetUri"]
    return eventually(lambda: a if (a := host.client.get(url)).status_code != 202 else None, "the end of the instance")


def becomes(host: RunningHost, urls: dict[str, str], status: str) -> None:
    """Wait for a runtime status."""
    url = urls["statusQueryGetUri"]
    eventually(lambda: host.client.get(url).json()["runtimeStatus"] == status, f"status {status}")


def test_an_orchestration_runs_from_start_to_completed(durable: RunningHost) -> None:
    """The check-status response leads to the status endpoint, which shows input, custom status and output."""
    answer = durable.client.post("/start/squares", json=4)
    assert answer.headers["location"] == answer.json()["statusQueryGetUri"]
    assert answer.headers["retry-after"] == "10"
    final = ended(durable, answer.json())
    body = final.json()
    assert final.status_code == 200
    assert {k: body[k] for k in ("name", "instanceId", "runtimeStatus", "input", "customStatus", "output")} == {
        "name": "squares",
        "instanceId": answer.json()["id"],
        "runtimeStatus": "Completed",
        "input": 4,
        "customStatus": {"asked": 4},
        "output": 30,
    }
    assert body["createdTime"].endswith("Z")
    assert body["lastUpdatedTime"] >= body["createdTime"]


def test_the_binding_tells_hub_and_url(durable: RunningHost) -> None:
    """The hub's name comes from host.json, with its setting filled in; the URL is that of the webhook."""
    seen = durable.client.get("/hub").json()
    assert seen["hub"] == seen["hub_setting"] == "TestHub7"
    assert urlsplit(seen["url"]).path == HOOK
    assert urlsplit(seen["url"]).port == urlsplit(durable.url).port


def test_a_waiting_instance_is_202_until_its_event_comes(durable: RunningHost) -> None:
    """202 with Location and Retry-After while it runs; the event's value becomes the output."""
    urls = start(durable, "waiting", "x")
    running = durable.client.get(urls["statusQueryGetUri"])
    assert running.status_code == 202
    assert running.headers["location"] == urls["statusQueryGetUri"]
    assert running.headers["retry-after"] == "5"
    sent = durable.client.post(urls["sendEventPostUri"].replace("{eventName}", "go"), json={"by": "me"})
    assert sent.status_code == 202
    assert ended(durable, urls).json()["output"] == {"by": "me"}


def test_a_failure_is_200_unless_500_was_asked_for(durable: RunningHost) -> None:
    """Data Factory would take a 200 for success, so a starter can ask for 500; both carry the reason."""
    lenient = ended(durable, start(durable, "failing", "no data"))
    strict = ended(durable, start(durable, "failing", "no data", strict="true"))
    assert (lenient.status_code, strict.status_code) == (200, 500)
    assert lenient.json()["runtimeStatus"] == "Failed"
    assert "no data" in strict.json()["output"]


@pytest.mark.parametrize("which", ["empty", "long"])
def test_any_error_text_fails_the_instance_with_a_reason(durable: RunningHost, which: str) -> None:
    """An exception without a message still fails, and an enormous one is cut."""
    body = ended(durable, start(durable, "failing", which)).json()
    assert body["runtimeStatus"] == "Failed"
    assert 0 < len(body["output"]) < 33_000


def test_history_folds_tasks_and_hides_values_unless_asked(durable: RunningHost) -> None:
    """With showHistory: one entry for each task, with its function; inputs and results only on request."""
    urls = start(durable, "squares", 2)
    ended(durable, urls)
    url = urls["statusQueryGetUri"]
    full = durable.client.get(url, params={"showHistory": "true", "showHistoryOutput": "true"}).json()["historyEvents"]
    bare = durable.client.get(url, params={"showHistory": "true", "showInput": "false"}).json()["historyEvents"]
    expected = ["ExecutionStarted", "TaskCompleted", "TaskCompleted", "ExecutionCompleted"]
    assert [event["EventType"] for event in full] == [event["EventType"] for event in bare] == expected
    assert [(e["FunctionName"], e["Input"], e["Result"]) for e in full[1:3]] == [("square", 1, 1), ("square", 2, 4)]
    assert not any("Input" in event or "Result" in event for event in bare)
    assert "historyEvents" not in durable.client.get(url).json()


def test_an_instance_can_be_suspended_resumed_and_terminated(durable: RunningHost) -> None:
    """Each is a 202 and shows in the status; a terminated instance has the reason as its output."""
    urls = start(durable, "waiting", "x")
    becomes(durable, urls, "Running")
    assert durable.client.post(urls["suspendPostUri"]).status_code == 202
    becomes(durable, urls, "Suspended")
    assert durable.client.get(urls["statusQueryGetUri"]).status_code == 202
    assert durable.client.post(urls["resumePostUri"]).status_code == 202
    becomes(durable, urls, "Running")
    assert durable.client.post(urls["terminatePostUri"].replace("{text}", "enough")).status_code == 202
    final = ended(durable, urls).json()
    assert (final["runtimeStatus"], final["output"]) == ("Terminated", "enough")


def test_what_has_ended_is_gone(durable: RunningHost) -> None:
    """Commands to a finished instance answer 410."""
    urls = start(durable, "squares", 1)
    ended(durable, urls)
    for name in ("terminatePostUri", "suspendPostUri", "resumePostUri", "sendEventPostUri"):
        assert durable.client.post(urls[name].replace("{eventName}", "go"), json=1).status_code == 410


def test_an_instance_that_does_not_exist_is_404(durable: RunningHost) -> None:
    """For every operation on it."""
    one = f"{HOOK}/instances/nobody"
    assert durable.client.get(one).status_code == 404
    assert durable.client.delete(one).status_code == 404
    assert durable.client.post(f"{one}/restart").status_code == 400  # so says the extension
    for operation in ("terminate", "suspend", "resume", "rewind", "raiseEvent/go"):
        assert durable.client.post(f"{one}/{operation}", json=1).status_code == 404


def test_an_event_must_be_json(durable: RunningHost) -> None:
    """Another content type, and text that is no JSON, are refused."""
    url = start(durable, "waiting", "x")["sendEventPostUri"].replace("{eventName}", "go")
    assert durable.client.post(url, content="x", headers={"content-type": "text/plain"}).status_code == 400
    assert durable.client.post(url, content="{", headers={"content-type": "application/json"}).status_code == 400


def test_purge_deletes_a_finished_instance_only(durable: RunningHost) -> None:
    """412 while it runs; afterwards 200 with the count, and then it is gone."""
    urls = start(durable, "waiting", "x")
    assert durable.client.delete(urls["purgeHistoryDeleteUri"]).status_code == 412
    durable.client.post(urls["terminatePostUri"])
    ended(durable, urls)
    assert durable.client.delete(urls["purgeHistoryDeleteUri"]).json() == {"instancesDeleted": 1}
    assert durable.client.get(urls["statusQueryGetUri"]).status_code == 404


def test_restart_runs_the_same_again_under_a_new_id(durable: RunningHost) -> None:
    """The new instance has the old one's name and input."""
    urls = start(durable, "squares", 3)
    ended(durable, urls)
    again = durable.client.post(urls["restartPostUri"])
    assert again.status_code == 202
    assert again.json()["id"] != urls["id"]
    assert ended(durable, again.json()).json()["output"] == 14
    assert set(again.json()) == set(urls)


def test_rewind_runs_again_what_failed(durable: RunningHost) -> None:
    """412 unless it failed; then 202, and with the cause removed the instance completes."""
    running = start(durable, "waiting", "x")
    assert durable.client.post(running["rewindPostUri"]).status_code == 412
    urls = start(durable, "mending", "mend-1")
    assert ended(durable, urls).json()["runtimeStatus"] == "Failed"
    assert durable.client.post(urls["rewindPostUri"].replace("{text}", "again")).status_code == 202
    becomes(durable, urls, "Completed")
    assert durable.client.get(urls["statusQueryGetUri"]).json()["output"] == "mended"
    assert durable.client.post(urls["rewindPostUri"]).status_code == 412


def test_an_orchestration_can_be_started_over_http(durable: RunningHost) -> None:
    """POST orchestrators/{name}/{id} starts with the body as input; the same id again is a conflict while it runs."""
    url = f"{HOOK}/orchestrators/waiting/by-hand"
    first = durable.client.post(url, json={"a": 1})
    assert (first.status_code, first.json()["id"]) == (202, "by-hand")
    assert durable.client.get(first.headers["location"]).json()["input"] == {"a": 1}
    assert durable.client.post(url, json={"a": 1}).status_code == 409
    assert durable.client.post(f"{HOOK}/orchestrators/waiting", content="{").status_code == 400


def test_instances_are_listed_by_filter_and_page(durable: RunningHost) -> None:
    """Filters by status, prefix and time; ``top`` limits a page, and a header leads to the next one."""
    for n in range(3):
        ended(durable, start(durable, "squares", n + 1, id=f"listed-{n}"))
    instances, mine = f"{HOOK}/instances", {"instanceIdPrefix": "listed-"}

    def listed(token: str = "", **params: str) -> httpx.Response:
        headers = {"x-ms-continuation-token": token} if token else {}
        return durable.client.get(instances, params={**mine, **params}, headers=headers)

    first = listed(top="2")
    second = listed(first.headers["x-ms-continuation-token"], top="2")
    assert [i["instanceId"] for i in first.json() + second.json()] == ["listed-0", "listed-1", "listed-2"]
    assert "x-ms-continuation-token" not in second.headers
    assert len(listed(runtimeStatus="Completed,Failed").json()) == 3
    assert listed(runtimeStatus="Running").json() == []
    assert listed(createdTimeFrom="2199-01-01T00:00:00Z").json() == []
    assert len(listed(createdTimeFrom="2020-01-01T00:00:00Z").json()) == 3


@pytest.mark.parametrize("query", ["runtimeStatus=Sleeping", "createdTimeFrom=soon", "top=many"])
def test_a_filter_that_cannot_be_read_is_400(durable: RunningHost, query: str) -> None:
    """It must not silently mean every instance."""
    assert durable.client.get(f"{HOOK}/instances?{query}").status_code == 400


def test_the_state_of_an_entity_is_shown(durable: RunningHost) -> None:
    """Signals through the client binding add up; the name is matched without case; an unknown key is 404."""
    for n in (2, 3):
        assert durable.client.post("/add/k1", content=str(n)).status_code == 202
    url = f"{HOOK}/entities/Counter/k1"
    eventually(lambda: (a := durable.client.get(url)).status_code == 200 and a.json() == 5, "the sum 5")
    assert durable.client.get(f"{HOOK}/entities/Counter/other").status_code == 404


def test_terminate_over_http_leaves_sub_orchestrations_alone(durable: RunningHost) -> None:
    """The extension's endpoint ends the one instance only: its child goes on."""
    urls = start(durable, "parent", "spared")
    child = f"{HOOK}/instances/spared"
    eventually(lambda: (a := durable.client.get(child)).is_success and a.json()["runtimeStatus"] == "Running", "it")
    assert durable.client.post(urls["terminatePostUri"]).status_code == 202
    assert ended(durable, urls).json()["runtimeStatus"] == "Terminated"
    assert durable.client.get(child).json()["runtimeStatus"] == "Running"
    assert durable.client.post(f"{child}/raiseEvent/go", json=1).status_code == 202
    eventually(lambda: durable.client.get(child).json()["output"] == 1, "the end of the child")


def test_rewind_of_what_ended_otherwise_is_412(durable: RunningHost) -> None:
    """As the extension answers since pull request #3227 (before, 410): terminated or completed, with the status."""
    urls = start(durable, "waiting", "x")
    durable.client.post(urls["terminatePostUri"])
    ended(durable, urls)
    answer = durable.client.post(urls["rewindPostUri"])
    assert answer.status_code == 412
    assert "has status Terminated" in answer.json()


def test_a_client_of_another_task_hub_is_refused(durable: RunningHost) -> None:
    """A binding may name a hub; one that is not host.json's is an error that tells both, not another app's work."""
    answer = durable.client.post("/elsewhere")
    assert answer.status_code == 409
    assert "the client asks for task hub 'Elsewhere', and this engine serves 'TestHub7'" in answer.text


def test_a_result_over_the_limit_fails_with_the_remedy(durable: RunningHost) -> None:
    """As on Azure, 1 MB unless the option says otherwise; the reason names the option."""
    body = ended(durable, start(durable, "large", 2)).json()
    assert body["runtimeStatus"] == "Failed"
    assert "--max-payload-mb" in body["output"]


def test_a_large_result_passes_with_the_option(tmp_path: Path) -> None:
    """20 MB through activity, orchestrator and HTTP."""
    app = copy_app("durable", tmp_path)
    with RunningHost(app, "--max-payload-mb", "0", environment={"HUB": "H"}) as host:
        body = ended(host, start(host, "large", 20)).json()
    assert body["runtimeStatus"] == "Completed", body["output"][:500]
    assert len(body["output"]) == 20 * 2**20


def test_what_does_not_move_is_told(durable: RunningHost) -> None:
    """Under /admin and by ``signalbox host stuck``: instance, what it waits for; nothing that is younger than asked."""
    urls = start(durable, "waiting", "x", id="forgotten")
    becomes(durable, urls, "Running")
    found = durable.client.get("/admin/durable/stuck", params={"olderThan": "0"}).json()
    (mine,) = [row for row in found if row["instanceId"] == "forgotten"]
    assert (mine["name"], mine["runtimeStatus"], mine["hopeless"]) == ("waiting", "Running", False)
    assert "an external event" in mine["waitsFor"][0]
    young = durable.client.get("/admin/durable/stuck").json()  # five minutes
    assert "forgotten" not in {row["instanceId"] for row in young}
    assert durable.client.get("/admin/durable/stuck", params={"olderThan": "long"}).status_code == 400
    assert durable.client.get("/admin/durable/parked").json() == []
    report = signalbox("host", "stuck", "--url", durable.url, "--older-than", "0", "--json")
    assert "forgotten" in {row["instanceId"] for row in json.loads(report.stdout)["stuck"]}
    table = signalbox("host", "stuck", "--url", durable.url, "--older-than", "0")
    assert (table.returncode, "forgotten" in table.stdout) == (0, True)


def test_any_state_lets_an_http_start_replace_what_runs(tmp_path: Path) -> None:
    """``overridableExistingInstanceStates``: without it 409; what has no effect here is told at the start."""
    app = copy_app("durable", tmp_path)
    settings = {"hubName": "H", "overridableExistingInstanceStates": "AnyState", "maxOrchestrationActions": 5,
                "storageProvider": {"type": "azureManaged"}}  # fmt: skip
    (app / "host.json").write_text(
        json.dumps({"version": "2.0", "extensions": {"http": {"routePrefix": ""}, "durableTask": settings}})
    )
    with RunningHost(app, environment={"HUB": "H"}) as host:
        one = f"{HOOK}/orchestrators/waiting/one"
        assert [host.client.post(one, json=n).status_code for n in (1, 2)] == [202, 202]
        assert host.client.get(f"{HOOK}/instances/one").json()["input"] == 2
        assert "the local durable engine stands in for the storageProvider azureManaged" in host.output
        assert "no effect on the local host, of extensions.durableTask: maxOrchestrationActions\n" in host.output
