"""The pipelines of `infra/data_factory` against a stack on which nothing has landed: whatever they ask for fails."""

import pytest

from tests.data_factory.scene import CONTRACTS, WEBHOOK, Requests, Scene
from tests.e2e.running import SLOW, eventually

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]


def test_a_failure_is_a_failure_in_every_contract(scene: Scene) -> None:
    """Nothing has landed: each operation fails its pipeline, with the run's own reason."""
    asked: Requests = {
        "condition": {"select": {"origin": "JFK"}},
        "train": {"model": SLOW},
        "score": {"model": SLOW},
        "run": {"operation": "train", "select": {"origin": "JFK"}},
    }
    failures = scene.at_once(asked, scene.failure, "nothing")
    reasons = {"condition": "landed", "train": "no version", "score": "1 skipped.", "run": "2 cells: 2 skipped."}
    for (contract, operation), failure in failures.items():
        assert reasons[operation] in failure.message, (contract, operation, failure.message)
    assert {failures[WEBHOOK, name].code for name in asked} == {"RunFailed"}
    assert {failures["signalbox_function", name].code for name in asked} == {"Failed"}
    assert {failures["signalbox_web", name].code for name in asked} == {"500"}


def test_a_body_that_does_not_fit_fails_at_once(scene: Scene) -> None:
    """Texts are no truth values: the answer names the field, and nothing is begun."""
    for contract in CONTRACTS:
        failure = scene.failure(contract, "train", {"select": {"origin": "JFK"}, "again": "True"}, "typed")
        assert failure.code == "400"
        assert "`again`: Input should be a valid boolean" in failure.message


def test_a_refused_callback_is_a_dead_letter_and_is_replayed(scene: Scene) -> None:
    """It is told where deliveries are, without its address, and called once more when an operator says so."""
    address = scene.listener.address()
    body = {"select": {"origin": "JFK"}, "request_id": "refused", "callBackUri": address}
    scene.listener.answers = [410]
    begun = scene.running.http.post("/api/datafactory/condition", json=body)
    assert begun.status_code == 202
    run = begun.json()["id"]
    (dead,) = eventually(lambda: scene.callbacks(run), bool, "how the callback ended")
    assert (dead["outcome"], "refused the callback (410)" in dead["reason"]) == ("dead", True)
    again = eventually(
        lambda: scene.running.http.post(f"/api/runs/{run}/callback"), lambda one: one.is_success, "it can be replayed"
    )
    assert again.json() == {"id": run, "callbacks": 1}
    told = scene.listener.wait(address, 60)
    assert told is not None
    assert told["Output"]["instance"] == run
    eventually(lambda: scene.callbacks(run)[0], lambda one: one["outcome"] == "done", "the callback is done")
    assert scene.running.http.post(f"/api/runs/{run}/callback").status_code == 404


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("https://evil.example/callback?sig=s3cret", "evil.example is not on the list"),
        ("http://dp.svc.datafactory.azure.com/?sig=s3cret", "does not begin with https://"),
        ("https://169.254.169.254/metadata?sig=s3cret", "its host is no name"),
        ("http://127.0.0.1:1/?sig=s3cret", "does not begin with https://"),
        ("https://user:s3cret@dp.svc.datafactory.azure.com/", "neither a user, a password"),
    ],
)
def test_hosts_that_are_not_on_the_list_are_refused(scene: Scene, address: str, told: str) -> None:
    """400 with the reason and without the secret; nothing is begun."""
    for body in ({"model": SLOW}, {"select": {"origin": "JFK"}}):
        answer = scene.running.http.post(
            "/api/datafactory/train", json={**body, "request_id": "evil", "callBackUri": address}
        )
        assert answer.status_code == 400
        assert told in answer.json()["detail"]
        assert "s3cret" not in answer.text
