"""Both commands: ``signalbox host start`` in any app's folder, selection of functions, and reload on change."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from local.host.reload import AppFiles
from tests.local.host.running_host import REPOSITORY, RunningHost, copy_app, eventually

SETTINGS = {"GREETING": "hi", "TICK_SCHEDULE": "0 0 0 1 1 *"}


class StartedByCli(RunningHost):
    """``signalbox host start`` in the app's folder."""

    def command(self, *arguments: str) -> list[str]:
        """The command line."""
        return [sys.executable, "-m", "cli", "host", "start", "--port", "0", *arguments]

    def directory(self) -> Path:
        """Where it runs."""
        return self.app

    def __init__(self, app: Path, *arguments: str) -> None:
        super().__init__(app, *arguments, environment={"PYTHONPATH": str(REPOSITORY), **SETTINGS})


def signalbox(*arguments: str, cwd: Path = REPOSITORY) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "cli", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "COLUMNS": "120", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=40,
        check=False,
    )


def test_signalbox_host_start_runs_the_app_of_the_folder(tmp_path: Path) -> None:
    """As ``func start``: the app is where the command was called."""
    with StartedByCli(copy_app("web", tmp_path), "--verbose") as host:
        assert host.client.get("/api/greeting").text == "hi"
        assert "greeting begins (id=" in host.output
        assert host.stop() == 0


def test_a_program_is_told_where_the_host_is(tmp_path: Path) -> None:
    """One line of JSON once it is ready; of a host that cannot start, why."""
    command = [sys.executable, "-m", "cli", "host", "start", "--port", "0", "--json"]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), **SETTINGS}
    with subprocess.Popen(
        command, cwd=copy_app("web", tmp_path), env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as host:
        assert host.stdout is not None
        told = json.loads(host.stdout.readline())
        assert httpx.get(f"{told['url']}/api/greeting", timeout=20).status_code == 200
        assert "greeting" in told["functions"]
        host.terminate()
        assert host.stdout.read() == b""


@pytest.mark.parametrize("names", [["greeting", "echo"], ["greeting echo"], ["greeting,ECHO"]])
def test_only_the_named_functions_are_loaded(tmp_path: Path, names: list[str]) -> None:
    """``--functions``, with names as ``func start`` takes them; the others are not there."""
    with StartedByCli(copy_app("web", tmp_path), "--functions", *names) as host:
        assert host.client.get("/api/greeting").status_code == 200
        assert host.client.get("/api/echo/a").status_code == 200
        assert host.client.get("/api/fail").status_code == 404
        assert len(host.client.get("/admin/functions").json()) == 2


def test_a_function_that_does_not_exist_is_told(tmp_path: Path) -> None:
    """With the nearest name, and exit code 1."""
    result = signalbox("host", "start", "--port", "0", "--functions", "greting", cwd=copy_app("web", tmp_path))
    assert result.returncode == 1
    assert "error: the app has no function 'greting'; did you mean 'greeting'?" in result.stderr


def test_a_folder_without_an_app_is_told(tmp_path: Path) -> None:
    """Exit code 1 and one line, not a traceback."""
    result = signalbox("host", "start", "--port", "0", cwd=tmp_path)
    assert result.returncode == 1
    assert "host.json not found" in result.stderr
    assert "Traceback" not in result.stderr


def test_names_without_the_option_are_refused(tmp_path: Path) -> None:
    """A word too many is a mistake."""
    result = signalbox("host", "start", "greeting", cwd=tmp_path)
    assert result.returncode == 2
    assert "--functions" in result.stderr


def test_help_is_there_without_loading_the_host() -> None:
    """It names the options of ``func start``, and nothing heavy was imported for it."""
    result = signalbox("host", "start", "--help")
    assert [
        o for o in ("--port", "--functions", "--verbose", "--enforce-auth", "--watch") if o not in result.stdout
    ] == []
    code = "import sys, cli.main; print([m for m in sys.modules if m.split('.')[0] in {'local', 'azure', 'starlette'}])"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, timeout=40, check=True
    )
    assert loaded.stdout.strip() == "[]"


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[RunningHost]:
    """The app ``web`` with ``--watch``."""
    app = copy_app("web", tmp_path)
    (app / "local.settings.json").write_text(json.dumps({"Values": SETTINGS}))
    with RunningHost(app, "--watch") as host:
        yield host


