"""What golden tests and analyses ask of deployments, and what they make of the answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from functions import adapters
from functions.activities.analysis import analyse_challenger
from functions.activities.scoring import test_deployment as check_deployment
from shared.contracts.analysis import AnalyseChallengerInput
from shared.contracts.golden import TestDeploymentInput
from shared.contracts.platform_models import Answered, RequestCounts
from shared.contracts.release_policy import AnalysisPolicy
from shared.errors import PermanentError, TransientError
from shared.platforms.probing import probed
from tests.shared.interlock.builders import at

type Rows = list[dict[str, Any]]
GOLDEN = "x,expected,tolerance\n1,2,0\n3,6,0\n"


@dataclass
class Deployments:
    """A platform whose deployments answer with twice `x`, or as they are told."""

    says: dict[str, Callable[[Rows], list[float]]] = field(default_factory=dict)
    counts: RequestCounts | PermanentError | TransientError = field(
        default_factory=lambda: RequestCounts(requests=9, failed=0)
    )
    asked: list[tuple[str, Rows]] = field(default_factory=list)
    times: list[tuple[datetime, datetime]] = field(default_factory=list)

    def probe(self, endpoint: str, requests: Sequence[Rows], deployment: str) -> list[Answered]:
        """As the platforms do it."""

        def ask(rows: Rows) -> list[float]:
            self.asked.append((deployment, rows))
            return self.says.get(deployment, _twice)(rows)

        return probed(ask, requests)

    def read_requests(self, endpoint: str, deployment: str, since: datetime, until: datetime) -> RequestCounts:
        """As told."""
        self.times.append((since, until))
        if isinstance(self.counts, (PermanentError, TransientError)):
            raise self.counts
        return self.counts


@pytest.fixture
def deployments(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Deployments:
    """The platform, and a golden set of two rows."""
    platform = Deployments()
    (tmp_path / "g.csv").write_text(GOLDEN)
    monkeypatch.setattr(adapters, "platform", lambda: platform)
    monkeypatch.setattr(adapters, "fleet_file", lambda _fleet, relative: tmp_path / relative)
    return platform


def _analysis(**changes: Any) -> AnalyseChallengerInput:
    order = AnalyseChallengerInput(
        fleet="f", golden="g.csv", endpoint="e", challenger="new", champion="old", limits=AnalysisPolicy(), until=at(30)
    )
    return order.model_copy(update=changes)


def _test(limits: AnalysisPolicy | None = None) -> TestDeploymentInput:
    return TestDeploymentInput(fleet="f", golden="g.csv", endpoint="e", deployment="qa", limits=limits)


def _twice(rows: Rows) -> list[float]:
    return [2.0 * row["x"] for row in rows]


def _down(rows: Rows) -> list[float]:
    raise TransientError("not up")


def _in_turn(*answers: list[float] | None) -> Callable[[Rows], list[float]]:
    """One answer after the other; a request without one fails."""
    left = iter(answers)

    def say(rows: Rows) -> list[float]:
        answer = next(left)
        return answer if answer is not None else _down(rows)

    return say


def _broken(rows: Rows) -> list[float]:
    raise PermanentError("ModelError", "no module named lightgbm")


async def test_both_versions_are_asked_the_same(deployments: Deployments) -> None:
    """Row by row, the first one twice and counted once; real requests are those since the last look."""
    deployments.says = {"old": lambda rows: [1.0 * row["x"] for row in rows]}
    found = await analyse_challenger(_analysis(since=at()))
    assert (found.outcome, found.probes, found.shift) == ("passed", 2, 1.0)
    assert [name for name, _ in deployments.asked] == ["new"] * 3 + ["old"] * 3
    assert deployments.times == [(at(), at(30))]
    assert found.requests == RequestCounts(requests=9, failed=0)


async def test_without_traffic_no_real_requests_are_read(deployments: Deployments) -> None:
    """There can have been none; and without a champion there is nothing to compare with."""
    found = await analyse_challenger(_analysis(champion=None))
    assert (found.requests, found.shift, deployments.times) == (None, None, [])


async def test_a_platform_that_does_not_tell_is_no_fault_of_the_version(deployments: Deployments) -> None:
    """Unless requests are required: then a person is asked."""
    deployments.counts = PermanentError("AzureMlForbidden", "no role")
    assert (await analyse_challenger(_analysis(since=at()))).outcome == "passed"
    found = await analyse_challenger(_analysis(since=at(), limits=AnalysisPolicy(min_requests=1)))
    assert (found.outcome, "no role" in found.reason) == ("inconclusive", True)


async def test_an_outage_of_what_counts_requests_undoes_nothing(
    deployments: Deployments, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is waited for a moment; then the version is judged by what is known, or a person is asked."""
    monkeypatch.setattr("functions.activities.analysis._PAUSES", (0.0, 0.0))
    deployments.counts = TransientError("Azure Monitor is down")
    found = await analyse_challenger(_analysis(since=at()))
    assert (found.outcome, "Azure Monitor is down" in found.reason) == ("passed", True)
    assert len(deployments.times) == 3
    found = await analyse_challenger(_analysis(since=at(), limits=AnalysisPolicy(min_requests=1)))
    assert found.outcome == "inconclusive"


