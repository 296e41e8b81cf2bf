"""What every Platform does with online endpoints."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.contracts.deployments import DEPLOYMENT_TAKEN
from shared.errors import PermanentError, TransientError
from shared.platforms.base import Platform
from tests.shared.platforms.contract.world import PREDICTIONS, ROWS, deploy, new, patiently, settled, until

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def served(platform: Platform, model: str) -> str:
    """An endpoint with blue and green, which tests route as they like."""
    endpoint = new("e")
    for deployment, version in (("blue", "1"), ("green", "2")):
        assert deploy(platform, endpoint, deployment, model, version).status == "Succeeded"
    return endpoint


def _route(platform: Platform, endpoint: str, traffic: dict[str, int], mirror: dict[str, int] | None = None) -> None:
    """Set the traffic, and wait until it is so."""
    patiently(lambda: platform.set_traffic(endpoint, traffic, mirror))
    wanted = {name: share for name, share in traffic.items() if share}
    assert until(lambda: _routed(platform, endpoint), lambda now: now == wanted) == wanted


def _routed(platform: Platform, endpoint: str) -> dict[str, int]:
    return {name: share for name, share in platform.read_traffic(endpoint).items() if share}


def _delete(platform: Platform, endpoint: str, deployment: str) -> None:
    patiently(lambda: platform.delete_deployment(endpoint, deployment))
    assert until(lambda: platform.read_deployment(endpoint, deployment), lambda state: state is None) is None


def test_what_is_absent_is_none_or_nothing(platform: Platform) -> None:
    """Asking for what is not there is an answer, and deleting it is done already."""
    name = new("unknown")
    assert platform.read_traffic(name) == {}
    assert platform.read_deployment(name, "blue") is None
    platform.delete_deployment(name, "blue")
    assert platform.list_deployments(name) == []
    platform.delete_endpoint(name)


def test_an_absent_deployment_of_an_endpoint_is_none_or_nothing(platform: Platform, served: str) -> None:
    """The endpoint is there, the deployment is not."""
    assert platform.read_deployment(served, "red") is None
    patiently(lambda: platform.delete_deployment(served, "red"))
    assert [one.deployment for one in platform.list_deployments(served)] == ["blue", "green"]


def test_a_new_deployment_gets_no_traffic(platform: Platform, model: str) -> None:
    """It is ready and serves the version, and nobody's request reaches it yet."""
    endpoint = new("e")
    state = deploy(platform, endpoint, "blue", model, "2")
    assert (state.status, state.model, state.version) == ("Succeeded", model, "2")
    assert (state.endpoint, state.deployment, state.error) == (endpoint, "blue", None)
    assert platform.read_traffic(endpoint).get("blue", 0) == 0
    with pytest.raises(TransientError):  # without traffic nobody answers, until it is shifted
        platform.score(endpoint, ROWS)
    assert platform.score(endpoint, ROWS, "blue") == PREDICTIONS


def test_a_version_goes_from_no_traffic_to_all_and_back_to_nothing(platform: Platform, model: str) -> None:
    """The life of a blue/green release, each call twice."""
    endpoint = new("e")
    for _ in range(2):
        deploy(platform, endpoint, "blue", model, "1")
    for _ in range(2):
        _route(platform, endpoint, {"blue": 100})
    assert platform.score(endpoint, ROWS) == PREDICTIONS

    deploy(platform, endpoint, "green", model, "2")
    assert _routed(platform, endpoint) == {"blue": 100}
    with pytest.raises(PermanentError) as caught:
        patiently(lambda: platform.delete_deployment(endpoint, "blue"))
    assert caught.value.code == "HasTraffic"
    _route(platform, endpoint, {"blue": 0, "green": 100})
    for _ in range(2):
        _delete(platform, endpoint, "blue")
    assert platform.score(endpoint, ROWS) == PREDICTIONS
    with pytest.raises(PermanentError):  # it is gone for good
        platform.score(endpoint, ROWS, "blue")


