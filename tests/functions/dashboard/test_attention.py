"""What the page says that somebody has to look at."""

import shlex
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.dashboard.attention import delivery_need, model_needs, run_need
from functions.dashboard.commands import Commands
from functions.dashboard.home import Told, make_home
from functions.dashboard.seen import Sight
from shared.contracts.deliveries import Delivery
from shared.contracts.fleet_runs import RunRow
from shared.contracts.holds import FleetHold
from tests.functions.dashboard.builders import NOW, model, policy, row

_EVIDENCE = {"version": "3", "artifact_sha256": "a", "report_sha256": "b", "author": "ana", "deadline": NOW}
_HOLD = {"scope": "model", "by": "ana", "reason": "holidays", "since": NOW}
HERE = Commands("http://localhost:7071")


def _needs(**changes: Any) -> dict[str, str]:
    """Kinds of what one model needs, each with the reason of the first thing."""
    return {need.key: need.items[0].reason for need in model_needs([model(**changes)], HERE, NOW)}


def test_a_model_that_does_well_needs_nobody() -> None:
    """Neither does one that nothing has happened to."""
    assert _needs() == {}
    assert _needs(state="waiting", champion=None) == {}


def test_an_approval_is_shown_with_the_commands_that_answer_it() -> None:
    """As they are typed, with the deadline after which no answer means no."""
    (need,) = model_needs([model("sales", evidence=_EVIDENCE, state="awaiting_approval")], HERE, NOW)
    (item,) = need.items
    assert (need.key, item.at, item.until) == ("approval", NOW, True)
    assert item.commands == (
        'signalbox approve sales@3 --reason "…"',
        'signalbox reject sales@3 --reason "…"',
    )
    assert "asked for by ana" in item.reason


def test_approvals_come_by_their_deadline() -> None:
    """The one that ends first is the first."""
    soon = {**_EVIDENCE, "deadline": NOW - timedelta(days=1)}
    (need,) = model_needs([model("a", evidence=_EVIDENCE), model("b", evidence=soon)], HERE, NOW)
    assert [item.name for item in need.items] == ["b", "a"]


@pytest.mark.parametrize(
    ("key", "changes", "told"),
    [
        ("parked", {"parked": {"at": NOW, "by": "policy", "reason": "3 failures in a row"}}, "3 failures in a row"),
        ("held", {"holds": [_HOLD]}, "held by ana"),
        ("drift", {"drift": "alias champion is on version 7"}, "version 7"),
        ("ledger", {"ledger_findings": ["row 3 is gone"]}, "row 3 is gone"),
        ("unread", {"dead_letters": 2, "dead_letter": "no event"}, "2 events"),
        ("broken", {"state": "release_failed", "reason": "The golden set failed."}, "golden set"),
        ("rejected", {"state": "rejected", "reason": "MAPE is above 45 %."}, "above 45 %"),
    ],
)
def test_each_kind_tells_its_reason(key: str, changes: dict[str, Any], told: str) -> None:
    """In the words of whoever has said it."""
    assert told in _needs(**changes)[key]


@pytest.mark.parametrize(
    ("scope", "which"),
    [
        ("model", "m"),
        ("fleet:demo", "--fleet demo"),
        ("label:kind=x,origin=JFK|LGA", "--fleet demo --select kind=x --select origin=JFK,LGA"),
    ],
)
def test_a_hold_is_lifted_as_it_was_given(scope: str, which: str) -> None:
    """Of a model, of a fleet, or of the models with a label."""
    (need,) = model_needs([model(holds=[{**_HOLD, "scope": scope}])], HERE, NOW)
    assert need.items[0].commands == (f'signalbox resume {which} --reason "…"',)


def test_a_hold_that_has_ended_needs_nobody() -> None:
    """It ends by itself at its time."""
    assert _needs(holds=[{**_HOLD, "until": NOW}]) == {}


def test_a_parked_model_is_told_once() -> None:
    """That its last release failed is why it is parked."""
    assert list(_needs(state="failed", parked={"at": NOW, "by": "policy", "reason": "r"})) == ["parked"]


def test_a_version_that_serves_for_too_long_is_stale() -> None:
    """From the age on that the fleet file gives, and not before; where a baseline stands in, nothing of it serves."""
    old = NOW - timedelta(days=60)
    assert "60 days at most" in _needs(said={"stale_days": 60}, champion_since=old)["stale"]
    assert _needs(said={"stale_days": 61}, champion_since=old) == {}
    assert "stale" not in _needs(said={"stale_days": 60}, champion_since=old, stands_in="b")


def _delivery(outcome: str, minutes: int = 0, subject: str = "a.csv") -> Delivery:
    return Delivery.model_validate({
        "channel": "conditioning", "key": f"k{minutes}", "subject": subject, "outcome": outcome,
        "received_at": NOW - timedelta(minutes=minutes), "reason": "why",
    })  # fmt: skip


