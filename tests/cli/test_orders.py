"""``signalbox hold``, ``approve`` …, ``models``: what they ask the app, what they print, and their exit codes."""

import json
from typing import Any

import pytest

from tests.cli.played import Played, play, run

MODEL = "demand-plains-large-fast"
ROW: dict[str, Any] = {
    "fleet": "demand", "model": MODEL, "labels": {"region": "plains"}, "state": "awaiting_approval", "revision": 7,
    "reason": "Version 3 waits for a person's word.", "champion": "2", "champion_since": "2026-11-02T09:00:00Z",
    "serving": {"endpoint": "plains"}, "version": "3", "gates": ["accuracy: MAPE 31.0 % is at most 45.0 %"],
    "figures": {"model": {"mape": 0.31}},
    "evidence": {"version": "3", "artifact_sha256": "a" * 64, "report_sha256": "b" * 64, "author": None,
                 "deadline": "2026-11-23T09:00:00Z"},
    "holds": [{"scope": "fleet:demand", "by": "ana", "reason": "stocktaking", "since": "2026-11-20T09:00:00Z",
               "until": None}],
    "in_flight": [{"kind": "training", "attempt": 4, "waits_for_slot": False,
                   "status": {"step": "training", "retrying": {"activity": "submit_job", "attempt": 3,
                                                               "reason": "ConnectionError: down"}}}],
    "last_good": {"model": MODEL, "version": "1"},
    "decisions": [{"at": "2026-11-21T09:00:00Z", "event": "release_stepped", "decision": "noted", "reason": "asked"}],
}  # fmt: skip
DONE = {"decision": "accepted", "attempt": None, "reason": "Held by operator:ana: stocktaking."}


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Played:
    """The app behind the command's client."""
    monkeypatch.setattr("getpass.getuser", lambda: "ana")
    return play(monkeypatch)


def test_an_order_says_who_and_why_and_prints_the_answer(played: Played) -> None:
    """The reason goes with it; the answer is the interlock's own sentence."""
    played.answers_to(f"POST /api/models/{MODEL}/hold", DONE)
    result = run("hold", MODEL, "--reason", "stocktaking", "--until", "2027-01-31")
    assert (result.exit_code, result.output) == (0, f"{MODEL}: Held by operator:ana: stocktaking.\n")
    (body,) = played.bodies
    assert len(body.pop("request_id")) == 32
    assert body == {"reason": "stocktaking", "until": "2027-01-31T23:59:59.999999+00:00", "by": "operator:ana"}


def test_a_hold_of_many_names_fleet_and_labels(played: Played) -> None:
    """The app says which models that are."""
    played.answers_to("POST /api/orders/hold", {"models": [MODEL, "other"]})
    result = run("hold", "--fleet", "demand", "--select", "region=plains,rockies", "-r", "storm")
    assert (result.exit_code, "2 models" in result.output) == (0, True)
    assert played.bodies[0]["select"] == {"region": ["plains", "rockies"]}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("hold", "--reason", "r"), "name one of two"),
        (("hold", MODEL, "--fleet", "demand", "--reason", "r"), "name one of two"),
        (("hold", MODEL, "--select", "region=plains", "--reason", "r"), "goes with --fleet"),
        (("hold", MODEL, "--reason", "r", "--until", "soon"), "is no time"),
        (("release", MODEL, "--reason", "r"), "names no version"),
        (("rollback", MODEL, "--reason", "r"), "add --yes"),
        (("park", MODEL), "--reason"),
    ],
)
def test_what_makes_no_sense_is_refused_before_it_is_asked(
    played: Played, arguments: tuple[str, ...], told: str
) -> None:
    """The message says what would."""
    result = run(*arguments)
    assert result.exit_code == 2
    assert told in " ".join(result.output.replace("│", " ").split())
    assert played.asked == []


def test_a_refusal_is_the_apps_own_sentence(played: Played) -> None:
    """On stderr, with exit code 1."""
    played.answers_to(f"POST /api/models/{MODEL}/release", {"detail": "Version 9 is not registered."}, status=409)
    result = run("release", f"{MODEL}@9", "--reason", "r")
    assert (result.exit_code, result.stderr) == (1, "error: Version 9 is not registered.\n")


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_an_answer_is_bound_to_what_the_app_showed(played: Played, verb: str) -> None:
    """The hashes of files and figures go back with it."""
    played.answers_to(f"GET /api/models/{MODEL}", ROW)
    played.answers_to(f"POST /api/models/{MODEL}/{verb}", DONE)
    assert run(verb, f"{MODEL}@3", "--reason", "looked at it", "--yes").exit_code == 0
    body = played.bodies[1]
    assert (body["artifact_sha256"], body["report_sha256"], body["version"]) == ("a" * 64, "b" * 64, "3")


