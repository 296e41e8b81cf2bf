"""The workbook's queries: right by Microsoft's own language service and by the code's names, and run on what came in.

`telemetry/recorded.json` is what Application Insights was sent by the example on a real local stack.
"""

import json
import statistics
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from functions.index import ROUTES
from infra.checks.findings import Finding
from infra.workbook.build import read_queries
from infra.workbook.checking import check_queries
from infra.workbook.emitted import STEPS
from infra.workbook.engine import Answer, ensure_engine, run
from infra.workbook.kusto import PACKAGES, Analysis, analyse
from infra.workbook.tables import TABLES
from shared.telemetry import names
from shared.telemetry.names import ATTRIBUTES, METRICS, PREFIX
from tests.e2e.running import FAST, SLOW
from tests.infra.alert_rules import Rule, rules
from tests.infra.telemetry.rows import recorded

pytestmark = pytest.mark.infra

_FAULTS = {
    "a metric": ("mape.kql", "model.figure", "model.figures", "did you mean 'signalbox.model.figure'"),
    "another metric": ("rows.kql", '("signalbox.rows.conditioned"', '("signalbox.rows.condition"', "did you mean"),
    "a metric of another tile": ("staleness.kql", "model.staleness", "queue.age", "no attribute"),
    "an attribute": ("staleness.kql", "signalbox.model\"]", "signalbox.models\"]", "did you mean 'signalbox.model'"),
    "an attribute by a path": (
        "staleness.kql", 'customDimensions["signalbox.model"]', "customDimensions.model", "no attribute 'model'",
    ),
    "an attribute of a span": ("failed_steps.kql", "signalbox.error", "signalbox.errors", "did you mean"),
    "a column": ("steps.kql", "itemCount", "itemsCount", "'itemsCount' does not refer to any known column"),
    "a column of another table": ("steps.kql", "sum(itemCount)", "sum(valueCount)", "'valueCount' does not refer"),
    "a table": ("requests.kql", "\nrequests\n", "\nAppRequests\n", "'AppRequests' does not refer"),
    "a step": ("release_steps.kql", "append_ledger", "append_ledgers", "did you mean 'append_ledger'"),
    "an effect": ("release_steps.kql", "TrainingStarted", "TrainingBegun", "nothing that the code emits"),
    "a value": ("failed_runs.kql", '== "failed"', '== "failure"', "nothing that the code emits is called 'failure'"),
    "a function": ("steps.kql", "percentile(duration", "percentil(duration", "'percentil'"),
    "a type": ("figures.kql", "MAPE > 0.45", 'MAPE > "x"', ""),
    "a bracket": ("gates.kql", "| summarize", "| summarize (", "Expected"),
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _installed() -> None:
    """Below `.tools`, once."""
    PACKAGES.ensure()
    ensure_engine()


@pytest.fixture(scope="module")
def analyses() -> dict[str, Analysis]:
    """What the language service knows of each query."""
    return analyse(read_queries(), TABLES)


@pytest.fixture(scope="module")
def answers() -> dict[str, Answer]:
    """What each query finds in what was recorded."""
    return run(read_queries(), TABLES, recorded())


# ── Right by their names ────────────────────────────────────────────────────────────────────────────────────────────


def test_every_query_is_right() -> None:
    """Syntax, columns, functions and types; metrics, attributes, steps and values that the code emits."""
    assert check_queries(read_queries()) == []


@pytest.fixture(scope="module")
def found_faults() -> list[Finding]:
    """What is found in all faulty queries, each under the name of its fault."""
    return check_queries({fault: _faulty(fault) for fault in _FAULTS})


def _faulty(fault: str) -> str:
    file, right, wrong, _ = _FAULTS[fault]
    text = read_queries()[file]
    assert right in text
    return text.replace(right, wrong, 1)


@pytest.mark.parametrize("fault", _FAULTS)
def test_a_seeded_fault_is_found(fault: str, found_faults: list[Finding]) -> None:
    """Each by one edit of a query that is right, with its line and what would be right."""
    told = _FAULTS[fault][3]
    found = [one for one in found_faults if one.file == fault]
    (changed,) = [
        number
        for number, (before, after) in enumerate(zip(_lines(fault), _faulty(fault).splitlines(), strict=True), start=1)
        if before != after
    ]
    assert any(told in one.message and one.line >= changed for one in found), found


def _lines(fault: str) -> list[str]:
    return read_queries()[_FAULTS[fault][0]].splitlines()


def test_a_query_of_nothing_is_found() -> None:
    """One that reads no table, and one that reads all metrics at once."""
    found = check_queries({"none.kql": "print 1", "all.kql": "customMetrics\n| summarize sum(value) by name"})
    assert {(one.file, one.rule) for one in found} == {("none.kql", "table"), ("all.kql", "metric")}
    assert all(isinstance(one, Finding) for one in found)


# ── What was recorded ───────────────────────────────────────────────────────────────────────────────────────────────


def test_recorded_metrics_are_those_of_the_code() -> None:
    """Each with its attributes: a renamed one needs a new recording."""
    for row in recorded()["customMetrics"]:
        expected = {f"{PREFIX}{name}" for name in METRICS[row["name"]].attributes}
        assert set(row["customDimensions"]) == expected, row["name"]


def test_recorded_steps_are_those_of_the_code() -> None:
    """Activities, jobs, and what a door calls, with attributes that are documented."""
    called = {route.name for room in ROUTES.values() for route in room}
    for row in recorded()["dependencies"]:
        assert row["name"] in STEPS | called, row["name"]
        assert set(row["customDimensions"]) <= {f"{PREFIX}{name}" for name in ATTRIBUTES}, row["name"]


def test_recorded_rows_have_columns_that_exist() -> None:
    """What the ingestion files is what the tables are said to have."""
    for table, rows in recorded().items():
        for row in rows:
            assert set(row) <= set(TABLES[table]), table


def test_nothing_of_the_machine_is_kept() -> None:
    """No path, no address, no instance in what was recorded."""
    text = (Path(__file__).parent / "telemetry" / "recorded.json").read_text()
    assert not [one for one in ("/tmp/", "/work/", "/home/", "127.0.0.1", "localhost", "roleInstance") if one in text]


# ── Run over it ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("query", read_queries())
def test_a_query_finds_what_was_recorded(query: str, answers: dict[str, Answer], analyses: dict[str, Analysis]) -> None:
    """The engine can run it, finds rows, and gives the columns that the language service foresees."""
    answer = answers[query]
    assert answer.problem is None
    assert answer.rows
    assert answer.columns == [name for name, _ in analyses[query].columns]


def _metric(name: str, **attributes: str) -> list[dict[str, Any]]:
    """The recorded points of a metric, found without any query."""
    wanted = {f"{PREFIX}{key}": value for key, value in attributes.items()}.items()
    return [
        row for row in recorded()["customMetrics"] if row["name"] == name and wanted <= row["customDimensions"].items()
    ]


def _last(points: Iterable[dict[str, Any]]) -> float:
    return float(max(points, key=lambda row: row["timestamp"])["value"])


def _by(answer: Answer, column: str) -> dict[str, dict[str, Any]]:
    return {record[column]: record for record in answer.records}


def test_figures_stand_beside_the_baseline(answers: dict[str, Answer]) -> None:
    """MAPE, RMSE and RMSE 0 of what was judged last; a figure that a model has not is missing, and not 0."""
    found = _by(answers["figures.kql"], "Model")
    assert set(found) == {FAST, SLOW}
    for model, row in found.items():
        for metric, column in (("mape", "MAPE"), ("rmse", "RMSE"), ("rmse_zero", "RMSE0")):
            for name, prefix in ((names.MODEL_FIGURE, ""), (names.MODEL_BASELINE, "Baseline")):
                points = _metric(name, model=model, metric=metric)
                assert row[f"{prefix}{column}"] == (_last(points) if points else None)
        assert row["Standing"] == "good"
        assert row["MAPE"] < min(0.45, row["BaselineMAPE"])


@pytest.mark.parametrize(
    ("mape", "standing"), [(0.46, "above 45 %"), (0.44, "no better than the baseline"), (None, "no figure")]
)
def test_a_figure_that_is_not_good_is_told(mape: float | None, standing: str) -> None:
    """The limit comes first, then the baseline; a version without a figure is not called good."""
    rows = [
        row if (row["name"], row["customDimensions"].get("signalbox.metric")) != (names.MODEL_FIGURE, "mape")
        else {**row, "value": mape}
        for row in recorded()["customMetrics"]
    ]  # fmt: skip
    kept = [row for row in rows if row["value"] is not None]
    answer = run({"q": read_queries()["figures.kql"]}, TABLES, {"customMetrics": kept})["q"]
    assert {row["Standing"] for row in answer.records} == {standing}


def test_steps_are_counted_with_their_times(answers: dict[str, Answer]) -> None:
    """Per name how many, how many failed, and the times that half and 95 % of them did not exceed."""
    found = _by(answers["steps.kql"], "Step")
    spans = recorded()["dependencies"]
    assert {name: row["Runs"] for name, row in found.items()} == Counter(row["name"] for row in spans)
    failed = Counter(row["name"] for row in spans if row["success"] == "False")
    assert {name: row["Failed"] for name, row in found.items() if row["Failed"]} == failed
    assert failed["job"] == 1
    for name, row in found.items():
        times = [one["duration"] / 1000 for one in spans if one["name"] == name]
        middle = sorted([statistics.median_low(times), statistics.median_high(times)])
        assert middle[0] - 0.001 <= row["MedianSeconds"] <= middle[1] + 0.001
        assert row["MedianSeconds"] <= row["P95Seconds"] <= max(times) + 0.001


def test_what_happened_is_in_the_answers(answers: dict[str, Answer]) -> None:
    """A training that failed, an empty file, a model that is held, a rollback, and spans that were refused."""
    assert answers["failed_runs.kql"].records == [{"Kind": "training", "Failed": 1}]
    assert _by(answers["dead_letters.kql"], "Channel")["storage"]["DeadLetters"] == 1
    waiting = {name: row["Models"] for name, row in _by(answers["waiting.kql"], "State").items()}
    assert waiting == {"awaiting_approval": 0, "held": 1, "parked": 0, "queued": 0, "unread": 0}
    assert _by(answers["releases.kql"], "Outcome")["rolled_back"]["Releases"] == 1
    (dropped,) = answers["telemetry_dropped.kql"].records
    assert (dropped["Exporter"], dropped["Reason"]) == ("azure_monitor", "refused")
    assert dropped["Dropped"] > 0
    (rows,) = answers["rows.kql"].records
    assert rows["Quarantined"] == sum(one["value"] for one in _metric(names.ROWS_QUARANTINED)) > 0
    assert rows["QuarantinedPercent"] == round(
        100 * rows["Quarantined"] / (rows["Conditioned"] + rows["Quarantined"]), 2
    )


def test_models_that_could_not_read_something_are_told_once() -> None:
    """How many, however often that was seen; beside what came in."""
    seen, *_ = _metric(names.MODELS_WAITING, state="unread")
    rows = [*_metric(names.DEAD_LETTERS), *({**seen, "value": value} for value in (2, 2, 1, 0))]
    answer = run({"q": read_queries()["dead_letters.kql"]}, TABLES, {"customMetrics": rows})["q"]
    assert {row["Channel"]: row["DeadLetters"] for row in answer.records} == {"models": 2, "storage": 1}


def test_executions_are_those_that_were_counted(answers: dict[str, Answer]) -> None:
    """All attempts and their seconds, by activity."""
    found = answers["executions.kql"].records
    assert sum(row["Executions"] for row in found) == sum(one["value"] for one in _metric(names.ACTIVITY_ATTEMPTS))
    seconds = sum(one["valueSum"] for one in _metric(names.ACTIVITY_DURATION))
    assert sum(row["Seconds"] for row in found) == pytest.approx(seconds)


def test_the_age_of_the_queue(answers: dict[str, Answer]) -> None:
    """On average and at most, over all points of five minutes."""
    points = _metric(names.QUEUE_AGE)
    found = answers["queue_age.kql"].records
    assert sum(row["Looks"] for row in found) == sum(one["valueCount"] for one in points)
    assert max(row["LongestSeconds"] for row in found) == round(max(one["valueMax"] for one in points), 2)


# ── Alerts ──────────────────────────────────────────────────────────────────────────────────────────────────────────


#: Just above each threshold.
_HIGH: dict[str, dict[str, float]] = {
    names.MODEL_STALENESS: {"value": 60.2},
    names.QUEUE_AGE: {"valueMax": 301.0},
    names.TELEMETRY_DROPPED: {"value": 101.0},
}
_FAILED = [{**row, "success": "False"} for row in recorded()["requests"][:3]]
#: What is told of: long in production, slow, lossy and failing, beside what was recorded.
_LOUD = {
    "customMetrics": [row | _HIGH.get(row["name"], {}) for row in recorded()["customMetrics"]],
    "requests": [*recorded()["requests"][3:], *_FAILED],
}
#: What is not: no run failed, nothing was dead, and of three requests, which is all, all failed.
_QUIET = {
    "customMetrics": [
        row for row in recorded()["customMetrics"] if row["name"] not in (names.RUNS, names.DEAD_LETTERS)
    ],
    "requests": _FAILED,
}


@pytest.fixture(scope="module")
def judged() -> dict[str, dict[str, Answer]]:
    """What each rule is answered: by what is loud, what is quiet, and by nothing at all."""
    queries = {rule.name: rule.query.read_text() for rule in rules().values()}
    return {name: run(queries, TABLES, rows) for name, rows in (("loud", _LOUD), ("quiet", _QUIET), ("nothing", {}))}


@pytest.mark.parametrize("rule", rules().values(), ids=rules())
def test_a_rule_fires_when_it_should_and_is_quiet_when_not(rule: Rule, judged: dict[str, dict[str, Answer]]) -> None:
    """Silence is told of when nothing came in, and all else when something did."""
    fires = {name: rule.fires(answers[rule.name]) for name, answers in judged.items()}
    silence = rule.name == "silence"
    assert fires == {"loud": not silence, "quiet": False, "nothing": silence}


@pytest.mark.parametrize("rule", rules().values(), ids=rules())
def test_a_rule_reads_columns_of_its_query(rule: Rule, analyses: dict[str, Analysis]) -> None:
    """Its measure is a number, and what it tells apart a text."""
    columns = dict(analyses[rule.query.name].columns)
    assert columns[rule.measure] in ("real", "long", "int")
    assert not rule.dimension or columns[rule.dimension] == "string"


def test_the_recording_is_small() -> None:
    """It is read by people, too, and every clone carries it."""
    file = Path(__file__).parent / "telemetry" / "recorded.json"
    assert file.stat().st_size < 200_000
    assert len(json.loads(file.read_text())) > 200