def test_what_could_not_be_used_is_told_in_the_order_in_which_it_was_read() -> None:
    """Where as many were read as are read at most, there may be more."""
    (need,) = delivery_need([_delivery("dead"), _delivery("failed", 1, "b.csv")], most=3)
    assert [item.name for item in need.items] == ["a.csv", "b.csv"]
    assert not need.least
    assert next(delivery_need([_delivery("dead")], most=1)).least
    assert list(delivery_need([], most=1)) == []


def test_a_fleet_that_is_held_is_told_once_for_all_of_its_models() -> None:
    """Also where it has none yet; a model's own hold is told beside it."""
    hold = {"by": "ana", "reason": "audit", "since": NOW}
    held = [
        model(name, holds=[{**hold, "scope": "fleet:demo"}, {**hold, "scope": "label:origin=JFK|LGA"}]) for name in "ab"
    ]
    held.append(model("c", holds=[{**hold, "scope": "model"}]))
    whole = FleetHold(fleet="demo", scope="fleet:demo", select={}, by="ana", reason="audit", at=NOW)
    part = whole.model_copy(update={"scope": "label:origin=JFK|LGA", "select": {"origin": ("JFK", "LGA")}})
    home = make_home(Sight(tuple(held), whole=True), Told(holds=[whole, part]), commands=HERE, now=NOW)
    fleet, own = home.needs
    assert [item.name for item in fleet.items] == ["Fleet demo", "origin=JFK,LGA in the fleet demo"]
    assert all("3 models now, and whichever come later" in item.reason for item in fleet.items)
    assert fleet.items[0].commands == ('signalbox resume --fleet demo --reason "…"',)
    assert fleet.items[1].commands == ('signalbox resume --fleet demo --select origin=JFK,LGA --reason "…"',)
    assert [item.name for item in own.items] == ["c"]


def test_what_was_wrong_before_a_hold_is_still_told() -> None:
    """The hold is the last thing that happened, and not the worst."""
    held: dict[str, Any] = {"state": "held", "holds": [_HOLD]}
    assert set(_needs(**held, stands_in="average")) == {"broken", "held"}
    assert set(_needs(**held, verdict="rejected", version="2")) == {"rejected", "held"}
    assert set(_needs(**held, verdict="rejected", version="1")) == {"held"}, "an exception was made for it"


def test_what_says_the_same_of_the_same_thing_is_told_together() -> None:
    """A registry tells each change of a tag, and a folder's files land at once."""
    told = [_delivery("accepted", n, f"raw/jfk/{n}.csv") for n in range(3)]
    told += [_delivery("ignored", 4, "raw/jfk/4.csv"), _delivery("accepted", 5, "m 1 tag.set")]
    home = make_home(Sight((), whole=True), Told(arrivals=told), commands=HERE, now=NOW)
    assert home.arrivals is not None
    assert [(one.subject, others) for one, others in home.arrivals] == [
        ("raw/jfk/0.csv", 2), ("raw/jfk/4.csv", 0), ("m 1 tag.set", 0),
    ]  # fmt: skip


def _run(run: str, **changes: Any) -> RunRow:
    return RunRow.model_validate({
        "run": run, "fleet": "demo", "operation": "train", "requested_by": "ana", "request_id": "r", "fail_on": "never",
        "state": "done", "reason": "12 cells.", "started_at": NOW, "updated_at": NOW, "ended_at": NOW, **changes,
    })  # fmt: skip


def test_a_run_in_which_something_failed_is_shown_until_it_is_retried() -> None:
    """Rejections are results; what goes on has not failed yet."""
    failed = _run("run-1", counts={"passed": 3, "failed": 1})
    (need,) = run_need(
        [failed, _run("run-2", counts={"rejected": 2}), _run("run-3", ended_at=None, state="running")], HERE
    )
    assert [item.commands for item in need.items] == [("signalbox run retry run-1",)]
    assert list(run_need([failed, _run("run-4", retry_of="run-1")], HERE)) == []


@given(st.text(min_size=1, max_size=64), st.text(max_size=20))
def test_a_command_names_the_model_whatever_it_is_called(name: str, version: str) -> None:
    """A shell reads it as one word, and runs nothing else."""
    name = name.replace("\0", "")
    words = shlex.split(Commands("https://app.example/x y").order("approve", f"{name}@{version}"))
    assert words[:3] == ["signalbox", "approve", f"{name}@{version}"]
    assert words[-2:] == ["--app", "https://app.example/x y"]


def test_what_is_in_no_fleet_file_is_looked_at_as_well() -> None:
    """A row without a policy may wait for a person."""
    from functions.dashboard.seen import Model

    lost = Model("lost", row("lost", parked={"at": NOW, "by": "ana", "reason": "r"}), None)
    assert [need.key for need in model_needs([lost, Model("new", None, policy("new"))], HERE, NOW)] == ["parked"]
