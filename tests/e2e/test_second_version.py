"""A second version: asked for by Data Factory, or made of a corrected file; released beside the first, which goes."""

import pytest

from tests.e2e.running import BASELINE, FAST, MODELS, Running, corrected

pytestmark = [pytest.mark.stack, pytest.mark.timeout(1200)]


def test_data_factory_trains_and_learns_how_it_ended(released: Running) -> None:
    """202 with status URLs; the same request again is the same run; the version replaces the one before."""
    body = {"model": FAST, "request_id": "pipeline-run-1"}
    first = released.http.post("/api/datafactory/train", json=body)
    again = released.http.post("/api/datafactory/train", json=body)
    assert first.status_code == again.status_code == 202
    assert first.json()["id"] == again.json()["id"]
    assert "Location" in first.headers

    done = released.finished(first.json()["statusQueryGetUri"])
    assert done["runtimeStatus"] == "Completed", done
    assert done["output"]["outcome"] == "passed"
    assert done["output"]["version"] == "2"

    released.wait_released("2", (FAST,))
    released.wait_effect(FAST, "ReplacedTornDown")
    endpoint = released.observer.endpoint(FAST)
    assert list(endpoint["traffic"].values()) == [100]
    assert list(endpoint["deployments"]) == ["v2-2"]
    compared = next(reason for reason in released.model(FAST).row["gates"] if reason.startswith("keeps_up: "))
    assert compared.endswith(" of the champion (version 1) by more than 5 %")
    one, two = released.observer.versions(FAST)
    assert (one.stage, two.stage) == ("Archived", "Production")
    assert two.aliases == ("champion",)
    assert released.effects(FAST).count("ModelReleased") == 2


def test_a_correction_makes_one_version_of_data_and_of_each_model(released: Running) -> None:
    """May is sent again without its last row: one dataset version, one training per model, one baseline, released."""
    before = {name: released.effects(name).count("TrainingStarted") for name in MODELS}
    wanted = {name: str(int(released.model(name).row["champion"]) + 1) for name in MODELS}
    released.land(corrected("05"))
    for name, version in wanted.items():
        released.wait_released(version, (name,))
        assert released.effects(name).count("TrainingStarted") == before[name] + 1
        assert len({version.number for version in released.observer.versions(name)}) == int(version)
    assert len(released.observer.versions(BASELINE)) == 2
    manifests = [blob.path for blob in released.data.list("datasets/") if blob.path.endswith("/manifest.json")]
    assert len(manifests) == 2
