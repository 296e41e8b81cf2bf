"""The test kit: any app in the test's own process, with time under control and messages that say what is wrong."""

import re
from datetime import timedelta
from pathlib import Path

import azure.durable_functions as df
import azure.functions as func
import grpc
import pytest
from azure.durable_functions import DurableFunctionsClient

from local.durable.records import Status
from local.host.management_urls import for_hub
from local.testing.app import RunFailedError, TestApp
from local.testing.functions import NotAnAppError, functions_of
from tests.local.testing.app import functions

APP = """
import azure.durable_functions as df
from steps import step
app = df.DFApp()
app.activity_trigger(input_name="what")(step)

@app.orchestration_trigger(context_name="context")
def one_step(context, what):
    return (yield context.call_activity("step", input=what))
"""


async def test_time_passes_only_when_it_is_told_to() -> None:
    """What waits goes on waiting while all is idle; time is advanced to a moment, and what is due then happens."""
    async with TestApp(functions) as app:
        began = app.now
        waiting = await app.start("wait")
        await app.run_until_idle()
        assert app.instance(waiting).status is Status.RUNNING
        await app.advance_to(began + timedelta(minutes=59))
        assert app.instance(waiting).status is Status.RUNNING
        assert timedelta(minutes=59) <= app.now - began < timedelta(minutes=60)
        await app.advance(timedelta(minutes=2))
        assert app.instance(waiting).output == '"late"'
        await app.advance_to(began)
        assert app.now >= began + timedelta(minutes=61)


async def test_a_start_at_a_moment_waits_for_it() -> None:
    """A delayed start is pending until its time."""
    async with TestApp(functions) as app:
        later = await app.start("wait", at=app.now + timedelta(days=2))
        await app.run_until_idle()
        assert app.instance(later).status is Status.PENDING
        await app.advance(timedelta(days=2))
        assert app.instance(later).status is Status.RUNNING


async def test_a_delayed_signal_waits_too() -> None:
    """An operation for tomorrow runs tomorrow."""
    async with TestApp(functions) as app:
        await app.signal("Counter", "a", "add", 1)
        await app.signal("Counter", "a", "add", 10, at=app.now + timedelta(days=1))
        await app.run_until_idle()
        assert app.entity("Counter", "a") == 1
        await app.advance(timedelta(days=1))
        assert app.entity("Counter", "a") == 11
        assert app.entity("Counter", "b") is None


async def test_waiting_skips_time() -> None:
    """Waiting for an output jumps to the timer that it needs."""
    async with TestApp(functions) as app:
        began = app.now
        assert await app.run("wait") == "late"
        assert app.now - began >= timedelta(hours=1)


async def test_the_real_clock_does_not_skip() -> None:
    """With the real clock time passes by itself; a timer of an hour is not reached."""
    async with TestApp(functions, clock="real") as app:
        waiting = await app.start("wait")
        with pytest.raises(RunFailedError, match=r"wait 'wait-1' is still Running after 0.2 s.*timerCreated"):
            await app.finish(waiting, seconds=0.2)
        await app.raise_event(waiting, "go", {"now": True})
        assert await app.output(waiting) == {"now": True}


async def test_a_failed_run_says_why() -> None:
    """Name, id, status, type and message of the failure."""
    async with TestApp(functions) as app:
        with pytest.raises(RunFailedError, match=r"fail 'f' ended as Failed: .*not today"):
            await app.run("fail", "not today", instance_id="f")
        with pytest.raises(RunFailedError, match="There is no orchestration 'nobody'"):
            await app.output("nobody")
        with pytest.raises(RunFailedError, match="There is no orchestration 'nobody'"):
            app.instance("nobody")


async def test_a_missing_function_is_named() -> None:
    """An orchestrator that is not registered fails with its name, and with what to look at."""
    async with TestApp(functions) as app:
        with pytest.raises(RunFailedError, match=r"'waite' is not registered .* Check the name"):
            await app.run("waite")


