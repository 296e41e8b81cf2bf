# ruff: noqa: E501 - messages are compared whole, and a broken line would hide what a person reads
"""Forms and labels that people guess when they write the file of a fleet for the first time, and what they are told."""

from pathlib import Path

import pytest

from shared.fleet.loader import FleetError, load_fleet
from tests.shared.fleet.files import DEMAND, edited, write_fleet

GATES = DEMAND[DEMAND.index("gates:") : DEMAND.index("release:")]

MISTAKES = [
    pytest.param([("accuracy: {metric: mape, max: 45%}", "accuracy: mape < 45%")], [
        "34: `accuracy` must be a mapping, not text; write for example `gates: {accuracy: {metric: mape, max: 45%}}`",
    ], id="a gate in one text"),
    pytest.param([(GATES, "gates:\n  - {metric: mape, max: 45%}\n")], [
        "33: `gates` must be a mapping, not a list; write for example `gates: {accuracy: {metric: mape, max: 45%}}`",
    ], id="gates as a list"),
    pytest.param([("gates: {accuracy: {max: 50%}}", "gates: {accuracy: 50%}")], [
        "41: `accuracy` must be a mapping, not text; write for example `gates: {accuracy: {max: 50%}}`",
    ], id="an override with a bare bound"),
    pytest.param([("region: rockies,", "region: [rockies, plains],")], [
        "41: `region` must be text, not a list; write for example `match: {origin: LGA, movement: slow}`",
    ], id="an override of several regions"),
    pytest.param([("recipe: recipes/shipments.yaml, since: 2017-01-02", "recipe: recipes/shipments.yaml, since: 2017-13-02")], [
        "15: `2017-13-02` is no day of the calendar; write a date as YYYY-MM-DD, or put a text in quotes",
    ], id="a day that is not in the calendar"),
    pytest.param([("raw/weather/{date}.json.gz", "raw/weather/%Y-%m-%d.json.gz"), ("raw/shoppers/*.csv", "raw/shoppers/**/a?.csv")], [
        "17: `%Y` in `raw/weather/%Y-%m-%d.json.gz` is text as it stands; write {date}, {week}, {month} or {year}",
        "18: `**` in `raw/shoppers/**/a?.csv` is any text up to the next / only; write `*` once for each folder",
        "18: `?` in `raw/shoppers/**/a?.csv` is text as it stands; write `*` for any text",
    ], id="paths in the signs of others"),
    pytest.param([("owner: forecasting", "<<: forecasting")], [
        "3: `owner` is missing; write for example `owner: forecasting`",
        "3: merge keys (`<<`) are not supported; write the keys out",
    ], id="a key that is missing beside one that cannot be read"),
    pytest.param([("level: 4", "level: 3")], [
        "39: only level 4 retrains a model for its age, and the level is 3; write `level: 4`, or remove `stale` here",
    ], id="a reason that the level leaves aside"),
    pytest.param([
        ("batch: pipelines/score.yml, data: weekly", 'online: "{region}-{format}-{movement}"'), (', score: "Tue 04:00"', ""),
        ("southern-california", "south"),
    ], [
        "31: `stale` is not supported yet for a model that an endpoint serves: its age is looked at when it scores a period; remove it",
    ], id="the age of models that only answer"),
    pytest.param([("level: 4", "level: yes")], [
        "5: `level` cannot be `true`; known here: 1, 2, 3, 4",
    ], id="a level that is yes or no"),
    pytest.param([("level: 4", "level: 4.0")], [
        "5: `level` cannot be `4.0`; known here: 1, 2, 3, 4",
    ], id="a level with a fraction"),
    pytest.param([("America/Chicago", "CST")], [
        "4: `CST` is no time zone; write for example America/New_York",
    ], id="a time zone by its abbreviation"),
    pytest.param([("America/Chicago", "Chicago")], [
        "4: `Chicago` is no time zone; did you mean `America/Chicago`?",
    ], id="a time zone by its city"),
    pytest.param([("level: 4", "level:4")], [
        "5: not YAML: could not find expected ':'; write `key: value`, with a blank after the colon",
    ], id="a text without a blank after its colon"),
    pytest.param([("format: [large, small]", "format: [large, small")], [
        "13: not YAML: expected ',' or ']', but got ':' (the bracket of line 12 is open); close the [ … ] and each quote, and put a text with [ or ] in quotes",
    ], id="a list that is not closed"),
    pytest.param([("at_once: 8", "at_once: 8.5")], [
        "39: `at_once` must be a whole number, not 8.5; write for example `at_once: 8`",
    ], id="a number of places with a fraction"),
    pytest.param([("with: {epochs: 60}", 'with: {day: "{as_of}"}')], [
        "28: `{as_of}` is filled when a model scores, in `with` of `serve` only; remove it here",
    ], id="the moment of a run in a training"),
    pytest.param([("per: [region, format]}", 'per: [region, format], with: {day: "{as_of}"}}')], [
        "29: `{as_of}` is filled when a model scores, in `with` of `serve` only; remove it here",
    ], id="the moment of a run in a baseline"),
    pytest.param([('cost-center: "4711"', 'day: "{as_of}"')], [
        "32: `{as_of}` is filled when a model scores, in `with` of `serve` only; remove it here",
    ], id="the moment of a run in a tag"),
    pytest.param([("with: {epochs: 60}", 'with: {week: "{week}"}')], [
        "28: `{week}` is a period: it comes with the files, and a model is of all periods; remove it here",
    ], id="a period in a model's input"),
    pytest.param([("serve: {batch: pipelines/score.yml, data: weekly}", "serve: {batch: pipelines/score.yml, with: {rows: 5}}")], [
        "30: the input `rows` is filled by Signalbox; remove it from `with`",
    ], id="an input of the scoring that is taken"),
    pytest.param([("golden/{format}.csv", "golden/{region}.csv")], [
        "37: `golden/carolinas.csv` does not exist; write it, or correct the path",
        "37: `golden/florida.csv` does not exist; write it, or correct the path",
        "37: `golden/georgia.csv` does not exist; write it, or correct the path (and 11 more like it)",
    ], id="a golden set with the name of another kind"),
]  # fmt: skip


@pytest.mark.parametrize(("edits", "messages"), MISTAKES)
def test_a_guess_is_answered_with_the_right_form(
    edits: list[tuple[str, str]], messages: list[str], tmp_path: Path
) -> None:
    """Each gives exactly these messages, and nothing that follows from them."""
    path = write_fleet(tmp_path, edited(*edits, text=DEMAND))
    with pytest.raises(FleetError) as caught:
        load_fleet(path)
    assert [problem.removeprefix(f"{path}:") for problem in caught.value.problems] == messages
