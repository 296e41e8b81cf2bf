# ruff: noqa: E501 - messages are compared whole, and a broken line would hide what a person reads
"""What may be written of gates, and what people are told who write something else."""

from pathlib import Path

import pytest

from shared.contracts.metrics import METRICS
from shared.contracts.policy import GateOverride, GatePolicy
from shared.fleet.effective import effective
from shared.fleet.gate_text import gate_words
from shared.fleet.loader import FleetError, check_fleet, load_fleet
from shared.settings import APP_ROOT
from tests.shared.fleet.files import PIPELINE, edited, write_fleet

WITH_CHAMPION = PIPELINE.replace("inputs:\n", "inputs:\n  champion: {type: mlflow_model}\n")
BOTH = "  accuracy: {metric: mape, max: 45%}\n  beats_average: {metric: mape, better_than: baseline}\n"


def _fleet(folder: Path, gate: str, pipeline: str = WITH_CHAMPION) -> Path:
    path = write_fleet(folder, edited((BOTH, f"  one: {{{gate}}}\n")))
    (folder / "pipelines/train.yml").write_text(pipeline)
    return path


@pytest.mark.parametrize(
    ("written", "gate", "words"),
    [
        ("metric: mape, max: 120%", GatePolicy(name="one", metric="mape", max=1.2), "mape at most 120%"),
        ("metric: r2, min: 0", GatePolicy(name="one", metric="r2", min=0), "r2 at least 0"),
        ("metric: coverage, min: 100%", GatePolicy(name="one", metric="coverage", min=1), "coverage at least 100%"),
        ("metric: coverage, min: 1.0", GatePolicy(name="one", metric="coverage", min=1), "coverage at least 100%"),
        ("metric: run.gain, max: -0.5", GatePolicy(name="one", metric="run.gain", max=-0.5), "run.gain at most -0.5"),
        ("metric: run.gain, max: 0", GatePolicy(name="one", metric="run.gain", max=0), "run.gain at most 0"),
        ("metric: latency, max: 200ms", GatePolicy(name="one", metric="latency", max=0.2), "latency at most 0.2s"),
        ("metric: latency, max: 2", GatePolicy(name="one", metric="latency", max=2), "latency at most 2s"),
        ("metric: run.pinball 90, max: 3", GatePolicy(name="one", metric="run.pinball 90", max=3), "run.pinball 90 at most 3"),
        (
            "metric: mape, better_than: champion, by: 2%, confidence: 90%, max_age: 60d",
            GatePolicy(name="one", metric="mape", better_than="champion", by=0.02, confidence=0.9, max_age_days=60),
            "mape better than the champion by 2% with 90% confidence",
        ),
        (
            "metric: rmse_zero, not_worse_than: champion, by: 10%, segments: [origin, movement], min_rows: 5",
            GatePolicy(name="one", metric="rmse_zero", not_worse_than="champion", by=0.1, segments=("origin", "movement"), min_rows=5),
            "rmse_zero not worse than the champion by more than 10% in each origin and movement of at least 5 rows",
        ),
    ],
)  # fmt: skip
def test_what_is_written_is_what_is_meant(written: str, gate: GatePolicy, words: str, tmp_path: Path) -> None:
    """Units become numbers, and the words say the same."""
    path = _fleet(tmp_path, written)
    assert check_fleet(path) == ()
    assert load_fleet(path).models[0].gates == (gate,)
    assert gate_words(gate) == words