async def test_state_is_found_again(tmp_path: Path) -> None:
    """A second app on the same file goes on with what the first one left, and with its time."""
    async with TestApp(functions, database=tmp_path / "durable.db") as first:
        waiting = await first.start("wait")
        await first.advance(timedelta(minutes=30))
        before = first.now
    async with TestApp(functions, database=tmp_path / "durable.db") as second:
        assert second.now >= before
        await second.raise_event(waiting, "go", 1)
        assert await second.output(waiting) == 1


async def test_an_apps_folder_is_run(tmp_path: Path) -> None:
    """`function_app.py` is loaded with what it imports from its own folder."""
    (tmp_path / "function_app.py").write_text(APP)
    (tmp_path / "steps.py").write_text("def step(what: str) -> str:\n    return what.upper()\n")
    async with TestApp(tmp_path) as app:
        assert await app.run("one_step", "hello") == "HELLO"
        assert app.calls["step"] == 1


async def test_an_apps_own_starter_is_called_with_a_client() -> None:
    """The durable client of the kit is the SDK's own, so that HTTP starters can be called as they are."""
    app = df.DFApp()

    @app.orchestration_trigger(context_name="context")
    def greet(context, name):  # type: ignore[no-untyped-def]  # as an app would be written
        yield context.create_timer(timedelta(days=1))
        return f"hello {name}"

    async def starter(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
        instance_id = await client.schedule_new_orchestration("greet", input=req.get_json())
        return client.create_check_status_response(req, instance_id)

    async with TestApp(app) as running:
        request = func.HttpRequest("POST", "http://localhost/api/greet", body=b'"you"')
        answer = await starter(request, running.client)
        assert answer.status_code == 202
        instance_id = re.findall(r"instances/(\w+)", answer.headers["Location"])[0]
        assert await running.output(instance_id) == "hello you"


def test_what_is_no_app_is_told(tmp_path: Path) -> None:
    """A folder without function_app.py, and one whose file makes no app, are named."""
    with pytest.raises(NotAnAppError, match=r"function_app.py is missing"):
        functions_of(tmp_path)
    (tmp_path / "function_app.py").write_text("x = 1\n")
    with pytest.raises(NotAnAppError, match="makes no function app"):
        functions_of(tmp_path)


async def test_a_binding_that_is_not_served_is_told() -> None:
    """An activity with a further binding fails, and the message sends to the host."""
    app = df.DFApp()

    @app.orchestration_trigger(context_name="context")
    def ask(context, _):  # type: ignore[no-untyped-def]  # as an app would be written
        return (yield context.call_activity("with_client", input=1))

    @app.durable_client_input(client_name="client")
    @app.activity_trigger(input_name="value")
    async def with_client(value: int, client: str) -> int:
        return value

    async with TestApp(app) as running:
        with pytest.raises(
            RunFailedError, match=r"'with_client' has bindings .*client.* Run the app on the local host"
        ):
            await running.run("ask")


async def test_large_payloads_need_the_option() -> None:
    """1 MB as on Azure unless `max_payload_mb` says otherwise, 0 for no limit; the reason names it."""
    async with TestApp(functions) as app:
        with pytest.raises(RunFailedError, match="max_payload_mb"):
            await app.run("large", 2)
    async with TestApp(functions, max_payload_mb=0) as app:
        assert len(await app.run("large", 20)) == 20 * 2**20


async def test_a_client_of_another_task_hub_is_refused() -> None:
    """As on the host: a binding that names another hub is a mistake of the app under test."""
    async with TestApp(functions) as app:
        stranger = DurableFunctionsClient(for_hub(app.client_binding, "Elsewhere"))
        try:
            with pytest.raises(grpc.RpcError, match="the client asks for task hub 'Elsewhere'"):
                await stranger.schedule_new_orchestration("wait")
        finally:
            await stranger.close()
