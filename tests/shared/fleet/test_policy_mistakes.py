# ruff: noqa: E501 - messages are compared whole, and a broken line would hide what a person reads
"""Mistakes in the whole fleet file: levels, environments, baselines, schedules, exceptions, and what people are told.

`test_mistakes` has those in the smaller file that everybody begins with.
"""

from pathlib import Path

import pytest

from shared.fleet.loader import FleetError, load_fleet
from tests.shared.fleet.files import DEMAND, edited, write_fleet

MISTAKES = [
    pytest.param(
        [("level: 4", "level: 5")],
        [
            "5: `level` cannot be `5`; known here: 1, 2, 3, 4",
        ],
        id="a level that does not exist",
    ),
    pytest.param(
        [("level: 4", "level: release")],
        [
            "5: `level` cannot be `release`; known here: 1, 2, 3, 4",
        ],
        id="a level in words",
    ),
    pytest.param(
        [("level: 4", 'level: "4"')],
        [
            "5: `level` must be a number, not text; write 4 without quotes",
        ],
        id="a level in quotes",
    ),
    pytest.param(
        [("retrain:", "retrian:")],
        [
            "39: unknown key `retrian`; did you mean `retrain`?",
        ],
        id="a section that is misspelt",
    ),
    pytest.param(
        [("team: {owner: forecasting}", "team: {}")],
        [
            "3: `owner` is missing; write for example `owner: forecasting`",
        ],
        id="a team without an owner",
    ),
    pytest.param(
        [("owner: forecasting", "owner: [ana, bo]")],
        [
            "3: `owner` must be text, not a list; write for example `owner: forecasting`",
        ],
        id="an owner that is a list",
    ),
    pytest.param(
        [("stale: 60d", "stale: 60")],
        [
            "31: `stale: 60` is no number of days; write for example 60d",
        ],
        id="an age without a unit",
    ),
    pytest.param(
        [("stale: 60d", "stale: 8w")],
        [
            "31: `stale: 8w` is no number of days; write for example 60d",
        ],
        id="an age in weeks",
    ),
    pytest.param(
        [('cost-center: "4711"', "cost-center: 4711")],
        [
            "32: `cost-center` must be text, not a number; put it in quotes",
        ],
        id="a tag that YAML reads as a number",
    ),
    pytest.param(
        [('cost-center: "4711"', '"cost center": "4711"')],
        [
            "32: `cost center` is no name for a tag; use up to 100 of letters, digits and _ . -",
        ],
        id="a tag with a blank in its name",
    ),
    pytest.param(
        [('cost-center: "4711"', 'signalbox.model: "4711"')],
        [
            "32: `signalbox.model`: tags that begin with `signalbox.` are set by Signalbox; use another name",
        ],
        id="a tag of Signalbox's own",
    ),
    pytest.param(
        [('cost-center: "4711"', 'cost-center: ""')],
        [
            "32: the value of `cost-center` has 0 characters; write 1 to 256",
        ],
        id="a tag without a value",
    ),
    pytest.param(
        [('cost-center: "4711"', "test: no")],
        [
            "32: `test` must be text, not false; put it in quotes",
        ],
        id="a tag that YAML reads as false",
    ),
    pytest.param(
        [('train: "Mon 10:00"', "train: 10:00")],
        [
            "38: `train` must be text, not a number; put it in quotes",
        ],
        id="a schedule with a time alone",
    ),
    pytest.param(
        [('train: "Mon 10:00"', 'train: "0 10 * * 1"')],
        [
            "38: `0 10 * * 1` is no schedule; write for example `Mon 10:00`, `Mon,Thu 10:00`, `Mon-Fri 06:30` or `daily 04:00`",
        ],
        id="a schedule in another form",
    ),
    pytest.param(
        [('score: "Tue 04:00"', 'score: "Tue 25:00"')],
        [
            "38: `Tue 25:00`: there is no time 25:00, they go from 00:00 to 23:59; write for example `Mon 10:00`, `Mon,Thu 10:00`, `Mon-Fri 06:30` or `daily 04:00`",
        ],
        id="a schedule that is no time",
    ),
    pytest.param(
        [('score: "Tue 04:00"', 'release: "Tue 04:00"')],
        [
            "38: unknown key `release`; known here: condition, score, train",
        ],
        id="an operation that has no schedule",
    ),
    pytest.param(
        [("[data, stale]", "[data, stail]")],
        [
            "39: item 2 of `when` cannot be `stail`; did you mean `stale`?",
        ],
        id="a reason that is misspelt",
    ),
    pytest.param(
        [("when: [data, stale]", "when: data")],
        [
            "39: `when` must be a list, not text; write `[data]`",
        ],
        id="a reason alone",
    ),
    pytest.param(
        [("at_once: 8", "at_once: 0")],
        [
            "39: `at_once` must be at least 1, not 0; write for example `at_once: 8`",
        ],
        id="no place at all",
    ),
    pytest.param(
        [("retrain:", "retention: {runs: 30, versions: 20}\nretrain:")],
        [
            "39: `runs: 30` is no number of days; write for example 60d",
        ],
        id="a retention without a unit",
    ),
    pytest.param(
        [("per: [region, format]", "per: [region, fromat]")],
        [
            "29: `fromat` is not a label of the model's name `demand-{region}-{format}-{movement}`; did you mean `format`?",
        ],
        id="a baseline of a label that the name lacks",
    ),
    pytest.param(
        [("per: [region, format]", "per: [format]")],
        [
            "29: `weekly` comes per region, but the baseline's `per` has no `region`; add it there",
        ],
        id="a baseline shared beyond its dataset",
    ),
    pytest.param(
        [("per: [region, format]}", 'per: [region, format], with: {movement: "{movement}"}}')],
        [
            "29: `{movement}` is not in the baseline's `per`; add it there, or leave it out",
        ],
        id="a baseline that is given a label it shares",
    ),
    pytest.param(
        [("per: [region, format]}", 'per: [region, format], name: "demand-{region}-{format}-slow"}')],
        [
            "29: the baseline `demand-carolinas-large-slow` is also a model (line 27); give it another `name`",
            "29: the baseline `demand-carolinas-small-slow` is also a model (line 27); give it another `name`",
            "29: the baseline `demand-florida-large-slow` is also a model (line 27); give it another `name` (and 25 more like it)",
        ],
        id="a baseline with the name of a model",
    ),
    pytest.param(
        [("per: [region, format]}", 'per: [region, format], name: "average-{region}"}')],
        [
            "29: the baselines of every format would be called `average-{region}`; add {format} to the name",
        ],
        id="a baseline without one of its labels in its name",
    ),
    pytest.param(
        [
            (
                "baseline: {pipeline: pipelines/historical_average.yml, per: [region, format]}",
                "baseline: pipelines/historical_average.yml",
            )
        ],
        [
            "29: `baseline` must be a mapping, not text; write for example `baseline: {pipeline: pipelines/historical_average.yml, per: [origin]}`",
        ],
        id="a baseline in one text",
    ),
    pytest.param(
        [("-{movement}:", "-{movement=quick}:")],
        [
            "27: `movement` has no value `quick`; known here: fast, slow",
        ],
        id="a value that a label does not have",
    ),
    pytest.param(
        [("-{movement}:", "-{movement = fast}:")],
        [
            "27: `{movement = fast}` in `demand-{region}-{format}-{movement = fast}` is no label; write {label} with a-z, 0-9 and _",
        ],
        id="an unquoted value in a name",
    ),
    pytest.param(
        [("batch: pipelines/score.yml, data", 'online: "x-{region}-{format}-{movement}", data')],
        [
            "30: `data` is for `batch`: an endpoint is asked with its own rows; remove it",
        ],
        id="the dataset of an endpoint",
    ),
    pytest.param(
        [("data: weekly}\n    stale", "data: weakly}\n    stale")],
        [
            "30: there is no dataset `weakly`; did you mean `weekly`?",
        ],
        id="a dataset to score that is not there",
    ),
    pytest.param(
        [("  demand-{region}", "  demand-of-groceries-in-the-stores-of-our-company-{region}")],
        [
            "27: `demand-of-groceries-in-the-stores-of-our-company-carolinas-large-fast` is no name for a model; use up to 63 of a-z, 0-9 and -, a-z first",
            "27: `demand-of-groceries-in-the-stores-of-our-company-carolinas-large-slow` is no name for a model; use up to 63 of a-z, 0-9 and -, a-z first",
            "27: `demand-of-groceries-in-the-stores-of-our-company-carolinas-small-fast` is no name for a model; use up to 63 of a-z, 0-9 and -, a-z first (and 53 more like it)",
            "29: `demand-of-groceries-in-the-stores-of-our-company-carolinas-large-baseline` is no name for a baseline; use up to 63 of a-z, 0-9 and -, a-z first",
            "29: `demand-of-groceries-in-the-stores-of-our-company-carolinas-small-baseline` is no name for a baseline; use up to 63 of a-z, 0-9 and -, a-z first",
            "29: `demand-of-groceries-in-the-stores-of-our-company-florida-large-baseline` is no name for a baseline; use up to 63 of a-z, 0-9 and -, a-z first (and 25 more like it)",
        ],
        id="a model's name that is too long",
    ),
    pytest.param(
        [("region: rockies", "region: rocky")],
        [
            "41: `region` has no value `rocky`; did you mean `rockies`?",
        ],
        id="an override of a region that is not there",
    ),
    pytest.param(
        [("region: rockies", "regoin: rockies")],
        [
            "41: the matrix has no label `regoin`; did you mean `region`?",
        ],
        id="an override of a label that is not there",
    ),
    pytest.param(
        [("-{movement}:", "-{movement=fast}:")],
        [
            "41: no model has region=rockies and movement=slow; correct `match`, or remove the override",
        ],
        id="an override of no model",
    ),
    pytest.param(
        [("gates: {accuracy: {max: 50%}}", "gates: {acuracy: {max: 50%}}")],
        [
            "41: there is no gate `acuracy`; did you mean `accuracy`?",
        ],
        id="an override of an unknown gate",
    ),
    pytest.param(
        [("gates: {accuracy: {max: 50%}}", "gates: {beats_average: {max: 50%}}")],
        [
            "41: `beats_average` has no `max` that could be changed; remove it here",
        ],
        id="an override of a gate without a bound",
    ),
    pytest.param(
        [("max: 50%", "max: 0.45")],
        [
            "41: `accuracy` is 45% already, so this changes nothing; remove it",
        ],
        id="an override that changes nothing",
    ),
    pytest.param(
        [(", until: 2027-01-31", "")],
        [
            "41: `until` is missing; write for example `until: 2027-01-31`",
        ],
        id="an override without an end",
    ),
    pytest.param(
        [("reason: store closures, ", "reason: '', ")],
        [
            "42: `reason` is empty; write for example `reason: runway closed`",
        ],
        id="an override without a reason",
    ),
    pytest.param(
        [("until: 2027-01-31", 'until: "2027-01-31"')],
        [
            "42: `until: 2027-01-31` is no day when it ends; write for example 2027-01-31, without quotes",
        ],
        id="an override with its end in quotes",
    ),
    pytest.param(
        [("match: {region: rockies, movement: slow}", "match: {}")],
        [
            "41: `match` is empty; write for example `match: {origin: LGA, movement: slow}`",
        ],
        id="an override of everything",
    ),
    pytest.param(
        [("max: 50%", "max: 50")],
        [
            "41: `max: 50` would be 5000 % of MAPE; write 50% or 0.5",
        ],
        id="an override with a bare percentage",
    ),
    pytest.param(
        [
            (
                "overrides:\n",
                "overrides:\n  - {match: {region: rockies}, gates: {accuracy: {max: 60%}}, by: bo, reason: snow, until: 2027-01-31}\n",
            )
        ],
        [
            "42: line 41 changes `accuracy` of `demand-rockies-large-slow` too; keep one of them",
        ],
        id="two overrides of one gate of one model",
    ),
    pytest.param(
        [("  - {match", "  {match")],
        [
            "40: `overrides` must be a list, not a mapping; write for example `overrides: [{match: {origin: LGA}, gates: {accuracy: {max: 50%}}, by: …, reason: …, until: …}]`",
        ],
        id="overrides without a dash",
    ),
    pytest.param(
        [("metric: mape, max: 45%", "max: 45%")],
        [
            "34: `metric` is missing; write for example `metric: mape`",
        ],
        id="a gate without a metric",
    ),
    pytest.param(
        [
            (
                'environments:\n  dev: {level: 2, matrix: {region: [ohio-valley]}, schedule: {train: "Sat 22:00"}}\n  prod: {}',
                "environments: [dev, prod]",
            )
        ],
        [
            "6: `environments` must be a mapping, not a list; write for example `environments: {dev: {level: 2}}`",
        ],
        id="environments as a list",
    ),
    pytest.param(
        [("stale: 60d", "stale:")],
        [
            "31: `stale` is empty; write a value, or remove it",
            "39: no model says when it is stale; write for example `stale: 60d` for one, or remove `stale` here",
        ],
        id="a key without a value",
    ),
    pytest.param(
        [('schedule: {train: "Mon 10:00", score: "Tue 04:00"}', "schedule:\n  train:\n  score:")],
        [
            "39: `train` is empty; write a value, or remove it",
            "40: `score` is empty; write a value, or remove it",
        ],
        id="a schedule without a value",
    ),
    pytest.param(
        [("    stale: 60d\n", "")],
        [
            "38: no model says when it is stale; write for example `stale: 60d` for one, or remove `stale` here",
        ],
        id="a reason that no model gives",
    ),
    pytest.param(
        [
            ("batch: pipelines/score.yml, data: weekly", 'online: "{region}-{format}-{movement}"'),
            ("data, stale", "data"),
            ("    stale: 60d\n", ""),
        ],
        [
            "37: no model is served in batch, so there is nothing to score; remove `score`",
        ],
        id="a schedule of scoring without batch",
    ),
    pytest.param(
        [
            ("format: [large, small]", "format: [a, a-b]"),
            ("movement: [slow, fast]", "movement: [b-c, c]"),
            ("golden/{format}.csv", "golden/large.csv"),
            ("movement: slow", "movement: c"),
        ],
        [
            "27: `demand-carolinas-a-b-c` is the name of region=carolinas, format=a, movement=b-c and of region=carolinas, format=a-b, movement=c; change a value, or the text between the labels",
            "27: `demand-florida-a-b-c` is the name of region=florida, format=a, movement=b-c and of region=florida, format=a-b, movement=c; change a value, or the text between the labels",
            "27: `demand-georgia-a-b-c` is the name of region=georgia, format=a, movement=b-c and of region=georgia, format=a-b, movement=c; change a value, or the text between the labels (and 11 more like it)",
        ],
        id="two combinations of one name",
    ),
    pytest.param(
        [
            ("-{movement}:", "-{movement=slow}-{movement=fast}:"),
            ("match: {region: rockies, movement: slow}", "match: {region: rockies}"),
        ],
        [
            "27: `movement` is held to two values; keep one of them",
        ],
        id="a label held to two values",
    ),
    pytest.param(
        [("  format: [large, small]", "  format: [large, small]\n  as_of: [a]")],
        [
            "13: `as_of` is the moment that a run stands for; use another name",
        ],
        id="a label named as_of",
    ),
    pytest.param(
        [
            ("level: 4", "level: full"),
            ("stale: 60d", "stale: 60 days"),
            ("max: 45%", "max: 45"),
            ('train: "Mon 10:00"', "train: monday"),
            ("region: rockies", "region: Rockies"),
        ],
        [
            "5: `level` cannot be `full`; known here: 1, 2, 3, 4",
            "31: `stale: 60 days` is no number of days; write for example 60d",
            "34: `max: 45` would be 4500 % of MAPE; write 45% or 0.45",
            "38: `monday` is no schedule; write for example `Mon 10:00`, `Mon,Thu 10:00`, `Mon-Fri 06:30` or `daily 04:00`",
            "41: `region` has no value `Rockies`; did you mean `rockies`?",
        ],
        id="a typical first draft",
    ),
]


@pytest.mark.parametrize(("edits", "messages"), MISTAKES)
def test_a_mistake_is_shown_at_its_line_with_its_remedy(
    edits: list[tuple[str, str]], messages: list[str], tmp_path: Path
) -> None:
    """Each mistake gives exactly these messages, and nothing besides."""
    path = write_fleet(tmp_path, edited(*edits, text=DEMAND))
    with pytest.raises(FleetError) as caught:
        load_fleet(path)
    assert [problem.removeprefix(f"{path}:") for problem in caught.value.problems] == messages
