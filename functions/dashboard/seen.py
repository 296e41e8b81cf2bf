"""Models as the page looks at them: what their fleet file says, and what their row says, where there is one."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final

from functions.dashboard import wording
from shared.authorization import Caller, may
from shared.contracts.policy import GatePolicy, ModelPolicy
from shared.contracts.read_model import ModelRow

MAPE: Final = "mape"
#: Names by which lists can be narrowed beside labels.
FLEET: Final = "fleet"
_NOTHING_YET: Final = "Nothing has happened yet: it is trained when a version of its dataset is published."
#: States in which something is under way.
BUSY: Final = frozenset({"queued", "training", "evaluating", "releasing", "rolling_back", "retiring"})


@dataclass(frozen=True)
class Model:
    """One model.

    Attributes:
        row: Of the read model; absent while nothing has happened to it.
        policy: What its fleet file says; absent where no fleet file has it any more.
    """

    name: str
    row: ModelRow | None
    policy: ModelPolicy | None

    @cached_property
    def fleet(self) -> str:
        """Its fleet."""
        return self.policy.fleet if self.policy is not None else self.row.fleet if self.row is not None else ""

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """Its cell of the matrix."""
        return self.policy.labels if self.policy is not None else self.row.labels if self.row is not None else {}

    @property
    def state(self) -> str:
        """As its row says it."""
        return self.row.state if self.row is not None else "waiting"

    @property
    def reason(self) -> str:
        """The sentence behind the state."""
        return self.row.reason if self.row is not None else _NOTHING_YET

    def figure(self, metric: str, of: str = "model") -> float | None:
        """A figure of its last evaluation: of the model, the baseline or the naive forecast."""
        return wording.number(self.row.figures.get(of, {}).get(metric)) if self.row is not None else None

    @cached_property
    def mape(self) -> float | None:
        """As a fraction."""
        return self.figure(MAPE)

    @cached_property
    def bound(self) -> float | None:
        """What its gates let MAPE be at most; absent where none of them bounds it."""
        return bound_of(self.policy, MAPE)

    @property
    def in_production(self) -> bool:
        """Whether a version of its own serves."""
        return self.row is not None and self.row.champion is not None and self.row.stands_in is None

    @property
    def stands_in(self) -> str | None:
        """The baseline that serves in its place."""
        return self.row.stands_in if self.row is not None and self.row.champion is not None else None

    @property
    def batch(self) -> bool:
        """Whether it scores whole periods."""
        return self.policy is not None and self.policy.serve.mode == "batch"

    def stale_since(self, now: datetime) -> datetime | None:
        """When its version in production became older than its fleet file lets it be; `None` while it is not."""
        if self.policy is None or self.policy.stale_days is None or not self.in_production:
            return None
        since = self.row.champion_since if self.row is not None else None
        due = since + timedelta(days=self.policy.stale_days) if since is not None else None
        return due if due is not None and due <= now else None


@dataclass(frozen=True)
class Sight:
    """What a caller may see.

    Attributes:
        models: By name.
        whole: Whether the caller may see the whole app, so also what belongs to no model.
    """

    models: tuple[Model, ...]
    whole: bool

    @cached_property
    def by_name(self) -> Mapping[str, Model]:
        """The models."""
        return {model.name: model for model in self.models}

    @cached_property
    def fleets(self) -> tuple[str, ...]:
        """Fleets of which at least one model may be seen."""
        return tuple(sorted({model.fleet for model in self.models}))

    def datasets(self) -> frozenset[tuple[str, str]]:
        """Fleet and name of each dataset that one of the models is trained on or scores."""
        wanted = ((one.fleet, one.policy) for one in self.models if one.policy is not None)
        return frozenset(
            (fleet, name) for fleet, policy in wanted for name in (policy.train.dataset, policy.serve.dataset) if name
        )

    def may_see(self, fleet: str, dataset: str, cell: Mapping[str, str]) -> bool:
        """Whether a cell of a dataset is one that a model of the caller works with."""
        return self.whole or any(
            one.fleet == fleet
            and one.policy is not None
            and dataset in (one.policy.train.dataset, one.policy.serve.dataset)
            and all(one.labels.get(name, value) == value for name, value in cell.items())
            for one in self.models
        )


def see(rows: Iterable[ModelRow], policies: Sequence[ModelPolicy], caller: Caller) -> Sight:
    """What a caller may see of the models; a row that no fleet file knows is for those who may see the whole app."""
    whole = may(caller, "reader")
    known = {policy.model: policy for policy in policies}
    by_name = {row.model: row for row in rows}
    found = (Model(name, by_name.get(name), known.get(name)) for name in sorted({*by_name, *known}))
    return Sight(tuple(_visible(found, caller, whole=whole)), whole)


def bound_of(policy: ModelPolicy | None, metric: str) -> float | None:
    """What a metric may be at most, as the gates of a fleet file say it; the strictest of them."""
    gates: Sequence[GatePolicy] = policy.gates if policy is not None else ()
    return min((gate.max for gate in gates if gate.metric == metric and gate.max is not None), default=None)


def _visible(found: Iterable[Model], caller: Caller, *, whole: bool) -> Iterator[Model]:
    for model in found:
        if whole or (model.policy is not None and may(caller, "reader", model.policy)):
            yield model
