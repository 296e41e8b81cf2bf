"""The command: start, what it prints, what it refuses, and how it ends."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest

from local.host.server import open_socket
from tests.local.host.running_host import REPOSITORY, RunningHost, copy_app, eventually

HEAD = "import azure.functions as func\napp = func.FunctionApp()\n"
TWINS = (
    HEAD
    + """
@app.route(route="a")
def twin(req: func.HttpRequest) -> str: return ""
@app.function_name("twin")
@app.route(route="b")
def other(req: func.HttpRequest) -> str: return ""
"""
)
TWO_TRIGGERS = (
    HEAD
    + """
@app.route(route="a")
@app.queue_trigger(arg_name="m", queue_name="q", connection="c")
def greedy(req: func.HttpRequest, m: str) -> str: return ""
"""
)
UNKNOWN_CONSTRAINT = (
    HEAD
    + """
@app.route(route="a/{n:whole}")
def f(req: func.HttpRequest) -> str: return ""
"""
)
SETTINGS = {"GREETING": "hi", "TICK_SCHEDULE": "0 0 0 1 1 *"}


def run_host(app: Path, port: int = 0) -> subprocess.CompletedProcess[str]:
    """Run the command to its end; for hosts that refuse to start."""
    command = [sys.executable, "-m", "local.host", "--app", str(app), "--port", str(port)]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=40, check=False)


def test_the_list_shows_each_function_with_its_url(web: RunningHost) -> None:
    """Methods and full URL for HTTP, the webhook for events."""
    port = web.url.rsplit(":", 1)[1]
    assert f"literal: [GET] http://localhost:{port}/api/echo/fixed\n" in web.output
    assert f"echo: [any method] http://localhost:{port}/api/echo/{{name}}/{{count:int?}}\n" in web.output
    hook = f"http://localhost:{port}/runtime/webhooks/eventgrid?functionName=on_event"
    assert f"on_event: eventGridTrigger {hook}\n" in web.output


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_requests_finish_and_ends_with_0(tmp_path: Path, number: signal.Signals) -> None:
    """The request in flight is answered, new ones are refused, and the exit code is 0."""
    answers: list[int] = []
    with RunningHost(copy_app("web", tmp_path), environment=SETTINGS) as host:
        slow = threading.Thread(
            target=lambda: answers.append(httpx.get(f"{host.url}/api/slow?seconds=2", timeout=20).status_code)
        )
        busy = "slow began"
        slow.start()
        eventually(lambda: busy in host.output, "the slow request")
        assert host.stop(number) == 0
        slow.join(10)
    assert answers == [200]
    with pytest.raises(httpx.ConnectError):
        httpx.get(host.url)


def test_a_function_that_never_returns_cannot_keep_the_host(tmp_path: Path) -> None:
    """After the patience for what is in flight, the process ends with 0 although a thread is stuck."""
    with RunningHost(copy_app("web", tmp_path), "--drain-seconds", "1", environment=SETTINGS) as host:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{host.url}/api/stuck", timeout=0.3)
        assert host.stop() == 0
    assert "stuck was cut off" in host.output


def test_a_second_signal_ends_the_host_at_once(tmp_path: Path) -> None:
    """Whoever presses Ctrl+C twice does not wait for what is stuck."""
    with RunningHost(copy_app("web", tmp_path), environment=SETTINGS) as host:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{host.url}/api/stuck", timeout=0.3)
        host.process.send_signal(signal.SIGINT)
        eventually(lambda: "stopping" in host.output, "the stop")
        assert host.stop(signal.SIGINT) == 128 + signal.SIGINT


def test_a_port_in_use_is_one_clear_line(tmp_path: Path) -> None:
    """Exit code 1, before the app is even loaded."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = run_host(copy_app("web", tmp_path), port)
    assert result.returncode == 1
    assert result.stderr == f"error: port {port} is in use: stop the other process, or choose another --port\n"


def test_the_socket_is_named_tcp() -> None:
    """Only then does asyncio switch off Nagle's algorithm, which would cost 40 ms for each answer."""
    with open_socket("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP


@pytest.mark.parametrize(
    ("app", "expected"),
    [
        ("broken_import", ["function_app.py:4", "ModuleNotFoundError", "no_such_package_anywhere"]),
        ("broken_signature", ["function_app.py:8", "function lonely", "'nobody'"]),
    ],
)
def test_an_app_that_does_not_load_says_where(tmp_path: Path, app: str, expected: list[str]) -> None:
    """Exit code 1, the exception, and the line of the app's own code; no traceback of the host's."""
    result = run_host(copy_app(app, tmp_path))
    assert result.returncode == 1
    assert [text for text in expected if text not in result.stderr] == []
    error = result.stderr[result.stderr.index("error: ") :]
    assert "Traceback" not in error
    assert "Current sys.path" not in error


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import azure.functions as func\napp = func.FunctionApp(\n", "function_app.py:2"),
        ("import azure.functions as func\n\nraise RuntimeError('not today')\n", "function_app.py:3"),
        ("import sys\n\nsys.exit(0)\n", "called sys.exit(0) while it was imported"),
        ("x = 1\n", "Could not find top level function app"),
        (TWINS, "Function twin does not have a unique function name"),
        (TWO_TRIGGERS, "A trigger was already registered to this function"),
        (UNKNOWN_CONSTRAINT, "function f: route constraint 'whole' is not one of"),
    ],
)
def test_a_broken_script_is_told_by_line(tmp_path: Path, source: str, expected: str) -> None:
    """Syntax errors, exceptions while importing, and a script without an app."""
    (tmp_path / "host.json").write_text('{"version": "2.0"}')
    (tmp_path / "function_app.py").write_text(source)
    result = run_host(tmp_path)
    assert result.returncode == 1
    assert expected in result.stderr


