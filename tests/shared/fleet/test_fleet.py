"""What a right fleet file says: models, claims, cells, files."""

import os
from pathlib import Path

import pytest

from shared.contracts.policy import GatePolicy, ModelPolicy, ServePolicy, TrainPolicy
from shared.errors import ConfigurationError, PermanentError
from shared.fleet.data import Claim
from shared.fleet.fleet import Fleet
from shared.fleet.loader import FleetError, check_fleet, load_fleet, load_fleets
from tests.shared.fleet.files import edited, write_fleet


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    """The right fleet."""
    return load_fleet(write_fleet(tmp_path))


def test_a_pattern_becomes_one_whole_policy_per_combination(fleet: Fleet) -> None:
    """Names are in lower case, parameters keep the label's case, bounds are fractions."""
    assert [policy.model for policy in fleet.models] == [
        "departures-jfk-mainline-fast",
        "departures-lga-mainline-fast",
        "departures-jfk-mainline-slow",
        "departures-lga-mainline-slow",
    ]
    assert fleet.models[0] == ModelPolicy(
        fleet="flights",
        revision=fleet.revision,
        model="departures-jfk-mainline-fast",
        labels={"origin": "JFK", "format": "mainline"},
        train=TrainPolicy(
            pipeline="pipelines/train.yml", dataset="departures", parameters={"origin": "JFK", "epochs": 60}
        ),
        serve=ServePolicy(mode="online", endpoint="departures-jfk-fast"),
        gates=(
            GatePolicy(name="accuracy", metric="mape", max=0.45),
            GatePolicy(name="beats_average", metric="mape", better_than="baseline"),
        ),
        golden="golden/jfk-fast.csv",
    )


def test_batch_serving_and_the_golden_set_of_all(fleet: Fleet) -> None:
    """A model without a golden set of its own takes that under `release`, and a scoring pipeline gets its labels."""
    slow = fleet.model("departures-lga-mainline-slow")
    assert slow is not None
    assert slow.serve == ServePolicy(mode="batch", pipeline="pipelines/score.yml", parameters={"origin": "LGA"})
    assert slow.golden == "golden/mainline.csv"


def test_a_policy_travels_as_json(fleet: Fleet) -> None:
    """What the loader makes survives the durable boundary unchanged."""
    assert tuple(ModelPolicy.from_wire(policy.to_wire()) for policy in fleet.models) == fleet.models


@pytest.mark.parametrize(
    ("path", "claim"),
    [
        ("raw/flights/JFK/2013.csv", Claim("flights", "flights", {"origin": "JFK", "year": "2013"})),
        ("raw/holidays/2013.csv", Claim("flights", "holidays", {"year": "2013"})),
        ("raw/flights/EWR/2013.csv", None),
        ("raw/flights/jfk/2013.csv", None),
        ("raw/flights/JFK/2013.csv.tmp", None),
        ("raw/flights/JFK/old/2013.csv", None),
        ("raw/flights/JFK/2013 (1).csv", None),
        ("x/raw/flights/JFK/2013.csv", None),
        ("raw/flights/JFK/.csv", None),
        ("", None),
    ],
)
def test_a_path_is_claimed_by_the_source_whose_pattern_it_fits(path: str, claim: Claim | None, fleet: Fleet) -> None:
    """Airports outside the matrix, copies and temporary files are nobody's."""
    assert fleet.claim(path) == claim


def test_a_label_that_a_path_lacks_takes_every_value(fleet: Fleet) -> None:
    """The holidays of a year concern both airports; an airport's flights only that airport."""
    holidays, flights = fleet.claim("raw/holidays/2013.csv"), fleet.claim("raw/flights/LGA/2013.csv")
    assert holidays is not None
    assert flights is not None
    assert fleet.cells("departures", holidays) == (
        {"origin": "JFK", "year": "2013"},
        {"origin": "LGA", "year": "2013"},
    )
    assert fleet.cells("departures", flights) == ({"origin": "LGA", "year": "2013"},)


def test_datasets_sources_and_recipes_lead_to_each_other(fleet: Fleet) -> None:
    """From a source to its datasets and back, and to its recipe."""
    assert fleet.datasets_of("holidays") == ("departures",)
    assert fleet.datasets_of("weather") == ()
    assert fleet.sources_of("departures") == ("flights", "holidays")
    assert fleet.recipe_path("flights", {"origin": "JFK"}) == fleet.path.parent / "recipes/flights.yaml"


def test_the_models_of_a_cell_are_those_whose_labels_agree(fleet: Fleet) -> None:
    """A dataset of JFK trains the models of JFK, of whatever format."""
    models = fleet.models_of("departures", {"origin": "JFK", "year": "2013"})
    assert [policy.model for policy in models] == ["departures-jfk-mainline-fast", "departures-jfk-mainline-slow"]
    assert fleet.models_of("other", {"origin": "JFK"}) == ()


