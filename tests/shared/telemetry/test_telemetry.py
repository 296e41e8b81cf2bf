"""Spans: where they go, what they carry, and that they never stop the work."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan

from shared.errors import PermanentError
from shared.telemetry import configure, span, traceparent
from shared.telemetry.files import JsonLinesExporter
from shared.telemetry.setting import set_aside

_TRACE = "0af7651916cd43dd8448eb211c80319c"
_PARENT = f"00-{_TRACE}-b7ad6b7169203331-01"


@pytest.fixture
def lines(tmp_path: Path) -> Iterator[Path]:
    """The file that spans go to during the test."""
    path = tmp_path / "deep" / "spans.jsonl"
    configure(f"file:{path}")
    yield path
    configure("off")


def _read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_span_is_a_line_as_soon_as_it_ends(lines: Path) -> None:
    """Attributes are named signalbox.*; what is None is left out, what is no plain value becomes text."""
    with span("submit_job", None, job="j-1", attempt=2, passed=True, share=0.5, reason=None, where=Path("a")):
        pass
    (line,) = _read(lines)
    assert line["name"] == "submit_job"
    assert line["attributes"] == {
        "signalbox.job": "j-1",
        "signalbox.attempt": 2,
        "signalbox.passed": True,
        "signalbox.share": 0.5,
        "signalbox.where": "a",
    }
    assert line["parent"] is None
    assert line["error"] is None
    assert line["duration_ms"] >= 0
    assert line["start"] <= line["end"]


def test_a_span_continues_the_given_trace(lines: Path) -> None:
    """The trace of the delivery goes on in the activity, whatever the caller's sampling was."""
    for flags in ("01", "00"):
        with span("a", f"{_PARENT[:-2]}{flags}"):
            pass
    for line in _read(lines):
        assert (line["trace"], line["parent"]) == (_TRACE, "b7ad6b7169203331")


def test_traceparent_leads_from_one_span_to_the_next(lines: Path) -> None:
    """What `traceparent` gives inside a span makes the next one its child."""
    assert traceparent() is None
    with span("first", _PARENT):
        carried = traceparent()
    with span("second", carried):
        pass
    first, second = _read(lines)
    assert second["trace"] == _TRACE
    assert second["parent"] == first["span"]


def test_a_span_inside_a_span_is_its_child(lines: Path) -> None:
    """Without a traceparent the present span is the parent."""
    with span("outer", _PARENT), span("inner", None):
        pass
    inner, outer = _read(lines)
    assert (inner["parent"], inner["trace"]) == (outer["span"], _TRACE)


@pytest.mark.parametrize("trace", ["", "nonsense", "00-0-0-01", f"00-{'0' * 32}-{'0' * 16}-01", "ü"])
def test_a_trace_that_cannot_be_read_begins_a_new_one(lines: Path, trace: str) -> None:
    """What came from outside must not stop the work."""
    with span("a", trace):
        pass
    (line,) = _read(lines)
    assert line["parent"] is None
    assert len(line["trace"]) == 32


def test_an_exception_is_recorded_and_passes(lines: Path) -> None:
    """The line says what failed and how."""
    with pytest.raises(PermanentError), span("a", None):
        raise PermanentError("RecipeMismatch", "no column 'carrier'")
    (line,) = _read(lines)
    assert line["status"] == "ERROR"
    assert line["error"]["type"] == "shared.errors.PermanentError"
    assert line["error"]["message"] == "no column 'carrier'"
    assert "test_telemetry.py" in line["error"]["stacktrace"]


def test_off_costs_no_span_and_carries_the_trace_on() -> None:
    """Without an exporter the trace of the caller still travels."""
    configure("off")
    with span("a", _PARENT, job="j"):
        assert traceparent() == _PARENT
    assert traceparent() is None


def test_off_gives_a_trace_to_what_has_none() -> None:
    """Records and answers name a trace wherever telemetry goes, and what is inside has the same."""
    configure("off")
    with span("a", None, "server"):
        outer = traceparent()
        with span("b", None):
            assert traceparent() == outer
    assert outer is not None
    assert len(outer.split("-")[1]) == 32
    assert int(outer.split("-")[1], 16) > 0


def test_the_same_setting_again_changes_nothing(lines: Path) -> None:
    """Each span is written once, however often telemetry is configured."""
    configure(f"file:{lines}")
    configure(f"file:{lines}")
    with span("a", None):
        pass
    assert len(_read(lines)) == 1


def test_another_setting_takes_over(lines: Path, tmp_path: Path) -> None:
    """From then on spans go to the new place only."""
    other = tmp_path / "other.jsonl"
    configure(f"file:{other}")
    with span("a", None):
        pass
    assert len(_read(other)) == 1
    assert not lines.exists()


