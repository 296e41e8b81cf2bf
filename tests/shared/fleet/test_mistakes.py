# ruff: noqa: E501 - messages are compared whole, and a broken line would hide what a person reads
"""Mistakes that people make in fleet files, and what they are told: the table is the specification of the messages."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.fleet.loader import FleetError, load_fleet
from tests.shared.fleet.files import FLEET, edited, write_fleet

MISTAKES = [
    pytest.param(
        [
            ("    recipe: recipes/flights.yaml", "    recpie: recipes/flights.yaml"),
        ],
        [
            "fleet.yaml:9: unknown key `recpie`; did you mean `recipe`?",
        ],
        id="a key is misspelt",
    ),
    pytest.param(
        [
            ("timezone: America/New_York", "publish: {predictions: {to: sql}}"),
        ],
        [
            "fleet.yaml:2: `publish` is not supported yet; remove it",
        ],
        id="a key of the future",
    ),
    pytest.param(
        [
            ("America/New_York", "America/NewYork"),
        ],
        [
            "fleet.yaml:2: `America/NewYork` is no time zone; did you mean `America/New_York`?",
        ],
        id="a time zone is misspelt",
    ),
    pytest.param(
        [
            ("America/New_York", "Gotham"),
        ],
        [
            "fleet.yaml:2: `Gotham` is no time zone; write for example America/New_York",
        ],
        id="a time zone that is nowhere",
    ),
    pytest.param(
        [
            ('online: "departures-{origin}-fast"', "online: departures-{origin}-fast"),
        ],
        [
            "fleet.yaml:23: not YAML: expected ',' or '}', but got '{'; close the { … } and each quote, and put a text with { or } in quotes: \"{label}\"",
        ],
        id="an unquoted label inside braces",
    ),
    pytest.param(
        [
            ("    recipe: recipes/flights.yaml", "   recipe: recipes/flights.yaml"),
        ],
        [
            "fleet.yaml:9: not YAML: expected <block end>, but found '<block mapping start>'; indent keys of one level alike, and put a text that starts with { or [ in quotes",
        ],
        id="a wrong indent",
    ),
    pytest.param(
        [
            ("    recipe: recipes/flights.yaml", "\trecipe: recipes/flights.yaml"),
        ],
        [
            "fleet.yaml:9: not YAML: found character '\\t' that cannot start any token; indent with blanks, not with tabs",
        ],
        id="a tab",
    ),
    pytest.param(
        [
            ("  holidays:\n    files", "  flights:\n    files"),
        ],
        [
            "fleet.yaml:10: `flights` appears twice (first in line 7); keep one of them",
            "fleet.yaml:15: there is no source `holidays`; known here: flights",
        ],
        id="a source twice",
    ),
    pytest.param(
        [
            ("{metric: mape, max: 45%}", "{mape: 45}"),
        ],
        [
            "fleet.yaml:31: a gate does not say `mape: …`; write {metric: mape, max: 45%}",
        ],
        id="a bare mape",
    ),
    pytest.param(
        [
            ("max: 45%", "max: 45"),
        ],
        [
            "fleet.yaml:31: `max: 45` would be 4500 % of MAPE; write 45% or 0.45",
        ],
        id="a bare bound of mape",
    ),
    pytest.param(
        [
            ("max: 45%", "max: '0.45'"),
        ],
        [
            "fleet.yaml:31: `max: 0.45` is not a number; write it without quotes",
        ],
        id="a bound in quotes",
    ),
    pytest.param(
        [
            ("metric: mape, max", "metric: rmse, max"),
        ],
        [
            "fleet.yaml:31: `max: 45%` cannot be: rmse is in the target's unit; write a number without %",
        ],
        id="a percentage of a unit",
    ),
    pytest.param(
        [
            ("metric: mape, max", "metric: mapee, max"),
        ],
        [
            "fleet.yaml:31: `metric` cannot be `mapee`; did you mean `mape`?",
        ],
        id="a metric is misspelt",
    ),
    pytest.param(
        [
            ("max: 45%", "max: 45%, better_than: baseline"),
        ],
        [
            "fleet.yaml:31: a gate has one of four: `max: 45%`, `min: 0.8`, `better_than: baseline`, or `not_worse_than: champion`; keep one of them",
        ],
        id="a gate with two bounds",
    ),
    pytest.param(
        [
            ("better_than: baseline", "better_than: champion"),
        ],
        [
            "fleet.yaml:32: `beats_average` compares with the champion, and `pipelines/train.yml` has no input `champion`; add `champion: {type: mlflow_model}` to its inputs, and put its predictions out as the column `champion` of the evaluation",
        ],
        id="a champion that no pipeline is given",
    ),
    pytest.param(
        [
            ("    recipe: recipes/flights.yaml", "    recipe: recipes/flights.yaml\n    on: arrival"),
        ],
        [
            "fleet.yaml:10: unknown key `on`; known here: files, max_age, recipe, since, take",
        ],
        id="a key named on",
    ),
    pytest.param(
        [
            ("    recipe: recipes/flights.yaml", "    recipe: recipes/flights.yaml\n    true: arrival"),
        ],
        [
            "fleet.yaml:10: the key `true` is true to YAML; use another name, or put it in quotes if it is meant as text",
        ],
        id="a key that is true",
    ),
    pytest.param(
        [
            (
                "gates:\n  accuracy: {metric: mape, max: 45%}\n  beats_average: {metric: mape, better_than: baseline}\n",
                "",
            ),
        ],
        [
            "fleet.yaml:1: there are no gates, and a model without gates is refused; write for example `gates: {accuracy: {metric: mape, max: 45%}}`",
        ],
        id="no gates",
    ),
    pytest.param(
        [
            (
                "\n  accuracy: {metric: mape, max: 45%}\n  beats_average: {metric: mape, better_than: baseline}\n",
                " {}\n",
            ),
        ],
        [
            "fleet.yaml:30: there are no gates, and a model without gates is refused; write for example `gates: {accuracy: {metric: mape, max: 45%}}`",
        ],
        id="gates without entries",
    ),
    pytest.param(
        [
            ("data: departures\n      with", "data: departure\n      with"),
        ],
        [
            "fleet.yaml:21: there is no dataset `departure`; did you mean `departures`?",
        ],
        id="an unknown dataset",
    ),
    pytest.param(
        [
            ("from: [flights, holidays]", "from: [flights, holiday]"),
        ],
        [
            "fleet.yaml:15: there is no source `holiday`; did you mean `holidays`?",
        ],
        id="an unknown source",
    ),
    pytest.param(
        [
            ("per: [origin, year]", "per: [orgin, year]"),
        ],
        [
            "fleet.yaml:16: there is no label `orgin`; did you mean `origin`?",
        ],
        id="an unknown label of a dataset",
    ),
    pytest.param(
        [
            ("per: [origin, year]", "per: [origin]"),
        ],
        [
            "fleet.yaml:15: `flights` has one file per {year}, but the dataset has not; add `year` to `per`",
            "fleet.yaml:15: `holidays` has one file per {year}, but the dataset has not; add `year` to `per`",
        ],
        id="several files per cell",
    ),
    pytest.param(
        [
            ("departures-{origin}-{format}-slow", "departures-{orign}-{format}-slow"),
        ],
        [
            "fleet.yaml:25: the matrix has no label `orign`; did you mean `origin`?",
            "fleet.yaml:28: `departures` comes per origin, but the model's name has no {origin}; add it to the name",
            "fleet.yaml:29: `{origin}` is not in the model's name `departures-{orign}-{format}-slow`; add it there, or leave it out",
        ],
        id="an unknown label of a model",
    ),
    pytest.param(
        [
            ("departures-{origin}-{format}-slow", "departures-{format}-slow"),
        ],
        [
            "fleet.yaml:28: `departures` comes per origin, but the model's name has no {origin}; add it to the name",
            "fleet.yaml:29: `{origin}` is not in the model's name `departures-{format}-slow`; add it there, or leave it out",
        ],
        id="a label that the name lacks",
    ),
    pytest.param(
        [
            ('with: {origin: "{origin}", epochs', 'with: {origin: "{region}", epochs'),
        ],
        [
            "fleet.yaml:22: the matrix has no label `region`; did you mean `origin`?",
        ],
        id="an unknown label of a parameter",
    ),
    pytest.param(
        [
            ('with: {origin: "{origin}", epochs', "with: {origin: {origin}, epochs"),
        ],
        [
            'fleet.yaml:22: braces without quotes are a mapping to YAML; write "{origin}"',
        ],
        id="an unquoted label as a parameter",
    ),
    pytest.param(
        [
            ('files: "raw/holidays/{year}.csv"', "files: {year}"),
        ],
        [
            'fleet.yaml:11: `files` must be text, not a mapping; braces without quotes are a mapping to YAML: write "{year}"',
        ],
        id="an unquoted label as a path",
    ),
    pytest.param(
        [
            ('files: "raw/holidays/{year}.csv"', "files: {year}.csv"),
        ],
        [
            "fleet.yaml:11: not YAML: expected <block end>, but found '<scalar>'; indent keys of one level alike, and put a text that starts with { or [ in quotes",
        ],
        id="a path that begins with an unquoted label",
    ),
    pytest.param(
        [
            ("pipelines/score.yml", "pipelines/scores.yml"),
        ],
        [
            "fleet.yaml:29: `pipelines/scores.yml` does not exist; did you mean `pipelines/score.yml`?",
        ],
        id="a pipeline that is not there",
    ),
    pytest.param(
        [
            ("recipes/holidays.yaml", "recipe/holidays.yaml"),
        ],
        [
            "fleet.yaml:12: `recipe/holidays.yaml` does not exist; write it, or correct the path",
        ],
        id="a recipe that is not there",
    ),
    pytest.param(
        [
            ("golden: golden/{format}.csv", "golden: golden/{format}-slow.csv"),
        ],
        [
            "fleet.yaml:34: `golden/mainline-slow.csv` does not exist; did you mean `golden/mainline.csv`?",
        ],
        id="a golden set that is not there",
    ),
    pytest.param(
        [
            ("release:\n  golden: golden/{format}.csv\n", ""),
        ],
        [
            'fleet.yaml:25: the model has no golden set to be tested with; write for example `golden: "golden/{origin}.csv"` here or under `release`',
        ],
        id="no golden set",
    ),
    pytest.param(
        [
            ("raw/holidays/{year}.csv", "raw/flights/{kind}/{year}.csv"),
        ],
        [
            "fleet.yaml:11: a path of `raw/flights/{kind}/{year}.csv` can also be one of `raw/flights/{origin}/{year}.csv` (source `flights`, line 8); let their folders differ",
            "fleet.yaml:15: `holidays` has one file per {kind}, but the dataset has not; add `kind` to `per`, or write `*` for it in the path",
        ],
        id="two sources that claim one path",
    ),
    pytest.param(
        [
            ("raw/holidays/{year}.csv", "raw/holidays/{year.csv"),
        ],
        [
            "fleet.yaml:11: `{year.csv` in `raw/holidays/{year.csv` is no label; write {label} with a-z, 0-9 and _",
        ],
        id="a brace left open",
    ),
    pytest.param(
        [
            ("raw/holidays/{year}.csv", "raw/holidays/{Year}.csv"),
        ],
        [
            "fleet.yaml:11: `{Year}` in `raw/holidays/{Year}.csv` is no label; write {label} with a-z, 0-9 and _",
        ],
        id="a label in capitals",
    ),
    pytest.param(
        [
            ("raw/holidays/{year}.csv", "raw/holidays/{year}{week}.csv"),
        ],
        [
            "fleet.yaml:11: `{year}` and `{week}` are both periods; keep one, and write `*` for the other",
        ],
        id="labels without a boundary",
    ),
    pytest.param(
        [
            ("recipes/holidays.yaml", "../recipes/holidays.yaml"),
        ],
        [
            "fleet.yaml:12: `../recipes/holidays.yaml` leads out of the fleet's folder; keep the file beside the fleet file, and use / in its path",
        ],
        id="a file outside the folder",
    ),
    pytest.param(
        [
            ("raw/holidays/{year}.csv", "/raw/holidays/{year}.csv"),
        ],
        [
            "fleet.yaml:11: `/raw/holidays/{year}.csv` is no path inside the landing container; write for example raw/{year}.csv",
        ],
        id="an absolute landing path",
    ),
    pytest.param(
        [
            ("origin: [JFK, LGA]", "origin: [NO, 42]"),
        ],
        [
            "fleet.yaml:4: item 1 of `origin` must be text, not false; put it in quotes",
            "fleet.yaml:4: item 2 of `origin` must be text, not a number; put it in quotes",
        ],
        id="labels that YAML converts",
    ),
    pytest.param(
        [
            ("origin: [JFK, LGA]", "origin: JFK"),
        ],
        [
            "fleet.yaml:4: `origin` must be a list, not text; write `[JFK]`",
        ],
        id="a text for a list",
    ),
    pytest.param(
        [
            ("origin: [JFK, LGA]", "origin: [JFK, jfk]"),
        ],
        [
            "fleet.yaml:4: `jfk` appears twice (names are in lower case); keep one of them",
        ],
        id="values that differ in case only",
    ),
    pytest.param(
        [
            ("origin: [JFK, LGA]", "origin: [JFK, La Guardia]"),
        ],
        [
            "fleet.yaml:4: `La Guardia` is no value of a label; it may hold no blank and none of / \\ { } *",
        ],
        id="a blank in a value",
    ),
    pytest.param(
        [
            ('departures-{origin}-fast"', 'departures-from-{origin}-mainline-fast"'),
        ],
        [
            "fleet.yaml:23: `departures-from-jfk-mainline-fast` (33 characters) is no name for an endpoint; use 3 to 32 of a-z, 0-9 and -, a-z first",
            "fleet.yaml:23: `departures-from-lga-mainline-fast` (33 characters) is no name for an endpoint; use 3 to 32 of a-z, 0-9 and -, a-z first",
        ],
        id="an endpoint's name is too long",
    ),
    pytest.param(
        [
            ('departures-{origin}-fast"', 'departures-fast"'),
        ],
        [
            "fleet.yaml:23: `departures-fast` would serve both `departures-jfk-mainline-fast` and `departures-lga-mainline-fast`; give each model its own endpoint, or say `shared: true` beside it in all of them",
        ],
        id="an endpoint for two models",
    ),
    pytest.param(
        [
            ('departures-{origin}-fast"', 'departures", shared: true'),
            ('{batch: pipelines/score.yml, with: {origin: "{origin}"}}', "{online: departures}"),
        ],
        [
            "fleet.yaml:29: `departures` would serve both `departures-jfk-mainline-fast` and `departures-jfk-mainline-slow`; give each model its own endpoint, or say `shared: true` beside it in all of them",
            "fleet.yaml:29: `departures` would serve both `departures-jfk-mainline-fast` and `departures-lga-mainline-slow`; give each model its own endpoint, or say `shared: true` beside it in all of them",
        ],
        id="an endpoint that only some models share",
    ),
    pytest.param(
        [
            ("origin: [JFK, LGA]", "origin: [A, B, C, D, E, F, G]"),
            ('departures-{origin}-fast"', 'departures-fast", shared: true'),
            ("    golden: golden/{origin}-fast.csv\n", ""),
        ],
        [
            "fleet.yaml:23: `departures-fast` would serve 7 models, and a shared endpoint has room for 6 (of the 20 deployments that Azure ML allows, a model needs 3 at times); put another label into its name, or use several",
        ],
        id="an endpoint that too many models share",
    ),
    pytest.param(
        [
            ("{batch: pipelines/score.yml", "{batch: pipelines/score.yml, shared: true"),
        ],
        [
            "fleet.yaml:29: `shared` is for `online`: only an endpoint can be shared; remove it",
        ],
        id="a scoring pipeline that is shared",
    ),
    pytest.param(
        [
            ('departures-{origin}-fast"', 'departures-{origin}-fast", deployment: deployments/none.yml'),
        ],
        [
            "fleet.yaml:23: `deployments/none.yml` does not exist; write it, or correct the path",
        ],
        id="a deployment's YAML that is not there",
    ),
    pytest.param(
        [
            ("departures-{origin}-{format}-slow", "Departures_{origin}-{format}-slow"),
        ],
        [
            "fleet.yaml:25: `Departures_jfk-mainline-slow` is no name for a model; use up to 63 of a-z, 0-9 and -, a-z first",
            "fleet.yaml:25: `Departures_lga-mainline-slow` is no name for a model; use up to 63 of a-z, 0-9 and -, a-z first",
        ],
        id="a model's name does not fit",
    ),
    pytest.param(
        [
            ("{batch: pipelines/score.yml, with", "{batch: pipelines/score.yml, online: x, with"),
        ],
        [
            "fleet.yaml:29: `serve` says one of two: `online: ENDPOINT`, or `batch: PIPELINE`; keep one of them",
        ],
        id="two ways to serve",
    ),
    pytest.param(
        [
            ('{batch: pipelines/score.yml, with: {origin: "{origin}"}}', "{}"),
        ],
        [
            "fleet.yaml:29: `serve` says one of two: `online: ENDPOINT`, or `batch: PIPELINE`; keep one of them",
        ],
        id="no way to serve",
    ),
    pytest.param(
        [
            ('with: {origin: "{origin}", epochs', 'with: {dataset: "x", epochs'),
        ],
        [
            "fleet.yaml:22: the input `dataset` is filled by Signalbox; remove it from `with`",
        ],
        id="an input that is taken",
    ),
    pytest.param(
        [
            ("metric: mape, max: 45%", "metric: mape, max: 45"),
            ("pipelines/score.yml", "pipelines/scores.yml"),
            ("America/New_York", "Amerika"),
            ("recipe: recipes/h", "recipies: recipes/h"),
        ],
        [
            "fleet.yaml:2: `Amerika` is no time zone; write for example America/New_York",
            "fleet.yaml:12: unknown key `recipies`; did you mean `recipe`?",
            "fleet.yaml:29: `pipelines/scores.yml` does not exist; did you mean `pipelines/score.yml`?",
            "fleet.yaml:31: `max: 45` would be 4500 % of MAPE; write 45% or 0.45",
        ],
        id="five mistakes at once",
    ),
    pytest.param(
        [
            ("  origin: [JFK, LGA]", "  origin: &o [JFK, LGA]\n  other: *o"),
        ],
        [
            "fleet.yaml:5: aliases (`*name`) are not supported; write the value out",
        ],
        id="an alias",
    ),
    pytest.param(
        [
            ("    serve: {batch", "    <<: {a: b}\n    serve: {batch"),
        ],
        [
            "fleet.yaml:29: merge keys (`<<`) are not supported; write the keys out",
        ],
        id="a merge key",
    ),
    pytest.param(
        [
            (FLEET, "- a\n"),
        ],
        [
            "fleet.yaml:1: the file must be a mapping, not a list",
        ],
        id="a list for a fleet",
    ),
    pytest.param(
        [
            ("fleet: flights\n", ""),
        ],
        [
            "fleet.yaml:1: `fleet` is missing; write for example `fleet: flights`",
        ],
        id="no name",
    ),
    pytest.param(
        [
            ("fleet: flights\n", "fleet: 7\n"),
        ],
        [
            "fleet.yaml:1: `fleet` must be text, not a number; put it in quotes",
        ],
        id="a number for a name",
    ),
    pytest.param(
        [
            ("epochs: 60", "since: 2017-01-02"),
        ],
        [
            "fleet.yaml:22: a parameter must be text, a number, true or false, not a date; put it in quotes",
        ],
        id="a date as a parameter",
    ),
    pytest.param(
        [
            ("data: departures\n    serve", "data: departures\n      timeout: 90\n    serve"),
        ],
        [
            "fleet.yaml:29: `timeout: 90` is no duration; write minutes or hours, for example 90m or 2h",
        ],
        id="a timeout without unit",
    ),
    pytest.param(
        [
            ("flights\ntimezone", "fl\x07ights\ntimezone"),
        ],
        [
            "fleet.yaml:1: not YAML: special characters are not allowed; check quotes, brackets and indents",
        ],
        id="a control character",
    ),
    pytest.param(
        [
            ("matrix:", "---\nmatrix:"),
        ],
        [
            "fleet.yaml:3: not YAML: but found another document; keep one document per file: remove the line `---`",
        ],
        id="two documents",
    ),
]


def told(path: Path) -> list[str]:
    """The problems of a fleet file, without the folder."""
    with pytest.raises(FleetError) as caught:
        load_fleet(path)
    return [problem.removeprefix(f"{path.parent}/") for problem in caught.value.problems]


@pytest.mark.parametrize(("edits", "messages"), MISTAKES)
def test_a_mistake_is_shown_at_its_line_with_its_remedy(
    edits: list[tuple[str, str]], messages: list[str], tmp_path: Path
) -> None:
    """Each mistake gives exactly these messages: its line, what is wrong, what would be right, and nothing besides."""
    assert told(write_fleet(tmp_path, edited(*edits))) == messages


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A wrong path is a configuration error like any other, not a traceback."""
    assert told(tmp_path / "flet.yaml") == ["flet.yaml:1: the file does not exist; check the path"]


