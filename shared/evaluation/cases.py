"""One gate beside all that is known of a model: what is compared with what, and what is missing for it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from shared.contracts.evaluation import Evaluation, Figures
from shared.contracts.metrics import OF_RUN, kind_of
from shared.contracts.policy import GateOverride, GatePolicy
from shared.evaluation.bars import Bar, absolute, relative
from shared.evaluation.observations import Observations
from shared.evaluation.wording import percent, show

_MOMENT: Final = timedelta(microseconds=1)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Case:
    """A gate to be judged.

    Attributes:
        at: The moment of the judgement.
        rows: The rows that the figures are of.
    """

    evaluation: Evaluation
    gate: GatePolicy
    at: datetime | None
    rows: Observations | None

    # ── what is compared

    @property
    def title(self) -> str:
        """What messages call the metric."""
        return kind_of(self.gate.metric).title

    @property
    def got(self) -> float | None:
        """The model's figure over all rows."""
        name = self.gate.metric
        if name.startswith(OF_RUN):
            return self.evaluation.run.get(name.removeprefix(OF_RUN))
        return self.evaluation.model.get(name)

    @property
    def reference(self) -> float | None:
        """The figure of the baseline or the champion over the same rows."""
        return self._figures.get(self.gate.metric) if self._figures else None

    @property
    def reference_name(self) -> str:
        """What messages call the reference."""
        if self.gate.reference == "champion":
            known = self.evaluation.champion_ref
            return f"the champion (version {known.version})" if known and known.version else "the champion"
        named = self.evaluation.baseline_model
        return "the historical average" if named is None else f"the baseline {named}"

    @property
    def first_release(self) -> bool:
        """Whether it compares with a champion, and is told that there is none yet."""
        known = self.evaluation.champion_ref
        return self.gate.reference == "champion" and known is not None and known.version is None

    def bar(self, reference: float | None) -> Bar | None:
        """What a figure has to reach, given the reference's where there is one; `None` when that is missing."""
        if self.gate.reference is not None:
            return None if reference is None else relative(self.gate, reference)
        bound = self.gate.bound if self.override is None else self.override.bound
        return None if bound is None else absolute(self.gate, bound)

    @property
    def override(self) -> GateOverride | None:
        """The exception to the bound, while it holds."""
        override = self.gate.override
        if override is None or override.bound is None or self.gate.bound is None or self.at is None:
            return None
        return override if self.at < override.until else None

    @property
    def exception(self) -> str:
        """What a reason says of an override: whose it is while it holds, and that it is over afterwards."""
        override = self.gate.override
        if override is None or self.at is None:
            return ""
        until = (override.until - _MOMENT).date().isoformat()  # the last day on which it holds
        if self.override is None:
            return f" (the override by {override.by} ended {until})"
        says = f"the gate says {show(self.gate.metric, self.gate.bound)}"
        return f" (override by {override.by}: {override.reason}; until {until}; {says})"

    # ── what is missing

    @property
    def missing(self) -> str | None:
        """What cannot be compared, and why; `None` when all is there."""
        if self.got is None and (not self.gate.segments or self.first_release):
            return f"{self.title} of the model is missing{self._why_missing()}"
        return self._reference_missing() if self.gate.reference is not None else None

    @property
    def stale(self) -> str | None:
        """Why the evaluation is not of today, where the gate asks."""
        days, newest = self.gate.max_age_days, self.evaluation.observed_at
        if days is None:
            return None
        if newest is None:
            return "nobody knows how old the evaluation is: it needs a column `observed_at` with a date in each row"
        if self.at is None:
            return "nobody has said when it is judged"
        if newest > self.at + _DAY:
            return f"the newest observation is of {newest.date()}, which has not come yet"
        if self.at - newest > timedelta(days=days):
            return f"the newest observation is of {newest.date()}, and may be {days} days old at most"
        return None

    @property
    def _figures(self) -> Figures | None:
        return self.evaluation.champion if self.gate.reference == "champion" else self.evaluation.baseline

    def _why_missing(self) -> str:
        if self.gate.metric.startswith(OF_RUN):
            return ": the run has logged no such metric, or no finite value of it"
        if self.gate.metric == "latency":
            return ": the evaluation needs a column `seconds` with a number in each row"
        coverage = self.evaluation.model.coverage
        if coverage is not None and coverage < 1:
            return f": {percent(1 - coverage)} of the rows have no prediction"
        if self.gate.metric in ("auc", "f1", "log_loss"):
            return ": it needs actual values of 0 and 1, both of them, and predictions that are probabilities"
        return ""

    def _reference_missing(self) -> str | None:
        known, problem = self.evaluation.champion_ref, self.evaluation.baseline_problem
        if self.first_release:
            return None
        if self.gate.reference == "champion":
            if known is None:
                return "nobody has said which version is the champion"
            if self._figures is None:
                return f"the evaluation has no column `champion` with the predictions of version {known.version}"
        elif problem is not None:
            return f"{self.title} of {self.reference_name} is missing ({problem})"
        same = self._figures is not None and self._figures.rows == self.evaluation.model.rows  # else: not comparable
        if not same or (self.reference is None and not self.gate.segments):
            return f"{self.title} of {self.reference_name} is missing"
        return None
