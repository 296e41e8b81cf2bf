"""Where each value that holds for a model comes from: a line, an environment, an override, or a default."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from shared.contracts.policy import GatePolicy, ModelPolicy
from shared.errors import PermanentError
from shared.fleet.environments import Overlay, overlaid
from shared.fleet.fleet import Fleet
from shared.fleet.gate_text import gate_values
from shared.fleet.loader import load_fleet
from shared.fleet.model_checks import golden_place
from shared.fleet.model_names import read_model_name
from shared.fleet.overrides import Override
from shared.fleet.release_rows import Row, release_rows, team_rows
from shared.located_yaml import Place, read_document
from shared.near_names import nearest


@dataclass(frozen=True)
class EffectiveValue:
    """A value that holds for a model.

    Attributes:
        key: Its keys in the file, with dots: `train.pipeline`.
        value: As the file would say it, with labels filled: `45%`, `60d`, `[data, stale]`.
        origin: `fleet.yaml:23`, `fleet.yaml:23 (environment dev)`,
            `fleet.yaml:61 (override of ana@contoso.example, until 2027-01-31)` or `default`.
    """

    key: str
    value: str
    origin: str


def effective(
    path: Path, model: str, environment: str | None = None, at: datetime | None = None
) -> tuple[EffectiveValue, ...]:
    """All that holds for a model, in the order of the file.

    Args:
        path: The fleet file.
        model: A registered model's name, as the matrix makes it.
        environment: The environment that is laid over the file.
        at: When it has to hold: overrides that are over then are left aside. All of them count when absent.

    Raises:
        FleetError: The file is not right.
        PermanentError: `UnknownModel`.
    """
    fleet = load_fleet(path, environment)
    policy = fleet.model(model)
    if policy is None:
        known = nearest(model, (one.model for one in fleet.models))
        raise PermanentError("UnknownModel", f"fleet `{fleet.name}` has no model `{model}`; {known}")
    overlay = overlaid(read_document(fleet.path), fleet.environment)
    return tuple(_Effective(fleet, policy, overlay, at).values())


@dataclass(frozen=True)
class _Effective:
    """One model, and the file that it comes from."""

    fleet: Fleet
    policy: ModelPolicy
    overlay: Overlay
    at: datetime | None

    def values(self) -> Iterator[EffectiveValue]:
        """Every value with its origin."""
        for key, value, place in (*self._general(), *self._data(), *self._training(), *self._serving()):
            if value is not None:
                yield EffectiveValue(key, _text(value), self._origin(place))
        for rule in self.policy.gates:
            yield from self._gate(rule)
        said = self.overlay.document.at(("release", "strategy"))
        releases = release_rows(self.policy, said or "all_at_once", self.fleet.timezone)
        for key, value, place in (*releases, *self._running()):
            if value is not None:
                yield EffectiveValue(key, _text(value), self._origin(place))

    def _general(self) -> Iterator[Row]:
        yield "fleet", self.fleet.name, ("fleet",)
        yield "timezone", self.fleet.timezone, ("timezone",)
        yield "level", self.policy.level, ("level",)
        for label, value in self.policy.labels.items():
            yield f"labels.{label}", value, self._label_place(label)
        yield from team_rows(self.policy)

    def _data(self) -> Iterator[Row]:
        """The dataset that it is trained on."""
        data = self.fleet.dataset(self.policy.train.dataset)
        key, place = f"datasets.{data.name}", ("datasets", data.name)
        yield f"{key}.from", data.sources, (*place, "from")
        yield f"{key}.per", data.per, (*place, "per")
        yield f"{key}.wait.for", data.wait.sources, (*place, "wait", "for")
        yield f"{key}.wait.until", data.wait.until, (*place, "wait", "until")
        yield f"{key}.wait.else", data.wait.otherwise if data.wait.until else None, (*place, "wait", "else")
        for name in ("max_rejected", "rows_vs_last"):
            share = getattr(data.quality, name)
            yield f"{key}.quality.{name}", None if share is None else f"{share * 100:g}%", (*place, "quality", name)
        yield f"{key}.quality.complete", data.quality.complete, (*place, "quality", "complete")

    def _training(self) -> Iterator[Row]:
        train, baseline, place = self.policy.train, self.policy.baseline, self._place
        yield "train.pipeline", train.pipeline, (*place, "train", "pipeline")
        yield "train.data", train.dataset, (*place, "train", "data")
        for name, value in train.parameters.items():
            yield f"train.with.{name}", value, (*place, "train", "with", name)
        yield "train.timeout", f"{train.timeout_minutes}m", (*place, "train", "timeout")
        yield "train.queue_timeout", f"{train.queue_timeout_minutes}m", (*place, "train", "queue_timeout")
        if baseline:
            yield "baseline.name", baseline.model, (*place, "baseline", "name")
            yield "baseline.pipeline", baseline.pipeline, (*place, "baseline", "pipeline")
            for name, value in baseline.parameters.items():
                yield f"baseline.with.{name}", value, (*place, "baseline", "with", name)

    def _serving(self) -> Iterator[Row]:
        serve, place = self.policy.serve, self._place
        yield "serve.online", serve.endpoint, (*place, "serve", "online")
        yield "serve.shared", serve.shared or None, (*place, "serve", "shared")
        yield "serve.deployment", serve.deployment, (*place, "serve", "deployment")
        yield "serve.batch", serve.pipeline, (*place, "serve", "batch")
        if serve.mode == "batch":
            yield "serve.data", serve.dataset or self.policy.train.dataset, (*place, "serve", "data")
        for name, value in serve.parameters.items():
            yield f"serve.with.{name}", value, (*place, "serve", "with", name)
        yield "golden", self.policy.golden, golden_place(self._key, self.overlay.document)
        stale = self.policy.stale_days
        yield "stale", f"{stale}d" if stale else "never", (*place, "stale")
        for name, value in self.policy.tags.items():
            own = (*place, "tags", name)
            yield f"tags.{name}", value, own if own in self.overlay.document.lines else ("team", name)

    def _running(self) -> Iterator[Row]:
        when, kept = self.policy.retrain_when, self.fleet.retention
        yield "retrain.when", list(when), self._reasons_place()
        yield "retrain.at_once", self.policy.at_once or "no limit", ("retrain", "at_once")
        cooldown, failures = self.policy.cooldown_days, self.policy.park_after
        yield "retrain.cooldown", f"{cooldown}d" if cooldown else None, ("retrain", "cooldown")
        yield "retrain.park_after", failures or "never", ("retrain", "park_after")
        for operation, text in self.fleet.schedule.items():
            yield f"schedule.{operation}", text, ("schedule", operation)
        yield "retention.runs", f"{kept.runs_days}d", ("retention", "runs")
        yield "retention.versions", kept.versions, ("retention", "versions")
        yield "retention.datasets", f"{kept.datasets_days}d", ("retention", "datasets")
        yield "retention.quarantine", f"{kept.quarantine_days}d", ("retention", "quarantine")

    def _gate(self, rule: GatePolicy) -> Iterator[EffectiveValue]:
        """Its metric, what it is held to, and what else its line says."""
        place: Place = ("gates", rule.name)
        exception = self._override(rule)
        for key, value in gate_values(rule, overridden=exception is not None):
            changed = exception is not None and key in ("max", "min")
            origin = self._override_origin(exception) if exception and changed else self._origin((*place, key))
            yield EffectiveValue(f"gates.{rule.name}.{key}", value, origin)

    def _override(self, rule: GatePolicy) -> Override | None:
        """The exception to a gate that still holds."""
        if rule.override is None or (self.at is not None and rule.override.until <= self.at):
            return None
        mine = (one for one in self.fleet.overrides if self.policy.model in one.models and rule.name in one.bounds)
        return next(mine, None)

    def _override_origin(self, one: Override) -> str:
        where = "environment " + str(self.overlay.environment) + ", " if ("overrides",) in self.overlay.places else ""
        return f"{self.fleet.path.name}:{one.line} ({where}override of {one.by}, until {one.until})"

    def _origin(self, place: Place) -> str:
        line = self.overlay.document.lines.get(place)
        if line is None:
            return "default"
        suffix = f" (environment {self.overlay.environment})" if place in self.overlay.places else ""
        return f"{self.fleet.path.name}:{line}{suffix}"

    def _label_place(self, label: str) -> Place:
        """The list that a value stands in, or the name that holds a label to one value."""
        return self._place if f"{{{label}=" in self._key else ("matrix", label)

    def _reasons_place(self) -> Place:
        own: Place = ("retrain", "when")
        return own if own in self.overlay.document.lines or self.policy.retrain_when else ("schedule", "train")

    @cached_property
    def _key(self) -> str:
        """The key under `models` that the model comes from."""
        labels, model = self.policy.labels, self.policy.model
        names = map(read_model_name, self.overlay.document.mapping(("models",)))
        mine = (
            name
            for name in names
            if name.fixed.items() <= labels.items() and set(name.labels) == set(labels) and name.filled(labels) == model
        )
        return next(mine).written

    @property
    def _place(self) -> Place:
        return ("models", self._key)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(map(str, value))}]"
    return str(value)