def test_an_empty_file_is_named(tmp_path: Path) -> None:
    """An empty file, or one with comments only, is refused with how to begin."""
    expected = ["fleet.yaml:1: the file is empty; write for example `fleet: flights`"]
    assert told(write_fleet(tmp_path, "")) == expected
    assert told(write_fleet(tmp_path, "# nothing yet\n")) == expected


def test_a_file_that_is_not_utf8_is_refused_at_its_line(tmp_path: Path) -> None:
    """A comment saved in another encoding is found by line."""
    path = write_fleet(tmp_path)
    path.write_bytes(FLEET.encode() + "# é".encode("latin-1"))
    assert told(path) == ["fleet.yaml:35: not UTF-8; save the file as UTF-8"]


def test_a_file_nested_without_end_is_refused(tmp_path: Path) -> None:
    """Brackets that never close do not exhaust the stack."""
    assert told(write_fleet(tmp_path, "fleet: " + "[" * 5000)) == [
        "fleet.yaml:1: nested too deeply; close brackets earlier"
    ]


def test_the_message_of_the_error_holds_every_problem(tmp_path: Path) -> None:
    """Who only prints the error sees all of it, with the path that an editor opens."""
    path = write_fleet(
        tmp_path, edited(("max: 45%", "max: 45"), ("data: departures\n    serve", "data: weekly\n    serve"))
    )
    with pytest.raises(FleetError) as caught:
        load_fleet(path)
    assert str(caught.value).splitlines() == [
        f"{path}:28: there is no dataset `weekly`; known here: departures",
        f"{path}:31: `max: 45` would be 4500 % of MAPE; write 45% or 0.45",
    ]