def ready(host: RunningHost) -> int:
    """How often the host became ready."""
    return len(re.findall(r"Ready on", host.output))


def test_a_change_of_the_code_takes_effect(watched: RunningHost) -> None:
    """The process begins again with its id and its port, and serves the new code and the new settings."""
    script = watched.app / "function_app.py"
    script.write_text(
        script.read_text().replace('return os.environ["GREETING"]', 'return os.environ["GREETING"] + "!"')
    )
    settings = json.dumps({"Values": {**SETTINGS, "GREETING": "changed"}})
    (watched.app / "local.settings.json").write_text(settings)
    eventually(lambda: ready(watched) == 2, "the second start")
    eventually(lambda: watched.client.get("/api/greeting").text == "changed!", "the new code")
    assert watched.process.poll() is None
    assert "changed: function_app.py, local.settings.json; beginning again" in watched.output
    assert watched.stop() == 0


def test_a_broken_change_is_told_and_mended_by_the_next(watched: RunningHost) -> None:
    """The host does not end: it says what is wrong, and waits for the next change."""
    script = watched.app / "function_app.py"
    good = script.read_text()
    script.write_text(good + "\n)\n")
    eventually(lambda: "waiting for a change of the app" in watched.output, "the message")
    assert "SyntaxError" in watched.output
    script.write_text(good)
    eventually(lambda: ready(watched) == 2, "the second start")
    assert httpx.get(f"{watched.url}/api/greeting").status_code == 200
    assert watched.stop(signal.SIGINT) == 0


async def test_only_files_of_the_app_are_watched(tmp_path: Path) -> None:
    """Code and settings are; caches, hidden folders, environments and data are not."""
    for name in ("function_app.py", "pkg/deep.py", ".signalbox/state.py", "venv/lib.py", "data.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1")
    (tmp_path / "venv" / "pyvenv.cfg").write_text("")
    files = AppFiles(tmp_path)
    for name in (".signalbox/state.py", "venv/lib.py", "data.csv", "pkg/deep.py"):
        (tmp_path / name).write_text("22")
    assert await files.changed(poll_seconds=0.01) == (tmp_path / "pkg" / "deep.py",)


def test_a_function_can_be_run_by_hand(tmp_path: Path) -> None:
    """POST /admin/functions/NAME runs a timer or event function at once; HTTP functions have a URL for that."""
    with RunningHost(copy_app("web", tmp_path), environment=SETTINGS) as host:
        assert host.client.post("/admin/functions/at_startup", json={"input": ""}).status_code == 202
        eventually(lambda: host.output.count("at_startup succeeded") == 2, "the run")
        assert host.client.post("/admin/functions/greeting", json={"input": ""}).status_code == 400
        missing = host.client.post("/admin/functions/at_start", json={})
        assert (missing.status_code, "did you mean 'at_startup'?" in missing.text) == (404, True)


def test_a_timer_missed_while_the_host_was_down_is_past_due(tmp_path: Path) -> None:
    """The schedule's status is kept beside the state: the next start runs the function at once, past due."""
    app = copy_app("web", tmp_path)
    status = app / ".signalbox" / "host" / "timers" / "at_startup.json"
    settings = {**SETTINGS, "AzureWebJobs.switched_off.Disabled": "true"}
    with RunningHost(app, environment=settings):
        eventually(status.is_file, "the status")
    year = time.gmtime().tm_year
    kept = {"Last": f"{year - 1}-01-01T00:00:00+00:00", "Next": f"{year}-01-01T00:00:00+00:00"}
    status.write_text(json.dumps({**kept, "LastUpdated": kept["Last"]}))
    with RunningHost(app, environment=settings) as host:
        eventually(lambda: host.client.get("/api/ticks").json()["startup"], "the tick")
        ticks = host.client.get("/api/ticks").json()["startup"]
    assert [tick["past_due"] for tick in ticks] == [True]
    assert "Function 'at_startup' is past due on startup. Executing now." in host.output
