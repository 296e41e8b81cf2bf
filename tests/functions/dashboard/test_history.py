"""A model's figures over its versions, and forecasts beside what happened."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from functions.dashboard.forecasts import compare_by_period, summed
from functions.dashboard.history import judged_versions
from functions.dashboard.model_page import metric_chart, shown_job
from shared.contracts.scoring import Publication
from shared.evaluation.table import read_table
from tests.functions.dashboard.builders import judged, model, policy

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def test_versions_come_in_the_order_in_which_they_were_judged() -> None:
    """One that was judged again stands where it was judged last, with what was found then."""
    rows = [judged("1", 0.2), judged("2", 0.3, sequence=2), judged("1", 0.5, passed=False, sequence=3)]
    found = judged_versions(rows, policy())
    assert [(one.version, one.figures["mape"], one.passed) for one in found] == [("2", 0.3, True), ("1", 0.5, False)]
    assert (found[0].baseline, found[0].bounds) == ({"mape": 0.3, "rmse": 4.0}, {"mape": 0.45})


def test_a_bound_is_what_the_gate_required_then() -> None:
    """Only gates with a bound of their own have one: what the baseline got is its own line."""
    assert judged_versions([judged("1")], policy(gates=()))[0].bounds == {}
    assert judged_versions([judged("1")], None)[0].bounds == {}


GATE = st.dictionaries(st.sampled_from(["gate", "metric", "required", "passed", "reason"]), JSON)


@given(facts=st.fixed_dictionaries({}, optional={"evaluation": JSON, "gates": st.lists(GATE) | JSON, "job": JSON}))
@example(facts={"gates": [{"gate": ["accuracy"], "metric": {}, "required": "x"}]})
def test_facts_that_somebody_has_edited_are_no_fault(facts: dict[str, Any]) -> None:
    """They are shown as far as they are what they should be."""
    row = judged("1")
    entry = row.entry.model_copy(update={"facts": {"version": "1", **facts}})
    (found,) = judged_versions([row.model_copy(update={"entry": entry})], policy())
    assert found.version == "1"


def test_the_chart_has_the_model_its_baseline_and_its_bound() -> None:
    """Each as long as there are versions."""
    found = judged_versions([judged("1"), judged("2", sequence=2)], policy())
    chart = metric_chart("mape", model(), found)
    assert chart.points == ("v1", "v2")
    assert [(line.kind, line.values) for line in chart.lines] == [
        ("model", (0.2, 0.2)), ("reference", (0.3, 0.3)), ("bound", (0.45, 0.45)),
    ]  # fmt: skip
    assert [line.kind for line in metric_chart("rmse", model(), found).lines] == ["model", "reference"]


def test_the_job_is_that_of_the_version_that_was_asked_for() -> None:
    """Of the last one judged, where none was."""
    rows = [judged("1"), judged("2", sequence=2)]
    found = judged_versions(rows, policy())
    assert (shown_job(found, rows, "1"), shown_job(found, rows, None), shown_job((), [], None)) == (
        "job-1", "job-2", None,
    )  # fmt: skip


def _compared(text: str) -> Any:
    return compare_by_period(read_table(text.encode(), "The job"))


def test_forecast_and_actual_are_summed_over_the_same_rows() -> None:
    """By the first column that holds nothing but dates; a row without a forecast is in neither sum."""
    found = _compared(
        "route,week,actual,prediction,naive\na,2026-01-12,2,1,3\nb,2026-01-05,5,4,4\na,2026-01-05,1,2,\nb,2026-01-12,9,,1\n"
    )
    told = [(one.name, one.actual, one.prediction, one.reference) for one in found.periods]
    assert (found.rows, found.by, found.reference) == (4, "week", "last known value")
    assert told == [("2026-01-05", 6.0, 6.0, None), ("2026-01-12", 2.0, 1.0, 3.0)]


def test_without_dates_there_are_no_periods() -> None:
    """Nothing is made up."""
    found = _compared("route,actual,prediction\na,2,1\n")
    assert (found.by, found.periods) == (None, ())


@pytest.mark.parametrize(
    ("content", "total", "largest"),
    [
        (b"route,prediction\na,1\nb,3\n", 4.0, [(("b",), 3.0), (("a",), 1.0)]),
        (b"route,prediction\na,1\nb,\n", None, []),
        (b"route,prediction\na,nan\n", None, []),
        (b"route\na\n", None, []),
        (b"\xff\xfe", 0, []),
        (b"", 0, []),
    ],
)
def test_published_forecasts_are_summed_or_left_out(content: bytes, total: float | None, largest: list[Any]) -> None:
    """A sum that lacks a row would be a wrong one."""
    found = summed(Publication(model="m", path="p.csv"), content)
    assert (found.total, list(found.largest)) == (total, largest)
