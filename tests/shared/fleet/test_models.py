"""What the entries under `models` become: names with labels held to one value, baselines, serving, tags."""

from pathlib import Path

import pytest

from shared.contracts.policy import ModelPolicy, ServePolicy
from shared.fleet.loader import FleetError, load_fleet, load_fleets
from shared.fleet.model_names import baseline_name, read_model_name
from tests.shared.fleet.files import DEMAND, edited, write_fleet

NAME = "demand-{region}-{format}-{movement}"


#: A fleet whose only model has the name of a baseline.
OTHER = """\
fleet: other
sources: {raw: {files: "raw/{year}.csv", recipe: recipes/flights.yaml}}
datasets: {yearly: {from: [raw], per: [year]}}
models:
  demand-ohio-valley-large-baseline:
    train: {pipeline: pipelines/train.yml, data: yearly}
    serve: {batch: pipelines/score.yml}
    golden: golden/large.csv
gates: {accuracy: {metric: mape, max: 45%}}
"""


def models(folder: Path, *edits: tuple[str, str]) -> tuple[ModelPolicy, ...]:
    """The models of the demand fleet in Ohio, with texts replaced."""
    return load_fleet(write_fleet(folder, edited(*edits, text=DEMAND)), "dev").models


def test_a_label_can_be_held_to_one_value(tmp_path: Path) -> None:
    """Its value is in the name, in the labels, and in every text that asks for it."""
    slow, _ = models(
        tmp_path, (NAME, "demand-{region}-{format}-{movement=fast}"), ("epochs: 60", 'movement: "{movement}"')
    )
    assert slow.model == "demand-ohio-valley-large-fast"
    assert slow.labels == {"region": "ohio-valley", "format": "large", "movement": "fast"}
    assert slow.train.parameters == {"movement": "fast"}


def test_two_entries_may_share_the_baseline_of_a_group(tmp_path: Path) -> None:
    """Slow and fast movers under two keys are compared with one average."""
    old = DEMAND[DEMAND.index("  demand-{region}") : DEMAND.index("gates:")]
    entries = "".join(old.replace("{movement}", f"{{movement={value}}}") for value in ("slow", "fast"))
    found = models(tmp_path, (old, entries))
    assert {policy.baseline.model for policy in found if policy.baseline} == {
        "demand-ohio-valley-large-baseline",
        "demand-ohio-valley-small-baseline",
    }
    assert len(found) == 4


@pytest.mark.parametrize(
    ("name", "per", "baseline"),
    [
        ("d-{origin}-{format}-{movement=fast}", ["origin", "format"], "d-{origin}-{format}-baseline"),
        ("d-{origin}-{format}-{movement}", ["origin"], "d-{origin}-baseline"),
        ("d-{origin}-{format}-{movement}", ["format"], "d-baseline-{format}"),
        ("d-{origin}-{format}-{movement}", ["movement", "origin"], "d-{origin}-baseline-{movement}"),
        ("d-{origin}", [], "d-baseline"),
        ("{origin}-{format}-d", ["format"], "baseline-{format}-d"),
        ("d-{origin}", ["origin"], "d-{origin}-baseline"),
        ("d", [], "d-baseline"),
    ],
)
def test_a_baseline_is_named_by_what_its_models_share(name: str, per: list[str], baseline: str) -> None:
    """`baseline` stands for the first label that they do not share, and the others are dropped."""
    assert baseline_name(read_model_name(name), per) == baseline


def test_a_baseline_can_be_named_and_is_given_its_labels(tmp_path: Path) -> None:
    """Names are in lower case, inputs keep the case of the values."""
    per = "per: [region, format]"
    found = models(tmp_path, (per, f'{per}, name: "average-{{region}}-{{format}}", with: {{region: "{{region}}"}}'))
    baseline = found[0].baseline
    assert baseline is not None
    assert (baseline.model, baseline.parameters) == ("average-ohio-valley-large", {"region": "ohio-valley"})


def test_what_is_scored_is_said_for_batch_only(tmp_path: Path) -> None:
    """The dataset of the training is the default, and an endpoint has none."""
    (without, *_) = models(tmp_path, ("score.yml, data: weekly", "score.yml"))
    assert without.serve == ServePolicy(mode="batch", pipeline="pipelines/score.yml")
    endpoint = ("batch: pipelines/score.yml, data: weekly", 'online: "{region}-{format}-{movement}"')
    leaves = ((', score: "Tue 04:00"', ""), ("data, stale", "data"), ("    stale: 60d\n", ""))
    (online, *_) = models(tmp_path, endpoint, *leaves)
    assert online.serve == ServePolicy(mode="online", endpoint="ohio-valley-large-slow")


def test_models_may_share_an_endpoint_that_each_of_them_calls_shared(tmp_path: Path) -> None:
    """Its name then holds fewer labels than theirs, and it has room for six of them."""
    text = edited(
        ("origin: [JFK, LGA]", "origin: [JFK, LGA, EWR]"),
        ('{online: "departures-{origin}-fast"}', '{online: "departures-{format}", shared: true}'),
        ('{batch: pipelines/score.yml, with: {origin: "{origin}"}}', '{online: "departures-{format}", shared: true}'),
        ("    golden: golden/{origin}-fast.csv\n", ""),
    )
    fleet = load_fleet(write_fleet(tmp_path, text))
    shared = ServePolicy(mode="online", endpoint="departures-mainline", shared=True)
    assert [policy.serve for policy in fleet.models] == [shared] * 6


def test_the_moment_of_a_run_is_left_to_be_filled(tmp_path: Path) -> None:
    """`{as_of}` in an input of the scoring is no label of the matrix: its date is known when the job begins."""
    (first, *_) = models(tmp_path, ("data: weekly}\n    stale", 'with: {until: "{region}/{as_of}"}}\n    stale'))
    assert first.serve.parameters == {"until": "ohio-valley/{as_of}"}


def test_a_models_tags_go_before_the_teams(tmp_path: Path) -> None:
    """And may hold labels."""
    (first, *_) = models(tmp_path, ('cost-center: "4711"', 'owner: stores, where: "{region}"'))
    assert first.tags == {"owner": "stores", "where": "ohio-valley"}


def test_a_model_may_not_have_the_name_of_another_fleets_baseline(tmp_path: Path) -> None:
    """Both would be registered under one name."""
    demand = write_fleet(tmp_path, DEMAND)
    other = write_fleet(tmp_path, OTHER, "other.yaml")
    with pytest.raises(FleetError) as caught:
        load_fleets([demand, other])
    assert caught.value.problems == (
        f"{other}:5: the model `demand-ohio-valley-large-baseline` is also in {demand}:27; let their names differ",
    )


def test_several_fleets_are_compared_once(tmp_path: Path) -> None:
    """Triggers ask for the fleets with every delivery: the same set comes back until a file changes."""
    paths = [write_fleet(tmp_path), write_fleet(tmp_path, DEMAND, "demand.yaml")]
    first = load_fleets(paths)
    assert load_fleets(paths) is first
    write_fleet(tmp_path, DEMAND + "\n# changed\n", "demand.yaml")
    assert load_fleets(paths) is not first
