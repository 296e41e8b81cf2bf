"""The case that the fleet file is made for: 56 models and 28 baselines out of forty lines."""

from pathlib import Path

import pytest
import yaml

from shared.contracts.policy import BaselinePolicy, ModelPolicy, RetentionPolicy
from shared.fleet.fleet import Fleet
from shared.fleet.loader import FleetError, check_fleet, load_fleet
from tests.shared.fleet.files import DEMAND, edited, write_fleet


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    """The demand fleet as it is."""
    return load_fleet(write_fleet(tmp_path, DEMAND))


def model(fleet: Fleet, name: str) -> ModelPolicy:
    """A model that must be there."""
    policy = fleet.model(name)
    assert policy is not None
    return policy


def test_every_combination_is_a_model_and_models_of_a_group_share_a_baseline(fleet: Fleet) -> None:
    """14 regions x 2 formats x 2 movements; slow and fast are compared with the same historical average."""
    baselines = {policy.baseline.model for policy in fleet.models if policy.baseline}
    assert (len(fleet.models), len(baselines)) == (56, 28)
    assert model(fleet, "demand-ohio-valley-large-slow").baseline == BaselinePolicy(
        model="demand-ohio-valley-large-baseline", pipeline="pipelines/historical_average.yml"
    )


def test_what_is_said_once_holds_for_every_model(fleet: Fleet) -> None:
    """Level, places for jobs, age, tags and the team's name are in each policy, since entities read no files."""
    for policy in fleet.models:
        assert (policy.level, policy.at_once, policy.stale_days) == (4, 8, 60)
        assert policy.retrain_when == ("data", "stale")
        assert policy.tags == {"owner": "forecasting", "cost-center": "4711"}
        assert policy.serve.dataset == "weekly"


def test_schedule_and_retention_are_the_fleets(fleet: Fleet) -> None:
    """What the clock starts, as it is written; what expires, by default."""
    assert fleet.schedule == {"train": "Mon 10:00", "score": "Tue 04:00"}
    assert fleet.retention == RetentionPolicy(runs_days=30, versions=20, datasets_days=365, quarantine_days=90)


def test_retention_is_read_in_days(tmp_path: Path) -> None:
    """Each of the four may be said, the others keep their default."""
    text = edited(("retrain:", "retention: {runs: 7d, versions: 5}\nretrain:"), text=DEMAND)
    assert load_fleet(write_fleet(tmp_path, text)).retention == RetentionPolicy(runs_days=7, versions=5)


@pytest.mark.parametrize(
    ("edits", "reasons"),
    [
        ([], ("data", "stale")),
        ([("when: [data, stale], ", "")], ()),
        ([("when: [data, stale], ", ""), ('train: "Mon 10:00", ', "")], ("data",)),
        ([("when: [data, stale], ", "when: [], ")], ()),
    ],
)
def test_a_fleet_that_trains_by_the_clock_does_not_train_on_arrival(
    edits: list[tuple[str, str]], reasons: tuple[str, ...], tmp_path: Path
) -> None:
    """Unless `retrain.when` says so."""
    fleet = load_fleet(write_fleet(tmp_path, edited(*edits, text=DEMAND).replace("dev: {level: 2", "dev: {level: 1")))
    assert {policy.retrain_when for policy in fleet.models} == {reasons}


def test_the_default_is_to_release_but_not_to_roll_back(tmp_path: Path) -> None:
    """Level 3 when the file says nothing."""
    fleet = load_fleet(write_fleet(tmp_path, edited(("level: 4\n", ""), ("data, stale", "data"), text=DEMAND)))
    assert {policy.level for policy in fleet.models} == {3}


#: What a later version will know: where it is put, and the word that is refused.
NOT_YET = [
    ("dev: {level: 2", "dev: {workspace: mlw-dev, level: 2", "workspace"),
    ("  prod: {}", '  prod: {branch: "release/*"}', "branch"),
    ("recipes/weather.yaml", "recipes/weather.yaml, as_of: issued_at", "as_of"),
    ("max_age: 180d", "max_age: 180d, personal: true", "personal"),
    ('score: "Tue 04:00"', 'score: "Tue 04:00", forecast_due: "Tue 06:00"', "forecast_due"),
    ("when: [data, stale]", "when: [data, drift]", "drift"),
    ("retrain:", "publish: {predictions: {coverage: 100%}}\nretrain:", "publish"),
    ("retrain:", "budget: {per_month: 1500 USD}\nretrain:", "budget"),
]


@pytest.mark.parametrize(("old", "new", "refused"), NOT_YET)
def test_what_is_not_supported_yet_is_refused_by_name(old: str, new: str, refused: str, tmp_path: Path) -> None:
    """Leaving it aside would be worse: nobody would learn that it does nothing."""
    text = edited((old, new), text=DEMAND)
    path = write_fleet(tmp_path, text)
    with pytest.raises(FleetError) as caught:
        load_fleet(path)
    word = refused.partition(":")[0]
    line = next(n for n, one in enumerate(text.splitlines(), 1) if word in one and one not in DEMAND)
    assert caught.value.problems == (f"{path}:{line}: `{refused}` is not supported yet; remove it",)


def test_all_that_is_not_supported_yet_is_named_at_once(tmp_path: Path) -> None:
    """Two keys of the future in one mapping are two messages."""
    text = edited(("  prod: {}", "  prod: {branch: main, workspace: mlw-prod}"), text=DEMAND)
    path = write_fleet(tmp_path, text)
    assert check_fleet(path) == (
        f"{path}:8: `branch` is not supported yet; remove it",
        f"{path}:8: `workspace` is not supported yet; remove it",
    )


def test_a_thousand_models_are_expanded_with_their_own_files_and_names(tmp_path: Path) -> None:
    """The size that the benchmark measures: each model once, found by its name."""
    document = yaml.safe_load(DEMAND) | {"overrides": [], "environments": {}}
    document["matrix"]["region"] = [f"region-{number}" for number in range(250)]
    fleet = load_fleet(write_fleet(tmp_path, yaml.safe_dump(document)))
    assert len({policy.model for policy in fleet.models}) == 1000
    assert model(fleet, "demand-region-249-small-fast").labels["region"] == "region-249"
