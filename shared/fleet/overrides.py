"""Exceptions to gates: each concerns models that exist, changes something, and ends."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from shared.contracts.policy import GateOverride, GatePolicy
from shared.fleet.amounts import bound_text, read_bound
from shared.fleet.draft import Draft
from shared.fleet.expansion import Expanded
from shared.fleet.gate_schema import OverrideSpec
from shared.fleet.local_days import end_of
from shared.located_yaml import Place, Problem
from shared.near_names import nearest

if TYPE_CHECKING:
    from shared.fleet.fleet import Fleet


@dataclass(frozen=True)
class Override:
    """An exception of the fleet file.

    Attributes:
        place: Where it stands in the file.
        line: The same, for a person.
        title: What it is called in messages: its name, or the gates that it changes.
        models: The models that it concerns.
        bounds: What holds instead, by gate.
        until: The last day on which it holds.
        ends: The moment from which on it is over.
    """

    place: Place
    line: int
    title: str
    by: str
    models: tuple[str, ...]
    bounds: Mapping[str, GateOverride]
    until: date
    ends: datetime


def read_overrides(expanded: Sequence[Expanded], draft: Draft) -> tuple[Override, ...]:
    """The exceptions of a file; what does not fit goes to the draft's problems."""
    # An exception may concern a model that is wrong, or that the environment leaves out.
    whole = {one.key for one in expanded} == set(draft.models.names) and draft.matrix == draft.base_matrix
    found = []
    for index, spec in draft.overrides.items():
        one = _read(("overrides", index), spec, expanded, draft)
        faults = list(_match_faults(one.place, spec, draft))
        if whole and not faults and not one.models:
            wanted = " and ".join(f"{label}={value}" for label, value in spec.match.items())
            text = f"no model has {wanted}; correct `match`, or remove the override"
            faults.append(draft.document.problem((*one.place, "match"), text))
        draft.problems.extend(faults)
        found.append(one)
    draft.problems.extend(_collisions(found, draft))
    return tuple(found)


def with_overrides(expanded: Iterable[Expanded], overrides: Iterable[Override]) -> Iterator[Expanded]:
    """The models with the exceptions to their gates."""
    bounds: dict[str, dict[str, GateOverride]] = {}
    for one in overrides:
        for model in one.models:
            bounds.setdefault(model, {}).update(one.bounds)
    for entry in expanded:
        changed = bounds.get(entry.policy.model)
        if changed:
            gates = tuple(_with_override(rule, changed) for rule in entry.policy.gates)
            yield replace(entry, policy=entry.policy.model_copy(update={"gates": gates}))
        else:
            yield entry


def notices(fleet: "Fleet", at: datetime) -> tuple[str, ...]:
    """What a person should tidy up in a fleet file that is right: exceptions that are over."""
    return tuple(
        f"{fleet.path}:{one.line}: the override of {one.title} by {one.by} ended with {one.until}; "
        "remove it, or give it another `until`"
        for one in fleet.overrides
        if one.ends <= at
    )


def _read(place: Place, spec: OverrideSpec, expanded: Iterable[Expanded], draft: Draft) -> Override:
    ends = end_of(spec.until, draft.timezone)
    return Override(
        place=place,
        line=draft.document.problem(place, "").line,
        title=f"`{spec.name}`" if spec.name else ", ".join(f"`{gate}`" for gate in spec.gates),
        by=spec.by,
        models=tuple(one.policy.model for one in expanded if _matches(spec, one.policy.labels)),
        bounds={
            gate: GateOverride(**{key: bound}, by=spec.by, reason=spec.reason, until=ends)
            for gate, key, bound in _bounds(place, spec, draft)
        },
        until=spec.until,
        ends=ends,
    )


def _matches(spec: OverrideSpec, labels: Mapping[str, str]) -> bool:
    return all(labels.get(label) == value for label, value in spec.match.items())


def _match_faults(place: Place, spec: OverrideSpec, draft: Draft) -> Iterator[Problem]:
    known = draft.document.mapping(("matrix",))
    for label, value in spec.match.items():
        here = (*place, "match", label)
        if label not in known:
            yield draft.document.problem(here, f"the matrix has no label `{label}`; {nearest(label, known)}")
        elif label in draft.matrix and value not in draft.values(label):
            text = f"`{label}` has no value `{value}`; {nearest(value, draft.values(label))}"
            yield draft.document.problem(here, text)


def _bounds(place: Place, spec: OverrideSpec, draft: Draft) -> Iterator[tuple[str, str, float]]:
    """The gates, `max` or `min`, and the bounds that hold instead; what is wrong goes to the draft's problems."""
    for gate, changed in spec.gates.items():
        key = "max" if changed.min is None else "min"
        try:
            bound = _bound(gate, key, changed.max if changed.min is None else changed.min, draft)
        except ValueError as error:
            draft.problems.append(draft.document.problem((*place, "gates", gate), str(error)))
        else:
            if bound is not None:
                yield gate, key, bound


def _bound(gate: str, key: str, value: object, draft: Draft) -> float | None:
    if not draft.gates.names:
        return None  # that there are no gates is said already
    if gate not in draft.gates.names:
        raise ValueError(f"there is no gate `{gate}`; {nearest(gate, draft.gates.names)}")
    rule = draft.gates.specs.get(gate)
    if rule is None:
        return None  # the gate itself is wrong, and says so
    own = rule.max if key == "max" else rule.min
    if own is None:
        other = next((name for name in ("max", "min") if getattr(rule, name) is not None), None)
        remedy = f"write `{other}`" if other else "remove it here"
        raise ValueError(f"`{gate}` has no `{key}` that could be changed; {remedy}")
    bound = read_bound(value, rule.metric, key)
    if bound == own and draft.environment is None:  # an environment may have a bound of its own
        raise ValueError(f"`{gate}` is {bound_text(bound, rule.metric)} already, so this changes nothing; remove it")
    return bound


def _collisions(overrides: Sequence[Override], draft: Draft) -> Iterator[Problem]:
    """Gates of models that two exceptions change, each pair of exceptions once."""
    first: dict[tuple[str, str], Override] = {}
    told: set[tuple[str, Place, Place]] = set()
    for one in overrides:
        for model in one.models:
            for gate in one.bounds:
                earlier = first.setdefault((model, gate), one)
                if earlier is not one and (gate, earlier.place, one.place) not in told:
                    told.add((gate, earlier.place, one.place))
                    text = f"line {earlier.line} changes `{gate}` of `{model}` too; keep one of them"
                    yield draft.document.problem((*one.place, "gates", gate), text)


def _with_override(rule: GatePolicy, changed: Mapping[str, GateOverride]) -> GatePolicy:
    return rule.model_copy(update={"override": changed[rule.name]}) if rule.name in changed else rule
