"""`signalbox fleet status` and `signalbox run list --fleet`: how the fleets of a running app stand."""

import json
from typing import Any

import pytest

from tests.cli.played import Played, play, run

FLEET: dict[str, Any] = {
    "fleet": "demand", "environment": "prod", "revision": "r", "timezone": "UTC", "models": {"held": 3, "released": 1},
    "at_once": 2, "next": {"train": "2026-01-05T16:00:00+00:00"},
    "running": [{"model": f"m{n}", "kind": "training", "attempt": n} for n in range(5)],
    "waiting": [{"model": "w", "kind": "release", "attempt": 1}],
    "holds": [
        {"scope": "label:region=rockies", "by": "ana", "reason": "flood\x1b[2J", "since": "2026-01-04T08:30:00+00:00",
         "until": "2026-02-01T00:00:00+00:00", "models": 3},
        {"scope": "fleet:demand", "by": "bob", "reason": "a freeze", "since": "2026-01-04T08:30:00+00:00",
         "until": None, "models": 1},
    ],
}  # fmt: skip
OTHER: dict[str, Any] = {
    **FLEET, "fleet": "flights", "environment": None, "at_once": None, "waiting": [], "running": [], "holds": [],
    "next": {}, "models": {"waiting": 1},
}  # fmt: skip


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Played:
    """An app with two fleets."""
    found = play(monkeypatch)
    found.answers_to("GET /api/fleets", {"fleets": [FLEET, OTHER]})
    return found


def test_fleets_are_told_with_what_holds_them(played: Played) -> None:
    """By whom, why, since and until when, for how many models; what runs and waits, and what is next."""
    assert run("fleet", "status").stdout.splitlines() == [
        "demand (prod) 4 models: 3 held, 1 released",
        "  ! held (label:region=rockies) by ana since 2026-01-04 08:30 until 2026-02-01 00:00, 3 models: flood\\x1b[2J",
        "  ! held (fleet:demand) by bob since 2026-01-04 08:30, 1 model: a freeze",
        "  running of 2 at once: training 0 of m0, training 1 of m1, training 2 of m2 and 2 more",
        "  waits for its turn: release 1 of w",
        "  next train: 2026-01-05 16:00 UTC",
        "flights 1 model: 1 waiting",
    ]


def test_they_are_told_to_programs(played: Played) -> None:
    """As the app tells them."""
    assert json.loads(run("fleet", "status", "--json").stdout) == [FLEET, OTHER]


def test_who_may_see_none_is_told_so(played: Played) -> None:
    """Instead of nothing."""
    played.answers_to("GET /api/fleets", {"fleets": []})
    assert run("fleet", "status").stdout == "no fleet that you may see\n"


def test_runs_of_one_fleet_are_listed(played: Played) -> None:
    """A wrong name is answered by the app, with the one that was probably meant."""
    played.answers_to("GET /api/runs?fleet=demand&limit=20", {"runs": []})
    assert "no run yet" in run("run", "list", "--fleet", "demand").stdout
    detail = "There is no fleet demnd; did you mean `demand`?"
    played.answers_to(
        "GET /api/runs?fleet=demnd&limit=20", {"type": "urn:signalbox:unknown-fleet", "detail": detail}, 404
    )
    told = run("run", "list", "--fleet", "demnd")
    assert (told.exit_code, "did you mean `demand`?" in told.stderr) == (1, True)
