"""What `docs/local.md` shows is run as it stands there: the app on the host, its tests, and its recorded history."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.local.host.running_host import RunningHost, eventually

REPOSITORY = Path(__file__).parents[3]
DOCUMENT = (REPOSITORY / "docs" / "local.md").read_text()
BLOCKS = dict(re.findall(r"^`([\w.]+)`:\n\n```\w+\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL))
REPLAY = next(
    block for block in re.findall(r"^```python\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL) if "check(" in block
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The document's app in a folder of its own."""
    target = tmp_path / "app"
    target.mkdir()
    for name, text in BLOCKS.items():
        (target / name).write_text(text)
    return target


def run(folder: Path, *arguments: str) -> str:
    """Run Python in the app's folder, as the document says; gives what it printed."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_example_s_tests_pass(folder: Path) -> None:
    """The tests that the document shows find the app good."""
    assert set(BLOCKS) == {"function_app.py", "host.json", "test_orders.py"}
    assert "5 passed" in run(folder, "-m", "pytest", "-q", "-o", "asyncio_mode=auto", "-p", "no:cacheprovider")


def test_the_example_runs_on_the_host_and_its_history_replays(folder: Path) -> None:
    """Placed and paid over HTTP; then recorded by the command, and replayed by the test that the document shows."""
    with RunningHost(folder) as host:
        urls = host.client.put("/api/orders/17").json()
        paid = host.client.post("/runtime/webhooks/durabletask/instances/order-17/raiseEvent/paid", json=99.5)
        assert paid.status_code == 202
        status = urls["statusQueryGetUri"]
        done = eventually(lambda: a if (a := host.client.get(status)).status_code == 200 else None, "the payment")
        assert done.json()["output"] == {"paid": 99.5, "reminders": 0}
        database = folder / ".signalbox" / "host" / "durable.db"
        arguments = ["--database", str(database), "order-17", "--version", "1", "--output", "histories"]
        assert "events in" in run(folder, "-m", "local.testing.record", *arguments)
    (folder / "test_replay.py").write_text(REPLAY)
    assert "1 passed" in run(folder, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_replay.py")
    app = (folder / "function_app.py").read_text()
    (folder / "function_app.py").write_text(app.replace("timedelta(days=1)", "timedelta(days=2)"))
    with pytest.raises(AssertionError, match=r"collect_payment does not replay .*1\.json: turn 1 of"):
        run(folder, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_replay.py")


def test_every_module_that_is_told_of_exists() -> None:
    """Modules and folders that the document names are there."""
    for module in re.findall(r"python -m ([a-z_.]+)", DOCUMENT):
        if module != "pytest":
            path = REPOSITORY / module.replace(".", "/")
            assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file(), module
    for path in ("tests/local/patterns/apps", "tests/replay/histories"):
        assert path in DOCUMENT
        assert (REPOSITORY / path).is_dir()
