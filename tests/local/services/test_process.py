"""Starting, watching and ending real processes."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from local.services import process
from local.services.process import Port, PortInUse, RunningService, Service, ServiceFailed, describe_exit
from tests.local.services.polling import eventually

STUBBORN = """
    import signal, sys, time
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("up", flush=True)
    time.sleep(120)
"""
FAMILY = """
    import subprocess, sys, time
    code = "import time; time.sleep(120)"
    children = [subprocess.Popen([sys.executable, "-c", code], start_new_session=apart) for apart in (False, True)]
    print(*[child.pid for child in children], flush=True)
    time.sleep(120)
"""
PARENT = """
    import sys, time
    from pathlib import Path
    from local.services.process import RunningService, Service
    log = Path(sys.argv[1])
    child = RunningService(Service("child", (sys.executable, "-c", sys.argv[2]), log, log.exists, grace=1.0))
    child.start()
    print(child.pid, flush=True)
    time.sleep(120)
"""


def script(code: str) -> tuple[str, ...]:
    """The command that runs some Python code."""
    return (sys.executable, "-c", textwrap.dedent(code))


def gone(pid: int) -> bool:
    """Whether a process has ended (a zombie that nobody collects has)."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where the service under test logs."""
    return tmp_path / "logs" / "service.log"


@pytest.fixture
def run(log: Path) -> Iterator[Callable[..., RunningService]]:
    """Make a service out of Python code; ready once its log has a line; stopped after the test."""
    made: list[RunningService] = []

    def make(code: str, *, grace: float = 1.0, ready_timeout: float = 20.0, **more: object) -> RunningService:
        def written() -> bool:
            return log.exists() and log.stat().st_size > 0

        service = Service("sample", script(code), log, written, grace=grace, ready_timeout=ready_timeout, **more)  # type: ignore[arg-type]  # test plumbing
        made.append(RunningService(service))
        return made[-1]

    yield make
    for one in made:
        one.stop()


def test_a_service_runs_until_it_is_stopped(run: Callable[..., RunningService]) -> None:
    """A started service has its own pid, and stop() ends it with SIGTERM."""
    service = run("import time; print('up', flush=True); time.sleep(120)")
    service.start()
    service.wait_ready()
    pid = service.pid
    assert pid is not None
    assert pid != os.getpid()
    assert not gone(pid)
    service.stop()
    assert gone(pid)
    assert service.exit_code == 128 + signal.SIGTERM


def test_a_service_that_ignores_sigterm_is_killed_after_its_grace(run: Callable[..., RunningService]) -> None:
    """stop() does not wait for ever."""
    service = run(STUBBORN, grace=0.2)
    service.start()
    service.wait_ready()
    service.stop()
    assert service.exit_code == 128 + signal.SIGKILL


def test_stop_ends_descendants_in_other_sessions_too(run: Callable[..., RunningService], log: Path) -> None:
    """A service's workers end with it, even those that left its process group."""
    service = run(FAMILY)
    service.start()
    service.wait_ready()
    children = [int(pid) for pid in log.read_text().split()]
    assert len(children) == 2
    assert not any(gone(pid) for pid in children)
    service.stop()
    assert eventually(lambda: all(gone(pid) for pid in children))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_services_end_with_their_parent_however_it_ends(tmp_path: Path, number: int) -> None:
    """A parent killed with SIGKILL cannot clean up, and its services end all the same."""
    log = tmp_path / "child.log"
    parent = subprocess.Popen(
        [*script(PARENT), str(log), textwrap.dedent(FAMILY)],
        stdout=subprocess.PIPE,
        cwd=Path(process.__file__).parents[2],
    )
    assert parent.stdout is not None
    with parent.stdout:
        pids = [int(parent.stdout.readline())]
    assert eventually(lambda: len(log.read_text().split()) == 2)
    pids += [int(pid) for pid in log.read_text().split()]
    assert not any(gone(pid) for pid in pids)
    parent.send_signal(number)
    parent.wait(10)
    assert eventually(lambda: all(gone(pid) for pid in pids))


def test_kill_ends_a_service_as_a_crash_would_and_it_can_start_again(run: Callable[..., RunningService]) -> None:
    """kill() is SIGKILL; restart() brings the service back with a new process."""
    service = run("import time; print('up', flush=True); time.sleep(120)", grace=20.0)
    service.start()
    service.wait_ready()
    first = service.pid
    service.kill()
    assert service.exit_code == 128 + signal.SIGKILL
    service.restart()
    assert service.alive
    assert service.pid != first


def test_an_early_exit_is_explained_with_the_end_of_the_log(run: Callable[..., RunningService], log: Path) -> None:
    """ServiceFailed names the service, the exit code and the log, and shows its last lines."""
    service = run("import sys; sys.exit('no such database')", remedy="Check the database.")
    service.service.log.parent.mkdir()
    service.service.log.write_text("an earlier run\n")
    object.__setattr__(service.service, "health", lambda: False)
    service.start()
    with pytest.raises(ServiceFailed) as caught:
        service.wait_ready()
    message = str(caught.value)
    assert caught.value.exit_code == 1
    for expected in ("sample", "exit code 1", "no such database", str(log), "Check the database."):
        assert expected in message
    assert "an earlier run" not in message


def test_a_command_that_does_not_exist_is_explained(log: Path) -> None:
    """A missing program is a failed service, not a traceback of the supervisor."""
    service = RunningService(Service("ghost", ("no-such-program-here",), log, lambda: False))
    service.start()
    with pytest.raises(ServiceFailed, match="cannot start no-such-program-here"):
        service.wait_ready()
    service.stop()


def test_a_service_that_is_never_ready_is_reported_while_it_runs(run: Callable[..., RunningService]) -> None:
    """The time limit is named, and the exit code is None as the process still runs."""
    service = run("import time; time.sleep(120)", ready_timeout=0.3)
    service.start()
    with pytest.raises(ServiceFailed, match=r"not ready after 0\.3 s") as caught:
        service.wait_ready()
    assert caught.value.exit_code is None
    assert service.alive


def test_a_port_in_use_is_found_before_anything_starts(run: Callable[..., RunningService], log: Path) -> None:
    """PortInUse names the service, the port and the setting that changes it."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        number = other.getsockname()[1]
        service = run("print('never')", ports=(Port(number, "SIGNALBOX_PORT_SAMPLE"),))
        with pytest.raises(PortInUse, match=rf"sample cannot start: port {number} .*SIGNALBOX_PORT_SAMPLE"):
            service.start()
    assert not log.exists()
    assert service.pid is None


def test_a_large_log_is_set_aside(
    run: Callable[..., RunningService], log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Logs do not grow without bound: a large one is kept once, under another name."""
    monkeypatch.setattr(process, "LOG_LIMIT_BYTES", 10)
    log.parent.mkdir()
    log.write_text("x" * 11)
    service = run("import time; print('up', flush=True); time.sleep(120)")
    service.start()
    service.wait_ready()
    assert log.with_name("service.log.1").read_text() == "x" * 11
    assert log.read_text() == "up\n"


def test_local_traffic_goes_past_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Services get NO_PROXY for the loopback addresses, added to what is there."""
    monkeypatch.setenv("NO_PROXY", "example.com")
    assert process.local_environment()["NO_PROXY"] == "example.com,127.0.0.1,localhost"


def test_exit_codes_are_put_into_words() -> None:
    """A signal is named."""
    assert describe_exit(137) == "killed by SIGKILL"
    assert describe_exit(3) == "exit code 3"