def test_a_directory_without_an_app_is_refused(tmp_path: Path) -> None:
    """The message says what --app must be."""
    (tmp_path / "host.json").write_text('{"version": "2.0"}')
    result = run_host(tmp_path)
    assert result.returncode == 1
    assert "function_app.py not found: --app must name the directory" in result.stderr


def test_a_missing_setting_is_named(tmp_path: Path) -> None:
    """A schedule that refers to a setting which does not exist."""
    app = copy_app("web", tmp_path)
    (app / "local.settings.json").write_text(json.dumps({"Values": {"GREETING": "hi"}}))
    result = run_host(app)
    assert result.returncode == 1
    assert "function at_startup, schedule: %TICK_SCHEDULE% refers to a setting that does not exist" in result.stderr


def test_instances_survive_a_restart(tmp_path: Path) -> None:
    """What waited before the host stopped goes on after it: the state is in a file beside the app."""
    app = copy_app("durable", tmp_path)
    with RunningHost(app, environment={"HUB": "h"}) as host:
        urls = host.client.post("/start/waiting", json="x", params={"id": "patient"}).json()
        assert urls["id"] == "patient"
    assert (app / ".signalbox" / "host" / "durable.db").is_file()
    instance = "/runtime/webhooks/durabletask/instances/patient"
    with RunningHost(app, environment={"HUB": "h"}) as host:
        assert host.client.post(f"{instance}/raiseEvent/go", json="now").status_code == 202
        eventually(lambda: host.client.get(instance).json()["output"] == "now", "the output")


def test_an_activity_in_flight_runs_again_after_a_stop(tmp_path: Path) -> None:
    """The host does not wait for ever for a blocking activity, ends with 0, and the next one finishes the instance."""
    app, instance = copy_app("durable", tmp_path), "/runtime/webhooks/durabletask/instances/held"
    with RunningHost(app, "--drain-seconds", "1", environment={"HUB": "h"}) as host:
        host.client.post("/start/sleepy", json=60, params={"id": "held"})
        eventually(lambda: host.client.get(instance).json()["runtimeStatus"] == "Running", "the start")
        assert host.stop() == 0
    with RunningHost(app, environment={"HUB": "h"}) as host:
        assert host.client.get(instance).json()["runtimeStatus"] == "Running"
        host.client.post(f"{instance}/terminate")
        eventually(lambda: host.client.get(instance).json()["runtimeStatus"] == "Terminated", "the end")
        host.process.kill()  # the activity runs again, and holds its thread
        host.process.wait(5)


def test_one_state_file_has_one_host(tmp_path: Path) -> None:
    """A second host on the same state file is refused in one line, instead of running everything twice."""
    app = copy_app("durable", tmp_path)
    with RunningHost(app, environment={"HUB": "h"}):
        command = [sys.executable, "-m", "local.host", "--app", str(app), "--port", "0"]
        second = subprocess.run(
            command, cwd=REPOSITORY, capture_output=True, text=True, timeout=40, check=False, env={"HUB": "h"}
        )
    assert second.returncode == 1
    assert "error: the durable engine cannot start on" in second.stderr


LEAVING = """
import asyncio, os, sys
from pathlib import Path
from local.host.host import Host, HostOptions

async def run(app, state):
    async with Host(HostOptions(Path(app), 0, Path(state))):
        assert "WEBSITE_HOSTNAME" in os.environ

before = dict(os.environ)
asyncio.run(run(*sys.argv[1:]))
print(sorted({*before.items()} ^ {*os.environ.items()}))
"""


def test_an_ended_host_leaves_the_environment_as_it_was(tmp_path: Path) -> None:
    """Whoever runs one in a process of their own is not taken for a host afterwards."""
    command = [sys.executable, "-c", LEAVING, str(copy_app("web", tmp_path)), str(tmp_path / "state" / "durable.db")]
    done = subprocess.run(
        command, cwd=REPOSITORY, env={**os.environ, **SETTINGS}, capture_output=True, text=True, timeout=40, check=False
    )
    assert (done.returncode, done.stdout.splitlines()[-1:]) == (0, ["[]"]), done.stderr