def test_names_that_the_fleet_does_not_have_are_permanent_failures(fleet: Fleet) -> None:
    """An orchestration that began before a change of the file does not retry for ever."""
    claim = Claim("flights", "flights", {})
    for call, code in (
        (lambda: fleet.source("flihts"), "UnknownSource"),
        (lambda: fleet.recipe_path("flihts", {}), "UnknownSource"),
        (lambda: fleet.cells("departure", claim), "UnknownDataset"),
        (lambda: fleet.sources_of("departure"), "UnknownDataset"),
        (lambda: fleet.check_cell("departures", {"origin": "JFK"}), "CellMismatch"),
        (lambda: fleet.check_cell("departures", {"origin": "EWR", "year": "2013"}), "CellMismatch"),
        (lambda: fleet.check_cell("departures", {"origin": "JFK", "year": "../x"}), "CellMismatch"),
    ):
        with pytest.raises(PermanentError) as caught:
            call()
        assert caught.value.code == code


def test_the_revision_follows_the_bytes_of_the_file(tmp_path: Path) -> None:
    """The same text gives the same revision wherever it lies; a comment gives another."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, two = (load_fleet(write_fleet(tmp_path / name)).revision for name in "ab")
    other = load_fleet(write_fleet(tmp_path, edited(("fleet: flights", "fleet: flights  # ours")))).revision
    assert one == two != other


def test_a_file_is_read_once_until_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Triggers may load the fleet per delivery: the same object comes back, and a saved change is seen."""
    path = write_fleet(tmp_path)
    first = load_fleet(path)
    monkeypatch.chdir(tmp_path)
    assert load_fleet(path) is first
    assert load_fleet(Path("fleet.yaml")) is first
    write_fleet(tmp_path, edited(("epochs: 60", "epochs: 61")))
    os.utime(path, ns=(1, 1))
    assert load_fleet(path).models[0].train.parameters["epochs"] == 61


def test_a_mended_file_is_read_again(tmp_path: Path) -> None:
    """An error is not remembered."""
    path = write_fleet(tmp_path, edited(("max: 45%", "max: 45")))
    with pytest.raises(FleetError):
        load_fleet(path)
    write_fleet(tmp_path)
    assert load_fleet(path).name == "flights"


def test_timeouts_are_minutes(tmp_path: Path) -> None:
    """Two hours unless the file says otherwise."""
    text = edited(("data: departures\n      with", "data: departures\n      timeout: 3h\n      with"))
    models = load_fleet(write_fleet(tmp_path, text)).models
    assert [policy.train.timeout_minutes for policy in models] == [180, 180, 120, 120]


def test_several_fleets_are_one_set(tmp_path: Path) -> None:
    """Two fleets may claim one raw file, and each model belongs to one of them."""
    own = ('online: "departures', 'online: "delays')
    other = edited(("fleet: flights", "fleet: delays"), ("  departures-{origin}", "  delays-{origin}"), own)
    fleets = load_fleets([write_fleet(tmp_path), write_fleet(tmp_path, other, "delays.yaml")])
    assert [(claim.fleet, claim.source) for claim in fleets.claims("raw/holidays/2013.csv")] == [
        ("flights", "holidays"),
        ("delays", "holidays"),
    ]
    assert fleets.claims("raw/weather.csv") == ()
    policy = fleets.model("delays-lga-mainline-slow")
    assert policy is not None
    assert policy.fleet == "delays"
    assert fleets.model("delays-ewr-mainline-slow") is None
    assert fleets.fleet("delays").path == tmp_path / "delays.yaml"
    with pytest.raises(PermanentError, match="there is no fleet `delay`; did you mean `delays`"):
        fleets.fleet("delay")


def test_two_fleets_with_one_model_are_refused(tmp_path: Path) -> None:
    """Both would train and release the same registered model."""
    path = write_fleet(tmp_path)
    copy = write_fleet(tmp_path, edited(("{format}-slow", "{format}-late")), "copy.yaml")
    with pytest.raises(FleetError) as caught:
        load_fleets([path, copy])
    assert caught.value.problems == (
        f"{copy}:1: the name `flights` is also that of {path}; let them differ",
        f"{copy}:18: the model `departures-jfk-mainline-fast` is also in {path}:18; let their names differ",
        f"{copy}:18: the model `departures-lga-mainline-fast` is also in {path}:18; let their names differ",
    )


def test_no_fleet_at_all_is_refused() -> None:
    """An app without a fleet would accept every event and do nothing."""
    with pytest.raises(ConfigurationError, match="no fleet file"):
        load_fleets([])


def test_the_example_is_a_right_fleet() -> None:
    """Twelve models and six baselines, in every environment right, and the one that the end-to-end tests run."""
    path = Path(__file__).parents[3] / "examples/flights/fleet.yaml"
    assert check_fleet(path) == ()
    fleet = load_fleet(path)
    assert len(fleet.models) == 12
    assert len({policy.baseline.model for policy in fleet.models if policy.baseline}) == 6
    assert [(policy.model, policy.serve.mode, policy.golden) for policy in load_fleet(path, "dev").models] == [
        ("departures-jfk-mainline-fast", "online", "golden/jfk-mainline-fast.csv"),
        ("departures-jfk-mainline-slow", "batch", "golden/jfk-mainline-slow.csv"),
    ]