def test_two_patterns_that_make_one_name_are_refused(tmp_path: Path) -> None:
    """The registry has one model of a name, whatever pattern it comes from."""
    text = edited(
        ("departures-{origin}-{format}-slow", "departures-{origin}-{format}"), ("{format}-fast:", "mainline:")
    )
    text = text.replace("golden/{format}.csv", "golden/mainline.csv")
    assert told(write_fleet(tmp_path, text)) == [
        "fleet.yaml:25: `departures-jfk-mainline` is also made by line 18; let their names differ",
        "fleet.yaml:25: `departures-lga-mainline` is also made by line 18; let their names differ",
    ]


@pytest.mark.parametrize("bound", ["0", "-1", ".nan", ".inf", "true", "abc%", "[45%]", "nan%", "1"])
def test_a_bound_that_cannot_hold_is_refused(bound: str, tmp_path: Path) -> None:
    """A gate never gets a bound that nothing or everything passes, or that could mean 1 or 100 percent."""
    (problem,) = told(write_fleet(tmp_path, edited(("max: 45%", f"max: {bound}"))))
    assert problem.startswith("fleet.yaml:31: `max: ")


MUTATIONS = st.sampled_from(
    [
        "",
        "{",
        "}",
        "[",
        ":",
        "- ",
        "'",
        '"',
        "\t",
        "&a ",
        "*a",
        "!!int ",
        "<<: ",
        "null",
        "~",
        "0x1",
        "2013-02-30",
        "%",
        "#",
        "? ",
    ]
)


