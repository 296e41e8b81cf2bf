"""What the demo lands, and what it shows."""

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from rich.console import Console

from examples.flights.landing import BROKEN_OFF, CORRECTED, RawFile
from local.demo import landing
from local.demo.__main__ import _files
from local.demo.observe import Model, Observer, Version
from local.demo.outcome import Outcome, look
from local.demo.report import over_all
from local.demo.screen import Screen
from local.demo.stillness import Look
from shared.contracts.policy import ServePolicy
from shared.contracts.routes import ModelRoute
from tests.shared.interlock.builders import POLICY

FILES = (
    RawFile("raw/weather/JFK/2013-01.csv", b"w1", "weather"),
    RawFile("raw/weather/JFK/2013-02.csv", b"w2", "weather"),
    RawFile(BROKEN_OFF, b"half", "broken off"),
    RawFile(CORRECTED, b"whole", "the whole month"),
)


class Landing:
    """Where files land; remembers the order."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.landed: list[str] = []

    def holds(self, path: str, content: bytes) -> bool:
        """As the observer says it."""
        return self.files.get(path) == content

    def land(self, path: str, content: bytes) -> str:
        """As the observer does it."""
        self.files[path] = content
        self.landed.append(path)
        return path


def shown(width: int = 120) -> tuple[Screen, io.StringIO]:
    """A screen without a terminal, and what it writes."""
    text = io.StringIO()
    return Screen(Console(file=text, width=width)), text


def model(state: str, reason: str = "", **row: Any) -> Model:
    """A model of the read model."""
    return Model("departures-jfk-mainline-fast", state, reason, row)


def land(store: Landing, monkeypatch: pytest.MonkeyPatch, files: Sequence[RawFile] = FILES) -> tuple[set[str], str]:
    """Run the landing; the keys waited for, and the lines shown."""
    monkeypatch.setattr(landing, "raw_files", lambda *_: iter(files))
    screen, text = shown()
    return landing.land(store, screen, ["JFK"]), text.getvalue()  # type: ignore[arg-type]  # it asks for no more


def test_a_second_run_lands_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file that broke off would be newer than its correction, and half a month would be trained on."""
    store = Landing()
    keys, _ = land(store, monkeypatch)
    assert keys == {file.path for file in FILES}
    again, text = land(store, monkeypatch)
    assert again == set()
    assert store.landed == [file.path for file in FILES]
    assert "All 4 raw files lie there already: nothing is trained again." in text


def test_a_run_that_was_interrupted_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """What had landed stays, and a file with other bytes is replaced."""
    store = Landing()
    land(store, monkeypatch, FILES[:2])
    store.files[FILES[0].path] = b"of an older example"
    keys, _ = land(store, monkeypatch)
    assert keys == {FILES[0].path, BROKEN_OFF, CORRECTED}


