# ruff: noqa: E501 - messages are compared whole, and a broken line would hide what a person reads
"""What a fleet file says of releases, rollbacks, retraining and its team, in the policies of its models."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from shared.contracts.policy import ModelPolicy
from shared.contracts.release_policy import (
    AnalysisPolicy,
    ApprovalPolicy,
    CanaryStep,
    ReleasePolicy,
    RollbackPolicy,
    ShadowPolicy,
    WorseThan,
)
from shared.fleet.effective import effective
from shared.fleet.fleet import Fleet
from shared.fleet.loader import check_fleet, load_fleet
from shared.settings import APP_ROOT
from tests.shared.fleet.files import CANARY, DEMAND, FLEET, RELEASING, edited, write_fleet

OHIO, ROCKIES = "demand-ohio-valley-large-slow", "demand-rockies-large-slow"


def model(fleet: Fleet, name: str) -> ModelPolicy:
    """A model that must be there."""
    policy = fleet.model(name)
    assert policy is not None
    return policy


@pytest.fixture
def releasing(tmp_path: Path) -> Path:
    """The demand fleet with its releases."""
    return write_fleet(tmp_path, RELEASING)


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """The small fleet, half of it online."""
    return write_fleet(tmp_path, CANARY)


def test_a_file_that_says_nothing_releases_as_before(tmp_path: Path) -> None:
    """All at once, nobody asked, nothing rolled back by itself; and none of it travels."""
    for text in (FLEET, DEMAND):
        for policy in load_fleet(write_fleet(tmp_path, text)).models:
            assert policy.release.plain
            assert not policy.to_wire().keys() & {"release", "park_after", "cooldown_days", "operators", "notify"}


def test_a_batch_model_says_it_all(releasing: Path) -> None:
    """The file that the food company writes."""
    policy = model(load_fleet(releasing), OHIO)
    assert policy.release == ReleasePolicy(
        shadow=ShadowPolicy(runs=1, max_disagreement=0.15),
        approval=ApprovalPolicy(reasons=("first_release", "override"), within_minutes=48 * 60),
        freezes=policy.release.freezes,
        rollback=RollbackPolicy(
            events=("scoring_failed",), worse=(WorseThan(metric="mape", periods=2),), failover=True
        ),
    )
    assert (policy.cooldown_days, policy.park_after) == (6, 3)
    assert policy.retrain_when == ("data", "code", "stale")


def test_a_freeze_is_of_local_days_both_included(releasing: Path) -> None:
    """From midnight in Chicago to the midnight after the last day."""
    (freeze,) = model(load_fleet(releasing), OHIO).release.freezes
    assert freeze.start == datetime(2026, 11, 23, 6, tzinfo=UTC)
    assert freeze.end == datetime(2027, 1, 4, 6, tzinfo=UTC)
    assert freeze.holds(freeze.start)
    assert not freeze.holds(freeze.end)


def test_a_policy_reads_back_from_the_wire_as_it_was(releasing: Path) -> None:
    """It travels with every event."""
    policy = model(load_fleet(releasing), ROCKIES)
    assert ModelPolicy.from_wire(policy.to_wire()) == policy


def test_a_group_may_be_of_some_models_only(releasing: Path) -> None:
    """Roles are scoped by fleet and label."""
    fleet = load_fleet(releasing)
    assert model(fleet, OHIO).operators == ("entra:demand-ops",)
    assert model(fleet, ROCKIES).operators == ("entra:demand-ops", "entra:rockies-ops")
    assert model(fleet, ROCKIES).approvers == ("entra:demand-leads",)
    assert (model(fleet, OHIO).notify, fleet.notify) == (("teams:demand",), ("teams:demand",))


def test_an_environment_takes_the_approval_away(releasing: Path) -> None:
    """`approval: none` in `dev`; everything else stays."""
    policy = model(load_fleet(releasing, "dev"), OHIO)
    assert policy.release.approval is None
    assert policy.release.shadow == ShadowPolicy(runs=1, max_disagreement=0.15)


def test_an_online_model_says_it_all(canary: Path) -> None:
    """Steps, analysis, mirrored traffic, grace."""
    policy = model(load_fleet(canary), "departures-jfk-mainline-fast")
    assert policy.release == ReleasePolicy(
        strategy="canary",
        steps=tuple(CanaryStep(percent=percent, bake_minutes=45) for percent in (5, 25, 50)),
        analysis=AnalysisPolicy(max_errors=0.02, max_latency_seconds=0.2, max_shift=0.15, min_requests=50),
        shadow=ShadowPolicy(percent=10, minutes=60, max_disagreement=0.2),
        approval=ApprovalPolicy(reasons=("every_release",), within_minutes=8 * 60, by="anyone"),
        rollback=RollbackPolicy(
            events=("endpoint_unhealthy",), worse=(WorseThan(metric="rmse", periods=3),), window_minutes=12 * 60
        ),
        grace_minutes=90,
        archive_previous=False,
    )


def test_what_is_of_endpoints_is_left_out_where_none_serves_the_model(canary: Path) -> None:
    """A fleet of both kinds has one section; a batch model has no traffic to share out."""
    release = model(load_fleet(canary), "departures-jfk-mainline-slow").release
    assert (release.strategy, release.steps, release.analysis, release.grace_minutes) == (
        "all_at_once",
        (),
        AnalysisPolicy(),
        0,
    )


@pytest.mark.parametrize(("written", "periods"), [("14d", 2), ("15d", 3), ("1d", 1), ("2w", 2), ("5 periods", 5)])
def test_a_time_is_as_many_periods_as_cover_it(written: str, periods: int, tmp_path: Path) -> None:
    """Of a dataset that comes per week."""
    fleet = load_fleet(write_fleet(tmp_path, edited(("for: 2w", f"for: {written}"), text=RELEASING)))
    rollback = model(fleet, OHIO).release.rollback
    assert rollback is not None
    assert rollback.worse == (WorseThan(metric="mape", periods=periods),)


def test_every_value_has_its_origin(releasing: Path) -> None:
    """With the line that says so, the environment, or `default`."""
    found = {one.key: f"{one.value} <- {one.origin}" for one in effective(releasing, ROCKIES)}
    assert found["team.operate"] == "[entra:demand-ops, entra:rockies-ops] <- fleet.yaml:3"
    assert found["team.notify"] == "[teams:demand] <- fleet.yaml:3"
    assert found["release.strategy"] == "all_at_once <- default"
    assert found["release.shadow.runs"] == "1 <- fleet.yaml:38"
    assert found["release.shadow.max_disagreement"] == "15% <- fleet.yaml:38"
    assert found["release.approval.for"] == "[first_release, override] <- fleet.yaml:39"
    assert found["release.approval.within"] == "48h <- fleet.yaml:39"
    assert found["release.freeze"] == "[2026-11-23 to 2027-01-03 (holiday season)] <- fleet.yaml:40"
    assert (
        found["release.rollback.if"] == "[scoring_failed, mape worse than the baseline for 2 periods] <- fleet.yaml:41"
    )
    assert found["release.rollback.else"] == "baseline <- fleet.yaml:41"
    assert found["release.rollback.window"] == "24h <- default"
    assert found["release.archive_previous"] == "true <- default"
    assert found["retrain.cooldown"] == "6d <- fleet.yaml:43"
    assert found["retrain.park_after"] == "3 <- fleet.yaml:43"
    dev = {one.key: f"{one.value} <- {one.origin}" for one in effective(releasing, OHIO, "dev")}
    assert dev["release.approval"] == "none <- fleet.yaml:7 (environment dev)"


def test_every_value_of_an_online_release_has_its_origin(canary: Path) -> None:
    """And a model that cannot follow the strategy shows what it does instead, as a default."""
    found = {one.key: f"{one.value} <- {one.origin}" for one in effective(canary, "departures-jfk-mainline-fast")}
    assert found["release.strategy"] == "canary <- fleet.yaml:34"
    assert found["release.canary.steps"] == "[5%, 25%, 50%] <- fleet.yaml:35"
    assert found["release.canary.bake"] == "45m <- fleet.yaml:35"
    assert found["release.analysis.max_latency"] == "0.2s <- fleet.yaml:36"
    assert found["release.shadow.for"] == "1h <- fleet.yaml:37"
    assert found["release.grace"] == "90m <- fleet.yaml:40"
    assert found["release.archive_previous"] == "false <- fleet.yaml:41"
    slow = {one.key: f"{one.value} <- {one.origin}" for one in effective(canary, "departures-jfk-mainline-slow")}
    assert slow["release.strategy"] == "all_at_once <- default"
    assert "release.canary.steps" not in slow


def test_behind_a_shared_endpoint_a_canary_is_looked_at_beside_the_champion(tmp_path: Path) -> None:
    """Where others of the file have an endpoint of their own: no model is released unseen that was to be looked at."""
    slow = ('{batch: pipelines/score.yml, with: {origin: "{origin}"}}', '{online: "all-{format}", shared: true}')
    path = write_fleet(tmp_path, edited(slow, text=CANARY))
    release = model(load_fleet(path), "departures-jfk-mainline-slow").release
    assert (release.strategy, release.steps) == ("blue_green", ())
    assert model(load_fleet(path), "departures-jfk-mainline-fast").release.strategy == "canary"
    found = {one.key: f"{one.value} <- {one.origin}" for one in effective(path, "departures-jfk-mainline-slow")}
    assert found["release.strategy"] == "blue_green <- default"


GROUP = "write for example entra:demand-ops"
CONDITION = "write for example `scoring_failed`, or {metric: mape, worse_than: baseline, for: 2w}"
#: An edit, and what is said of it, at the line of the edit.
OF_BATCH = [
    ("shadow: {runs: 1,", "strategy: canary\n  shadow: {runs: 1,", "38: no model has an endpoint, so there can be no canary; write `strategy: shadow`"),
    ("shadow: {runs: 1,", "strategy: blue_green\n  shadow: {runs: 1,", "38: no model has an endpoint, so there is nothing to be blue or green; write `strategy: all_at_once`"),
    ("shadow: {runs: 1,", "strategy: cannary\n  shadow: {runs: 1,", "38: `strategy` cannot be `cannary`; did you mean `canary`?"),
    ("shadow: {runs: 1,", "canary: {bake: 1h}\n  shadow: {runs: 1,", "38: `canary` is of `strategy: canary`; write that too, or remove it"),
    ("shadow: {runs: 1,", "grace: 1h\n  shadow: {runs: 1,", "38: `grace` is of endpoints, and no model has one; remove it"),
    ("shadow: {runs: 1,", "analysis: {}\n  shadow: {runs: 1,", "38: `analysis` is of endpoints, and no model has one; remove it"),
    ("shadow: {runs: 1,", "shadow: {for: 1h,", "38: `for` is of an endpoint's traffic, and no model has one; write `runs: 1` instead"),
    ("shadow: {runs: 1,", "shadow: {percent: 60%,", "38: `percent` must be at most 50, not 60%; write for example `percent: 20%`"),
    ("shadow: {runs: 1,", "shadow: {runs: 0,", "38: `runs` must be at least 1, not 0; write for example `runs: 1`"),
    ("for: [first_release, override], within", "within", "39: `for` is missing; write for example `for: [first_release, override]`"),
    ("for: [first_release, override]", "for: []", "39: `for` is empty; write for example `for: [first_release, override]`"),
    ("for: [first_release, override]", "for: [first]", "39: item 1 of `for` cannot be `first`; known here: every_release, first_release, override"),
    ("within: 48h", "within: 2d", "39: `within: 2d` is no duration; write minutes or hours, for example 90m or 2h"),
    ("by: not_author", "by: author", "39: `by` cannot be `author`; did you mean `not_author`?"),
    ("from: 2026-11-23", "from: 2027-11-23", "40: the freeze ends on 2027-01-03, before it begins on 2027-11-23; change `from` or `to`"),
    ("from: 2026-11-23", 'from: "2026-11-23"', "40: `2026-11-23` is no day; write for example 2026-11-23, without quotes"),
    (", reason: holiday season", "", "40: `reason` is missing; write for example `reason: holiday season`"),
    ("scoring_failed]", "scoring_fails]", "41: `scoring_fails` rolls nothing back; did you mean `scoring_failed`?"),
    ("scoring_failed]", "endpoint_unhealthy]", "41: no model has an endpoint that could be unhealthy; remove it"),
    ("scoring_failed]", "{metric: mape}]", f"41: `worse_than` is missing; {CONDITION}"),
    ("metric: mape, worse_than", "metric: latency, worse_than", "41: `metric` cannot be `latency` here; known here: auc, bias, coverage, f1, log_loss, mae, mape, r2, rmse, rmse_zero"),
    ("for: 2w", "for: 2", "41: `for: 2` is no number of periods; write for example `2 periods`, 2w or 14d"),
    ("worse_than: baseline", "worse_than: champion", "41: `worse_than` cannot be `champion`; known here: baseline"),
    ("else: baseline", "else: champion", "41: `else` cannot be `champion`; known here: baseline"),
    ("if: [{metric: mape, worse_than: baseline, for: 2w}, scoring_failed], ", "", "41: `if` is missing; write for example `if: [{metric: mape, worse_than: baseline, for: 2w}, scoring_failed]`"),
    ("cooldown: 6d", "cooldown: 6", "43: `cooldown: 6` is no number of days; write for example 60d"),
    ("park_after: 3", "park_after: 0", "43: `park_after` must be at least 1, not 0; write for example `park_after: 3`"),
    ("entra:demand-leads", "demand-leads", "3: `demand-leads` is no group or role; write for example entra:demand-leads"),
    ("[entra:demand-ops, ", "[7, ", f"3: `7` is no group or role; {GROUP}"),
    ("match: {region: rockies}}],", "match: {region: Rocky}}],", "3: `region` has no value `Rocky`; did you mean `rockies`?"),
    ("match: {region: rockies}}],", "match: {regions: rockies}}],", "3: the matrix has no label `regions`; did you mean `region`?"),
    ("notify: teams:demand", "notify: demand", "3: `notify: demand` is no channel; write one of teams:NAME, slack:NAME, webhook:NAME, eventgrid:NAME (a-z, 0-9 and -)"),
]  # fmt: skip
OF_ENDPOINTS = [
    ("[5%, 25%, 50%]", "[5%, 50%, 25%]", "35: `steps` must ascend, and 25% comes after 50%; put them in order"),
    ("[5%, 25%, 50%]", "[5.5%]", "35: `steps: 5.5%` is no share of traffic; write whole percent from 1% to 100%"),
    ("[5%, 25%, 50%]", "[5]", "35: `steps: 5` would be 500 %; write 5% or 0.05"),
    ("[5%, 25%, 50%]", "[]", "35: `steps` is empty; write for example `steps: [5%, 25%, 50%]`"),
    ("max_latency: 200ms", "max_latency: 200%", "36: `max_latency: 200%` is no time; write for example 200ms or 2s"),
    ("serve: {online: \"departures-{origin}-fast\"}", "serve: {online: \"departures-{origin}\", shared: true}", "34: every endpoint is shared, and has no traffic to be shared out, so there can be no canary; write `strategy: blue_green`"),
    ("window: 12h}", "window: 12h, else: baseline}", "39: `departures-{origin}-{format}-fast` has no baseline that could take over; give it a `baseline`, or remove `else` here"),
    ("grace: 90m", "grace: 90", "40: `grace: 90` is no duration; write minutes or hours, for example 90m or 2h"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "message"), OF_BATCH)
def test_a_mistake_in_a_batch_release_is_shown_with_its_remedy(
    old: str, new: str, message: str, tmp_path: Path
) -> None:
    """Each mistake gives exactly this message."""
    path = write_fleet(tmp_path, edited((old, new), text=RELEASING))
    assert [problem.removeprefix(f"{path}:") for problem in check_fleet(path)] == [message]


@pytest.mark.parametrize(("old", "new", "message"), OF_ENDPOINTS)
def test_a_mistake_in_an_online_release_is_shown_with_its_remedy(
    old: str, new: str, message: str, tmp_path: Path
) -> None:
    """Each mistake gives exactly this message."""
    path = write_fleet(tmp_path, edited((old, new), text=CANARY))
    assert [problem.removeprefix(f"{path}:") for problem in check_fleet(path)] == [message]


def test_periods_cannot_be_counted_where_there_are_none(tmp_path: Path) -> None:
    """A dataset without a period: the number of observations has to be said."""
    text = edited(
        ("per: [region, week]", "per: [region]"),
        ('wait: {for: [shipments, returns, weather], until: "Mon 09:00", else: alert}\n', "\n"),
        text=RELEASING,
    )
    path = write_fleet(tmp_path, text)
    what = "`for: 2w` cannot be counted for `demand-{region}-{format}-{movement}`, whose dataset has no period"
    assert f"{path}:41: {what}; write for example `for: 2 periods`" in check_fleet(path)


def test_what_the_reference_shows_is_right(tmp_path: Path) -> None:
    """Its sections on the team and on releases, in a fleet of both kinds."""
    document = (APP_ROOT / "docs/fleet.md").read_text()
    blocks = [block.partition("```")[0] for block in document.split("```yaml\n")]
    team = next(block for block in blocks if block.startswith("team:")).replace("region: rockies", "origin: JFK")
    release = next(block for block in blocks if block.startswith("release:"))
    baseline = "    baseline: {pipeline: pipelines/historical_average.yml, per: [origin]}\n    serve:"
    text = edited(("    serve:", baseline), ("release:\n  golden: golden/{format}.csv\n", release)) + team
    path = write_fleet(tmp_path, text)
    assert check_fleet(path) == ()
    assert model(load_fleet(path), "departures-jfk-mainline-fast").release.strategy == "canary"
