"""One model: what serves, its figures over versions, its forecasts, where it came from, and what was decided."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from functions.dashboard import wording
from functions.dashboard.attention import Need, model_needs
from functions.dashboard.charts import Chart, Line
from functions.dashboard.commands import Commands
from functions.dashboard.forecasts import Compared, Published
from functions.dashboard.history import METRICS, SHOWN, Judged, judged_versions
from functions.dashboard.lineage import steps_of
from functions.dashboard.seen import Model
from shared.contracts.ledger import LedgerRow
from shared.contracts.metrics import kind_of
from shared.contracts.monitoring import ObservedPeriod

#: Rows of the ledger that the page tells: the newest. `signalbox ledger show` has all.
_STORY: Final = 60
#: What the model's decisions say of how its forecasts did, by the kind of event.
_OBSERVED: Final = frozenset({"health_observed", "serving_lost"})


@dataclass(frozen=True)
class MetricHistory:
    """A metric over versions.

    Attributes:
        rows: Each version with its figure, the baseline's, and what was allowed; as texts.
    """

    metric: str
    title: str
    unit: str
    rows: tuple[tuple[Judged, str, str, str], ...]

    @property
    def summary(self) -> str:
        """What the picture shows, for whoever does not see it."""
        judged, value, baseline, bound = self.rows[-1]
        beside = f", baseline {baseline}" if baseline != "–" else ""
        allowed = f", at most {bound} allowed" if bound != "–" else ""
        versions = wording.count(len(self.rows), "version")
        return f"{self.title} over {versions}; version {judged.version}: {value}{beside}{allowed}."


@dataclass(frozen=True)
class ModelPage:
    """All that the page shows.

    Attributes:
        serving: What answers, in a sentence.
        judged: Versions with figures and gates, newest first.
        histories: Metrics of which there are figures.
        published: Forecasts that readers are pointed to; `None` where nothing is.
        compared: What the version shown said of its test period, beside what happened; `None` where that is not known.
        why_not_compared: Why it is not.
        observed: How forecasts did by period, newest first: each with its metrics, the figure, the reference's, and
            whether that was better; as texts.
        noted: What the last decisions say of that.
        why: The story, as `shared.lineage.story.tell` tells it; `None` where nothing has happened.
        story: Its steps, newest first: the last ones.
        lineage: The graph as text: columns, titles, details.
    """

    model: Model
    needs: tuple[Need, ...]
    serving: str
    judged: tuple[Judged, ...]
    histories: tuple[MetricHistory, ...]
    published: Published | None
    compared: Compared | None
    why_not_compared: str
    observed: tuple[tuple[ObservedPeriod, tuple[tuple[str, str, str, str], ...]], ...]
    noted: tuple[Any, ...]
    why: Mapping[str, Any] | None
    story: tuple[Mapping[str, Any], ...]
    lineage: tuple[tuple[str, str, tuple[str, ...]], ...]

    @property
    def headline(self) -> str:
        """The sentence behind the model's state; empty where what needs a person says the same below it."""
        told = {item.reason for need in self.needs for item in need.items}
        return "" if self.model.reason in told else self.model.reason


def make_model_page(
    model: Model,
    rows: Sequence[LedgerRow],
    why: Mapping[str, Any] | None,
    *,
    published: Published | None,
    compared: Compared | str,
    observed: Sequence[ObservedPeriod],
    commands: Commands,
    now: datetime,
) -> ModelPage:
    """A model's page; `compared` is a sentence where there is nothing to compare."""
    judged = judged_versions(rows, model.policy)
    trail = why["trail"] if why is not None else None
    return ModelPage(
        model=model,
        needs=tuple(model_needs([model], commands, now)),
        serving=serving_of(model),
        judged=tuple(reversed(judged)),
        histories=tuple(one for metric in METRICS if (one := _history(metric, judged)) is not None),
        published=published,
        compared=compared if isinstance(compared, Compared) else None,
        why_not_compared=compared if isinstance(compared, str) else "",
        observed=tuple((one, tuple(_beside_reference(one))) for one in reversed(observed)),
        noted=tuple(note for note in _decisions(model) if note.event in _OBSERVED),
        why=why,
        story=tuple(reversed(why["story"][-_STORY:])) if why is not None else (),
        lineage=tuple(steps_of(model.name, trail, state_of(model, trail["version"]))) if trail else (),
    )