def test_a_deployment_of_another_version_is_not_adopted(platform: Platform, model: str, served: str) -> None:
    """A deployment's name belongs to one version; the same one again is adopted."""
    before = platform.read_deployment(served, "blue")
    assert patiently(lambda: platform.create_deployment(served, "blue", model, "1")) == before
    with pytest.raises(PermanentError) as caught:
        patiently(lambda: platform.create_deployment(served, "blue", model, "2"))
    assert caught.value.code == DEPLOYMENT_TAKEN
    assert settled(platform, served, "blue") == before


@pytest.mark.parametrize(
    "traffic",
    [{"blue": 50}, {"blue": 60, "green": 60}, {"red": 100}, {"blue": 110, "green": -10}],
    ids=["less", "more", "unknown", "out of range"],
)
def test_traffic_that_makes_no_sense_is_permanent(platform: Platform, served: str, traffic: dict[str, int]) -> None:
    """Not 100 percent, or to a deployment that is not there: nothing changes."""
    before = _routed(platform, served)
    with pytest.raises(PermanentError) as caught:
        patiently(lambda: platform.set_traffic(served, traffic))
    assert caught.value.code == "InvalidTraffic"
    assert _routed(platform, served) == before


def test_traffic_is_split_and_taken_away(platform: Platform, served: str) -> None:
    """Shares that sum to 100 or to 0 are set as they are given."""
    _route(platform, served, {"blue": 90, "green": 10})
    assert platform.score(served, ROWS) == PREDICTIONS
    _route(platform, served, {"blue": 0, "green": 0})
    assert _routed(platform, served) == {}


def test_traffic_of_an_absent_endpoint_is_permanent(platform: Platform) -> None:
    """There is nothing to route."""
    with pytest.raises(PermanentError):
        platform.set_traffic(new("unknown"), {"blue": 100})


def test_what_becomes_of_each_request_is_told(platform: Platform, served: str) -> None:
    """Asked of one deployment whatever the traffic says: predictions and time of each, and a failure is an answer."""
    _route(platform, served, {"blue": 100})
    begun = time.perf_counter()
    answers = platform.probe(served, [ROWS, ROWS[:1]], "green")
    assert [one.predictions for one in answers] == [tuple(PREDICTIONS), tuple(PREDICTIONS[:1])]
    assert 0 < sum(one.seconds for one in answers) <= time.perf_counter() - begun
    (lost,) = platform.probe(served, [ROWS], "violet")
    assert (lost.error is not None, lost.predictions) == (True, (None, None))


def test_requests_of_a_time_are_counted_or_not_known(platform: Platform, served: str) -> None:
    """Never guessed: in a time long ago there were none, or the platform does not know."""
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    found = platform.read_requests(served, "blue", long_ago, long_ago + timedelta(hours=1))
    assert found.requests in (0, None)
    assert (found.requests is None) == bool(found.unknown)


def test_mirrored_traffic_changes_no_answer_and_no_share(platform: Platform, served: str) -> None:
    """The mirrored deployment gets copies only, stays as it is when traffic is set again, and cannot be deleted."""
    _route(platform, served, {"blue": 100}, {"green": 50})
    assert platform.score(served, ROWS) == PREDICTIONS
    _route(platform, served, {"blue": 100})
    with pytest.raises(PermanentError) as caught:
        patiently(lambda: platform.delete_deployment(served, "green"))
    assert caught.value.code == "HasTraffic"
    _route(platform, served, {"blue": 100}, {})


def test_a_mirrored_deployment_that_takes_over_is_mirrored_to_no_more(platform: Platform, served: str) -> None:
    """The end of a shadow release: no call is needed to end the mirror first."""
    _route(platform, served, {"blue": 100}, {"green": 20})
    _route(platform, served, {"green": 100})
    _route(platform, served, {"blue": 100})
    _route(platform, served, {"blue": 0, "green": 0}, {})


@pytest.mark.parametrize(
    "mirror",
    [{"green": 51}, {"blue": 10}, {"red": 10}, {"green": -1}, {"green": 10, "blue": 10}],
    ids=["more than half", "has traffic", "unknown", "out of range", "two"],
)
def test_a_mirror_that_azure_refuses_is_permanent(platform: Platform, served: str, mirror: dict[str, int]) -> None:
    """At most 50 percent, to one deployment that is there and has no traffic of its own."""
    with pytest.raises(PermanentError) as caught:
        patiently(lambda: platform.set_traffic(served, {"blue": 100}, mirror))
    assert caught.value.code == "InvalidTraffic"