def test_what_is_approved_is_shown_where_the_question_comes(played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    """On stderr: a pipe gets the answer alone, and whoever is asked sees what of."""
    asked: list[str] = []
    monkeypatch.setattr("cli.order_telling.confirm", asked.append)
    played.answers_to(f"GET /api/models/{MODEL}", ROW)
    played.answers_to(f"POST /api/models/{MODEL}/approve", DONE)
    result = run("approve", f"{MODEL}@3", "--reason", "looked at it", "--json")
    assert asked == [f"Approve version 3 of {MODEL}?"]
    assert json.loads(result.stdout) == DONE
    assert "Version 3 instead of 2" in result.stderr
    assert "a" * 64 in result.stderr


def test_nothing_is_approved_that_does_not_wait(played: Played) -> None:
    """Another version does: it is named."""
    played.answers_to(f"GET /api/models/{MODEL}", ROW)
    result = run("approve", f"{MODEL}@4", "--reason", "r", "--yes")
    assert result.exit_code == 1
    assert "version 3 waits for a word" in result.stderr
    assert len(played.asked) == 1


def test_a_model_tells_what_it_could_not_read(played: Played) -> None:
    """An event that changed nothing is not kept to itself."""
    played.answers_to(f"GET /api/models/{MODEL}", {**ROW, "dead_letters": 2, "dead_letter": "not an event at all"})
    told = " ".join(run("model", MODEL).output.split())
    assert "told 2 things that could not be read; last: not an event at all" in told


def test_models_that_need_a_person_come_first(played: Played) -> None:
    """Approvals, then what is parked or failed; --json is the same list."""
    others = [{**ROW, "model": name, "state": state} for name, state in (("a", "released"), ("b", "parked"))]
    played.answers_to("GET /api/models?brief=true", {"models": [*others, ROW]})
    assert [row["model"] for row in json.loads(run("models", "--json").output)] == [MODEL, "b", "a"]
    assert "31.0 %" in run("models").output
    assert json.loads(run("models", "--state", "parked", "--json").output)[0]["model"] == "b"
    assert json.loads(run("models", "--select", "region=plains", "--json").output)[0]["model"] == MODEL


def test_no_model_is_an_exit_code(played: Played) -> None:
    """With the states that there are."""
    played.answers_to("GET /api/models?brief=true", {"models": [ROW]})
    result = run("models", "--state", "parked")
    assert (result.exit_code, "awaiting_approval" in result.output) == (1, True)


def test_a_model_shows_what_holds_it_and_what_waits(played: Played) -> None:
    """Hold, approval, production, and what a rollback would go back to."""
    played.answers_to(f"GET /api/models/{MODEL}", ROW)
    shown = " ".join(run("model", MODEL).output.split())
    for told in ("held (fleet:demand) by ana", f"signalbox approve {MODEL}@3", "version 2 since 2026-11-02, at plains",
                 "last good before: version 1", "accuracy: MAPE 31.0 %",
                 "training 4: training; submit_job is tried again (attempt 3): ConnectionError: down"):  # fmt: skip
        assert told in shown


def test_nothing_to_approve_is_said_in_a_sentence(played: Played) -> None:
    """Of a model without a release that waits."""
    played.answers_to(f"GET /api/models/{MODEL}", {**ROW, "evidence": None})
    told = run("approve", f"{MODEL}@1", "--reason", "r", "--yes").stderr
    assert f"{MODEL}@1 waits for no approval; no version of it does" in told


@pytest.mark.parametrize(
    "words",
    [
        ("model", ".."), ("why", "."), ("model", ""), ("hold", "..", "-r", "r"), ("trace", "a/../b"),
        ("quarantine", "show", "quarantine/../models"), ("run", "show", ".."), ("run", "retry", ".."),
        ("reproduce", "..@1"), ("ledger", "show", ".."), ("approve", "..@1", "-r", "r", "--yes"),
    ],
)  # fmt: skip
def test_a_name_cannot_lead_to_another_path(played: Played, words: tuple[str, ...]) -> None:
    """Clients leave `.` and `..` out of paths; the app is not asked."""
    done = run(*words)
    assert (done.exit_code, played.asked) == (2, []), done.stderr
