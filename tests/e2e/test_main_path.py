"""Raw files become a dataset, trained and judged models, registry entries, webhooks, tested and released models."""

import json
from typing import Any

import pytest

from examples.flights.landing import BROKEN_OFF, CORRECTED
from local.demo.outcome import look
from shared.fleet.loader import load_fleet
from shared.settings import APP_ROOT
from tests.e2e.running import BASELINE, FAST, FILES, MODELS, SLOW, Running, eventually

pytestmark = [pytest.mark.stack, pytest.mark.timeout(1200)]

ONLINE = ["TrainingStarted", "ModelRegistered", "VersionVerified", "QaDeployed", "GoldenSetTested", "QaTornDown",
          "ProductionDeployed", "StrategyReplaced", "TrafficShifted", "VersionPromoted", "ModelReleased"]  # fmt: skip
BATCH = ["TrainingStarted", "ModelRegistered", "VersionVerified", "GoldenSetTested", "PredictionsPublished",
         "VersionPromoted", "ModelReleased"]  # fmt: skip


def test_nothing_is_published_before_the_last_file(incomplete: list[dict[str, Any]]) -> None:
    """Each file that lands is answered with what is still waited for, at last with one month of flights."""
    assert {delivery["outcome"] for delivery in incomplete} == {"waiting"}
    assert any(delivery["reason"] == "Waiting for flights: no file of 2013-12." for delivery in incomplete)


def test_a_year_is_one_version_with_its_correction(released: Running) -> None:
    """However many files asked for it; the corrected March is in it, and the broken one is not."""
    (manifest,) = [blob.path for blob in released.data.list("datasets/") if blob.path.endswith("/manifest.json")]
    sources = {source["source"]: source for source in json.loads(released.data.read(manifest))["sources"]}
    flights = {file["raw"]["path"] for file in sources["flights"]["files"]}
    assert flights == {file.path for file in FILES if "flights" in file.path} - {BROKEN_OFF}
    assert CORRECTED in flights


def test_every_place_tells_the_same(released: Running) -> None:
    """Registry, scoring service, ledger, published data and read model agree on what is in production."""
    fleet = load_fleet(APP_ROOT / "examples/flights/fleet.yaml", environment="dev")
    for policy in fleet.models:
        outcome = look(released.observer, released.model(policy.model), policy, fleet.path.parent)
        assert outcome.problems == ()


@pytest.mark.parametrize(("name", "effects"), [(FAST, ONLINE), (SLOW, BATCH)])
def test_each_effect_is_in_the_ledger_once(released: Running, name: str, effects: list[str]) -> None:
    """The first release left one entry per effect, in order, with a reason each."""
    rows = released.observer.ledger(name)[: len(effects)]
    assert [row["entry"]["effect"] for row in rows] == effects
    assert all(row["entry"]["reason"] for row in rows)


def test_the_figures_are_the_example_s(released: Running) -> None:
    """JFK mainline's figures are those of a run without Signalbox, and come from the ledger."""
    for name, model, average in ((FAST, 0.0960, 0.1434), (SLOW, 0.1166, 0.1905)):
        facts = next(
            row["entry"]["facts"]
            for row in released.observer.ledger(name)
            if row["entry"]["effect"] == "ModelRegistered"
        )
        assert facts["evaluation"]["model"]["mape"] == pytest.approx(model, abs=0.004)
        assert facts["evaluation"]["baseline"]["mape"] == pytest.approx(average, abs=0.001)


def test_both_models_are_judged_beside_one_baseline(released: Running) -> None:
    """It was trained and registered once, and is never released."""
    (version,) = released.observer.versions(BASELINE)
    assert (version.stage, version.aliases) == ("None", ())
    jobs = released.jobs()
    assert [job["experiment_name"] for job in jobs].count(BASELINE) == 1


def test_the_registry_remembers(released: Running) -> None:
    """The version is champion, in Production, and its tags say dataset, job and verdict."""
    for name in MODELS:
        version = released.observer.versions(name)[0]
        assert version.verdict == "passed"
    search = released.observer._get(  # the tags themselves
        f"{released.stack.mlflow_url}/api/2.0/mlflow/model-versions/search", filter=f"name='{FAST}'"
    )
    tags = {tag["key"]: tag["value"] for tag in search["model_versions"][-1]["tags"]}
    assert tags["signalbox.dataset"].startswith("departures-jfk-2013-")
    assert tags["signalbox.job"].startswith("train-departures-jfk-mainline-fast-")