def test_an_endpoint_tells_what_it_has_and_goes_when_it_is_empty(platform: Platform, model: str) -> None:
    """Deployments come with model, version and age; an endpoint with deployments is not deleted."""
    endpoint = new("e")
    for deployment, version in (("green", "2"), ("blue", "1")):
        deploy(platform, endpoint, deployment, model, version)
    blue, green = platform.list_deployments(endpoint)
    assert (blue.deployment, blue.model, blue.version) == ("blue", model, "1")
    assert green.created_at is not None
    assert blue.created_at is not None
    assert abs(datetime.now(UTC) - green.created_at) < timedelta(minutes=5)
    assert green.created_at <= blue.created_at
    with pytest.raises(PermanentError, match="blue, green") as caught:
        patiently(lambda: platform.delete_endpoint(endpoint))
    assert caught.value.code == "EndpointInUse"
    for deployment in ("blue", "green"):
        _delete(platform, endpoint, deployment)
    for _ in range(2):
        patiently(lambda: platform.delete_endpoint(endpoint))
    deploy(platform, endpoint, "blue", model, "2")
    (again,) = platform.list_deployments(endpoint)
    assert again.created_at is not None
    assert again.created_at > green.created_at


def test_scoring_what_is_not_there_is_permanent(platform: Platform, served: str) -> None:
    """Neither an unknown endpoint nor an unknown deployment will ever answer."""
    with pytest.raises(PermanentError):
        platform.score(new("unknown"), ROWS)
    with pytest.raises(PermanentError):
        platform.score(served, ROWS, "red")


def test_a_deployment_scales_as_its_definition_says(platform: Platform, model: str, tmp_path: Path) -> None:
    """Asked twice it does so once, it answers as before, and it is deleted as any other."""
    endpoint, definition = new("e"), _scaled(tmp_path, "max_instances: 3")
    patiently(lambda: platform.create_deployment(endpoint, "blue", model, "1", definition))
    state = settled(platform, endpoint, "blue")
    assert state.status == "Succeeded"
    for _ in range(2):
        platform.scale_deployment(endpoint, "blue", definition)
    assert patiently(lambda: platform.create_deployment(endpoint, "blue", model, "1", definition)) == state
    assert platform.score(endpoint, ROWS, "blue") == PREDICTIONS
    _delete(platform, endpoint, "blue")


def test_a_deployment_of_which_nothing_is_said_stays_as_it_is(platform: Platform, served: str) -> None:
    """Without a definition nothing is asked, not even whether the deployment is there."""
    platform.scale_deployment(served, "blue")
    platform.scale_deployment(served, "red")


def test_scaling_what_is_not_there_is_permanent(platform: Platform, served: str, tmp_path: Path) -> None:
    """Neither an unknown deployment nor an unknown endpoint will ever scale."""
    definition = _scaled(tmp_path, "max_instances: 3")
    for endpoint, deployment in ((served, "red"), (new("unknown"), "blue")):
        with pytest.raises(PermanentError) as caught:
            platform.scale_deployment(endpoint, deployment, definition)
        assert caught.value.code == "NotFound"


def test_scaling_that_cannot_be_is_permanent(platform: Platform, served: str, tmp_path: Path) -> None:
    """The file is named, on a laptop as in the cloud, and so is one that is missing."""
    for definition in (_scaled(tmp_path, "min_instances: 4, max_instances: 3"), tmp_path / "scaled.yaml"):
        with pytest.raises(PermanentError, match=definition.name) as caught:
            platform.scale_deployment(served, "blue", definition)
        assert caught.value.code == "InvalidDefinition"


def _scaled(folder: Path, settings: str) -> Path:
    """The YAML of a managed deployment that scales."""
    file = folder / "scaled.yml"
    file.write_text(f"instance_type: Standard_DS3_v2\nscale_settings: {{type: target_utilization, {settings}}}\n")
    return file