@settings(max_examples=80)
@given(st.lists(st.tuples(st.integers(0, len(FLEET)), st.integers(0, 12), MUTATIONS), min_size=1, max_size=3))
def test_whatever_is_typed_into_the_file_it_loads_or_is_refused_at_a_line(edits: list[tuple[int, int, str]]) -> None:
    """No slip of the keyboard ends in a traceback, and each problem lies on a line of the file."""
    text = FLEET
    for place, length, new in edits:
        text = text[:place] + new + text[place + length :]
    with tempfile.TemporaryDirectory() as folder:
        path = write_fleet(Path(folder), text)
        try:
            assert load_fleet(path).models
        except FleetError as error:
            lines = [int(problem.removeprefix(f"{path}:").partition(":")[0]) for problem in error.problems]
            assert lines == sorted(lines)
            assert 1 <= lines[0] <= lines[-1] <= text.count("\n") + 1


def test_a_fleet_that_azure_ml_has_no_room_for_is_refused(tmp_path: Path) -> None:
    """Azure ML allows 100 endpoints per subscription and region, which would show only when the last ones are made."""
    origins = ", ".join(f"A{number}" for number in range(101))
    messages = told(write_fleet(tmp_path, edited(("origin: [JFK, LGA]", f"origin: [{origins}]"))))
    assert messages[0] == (
        "fleet.yaml:17: the fleet needs 101 endpoints, and Azure ML allows 100 per subscription and region; let models "
        "share some (`shared: true`), serve some in `batch`, or run another app with some of the models, in a workspace of another region"
    )
