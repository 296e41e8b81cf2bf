"""A service that is down: work waits for it with backoff, and goes on when it is back."""

import pytest

from tests.e2e.running import FAST, MODELS, Running, corrected, eventually

pytestmark = [pytest.mark.stack, pytest.mark.timeout(1200)]


def test_registry_and_scoring_are_down_when_they_are_needed(released: Running) -> None:
    """Trained models wait for the registry, the release waits for the scoring service; each effect happens once."""
    stack = released.stack
    champions = {name: int(released.model(name).row["champion"]) for name in MODELS}
    before = {name: released.effects(name) for name in MODELS}
    trained = len(_trainings(released))
    stack.kill("mlflow")
    stack.kill("scoring")
    released.land(corrected("06"))
    eventually(
        lambda: [job["status"] for job in _trainings(released)],
        lambda states: states == ["Completed"] * (trained + 3),
        "both models and their baseline are trained",
    )
    assert released.model(FAST).state == "training"
    stack.restart("mlflow")
    released.wait_state(FAST, "releasing")
    stack.restart("scoring")
    for name, champion in champions.items():
        released.wait_released(str(champion + 1), (name,))
        released.wait_effect(name, "ModelReleased", before[name].count("ModelReleased") + 1)
        assert [int(one.number) for one in released.observer.versions(name)] == list(range(1, champion + 2))
        new = released.effects(name)[len(before[name]) :]
        once = ("TrainingStarted", "ModelRegistered", "GoldenSetTested", "VersionPromoted", "ModelReleased")
        assert {effect: new.count(effect) for effect in once} == dict.fromkeys(once, 1)


def _trainings(running: Running) -> list[dict[str, object]]:
    """The jobs that train models and baselines."""
    return [job for job in running.jobs() if str(job["name"]).startswith("train-")]
