"""Smaller parts of the scoring service: the rules of traffic, a deployment's YAML, and states of earlier versions."""

import sqlite3
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.services.scoring.definitions import Deployment, Endpoint, State, Wanted
from local.services.scoring.settings import Settings, SettingsError, read_settings
from local.services.scoring.store import ScoringStore
from local.services.scoring.summary import summary
from local.services.scoring.traffic import MIRROR_LIMIT, Routes, check, routes_of
from local.services.web import ServiceError

NAMES = ("blue", "green", "red")
SHARES = st.dictionaries(st.sampled_from(NAMES), st.integers(0, 100))


def deployments(**states: State) -> list[Deployment]:
    """Deployments in these states."""
    counts = {"requests": 0, "restarts": 0, "mirrored": 0, "mirror_failures": 0}
    common: dict[str, Any] = {"endpoint": "e", "model": "models:/m/1", "folder": None, "settings": Settings()}
    rest: dict[str, Any] = {"tags": {}, "error": None, "created_at": "", **counts}
    return [Deployment(id=1, name=name, state=state, **common, **rest) for name, state in states.items()]


READY = deployments(**dict.fromkeys(NAMES, State.SUCCEEDED))


@given(SHARES, SHARES)
def test_only_routes_that_azure_takes_pass(traffic: dict[str, int], mirror: dict[str, int]) -> None:
    """All or nothing of the traffic, and at most half of it to one further deployment."""
    mirrored = {name: share for name, share in mirror.items() if share}
    sums = sum(traffic.values()) in {0, 100}
    fits = len(mirrored) <= 1 and all(
        share <= MIRROR_LIMIT and not traffic.get(name) for name, share in mirrored.items()
    )
    with nullcontext() if sums and fits else pytest.raises(ServiceError):
        check(Routes(traffic, mirror), "e", READY)


@given(SHARES, SHARES)
def test_a_mirror_that_is_not_said_never_contradicts_the_traffic(
    traffic: dict[str, int], mirror: dict[str, int]
) -> None:
    """It stays as it is, but for a deployment that takes over."""
    kept = routes_of({"traffic": traffic}, Endpoint("e", {}, {}, mirror)).mirror
    assert kept == {name: share for name, share in mirror.items() if traffic.get(name, 0) == 0}


def test_a_deployment_that_is_not_ready_gets_no_copies() -> None:
    """It could not answer them; a share of nothing does no harm."""
    there = deployments(blue=State.SUCCEEDED, green=State.CREATING)
    check(Routes({"blue": 100}, {"green": 0}), "e", there)
    with pytest.raises(ServiceError, match="'green' is Creating"):
        check(Routes({"blue": 100}, {"green": 10}), "e", there)


@pytest.mark.parametrize("body", [{"blue": 100}, {"traffic": [100]}, {}, {"traffic": {"blue": 100}, "mirror": 5}])
def test_traffic_of_another_form_is_refused(body: dict[str, Any]) -> None:
    """Shares without the word traffic would otherwise be taken for none."""
    with pytest.raises(ServiceError):
        routes_of(body, Endpoint("e", {}, {}, {}))


def test_environment_variables_of_a_yaml_are_kept(tmp_path: Path) -> None:
    """As texts; sizes and probes have no meaning here."""
    file = tmp_path / "online.yml"
    file.write_text("instance_count: 3\nenvironment_variables: {WORKERS: 2, NAME: x}\n")
    assert read_settings(file) == Settings(environment={"WORKERS": "2", "NAME": "x"})


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("code_configuration: {code: src, scoring_script: s.py}", "UnsupportedDeployment", "a scoring script"),
        ("egress_public_network_access: disabled", "UnsupportedDeployment", "isolation of the network"),
        ("environment_variables: [a]", "InvalidDefinition", "names with plain values"),
        ("environment_variables: {a: {b: c}}", "InvalidDefinition", "names with plain values"),
        ("- a list", "InvalidDefinition", "is a mapping"),
        ("a: [", "InvalidDefinition", "online.yml"),
    ],
)
def test_a_yaml_that_cannot_be_deployed_here_is_refused(tmp_path: Path, text: str, code: str, words: str) -> None:
    """The message names the file and what is wrong with it."""
    file = tmp_path / "online.yml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=words) as caught:
        read_settings(file)
    assert caught.value.code == code
    assert str(file) in str(caught.value)


