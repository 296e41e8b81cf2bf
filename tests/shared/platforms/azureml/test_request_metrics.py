"""How requests have fared, as Azure Monitor tells: through the adapter, against the double."""

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from shared.contracts.platform_models import RequestCounts
from shared.errors import PermanentError, TransientError
from shared.platforms.azureml.endpoints import AzureMlEndpoints
from tests.doubles.azure_ml import AzureMlDouble
from tests.doubles.azure_ml.metrics import Minute

pytestmark = pytest.mark.stack

_NUMBERS = count(1)
SINCE = datetime(2026, 1, 5, 9, tzinfo=UTC)
UNTIL = SINCE + timedelta(minutes=30)


@pytest.fixture
def name(endpoints: AzureMlEndpoints) -> str:
    """An endpoint with the deployment `blue`."""
    name = f"measured-{next(_NUMBERS)}"
    for _ in range(9):
        try:
            endpoints.create_deployment(name, "blue", "departures", "1")
            break
        except TransientError:
            continue
    while (state := endpoints.read_deployment(name, "blue")) and state.status != "Succeeded":
        pass
    return name


def test_requests_of_the_time_are_summed_by_status(
    endpoints: AzureMlEndpoints, double: AzureMlDouble, name: str
) -> None:
    """A model's failure is the deployment's, a client's mistake is not; other deployments and times do not count.

    Nor does the minute in which the time began: what had the traffic until then may have served its requests.
    """
    first, second, late = (SINCE + timedelta(minutes=minutes) for minutes in (1, 7, 30))
    double.metrics.measured[name, "blue"] = [
        Minute(SINCE, {"500": 50}, p95=9000),
        Minute(first, {"200": 4, "401": 1}, p95=100),
        Minute(second, {"200": 2, "424": 2, "503": 1}, p95=300),
        Minute(late, {"500": 50}, p95=9000),
    ]
    double.metrics.measured[name, "green"] = [Minute(first, {"500": 50}, p95=9000)]
    found = endpoints.read_requests(name, "blue", SINCE + timedelta(seconds=59), UNTIL)
    assert found == RequestCounts(requests=10, failed=3, seconds_p95=0.2)


def test_a_time_without_a_whole_minute_is_not_known(endpoints: AzureMlEndpoints, name: str) -> None:
    """Azure Monitor refuses to be asked about no time at all."""
    found = endpoints.read_requests(name, "blue", SINCE + timedelta(seconds=1), SINCE + timedelta(seconds=100))
    assert found == RequestCounts(unknown="no whole minute has passed, and Azure Monitor counts by the minute")


def test_what_was_never_measured_is_not_known(endpoints: AzureMlEndpoints, name: str) -> None:
    """It is not 0: an analysis that needs requests is inconclusive then."""
    found = endpoints.read_requests(name, "blue", SINCE, UNTIL)
    assert found.requests is None
    assert found.unknown == "Azure Monitor has no RequestsPerMinute of blue for that time"


def test_a_right_that_is_missing_is_told_with_its_remedy(
    endpoints: AzureMlEndpoints, double: AzureMlDouble, name: str
) -> None:
    """The role by name."""
    double.fail_once(
        "GET", "/metrics", 403, code="AuthorizationFailed", message="no action Microsoft.Insights/metrics/read"
    )
    with pytest.raises(PermanentError, match="the role Monitoring Reader on the workspace signalbox"):
        endpoints.read_requests(name, "blue", SINCE, UNTIL)


def test_a_probe_asks_one_deployment_request_by_request(
    endpoints: AzureMlEndpoints, double: AzureMlDouble, name: str
) -> None:
    """One that fails ends itself and not the others; where to ask is found once."""
    double.fail_once("POST", f"/score/{name}/score", 503)
    found = endpoints.probe(name, [[{"x": 1}], [{"x": 2}, {"x": 3}]], "blue")
    assert [(one.predictions, one.may_heal) for one in found] == [((None,), True), ((1.0, 1.0), False)]
    assert double.scoring.scored[name, "blue"] == 1
    assert len(double.requests("POST", f"/{name}/token|/{name}/listkeys")) <= 1