def serving_of(model: Model) -> str:
    """What answers for a model, in a sentence."""
    row = model.row
    if row is None or row.champion is None:
        return "No version is in production."
    name = (
        f"version {row.champion} of {row.stands_in}, which stands in," if row.stands_in else f"Version {row.champion}"
    )
    serves = row.serving
    where = "no place is known"
    if serves.get("endpoint"):
        where = f"at the endpoint {serves['endpoint']}, as the deployment {serves.get('deployment')}"
    elif serves.get("published"):
        where = f"by the forecasts in {serves['published']}"
    since = f" since {wording.minute(row.champion_since)} UTC" if row.champion_since else ""
    told = f"{name} is in production{since}: {where}."
    return told[:1].upper() + told[1:]


def state_of(model: Model, version: Any) -> str:
    """What a version does now, in a few words."""
    row = model.row
    if row is not None and row.champion == str(version) and row.stands_in is None:
        mode = {"online": "endpoint", "batch": "batch"}.get(str(row.serving.get("mode")), "")
        return f"serves{f' ({mode})' if mode else ''} since {wording.day(row.champion_since)}"
    return "does not serve"


def metric_chart(metric: str, model: Model, judged: Sequence[Judged]) -> Chart:
    """A metric over the newest versions: the model's, the baseline's, and what the gate allowed."""
    shown = [one for one in judged if metric in one.figures][-SHOWN:]
    lines = [Line("version", "model", tuple(one.figures[metric] for one in shown))]
    if any(metric in one.baseline for one in shown):
        lines.append(Line("baseline", "reference", tuple(one.baseline.get(metric) for one in shown)))
    if any(metric in one.bounds for one in shown):
        lines.append(Line("most allowed", "bound", tuple(one.bounds.get(metric) for one in shown)))
    title = f"{model.name}: {kind_of(metric).title} over versions"
    return Chart(title, tuple(f"v{one.version}" for one in shown), tuple(lines), kind_of(metric).unit == "share")


def compared_chart(model: str, compared: Compared) -> Chart:
    """Forecast against actual, by period."""
    lines = [
        Line("actual", "actual", tuple(one.actual for one in compared.periods)),
        Line("forecast", "model", tuple(one.prediction for one in compared.periods)),
    ]
    if compared.reference is not None:
        lines.append(Line(compared.reference, "reference", tuple(one.reference for one in compared.periods)))
    points = tuple(one.name for one in compared.periods)
    return Chart(f"{model}: forecast against actual", points, tuple(lines), from_zero=False)


def shown_job(judged: Sequence[Judged], rows: Sequence[LedgerRow], version: str | None) -> str | None:
    """The job whose evaluation tells of a version; of the last one judged where none is asked for."""
    wanted = version or (judged[-1].version if judged else None)
    for row in reversed(rows):
        if str(row.entry.facts.get("version")) == wanted and "evaluation" in row.entry.facts:
            job = row.entry.facts.get("job")
            return str(job) if job else None
    return None


def _history(metric: str, judged: Sequence[Judged]) -> MetricHistory | None:
    shown = [one for one in judged if metric in one.figures][-SHOWN:]
    if not shown:
        return None
    rows = tuple(
        (
            one, wording.figure(metric, one.figures[metric]), wording.figure(metric, one.baseline.get(metric)),
            wording.figure(metric, one.bounds.get(metric)),
        )
        for one in shown
    )  # fmt: skip
    title = kind_of(metric).title
    return MetricHistory(metric, title, "" if kind_of(metric).unit == "share" else "in units of the target", rows)


def _beside_reference(told: ObservedPeriod) -> Iterator[tuple[str, str, str, str]]:
    """Each metric of a period: its title, the figure, the reference's, and in a word which one was better."""
    for metric, value in sorted(told.figures.items()):
        kind, other = kind_of(metric), told.reference.get(metric)
        word = ""
        if other is not None and kind.higher is not None:
            one, two = (abs(value), abs(other)) if kind.signed else (value, other)
            word = "as good" if one == two else "better" if (one > two) == kind.higher else "worse"
        yield kind.title, wording.figure(metric, value), wording.figure(metric, other), word


def _decisions(model: Model) -> tuple[Any, ...]:
    return tuple(reversed(model.row.decisions)) if model.row is not None else ()
