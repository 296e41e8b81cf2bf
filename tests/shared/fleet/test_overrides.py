"""Exceptions to gates: whom they concern, until when, and what is said when they are over."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.contracts.evaluation import Evaluation, Figures
from shared.contracts.policy import GateOverride, ModelPolicy
from shared.evaluation.gates import judge
from shared.fleet.fleet import Fleet
from shared.fleet.loader import load_fleet
from shared.fleet.overrides import notices
from tests.shared.fleet.files import DEMAND, edited, write_fleet


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    """The demand fleet: slow movers of the rockies may err by 50 %, until the end of January in Chicago."""
    return load_fleet(write_fleet(tmp_path, DEMAND))


def test_an_override_changes_one_gate_of_the_models_that_it_matches(fleet: Fleet) -> None:
    """The gate's own bound stays beside it, so that it holds again when the exception is over."""
    changed = {policy.model: policy.gates for policy in fleet.models if any(gate.override for gate in policy.gates)}
    assert list(changed) == ["demand-rockies-large-slow", "demand-rockies-small-slow"]
    accuracy, average = changed["demand-rockies-large-slow"]
    assert (accuracy.max, average.override) == (0.45, None)
    assert accuracy.override == GateOverride(
        max=0.5, by="ana@contoso.example", reason="store closures", until=datetime(2027, 2, 1, 6, tzinfo=UTC)
    )


@pytest.mark.parametrize(
    ("zone", "day", "ends"),
    [
        ("UTC", "2027-01-31", datetime(2027, 2, 1, tzinfo=UTC)),
        ("America/Chicago", "2027-03-13", datetime(2027, 3, 14, 6, tzinfo=UTC)),
        ("America/Chicago", "2027-03-14", datetime(2027, 3, 15, 5, tzinfo=UTC)),
        ("Asia/Tokyo", "2027-12-31", datetime(2027, 12, 31, 15, tzinfo=UTC)),
    ],
)
def test_the_last_day_ends_at_midnight_in_the_fleets_zone(zone: str, day: str, ends: datetime, tmp_path: Path) -> None:
    """Also on the day on which the clock changes."""
    text = edited(("America/Chicago", zone), ("2027-01-31", day), text=DEMAND)
    (override,) = load_fleet(write_fleet(tmp_path, text)).overrides
    assert override.ends == ends


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("UTC", "2027-01-31"),
        ("America/Chicago", "2027-01-31"),
        ("America/Chicago", "2027-03-14"),
        ("Asia/Tokyo", "2027-01-31"),
        ("America/Santiago", "2027-09-04"),  # its midnight is left out: the clock jumps from 24:00 to 01:00
    ],
)
def test_a_verdict_names_the_last_day_as_the_file_does(zone: str, day: str, tmp_path: Path) -> None:
    """In the fleet's own zone, where the end in UTC may be another day, and also after the policy has travelled."""
    text = edited(("America/Chicago", zone), ("2027-01-31", day), text=DEMAND)
    policy = load_fleet(write_fleet(tmp_path, text)).model("demand-rockies-large-slow")
    assert policy is not None
    travelled = ModelPolicy.from_wire(policy.to_wire())
    assert travelled == policy
    figures = Figures(rows=100, zeros=0, mape=0.48)
    verdict = judge(Evaluation(model=figures), travelled.gates[:1], datetime(2027, 1, 15, tzinfo=UTC))
    assert f"store closures; until {day};" in verdict.gates[0].reason


def test_an_override_that_is_over_is_no_error_but_a_notice(fleet: Fleet) -> None:
    """A file that was right yesterday does not stop the app today."""
    ends = fleet.overrides[0].ends
    assert notices(fleet, ends - timedelta(seconds=1)) == ()
    (notice,) = notices(fleet, ends)
    who = "the override of `accuracy` by ana@contoso.example"
    assert notice == f"{fleet.path}:41: {who} ended with 2027-01-31; remove it, or give it another `until`"


def test_an_override_may_have_a_name(tmp_path: Path) -> None:
    """Then messages call it so."""
    fleet = load_fleet(write_fleet(tmp_path, edited(("- {match", "- {name: closures, match"), text=DEMAND)))
    (notice,) = notices(fleet, datetime(2030, 1, 1, tzinfo=UTC))
    assert "the override of `closures` by ana@contoso.example" in notice


def test_a_bound_of_an_override_is_read_in_the_unit_of_its_gate(tmp_path: Path) -> None:
    """A gate of rmse takes a number."""
    text = edited(("metric: mape, max: 45%", "metric: rmse, max: 5"), ("max: 50%", "max: 7.5"), text=DEMAND)
    policy = load_fleet(write_fleet(tmp_path, text)).model("demand-rockies-large-slow")
    assert policy is not None
    assert policy.gates[0].override is not None
    assert policy.gates[0].override.max == 7.5