MISTAKES = [
    ("metric: mape", "a gate has one of four: `max: 45%`, `min: 0.8`, `better_than: baseline`, or `not_worse_than: champion`; add one"),
    ("metric: accuracy, max: 1", "`metric` cannot be `accuracy`; known here: auc, bias, coverage, f1, latency, log_loss, mae, mape, r2, rmse, rmse_zero; or `run.NAME`, which the training has logged"),
    ("metric: run., max: 1", "`metric` cannot be `run.`; known here: auc, bias, coverage, f1, latency, log_loss, mae, mape, r2, rmse, rmse_zero; or `run.NAME`, which the training has logged"),
    ("auc: 0.8", "a gate does not say `auc: …`; write {metric: auc, min: 0.8}"),
    ("rmse: 3", "a gate does not say `rmse: …`; write {metric: rmse, max: 3}"),
    ("metric: r2, max: 0.9", "more is better of `r2`, so `max` cannot be; write `min`"),
    ("metric: mae, min: 3", "less is better of `mae`, so `min` cannot be; write `max`"),
    ("metric: f1, min: 80%", "`min: 80%` cannot be: f1 is a plain number; write it without %"),
    ("metric: f1, min: 80", "`min: 80` holds for no model: `f1` is at most 1; write less"),
    ("metric: coverage, min: 2", "`min: 2` would be 200 % of coverage; write 2% or 0.02"),
    ("metric: mape, max: 1", "`max: 1` would be 100 % of MAPE; write 1% or 0.01"),
    ("metric: coverage, min: 0", "`min: 0` holds for all models; write more than 0, for example 95%"),
    ("metric: coverage, min: 0%", "`min: 0%` holds for all models; write more than 0, for example 95%"),
    ("metric: mae, max: 0", "`max: 0` holds for no model; write a finite number above 0"),
    ("metric: run.x, max: .inf", "`max: inf` holds for no model; write a finite number"),
    ("metric: coverage, min: 101%", "`min: 101%` holds for no model: `coverage` is at most 100%; write less"),
    ("metric: latency, max: 20%", "`max: 20%` cannot be: latency is in seconds; write for example 200ms"),
    ("metric: mae, max: 200ms", "`max: 200ms` cannot be: mae is no time; write it without ms"),
    ("metric: latency, max: fast", "`max: fast` is not a number; write 200ms or 0.2"),
    ("metric: latency, better_than: champion", "`latency` is known of the model alone, so there is nothing to compare; write `max`"),
    ("metric: run.x, not_worse_than: champion", "`run.x` is known of the model alone, so there is nothing to compare; write `max` or `min`"),
    ("metric: mape, max: 45%, by: 10%", "`by` is of a comparison; remove it, or write `better_than: champion` instead of a bound"),
    ("metric: mape, max: 45%, confidence: 90%", "`confidence` is of a comparison; remove it, or write `better_than: champion` instead of a bound"),
    ("metric: mape, better_than: baseline, confidence: 90", "`confidence: 90` would be 9000 %; write 90% or 0.9"),
    ("metric: mape, better_than: baseline, confidence: 100%", "`confidence: 100%` is no use; write one from 50% to 99.9%, for example 90%"),
    ("metric: mape, better_than: baseline, by: 100%", "no model is better by 100 %; write less than 100%"),
    ("metric: mape, better_than: last", "`better_than` cannot be `last`; known here: baseline, champion"),
    ("metric: run.x, max: 1, segments: [movement]", "what a run has logged has no segments; remove `segments`"),
    ("metric: mape, better_than: baseline, confidence: 90%, segments: [movement]", "`confidence` is of all rows together; remove it here, or write a second gate for the `segments`"),
    ("metric: mape, max: 45%, segments: movement", "`segments` must be a list, not text; write `[movement]`"),
    ("metric: mape, max: 45%, min_rows: 5", "`min_rows` is of segments; write for example `segments: [movement]`, or remove it"),
    ("metric: mape, max: 45%, max_age: 60", "`max_age: 60` is no number of days; write for example 60d"),
]  # fmt: skip


@pytest.mark.parametrize(("gate", "message"), MISTAKES)
def test_a_mistake_is_told_with_what_would_be_right(gate: str, message: str, tmp_path: Path) -> None:
    """Exactly one message, at the line of the gate."""
    path = _fleet(tmp_path, gate)
    assert check_fleet(path) == (f"{path}:31: {message}",)


@pytest.mark.parametrize(
    ("pipeline", "fault"),
    [
        ("type: pipeline\ninputs: {dataset: {type: uri_folder}}\n", "`pipelines/train.yml` has no input `champion`"),
        ("type: pipeline\n", "`pipelines/train.yml` has no input `champion`"),
        ("type: pipeline\ninputs: {champion: none}\n", "the input `champion` of `pipelines/train.yml` is no mlflow_model"),
        ("type: [pipeline\n", "`pipelines/train.yml` cannot be read (ParserError)"),
        ("type: pipeline\ncomponent: azureml:train:3\n", ""),
    ],
)  # fmt: skip
def test_a_champion_has_to_be_an_input_of_the_pipeline(pipeline: str, fault: str, tmp_path: Path) -> None:
    """It is told before anything runs; a component that only the workspace knows is left to it."""
    path = _fleet(tmp_path, "metric: mape, better_than: champion", pipeline)
    remedy = "add `champion: {type: mlflow_model}` to its inputs, and put its predictions out as the column `champion` of the evaluation"
    of_gates = tuple(problem for problem in check_fleet(path) if problem.startswith(f"{path}:31:"))
    assert of_gates == ((f"{path}:31: `one` compares with the champion, and {fault}; {remedy}",) if fault else ())


def test_the_champion_is_no_parameter(tmp_path: Path) -> None:
    """Signalbox fills the input itself."""
    path = write_fleet(tmp_path, edited(("epochs: 60", "champion: 3")))
    with pytest.raises(FleetError, match="the input `champion` is filled by Signalbox; remove it from `with`"):
        load_fleet(path)