async def test_a_challenger_that_is_down_beside_a_champion_that_is_up_has_failed(deployments: Deployments) -> None:
    """At once: it has some of the traffic."""
    deployments.says = {"new": _down}
    assert (await analyse_challenger(_analysis())).outcome == "failed"


async def test_where_neither_is_reached_it_is_tried_again(deployments: Deployments) -> None:
    """An outage of the way there says nothing of the version."""
    deployments.says = {"new": _down, "old": _down}
    with pytest.raises(TransientError, match="nothing behind e could be asked: not up"):
        await analyse_challenger(_analysis())


async def test_a_golden_set_within_its_budget(deployments: Deployments) -> None:
    """The result has the errors and the latency that it was held against."""
    found = await check_deployment(_test(AnalysisPolicy(max_latency_seconds=60)))
    assert (found.passed, found.failed_requests, found.outside) == (True, 0, 0)
    assert found.seconds_p95 is not None
    assert found.seconds_p95 < 60


async def test_a_golden_request_that_fails_once_is_asked_again(deployments: Deployments) -> None:
    """Its prediction counts, and one failure that may heal is a hiccup, not the version's."""
    deployments.says = {"qa": _in_turn([2.0], [2.0], None, [6.0])}
    found = await check_deployment(_test(AnalysisPolicy()))
    assert (found.passed, found.outside, found.failed_requests) == (True, 0, 1)


async def test_errors_may_be_allowed(deployments: Deployments) -> None:
    """Half of them, here; and where no limits are given only the predictions count."""
    for limits in (AnalysisPolicy(max_errors=0.5), None):
        deployments.says = {"qa": _in_turn([2.0], [2.0], None, [6.0])}
        assert (await check_deployment(_test(limits))).passed


async def test_latency_may_break_the_budget(deployments: Deployments) -> None:
    """Though every prediction is within its tolerance."""
    found = await check_deployment(_test(AnalysisPolicy(max_latency_seconds=0)))
    assert (found.passed, found.outside) == (False, 0)
    assert "95 of 100 requests asked here take up to" in found.reason


async def test_a_deployment_that_is_not_up_yet_is_asked_later(deployments: Deployments) -> None:
    """Its container may need a moment; a model that fails for good is told as that."""
    deployments.says = {"qa": _down}
    with pytest.raises(TransientError, match="not up"):
        await check_deployment(_test(AnalysisPolicy()))
    deployments.says = {"qa": _broken}
    found = await check_deployment(_test(AnalysisPolicy()))
    assert (found.passed, found.outside, found.failed_requests) == (False, 2, 2)
    assert "no module named lightgbm" in found.reason
