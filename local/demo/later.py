"""What happens later: a new version by canary, and an exception that goes wrong and is undone by the policy."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from local.demo.observe import Model, Observer

#: Trained once more when all is quiet; its second version replaces the first by canary.
RENEWED = "departures-jfk-mainline-fast"
#: Rejected, since its baseline is better; somebody lets it pass all the same.
EXCEPTED = "departures-lga-regional-fast"
_GATE = "beats_average"
_BY = "ana@contoso.example"
_LOOK_SECONDS = 0.25


@dataclass(frozen=True)
class Later:
    """What was seen of one model.

    Attributes:
        title: What was done.
        story: The steps that its ledger has of it, as time, title and reason.
        problems: What was expected and not observed.
    """

    model: str
    title: str
    story: tuple[tuple[str, str, str], ...]
    problems: tuple[str, ...] = ()


def look_later(observer: Observer, names: set[str], seconds: float) -> list[Later]:
    """Let both happen, where the fleet has the models; what has happened in an earlier run is only told."""
    found = []
    if RENEWED in names:
        found.append(_renew(observer, seconds))
    if EXCEPTED in names:
        found.append(_except(observer, seconds))
    return found


def _renew(observer: Observer, seconds: float) -> Later:
    """`signalbox retrain`: the same data gives a version as good as the first, which replaces it in steps."""
    if observer.model(RENEWED).row.get("champion") == "1":
        observer.train(RENEWED)
    seen = _wait(observer, RENEWED, lambda model: model.state == "released" and model.row["champion"] != "1", seconds)
    rows = _rows_after(observer, RENEWED, "TrainingStarted")
    shares = [row["entry"]["facts"]["traffic"] for row in rows if row["entry"]["effect"] == "TrafficShifted"]
    problems = list(seen)
    if [max(one.values()) for one in shares] != [90, 50, 100]:
        problems.append(f"its requests were not shifted by 10 %, 50 % and all, but as {shares}")
    return Later(RENEWED, "A second version, by canary", _story(rows), tuple(problems))


def _except(observer: Observer, seconds: float) -> Later:
    """`signalbox override` and `release`; then its figures come in, and it leaves production by itself."""
    model = observer.model(EXCEPTED)
    problems: list[str] = []
    if model.state == "rejected":
        until = (datetime.now(UTC) + timedelta(days=1)).isoformat()
        reason = "the forecast is needed before the next training"
        version = {"by": _BY, "reason": reason, "version": str(model.row["version"])}
        observer.order(EXCEPTED, "override", {**version, "gate": _GATE, "until": until})
        observer.order(EXCEPTED, "release", version)
        problems += _wait(observer, EXCEPTED, lambda one: one.state == "released", seconds)
        time.sleep(1.5)  # within the window after a release no figure counts
        figures = {of: {"mape": model.figure(of)} for of in ("model", "baseline")}
        observer.tell_figures(EXCEPTED, version["version"], "2013-12", figures["model"], figures["baseline"])
    problems += _wait(observer, EXCEPTED, lambda one: one.state == "failed_over", seconds)
    rows = _rows_after(observer, EXCEPTED, "ModelRegistered")
    return Later(EXCEPTED, "An exception that went wrong, and back by itself", _story(rows), tuple(problems))


def _wait(observer: Observer, name: str, there: Callable[[Model], bool], seconds: float) -> list[str]:
    """Look until a model is as it should be; what is wrong when it is not in time."""
    deadline = time.monotonic() + seconds
    while not there(model := observer.model(name)):
        if time.monotonic() > deadline:
            return [f"it is {model.state} after {seconds:.0f} s: {model.reason}"]
        time.sleep(_LOOK_SECONDS)
    return []


def _rows_after(observer: Observer, name: str, effect: str) -> list[dict[str, Any]]:
    """The ledger from the last row with an effect on."""
    rows = observer.ledger(name)
    last = max((number for number, row in enumerate(rows) if row["entry"]["effect"] == effect), default=0)
    return rows[last:]


def _story(rows: list[dict[str, Any]]) -> tuple[tuple[str, str, str], ...]:
    return tuple((row["entry"]["at"][11:19], row["entry"]["effect"], row["entry"]["reason"]) for row in rows)