def test_too_many_gates(tmp_path: Path) -> None:
    """What travels with every event stays small."""
    gates = "".join(f"  g{number}: {{metric: mape, max: 45%}}\n" for number in range(21))
    path = write_fleet(tmp_path, edited((BOTH, gates)))
    assert check_fleet(path) == (f"{path}:30: 21 gates are too many; keep 20 of them",)


def test_what_travels_with_every_event_stays_small(tmp_path: Path) -> None:
    """Many exceptions with long reasons, of which each is short enough; and a reason that is none."""
    gates = "".join(f"  g{number}: {{metric: mape, max: 45%}}\n" for number in range(20))
    path = write_fleet(tmp_path, edited((BOTH, gates)))
    changed = ", ".join(f"g{number}: {{max: 50%}}" for number in range(20))
    text = path.read_text()
    exceptions = "overrides:\n  - {match: {origin: JFK}, gates: {%s}, by: %s, reason: %s, until: 2027-01-31}\n"
    path.write_text(text + exceptions % (changed, "a" * 200, "r" * 200))
    first, second = check_fleet(path)
    told = "all that is said of `departures-jfk-mainline-fast` makes "
    assert first.startswith(f"{path}:18: {told}")
    assert "and 10000 travel with each of its events; shorten what is longest: reasons of overrides" in first
    assert "departures-jfk-mainline-slow" in second
    path.write_text(text + exceptions % (changed, "ana", "short"))
    assert check_fleet(path) == ()
    path.write_text(text + exceptions % (changed, "a" * 201, "r" * 201))
    assert [problem.count("longer than 200 characters; shorten it") for problem in check_fleet(path)] == [1, 1]


OVERRIDE = "overrides:\n  - {match: {origin: JFK}, gates: {one: %s}, by: ana, reason: new, until: 2027-01-31}\n"


def test_a_lower_bound_can_have_an_exception(tmp_path: Path) -> None:
    """With `min`, as the gate itself; it shows with its origin."""
    path = _fleet(tmp_path, "metric: r2, min: 0.8")
    path.write_text(path.read_text() + OVERRIDE % "{min: 0.5}")
    gate = load_fleet(path).models[0].gates[0]
    assert gate.override is not None
    assert GateOverride.from_wire(gate.override.to_wire()).bound == 0.5
    values = {one.key: f"{one.value} <- {one.origin}" for one in effective(path, "departures-jfk-mainline-fast")}
    assert values["gates.one.min"] == "0.5 <- fleet.yaml:35 (override of ana, until 2027-01-31)"


@pytest.mark.parametrize(
    ("gate", "bound", "message"),
    [
        ("metric: r2, min: 0.8", "{max: 0.5}", "`one` has no `max` that could be changed; write `min`"),
        ("metric: r2, min: 0.8", "{min: 0.8}", "`one` is 0.8 already, so this changes nothing; remove it"),
        ("metric: r2, min: 0.8", "{min: 0.7, max: 1}", "an override of a gate has one of two: `max: 50%` or `min: 0.7`, as the gate itself"),
        ("metric: mape, better_than: champion", "{max: 50%}", "`one` has no `max` that could be changed; remove it here"),
    ],
)  # fmt: skip
def test_an_exception_is_of_the_gates_own_bound(gate: str, bound: str, message: str, tmp_path: Path) -> None:
    """Anything else changes nothing, and is refused."""
    path = _fleet(tmp_path, gate)
    path.write_text(path.read_text() + OVERRIDE % bound)
    assert check_fleet(path) == (f"{path}:35: {message}",)


def test_every_key_of_a_gate_shows(tmp_path: Path) -> None:
    """`signalbox fleet show MODEL --effective` leaves nothing out."""
    path = _fleet(tmp_path, "metric: mape, not_worse_than: champion, by: 10%, segments: [movement], max_age: 60d")
    values = {one.key: one.value for one in effective(path, "departures-jfk-mainline-fast") if "gates" in one.key}
    assert values == {
        "gates.one.metric": "mape",
        "gates.one.not_worse_than": "champion",
        "gates.one.by": "10%",
        "gates.one.segments": "[movement]",
        "gates.one.min_rows": "20",
        "gates.one.max_age": "60d",
    }


def test_the_gates_of_the_documentation_load(tmp_path: Path) -> None:
    """What people copy from `docs/fleet.md`, and every metric is in its table."""
    page = (APP_ROOT / "docs/fleet.md").read_text()
    block = page.partition("### Gates")[2].partition("```yaml\n")[2].partition("```")[0]
    path = _fleet(tmp_path, "metric: mape, max: 45%")
    path.write_text(edited((f"gates:\n{BOTH}", block)))
    assert check_fleet(path) == ()
    assert len(load_fleet(path).models[0].gates) == 8
    for metric in METRICS:
        assert f"`{metric}`" in page
