"""A second version: asked for by Data Factory, released beside the first, which is torn down."""

import pytest

from tests.e2e.running import FAST, Running

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]


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
    released.wait_effect(FAST, "QaTornDown", 2)
    endpoint = released.observer.endpoint(FAST)
    assert list(endpoint["traffic"].values()) == [100]
    assert list(endpoint["deployments"]) == ["v2-2"]
    one, two = released.observer.versions(FAST)
    assert (one.stage, two.stage) == ("Archived", "Production")
    assert two.aliases == ("champion",)
    assert released.effects(FAST).count("ModelReleased") == 2
