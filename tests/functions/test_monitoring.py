"""What serves is looked after, and code that is new is told of: each leads to what the policy wants, and once."""

import json
from types import SimpleNamespace
from typing import Any

import azure.functions as func
import pytest

from functions import adapters
from functions.activities.monitoring import find_code_models, find_lost_servings
from functions.triggers import observations
from functions.triggers.observations import observe
from shared import names
from shared.contracts.deployments import DeploymentState
from shared.contracts.monitoring import AnnounceCodeInput, CheckServingInput, CodeModelsInput, LostServings
from shared.contracts.policy import ModelPolicy
from shared.contracts.read_model import ModelRow, RunInFlight
from tests.functions.conftest import App
from tests.shared.interlock.builders import MODEL, POLICY, at

ROW = ModelRow(
    fleet="flights", model=MODEL, labels={}, revision=3, state="released", reason="", updated_at=at(), champion="2",
    serving={"mode": "online", "endpoint": "e", "deployment": "v2-2"},
)  # fmt: skip
CODE = POLICY.model_copy(update={"retrain_when": ("data", "code")})


class Platform:
    """An endpoint as somebody left it."""

    def __init__(self, status: str | None = "Succeeded", **traffic: int) -> None:
        self.status, self.traffic = status, traffic

    def read_deployment(self, endpoint: str, deployment: str) -> DeploymentState | None:
        """The deployment, unless it is gone."""
        if self.status is None:
            return None
        return DeploymentState(endpoint=endpoint, deployment=deployment, status=self.status, error="no capacity")

    def read_traffic(self, _endpoint: str) -> dict[str, int]:
        """Percent by deployment."""
        return self.traffic


async def _look(monkeypatch: pytest.MonkeyPatch, platform: Platform, row: ModelRow = ROW) -> LostServings:
    monkeypatch.setattr(adapters, "read_model", lambda: SimpleNamespace(all=lambda: [row]))
    monkeypatch.setattr(adapters, "fleets", lambda: SimpleNamespace(model=lambda _name: POLICY))
    monkeypatch.setattr(adapters, "platform", lambda: platform)
    return await find_lost_servings(CheckServingInput(at=at()))


@pytest.mark.parametrize(
    ("platform", "told"),
    [
        (Platform(None), "has no deployment v2-2 any more"),
        (Platform("Failed"), "has failed: no capacity"),
        (Platform("Succeeded", other=100), "sends no traffic to v2-2 any more"),
    ],
)
async def test_what_does_not_answer_is_found(monkeypatch: pytest.MonkeyPatch, platform: Platform, told: str) -> None:
    """With what was found."""
    (lost,) = (await _look(monkeypatch, platform)).lost
    assert (lost.version, told in lost.reason) == ("2", True)


@pytest.mark.parametrize(
    "row",
    [
        ROW.model_copy(update={"champion": None}),
        ROW.model_copy(update={"serving": {"mode": "batch", "published": "p.csv"}}),
        ROW.model_copy(
            update={"in_flight": (RunInFlight(kind="release", instance="r", attempt=3),), "phase": "shifting"}
        ),
        ROW.model_copy(update={"in_flight": (RunInFlight(kind="rollback", instance="r", attempt=3),)}),
    ],
)
async def test_what_does_not_serve_or_changes_just_now_is_not_looked_at(
    monkeypatch: pytest.MonkeyPatch, row: ModelRow
) -> None:
    """A release moves the traffic itself."""
    assert await _look(monkeypatch, Platform(None), row) == LostServings(lost=(), looked=0)