def test_the_console_gets_a_line_per_span(capsys: pytest.CaptureFixture[str]) -> None:
    """One JSON object per line."""
    configure("console")
    try:
        with span("a", _PARENT, job="j"):
            pass
    finally:
        configure("off")
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["attributes"] == {"signalbox.job": "j"}


def test_threads_and_tasks_do_not_mix(lines: Path) -> None:
    """Every span has the parent of its own thread or task, and every line is whole."""

    def in_thread(number: int) -> None:
        for _ in range(20):
            with span("outer", None, number=number), span("inner", None, number=number):
                pass

    async def in_task(number: int) -> None:
        with span("outer", None, number=number):
            await asyncio.sleep(0)
            with span("inner", None, number=number):
                await asyncio.sleep(0)

    async def tasks() -> None:
        await asyncio.gather(*(in_task(number) for number in range(100, 200)))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(in_thread, range(8)))
    asyncio.run(tasks())
    found = _read(lines)
    assert len(found) == 2 * (8 * 20 + 100)
    numbers = {line["span"]: line["attributes"]["signalbox.number"] for line in found}
    inner = [line for line in found if line["name"] == "inner"]
    assert all(numbers[line["parent"]] == line["attributes"]["signalbox.number"] for line in inner)


def test_a_full_disk_drops_and_counts(caplog: pytest.LogCaptureFixture) -> None:
    """The work goes on; the loss is logged once, not once per span."""
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    configure("file:/dev/full")
    try:
        for _ in range(3):
            with span("a", None):
                pass
    finally:
        configure("off")
    warnings = [record.getMessage() for record in caplog.records if "are dropped" in record.getMessage()]
    assert len(warnings) == 1
    assert "No space left" in warnings[0]


def test_dropped_spans_are_counted_and_a_torn_line_costs_only_itself(lines: Path, tmp_path: Path) -> None:
    """When the disk has room again, what follows is readable."""
    exporter = JsonLinesExporter(tmp_path / "missing" / "spans.jsonl")
    (tmp_path / "missing").write_text("a file where the folder should be")
    exporter.export([])
    assert exporter.dropped == 0
    with span("b", None) as one:
        pass
    assert isinstance(one, ReadableSpan)
    exporter.export([one, one])
    assert exporter.dropped == 2

    (tmp_path / "missing").unlink()
    (tmp_path / "missing").mkdir()
    torn = tmp_path / "missing" / "spans.jsonl"
    torn.write_bytes(b'{"name": "ha')
    exporter.export([one])
    assert json.loads(torn.read_text().splitlines()[-1])["name"] == "b"


def test_importing_telemetry_does_not_load_opentelemetry() -> None:
    """The app's start stays cheap."""
    script = "import sys, shared.telemetry; print('opentelemetry' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "False"


def test_spans_are_there_after_the_process_was_killed(tmp_path: Path) -> None:
    """A span that has ended is on disk, even when nothing is flushed any more."""
    path = tmp_path / "spans.jsonl"
    script = f"""
import os, signal
from shared.telemetry import configure, span
configure({f"file:{path}"!r})
with span("a", None):
    pass
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", script], timeout=60, check=False)
    assert [line["name"] for line in _read(path)] == ["a"]


def test_several_processes_share_a_file(tmp_path: Path) -> None:
    """Their lines do not mix."""
    path = tmp_path / "spans.jsonl"
    script = f"""
from shared.telemetry import configure, span
configure({f"file:{path}"!r})
for _ in range(200):
    with span("a", None, text="x" * 3000):
        pass
"""
    running = [subprocess.Popen([sys.executable, "-c", script]) for _ in range(3)]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    assert len(_read(path)) == 600


def test_a_full_file_is_set_aside_and_no_third_is_kept(lines: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A laptop's disk is not filled by what nobody reads any more."""
    monkeypatch.setattr("shared.telemetry.files.FULL_BYTES", 1)
    for name in "abc":
        with span(name, None):
            pass
    assert [line["name"] for line in _read(lines)] == ["c"]
    assert [line["name"] for line in _read(set_aside(lines))] == ["b"]
    assert len(list(lines.parent.glob("*.jsonl"))) <= 3  # metrics have one of their own


def test_one_of_several_processes_sets_a_full_file_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes second finds that it is another file already, and leaves the new one where it is."""
    path = tmp_path / "spans.jsonl"
    exporter = JsonLinesExporter(path)
    path.write_bytes(b"full\n")
    late = path.open("ab", buffering=0)
    path.replace(set_aside(path))
    path.write_bytes(b"new\n")
    assert exporter._lines._turn(late)
    path.rename(tmp_path / "kept")
    assert exporter._lines._turn(late)
    (tmp_path / "kept").rename(path)
    late.close()
    assert (path.read_bytes(), set_aside(path).read_bytes()) == (b"new\n", b"full\n")