def test_a_missing_yaml_is_refused(tmp_path: Path) -> None:
    """Not deployed as if there were none."""
    with pytest.raises(SettingsError, match=r"gone\.yml") as caught:
        read_settings(tmp_path / "gone.yml")
    assert caught.value.code == "InvalidDefinition"


def test_a_state_of_an_earlier_version_is_opened(tmp_path: Path) -> None:
    """Its deployments and its traffic are as they were, and can be mirrored to."""
    with sqlite3.connect(tmp_path / "scoring.sqlite") as old:
        old.executescript(
            """CREATE TABLE endpoints (name TEXT PRIMARY KEY, tags TEXT NOT NULL, traffic TEXT NOT NULL);
            CREATE TABLE deployments (
                id INTEGER PRIMARY KEY AUTOINCREMENT, endpoint TEXT NOT NULL, name TEXT NOT NULL, model TEXT NOT NULL,
                tags TEXT NOT NULL, state TEXT NOT NULL, error TEXT, requests INTEGER NOT NULL DEFAULT 0,
                restarts INTEGER NOT NULL DEFAULT 0, UNIQUE (endpoint, name));
            INSERT INTO endpoints VALUES ('e', '{}', '{"blue": 100}');
            INSERT INTO deployments (endpoint, name, model, tags, state)
                VALUES ('e', 'blue', 'models:/m/1', '{}', 'Succeeded');"""
        )
    old.close()
    for _ in range(2):
        store = ScoringStore(tmp_path / "scoring.sqlite")
        (blue,) = store.deployments("e")
        found = store.find_endpoint("e")
        store.close()
        assert (blue.name, blue.settings, blue.folder, blue.mirrored) == ("blue", Settings(), None, 0)
        assert found == Endpoint("e", {}, {"blue": 100}, {})


def test_a_deleted_deployment_leaves_no_share_behind(tmp_path: Path) -> None:
    """Neither in the traffic nor in the mirror: the next change would stumble over its name."""
    store = ScoringStore(tmp_path / "scoring.sqlite")
    store.create_endpoint("e", {})
    for name in ("blue", "green"):
        made = store.create_deployment("e", name, Wanted("models:/m/1", None, Settings(), {}))
    store.set_traffic("e", {"blue": 100, "green": 0}, {"green": 0})
    store.delete_deployment(made)
    assert store.find_endpoint("e") == Endpoint("e", {}, {"blue": 100}, {})
    store.close()


def test_answers_are_kept_by_deployment_and_time(tmp_path: Path) -> None:
    """A month long; those of a deployment that is deleted go with it."""
    store = ScoringStore(tmp_path / "scoring.sqlite")
    store.create_endpoint("e", {})
    made = store.create_deployment("e", "blue", Wanted("models:/m/1", None, Settings(), {}))
    begun = time.time()
    for seconds, ok in ((0.1, True), (0.3, True), (9.0, False)):
        store.note_answer(made.id, seconds, ok=ok)
    store._db.execute("UPDATE answers SET at = at - 32 * 86400 WHERE seconds = 0.3")
    assert sorted(store.answers(made.id, begun, begun + 60)) == [(0.1, True), (9.0, False)]
    assert len(store.answers(made.id, 0, begun + 60)) == 3
    store.close()
    store = ScoringStore(tmp_path / "scoring.sqlite")
    assert len(store.answers(made.id, 0, begun + 60)) == 2
    store.delete_deployment(made)
    assert store.answers(made.id, 0, begun + 60) == []
    store.close()


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([], {"requests": 0, "failed": 0, "seconds_p95": None}),
        ([(9.0, False)], {"requests": 1, "failed": 1, "seconds_p95": None}),
        ([(n / 10, True) for n in range(1, 21)], {"requests": 20, "failed": 0, "seconds_p95": 1.9}),
    ],
)
def test_a_summary_of_requests(answers: list[tuple[float, bool]], expected: dict[str, Any]) -> None:
    """Times are of those that were answered: one that failed at once is not fast."""
    assert summary(answers) == expected