async def test_more_than_a_page_is_found_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each model once, also while a release of it only waits."""
    waits = {"in_flight": (RunInFlight(kind="release", instance="r", attempt=3),), "phase": "awaiting_approval"}
    rows = [ROW.model_copy(update={"model": f"m{number}", **waits}) for number in range(9)]
    await _look(monkeypatch, Platform(None), rows[0])
    monkeypatch.setattr(adapters, "read_model", lambda: SimpleNamespace(all=lambda: rows))
    first = await find_lost_servings(CheckServingInput(at=at()))
    second = await find_lost_servings(CheckServingInput(at=at(), after=first.last or ""))
    assert (len(first.lost), first.last, len(second.lost), second.last) == (6, "m5", 3, None)


async def test_a_deployment_that_answers_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the endpoint's traffic, or by a route, of which the traffic knows nothing."""
    assert (await _look(monkeypatch, Platform("Succeeded", **{"v2-2": 100}))).lost == ()
    routed = ROW.model_copy(update={"serving": {**ROW.serving, "route": "serving/m.json"}})
    assert (await _look(monkeypatch, Platform(), routed)).lost == ()


async def test_the_interlock_hears_of_a_lost_endpoint(app: App) -> None:
    """And says so wherever the model shows; what is not its champion any more came late."""
    app.world.lost_servings = [{"policy": POLICY.to_wire(), "version": "2", "reason": "it is gone"}]
    state = await app.run(names.CHECK_SERVING, CheckServingInput(at=at()))
    assert state.get_output() == {"looked": 1, "lost": [MODEL]}
    await app.engine.run_until_idle()
    assert "serving_lost" in [note.event for note in (await app.interlock()).decisions]


async def test_other_code_trains_the_newest_data_again_once(app: App) -> None:
    """Each model that wants it, a page after the other; the same commit again starts nothing."""
    app.world.code_policies = [CODE.to_wire(), CODE.model_copy(update={"model": "other"}).to_wire()]
    for _ in range(2):
        await app.run(names.ANNOUNCE_CODE, AnnounceCodeInput(commit="abcdef1", at=at()))
        await app.engine.run_until_idle()
    assert (await app.interlock()).attempts == 1


async def test_models_that_do_not_want_it_hear_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only those whose file says `code` are found, page by page."""
    many: list[ModelPolicy] = [POLICY, *(CODE.model_copy(update={"model": f"m{one}"}) for one in range(8))]
    monkeypatch.setattr(adapters, "policies", lambda: tuple(many))
    first = await find_code_models(CodeModelsInput(first=0))
    second = await find_code_models(CodeModelsInput(first=first.following or 0))
    assert [one.model for one in (*first.policies, *second.policies)] == [f"m{one}" for one in range(8)]
    assert second.following is None


# ── The door for figures ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The events that were sent."""
    events: list[Any] = []

    async def signal(_client: Any, event: Any) -> None:
        events.append(event)

    monkeypatch.setattr("functions.tracing._configure", lambda: None)
    monkeypatch.setattr(observations, "signal_interlock", signal)
    monkeypatch.setattr(observations, "keep_observed", events.append)
    monkeypatch.setattr(observations, "find_model", lambda _name: POLICY)
    return events


async def _observe(body: Any) -> tuple[int, dict[str, Any]]:
    request = func.HttpRequest("POST", "http://app/api", route_params={"name": MODEL}, body=json.dumps(body).encode())
    answer = await observe(request, None)  # type: ignore[arg-type]  # the client is only passed on
    return answer.status_code, json.loads(answer.get_body())


async def test_figures_reach_the_interlock(told: list[Any]) -> None:
    """As they were given, with version and period; once they are kept for people to look at."""
    body = {"version": "2", "period": "2026-W47", "figures": {"mape": 0.6}, "reference": {"mape": 0.5}}
    assert await _observe(body) == (202, {"model": MODEL, "version": "2", "period": "2026-W47"})
    kept, event = told
    assert kept.model_dump(exclude={"model", "at"}) == body
    assert (event.figures, event.reference, event.period) == ({"mape": 0.6}, {"mape": 0.5}, "2026-W47")


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"period": "p", "figures": {}}, "`version`"),
        ({"version": "2", "period": "p", "figures": {"mape": "many"}}, "`figures.mape`"),
        ({"version": "2", "period": "", "figures": {}}, "`period`"),
    ],
)
async def test_figures_that_are_none_are_refused(told: list[Any], body: dict[str, Any], named: str) -> None:
    """With the field that is wrong; the interlock hears nothing."""
    status, problem = await _observe(body)
    assert (status, told) == (400, [])
    assert named in problem["detail"]
