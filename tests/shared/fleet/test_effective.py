"""Where each value comes from: a line, an environment, an override, or nowhere."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from shared.errors import PermanentError
from shared.fleet.effective import effective
from shared.settings import APP_ROOT
from tests.shared.fleet.files import DEMAND, edited, write_fleet

ROCKIES, OHIO = "demand-rockies-large-slow", "demand-ohio-valley-large-slow"


def origins(path: Path, model: str, environment: str | None = None, at: datetime | None = None) -> dict[str, str]:
    """Every key with its value and its origin, as a person reads them."""
    return {one.key: f"{one.value} <- {one.origin}" for one in effective(path, model, environment, at)}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The demand fleet."""
    return write_fleet(tmp_path, DEMAND)


def test_a_value_has_the_line_that_says_so(path: Path) -> None:
    """Of the model's entry, of a section, or of the team; what nobody wrote is a default."""
    found = origins(path, OHIO)
    assert found["train.pipeline"] == "pipelines/train.yml <- fleet.yaml:28"
    assert found["train.with.epochs"] == "60 <- fleet.yaml:28"
    assert found["train.timeout"] == "120m <- default"
    assert found["datasets.weekly.per"] == "[region, week] <- fleet.yaml:23"
    assert found["datasets.weekly.wait.until"] == "Mon 09:00 <- fleet.yaml:24"
    assert found["datasets.weekly.quality.max_rejected"] == "1% <- fleet.yaml:25"
    assert found["baseline.name"] == "demand-ohio-valley-large-baseline <- default"
    assert found["golden"] == "golden/large.csv <- fleet.yaml:37"
    assert found["tags.owner"] == "forecasting <- fleet.yaml:3"
    assert found["tags.cost-center"] == "4711 <- fleet.yaml:32"
    assert found["gates.accuracy.max"] == "45% <- fleet.yaml:34"
    assert found["gates.beats_average.better_than"] == "baseline <- fleet.yaml:35"
    assert found["retrain.when"] == "[data, stale] <- fleet.yaml:39"
    assert found["retention.versions"] == "20 <- default"


def test_a_value_of_an_environment_names_it(path: Path) -> None:
    """With the line inside the section `environments`; what it does not say keeps its own."""
    found = origins(path, OHIO, "dev")
    assert found["level"] == "2 <- fleet.yaml:7 (environment dev)"
    assert found["labels.region"] == "ohio-valley <- fleet.yaml:7 (environment dev)"
    assert found["labels.format"] == "large <- fleet.yaml:12"
    assert found["schedule.train"] == "Sat 22:00 <- fleet.yaml:7 (environment dev)"
    assert found["schedule.score"] == "Tue 04:00 <- fleet.yaml:38"


def test_an_override_says_whose_it_is_and_until_when(path: Path) -> None:
    """It counts as long as it holds; without a moment to look at, it counts."""
    told = "50% <- fleet.yaml:41 (override of ana@contoso.example, until 2027-01-31)"
    assert origins(path, ROCKIES)["gates.accuracy.max"] == told
    assert origins(path, ROCKIES, at=datetime(2027, 2, 1, 5, 59, tzinfo=UTC))["gates.accuracy.max"] == told
    over = origins(path, ROCKIES, at=datetime(2027, 2, 1, 6, tzinfo=UTC))["gates.accuracy.max"]
    assert over == "45% <- fleet.yaml:34"


def test_an_override_of_an_environment_names_both(tmp_path: Path) -> None:
    """An exception that only one environment makes."""
    override = "{match: {region: florida}, gates: {accuracy: {max: 60%}}, by: bo, reason: storm, until: 2027-01-31}"
    path = write_fleet(tmp_path, edited(("  prod: {}", f"  prod:\n    overrides:\n      - {override}"), text=DEMAND))
    found = origins(path, "demand-florida-small-fast", "prod")
    assert found["gates.accuracy.max"] == "60% <- fleet.yaml:10 (environment prod, override of bo, until 2027-01-31)"


def test_a_schedule_that_keeps_arrival_from_training_is_its_origin(tmp_path: Path) -> None:
    """Nothing trains by itself, since the clock does; a label held to one value comes from the name."""
    text = edited(("when: [data, stale], ", ""), ("-{movement}:", "-{movement=slow}:"), text=DEMAND)
    found = origins(write_fleet(tmp_path, text), OHIO)
    assert found["retrain.when"] == "[] <- fleet.yaml:38"
    assert found["labels.movement"] == "slow <- fleet.yaml:27"


def test_an_unknown_model_is_refused_with_the_nearest(path: Path) -> None:
    """As everywhere."""
    with pytest.raises(PermanentError, match="did you mean `demand-ohio-valley-large-slow`"):
        effective(path, "demand-ohio-vally-large-slow")


def test_two_entries_that_differ_in_a_held_label_are_told_apart() -> None:
    """The example's fast and slow models: each value is of the model's own entry."""
    path = APP_ROOT / "examples/flights/fleet.yaml"
    lines = path.read_text().splitlines()
    for movement, key in (("fast", "serve.online"), ("slow", "serve.batch")):
        found = origins(path, f"departures-lga-regional-{movement}")
        entry = next(number for number, line in enumerate(lines, start=1) if f"{{movement={movement}}}" in line)
        assert found["labels.movement"] == f"{movement} <- fleet.yaml:{entry}"
        assert int(found[key].rsplit(":", 1)[1]) > entry