def test_files_of_one_kind_are_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is special is seen, since the rest does not hide it."""
    _, text = land(Landing(), monkeypatch)
    told = [line.split("  ")[-1] for line in text.splitlines() if "landed" in line]
    assert told == [
        "landed 2 files in raw/weather/JFK: weather",
        f"landed {BROKEN_OFF}: broken off",
        f"landed {CORRECTED}: the whole month",
    ]


def test_without_a_terminal_only_a_change_is_a_line() -> None:
    """How far a step is, a model that waits, and a state that was told are no news."""
    screen, text = shown()
    for number in (3, 2, 1):
        screen.status("Waiting for the events of the files", f"{number} to come")
        screen.models([model("waiting")])
    for _ in range(2):
        screen.models([model("training", "It arrived.")])
    assert [line.split("  ")[-1] for line in text.getvalue().splitlines()] == [
        "Waiting for the events of the files",
        "departures-jfk-mainline-fast: training. It arrived.",
    ]


@pytest.mark.parametrize("width", [80, 100, 160])
def test_the_grid_shows_every_step_on_any_terminal(width: int) -> None:
    """A long reason is cut; no step is."""
    screen, _ = shown()
    screen.models([model("queued", "Its release waits. " * 20, verdict="passed")])
    text = io.StringIO()
    Console(file=text, width=width).print(screen.grid())
    header, row = text.getvalue().splitlines()
    assert header.split()[:5] == ["model", "data", "trained", "passed", "released"]
    assert row.split()[:9] == [*["departures-jfk-mainline-fast", "✓", "yes", "✓", "yes", "✓", "yes", "…", "next"]]


def outcome(**figures: dict[str, Any]) -> Outcome:
    """An outcome with figures."""
    return Outcome(model("released"), None, "", (), None, figures, ())


def test_the_figure_over_all_counts_rows_and_no_zeros() -> None:
    """Each model weighs as much as it has rows of which MAPE is made."""
    big = outcome(model={"rows": 40, "zeros": 10, "mape": 0.1})
    small = outcome(model={"rows": 10, "zeros": 0, "mape": 0.5})
    assert over_all([big, small], "model") == pytest.approx(0.2)


def test_a_figure_that_is_missing_leaves_none_over_all() -> None:
    """A mean over the rest would look better than it is."""
    known = outcome(model={"rows": 40, "zeros": 10, "mape": 0.1})
    missing = outcome(model={"rows": 4, "zeros": 4, "mape": None})
    assert over_all([known, missing], "model") is None
    assert over_all([known], "naive") is None


def test_large_files_have_a_bar_on_a_terminal_and_a_line_per_step_elsewhere() -> None:
    """As their instances say it; one that has not said anything yet, and every other instance, is left out."""
    status = {"step": "conditioning", "file": "raw/a.csv", "rows": 42, "bytes": 42, "of_bytes": 100,
              "rows_per_s": 7, "mb_per_s": 0.1, "seconds_left": 12}  # fmt: skip
    running: list[dict[str, Any]] = [
        {"instanceId": "file-raw-a-1", "customStatus": status},
        {"instanceId": "file-raw-b-2", "customStatus": None},
        {"instanceId": "condition-d-3", "customStatus": {"step": "conditioning"}},
    ]
    statuses = _files(Look((), (), running))
    assert statuses == [status]
    screen, text = shown()
    for percent in (42, 43):
        screen.files([{**status, "bytes": percent}])
    screen.files([{"step": "committing", "file": "raw/a.csv"}])
    assert [line.partition(" s  ")[2] for line in text.getvalue().splitlines()] == [
        "raw/a.csv: conditioning", "raw/a.csv: committing"
    ]  # fmt: skip
    terminal = io.StringIO()
    console = Console(file=terminal, width=120, force_terminal=True)
    live = Screen(console)
    live.files(statuses)
    with live:
        pass
    assert "42 %, 42 rows, 7 rows/s, 0.1 MB/s, 12 s left" in terminal.getvalue()


class Served:
    """A model in production behind a shared endpoint, as the observer tells of it; notes whom it is asked from."""

    def __init__(self) -> None:
        self.asked: list[str | None] = []

    def versions(self, _model: str) -> list[Version]:
        """The champion alone."""
        return [Version("1", "Production", ("champion",), "passed")]

    def ledger(self, _model: str) -> list[dict[str, Any]]:
        """That it was released."""
        return [{"entry": {"effect": "ModelReleased", "facts": {}}}]

    def why(self, _model: str) -> dict[str, Any]:
        """The chain holds."""
        return {"verified": True}

    def endpoint(self, _name: str) -> dict[str, Any]:
        """Two models' deployments, and no traffic."""
        return {"traffic": {}, "deployments": {"v1-1-slow": {}, "v1-1-fast": {}}}

    def route(self, path: str) -> ModelRoute:
        """Of the one model."""
        assert path == "serving/slow.json"
        return ModelRoute(
            model="slow", endpoint="shared", deployment="v1-1-slow", version="1", at=datetime(2013, 1, 1, tzinfo=UTC),
            attempt=1,
        )  # fmt: skip

    def predict(self, _endpoint: str, _row: dict[str, Any], deployment: str | None = None) -> float | None:
        """Without a deployment nobody answers."""
        self.asked.append(deployment)
        return 4.0 if deployment else None


def test_a_shared_endpoint_is_asked_by_its_route(tmp_path: Path) -> None:
    """As a client does: its traffic, which it has none of, is no problem then."""
    golden = tmp_path / POLICY.golden
    golden.parent.mkdir(parents=True, exist_ok=True)
    golden.write_text("a,expected,tolerance\n1,4,1\n")
    serve = ServePolicy(mode="online", endpoint="shared", shared=True)
    row = {"serving": {"mode": "online", "endpoint": "shared", "route": "serving/slow.json"}, "champion": "1"}
    served = Served()
    found = look(
        cast("Observer", served),
        Model("slow", "released", "", row),
        POLICY.model_copy(update={"serve": serve}),
        tmp_path,
    )
    assert served.asked == ["v1-1-slow"]
    assert found.problems == ()
    assert found.serving == "online: by serving/slow.json to v1-1-slow"
    assert found.prediction == ({"a": 1}, 4.0, 4.0)