def test_the_release_came_by_mlflows_own_webhook(released: Running) -> None:
    """The delivery that started each release is recorded, as MLflow sent it."""
    for name in MODELS:
        delivery = released.delivery(f"{name} 1 model_version.created")
        assert delivery["channel"] == "mlflow"
        assert delivery["outcome"] == "accepted"
        assert json.loads(delivery["body"])["entity"] == "model_version"


def test_one_trace_from_delivery_to_last_effect(released: Running) -> None:
    """From the file's event over job and webhook to the last shift of traffic, and each span has its parent."""
    path = {"storage_events", "condition_source", "publish_dataset", "submit_job", "job", "evaluate_model",
            "register_version", "mlflow_webhook", "create_deployment", "test_deployment", "promote_version",
            "shift_traffic", "append_ledger"}  # fmt: skip
    traces: dict[str, dict[str, dict[str, Any]]] = {}
    for line in (released.stack.state.root / "traces.jsonl").read_text().splitlines():
        span = json.loads(line)
        traces.setdefault(span["trace"], {})[span["span"]] = span
    (found,) = (spans for spans in traces.values() if path <= {span["name"] for span in spans.values()})
    assert [span["name"] for span in found.values() if span["parent"] is None] == ["storage_events"]
    assert [span["name"] for span in found.values() if span["parent"] not in {None, *found}] == []
    jobs = [span for span in found.values() if span["name"] == "job"]
    assert {span["attributes"]["signalbox.job"] for span in jobs} >= {
        row["entry"]["facts"]["job"]
        for name in MODELS
        for row in released.observer.ledger(name)
        if row["entry"]["effect"] == "ModelRegistered"
    }


def test_a_files_story_reaches_the_release(released: Running) -> None:
    """`signalbox trace` of the file's delivery draws conditioning, training with its job, and release as one tree."""
    arrived = [one for one in released.deliveries("storage") if one.get("started")]
    stories = [released.http.get(f"/api/traces/{one['key']}").json() for one in arrived]
    told = [{node["name"]: node for node in _nodes(story)} for story in stories]
    (story,) = (one for one in told if "release_model" in one)
    assert {"condition_dataset", "train_model", "watch_job", "submit_job", "release_model"} <= set(story)
    assert any(node["kind"] == "job" and node["outcome"] == "ok" for node in story.values())
    assert story["train_model"]["outcome"] == "ok"


def _nodes(root: dict[str, Any]) -> list[dict[str, Any]]:
    return [root, *(node for child in root["children"] for node in _nodes(child))]


def test_why_tells_the_story(released: Running) -> None:
    """The story names the gates in words, and its chain is unbroken."""
    why = released.observer.why(FAST)
    assert why["verified"]
    assert "MAPE 9.6 % is better than 14.3 % of the baseline departures-jfk-mainline-baseline" in why["summary"]


def test_wrong_rows_are_kept(released: Running) -> None:
    """The corrupt rows of JFK's raw files are in quarantine, each with its reason."""
    assert released.observer.quarantined().total() == 21


def test_landing_the_same_bytes_again_trains_nothing(released: Running) -> None:
    """New ETags, same content: the dataset version is the same, and every model knows it."""
    before = {name: released.effects(name) for name in MODELS}
    revision = {name: released.model(name).row["revision"] for name in MODELS}
    again, answered = FILES[-3:], len(released.deliveries("conditioning"))
    released.land(*again)
    answers = eventually(
        lambda: released.deliveries("conditioning"),
        lambda found: len(found) == answered + len(again),
        "an answer to each",
    )
    assert {one["outcome"] for one in answers[: len(again)]} == {"done"}
    for name in MODELS:
        told = revision[name] + 1  # by the last one: what lands in one go is one version
        released.wait(name, lambda model, told=told: model.row["revision"] >= told, "told of it")  # type: ignore[misc]  # the default binds the loop's value
        assert "is trained on dataset version" in released.model(name).row["decisions"][-1]["reason"]
        assert released.effects(name) == before[name]
