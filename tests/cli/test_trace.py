"""``signalbox trace``: what it asks and prints."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from cli import trace_screen
from cli.trace_screen import Line, bar_of, failures, lines, print_trace
from shared.contracts.traces import TraceNode
from shared.durations import lasted
from tests.cli.played import play, run

BEGIN = datetime(2026, 11, 21, 9, tzinfo=UTC)


def _node(name: str, begin: float, end: float | None, outcome: Any = "ok", **more: Any) -> TraceNode:
    ended = None if end is None else BEGIN + timedelta(seconds=end)
    kind = more.pop("kind", "activity")
    started = BEGIN + timedelta(seconds=begin)
    return TraceNode(
        name=name, kind=kind, instance=more.pop("instance", "train-1"), started_at=started, ended_at=ended,
        outcome=outcome, **more,
    )  # fmt: skip


TRAINING = _node(
    "train_model", 0, None, "running", kind="orchestration", attributes={"signalbox.model": "fast"}, children=(
        _node("submit_job", 0.5, 0.75, detail="Queued"),
        _node("evaluate_model", 1, 3, "failed", detail="TimeoutError: [bold]it[/bold] took\x1b[2J too long"),
        _node("watch_job", 3, None, "waiting", kind="orchestration", children=(
            _node("wait", 3, None, "waiting", kind="timer", detail="until 10:00"),
        )),
        _node("training_finished", 65, 65, kind="entity", attributes={"signalbox.model": "fast"}),
    ),
)  # fmt: skip


def test_a_trace_is_a_tree_with_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line per step, under what led to it: when it began, how long it took, what waits, what failed and why."""
    played = play(monkeypatch)
    played.answers_to("GET /api/traces/train-1", TRAINING.to_wire())
    done = run("trace", " train-1 ")
    assert done.exit_code == 0, done.output
    found = done.output.splitlines()
    assert found[0].startswith("train-1: model fast; 2026-11-21 09:00:00 UTC, ")
    assert found[0].endswith(", and goes on")
    steps = [line for line in found if line.startswith(("train", "├", "└", "│"))][1:]
    assert [line.partition(" +")[0].rstrip() for line in steps] == [
        "train model: fast", "├─ submit job", "├─ evaluate model", "├─ watch job", "│  └─ wait",
        "└─ told the model: training finished",
    ]  # fmt: skip
    assert "+500 ms" in steps[1]
    assert "250 ms" in steps[1]
    assert "until 10:00" in steps[4]
    assert "\x1b" not in done.output
    assert found[-1] == r"failed: evaluate model: TimeoutError: [bold]it[/bold] took\x1b[2J too long"


def test_json_is_what_the_app_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """For programs, nothing is left out."""
    played = play(monkeypatch)
    played.answers_to("GET /api/traces/train-1", TRAINING.to_wire())
    done = run("trace", "train-1", "--json")
    assert TraceNode.from_wire(json.loads(done.output)) == TRAINING


def test_a_deliverys_key_keeps_its_slashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """What else a URL would take for its own is escaped."""
    played = play(monkeypatch)
    run("trace", "landing/raw/a b?c#d@0x1")
    assert played.asked[0] == "GET /api/traces/landing/raw/a b?c#d@0x1"


def test_an_unknown_id_names_what_is_near(monkeypatch: pytest.MonkeyPatch) -> None:
    """The app's sentence, and exit code 1."""
    played = play(monkeypatch)
    detail = "There is no run, delivery or trace 'trian-1'. Did you mean `train-1`?"
    problem = {"type": "urn:signalbox:unknown-trace", "status": 404, "detail": detail}
    played.answers_to("GET /api/traces/trian-1", problem, 404)
    done = run("trace", "trian-1")
    assert done.exit_code == 1
    assert "Did you mean `train-1`?" in done.output


def test_what_was_cut_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The reader knows that there is more, and how to see it."""
    cut = TRAINING.model_copy(update={"attributes": {"signalbox.trace.left_out": "7 orchestrations"}})
    monkeypatch.setattr(trace_screen, "console", lambda: Console(width=100))
    print_trace(cut.to_wire(), BEGIN + timedelta(seconds=70))
    assert "not shown: 7 orchestrations" in capsys.readouterr().out


def test_where_it_failed_first_is_told_and_not_what_failed_because_of_it() -> None:
    """A training that failed because its job failed: the job."""
    job = _node("j-1", 1, 2, "failed", kind="job", detail="no memory")
    root = _node("train_model", 0, 3, "failed", kind="orchestration", children=(job,))
    assert [line.node["name"] for line in failures(lines(root.to_wire(), BEGIN))] == ["j-1"]


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0, 1e6))
def test_a_bar_has_its_width_whatever_it_shows(after: float, took: float, more: float) -> None:
    """Columns stay aligned, and what took no time is seen, too."""
    bar = bar_of(Line("", "", {}, after, took), after + took + more)
    assert cell_len(bar) == 24
    assert bar.strip()


@given(st.floats(0, 1e8))
def test_any_time_is_short(seconds: float) -> None:
    """Two figures at most."""
    assert len(lasted(seconds)) <= 14


def test_times_are_read_at_a_glance() -> None:
    """The unit changes where the next one says more."""
    times = (0, 0.0123, 0.9996, 59.9, 59.96, 61, 3599.6, 3600, 86399.6, 100_000)
    assert [lasted(one) for one in times] == [
        "0 ms", "12 ms", "1.0 s", "59.9 s", "1 min 0 s", "1 min 1 s", "1 h 0 min", "1 h 0 min", "1 d 0 h", "1 d 3 h",
    ]  # fmt: skip


def test_a_wide_terminal_shows_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    """When each step was under way, beside the others."""
    out = Console(force_terminal=True, width=160, color_system=None)
    monkeypatch.setattr(trace_screen, "console", lambda: out)
    monkeypatch.setattr("cli.printing.console", lambda: out)
    with out.capture() as shown:
        print_trace(TRAINING.to_wire(), BEGIN + timedelta(seconds=80))
    assert "████████" in shown.get()
