"""A model's figures over its versions, from its ledger: nobody edits them, and nothing older is forgotten."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from functions.dashboard import wording
from shared.contracts.ledger import LedgerRow
from shared.contracts.policy import ModelPolicy
from shared.lineage.trail import JUDGED

#: The figures that the page draws.
METRICS: Final = ("mape", "rmse", "rmse_zero")
#: Versions that a chart shows: the newest.
SHOWN: Final = 40


@dataclass(frozen=True)
class Judged:
    """A version as it was judged.

    Attributes:
        figures: Of the model, by metric.
        baseline: Likewise, of its baseline.
        bounds: The absolute bounds that it was held to, by metric.
        passed: Whether every gate held.
        gates: What each gate said.
    """

    version: str
    at: datetime
    figures: Mapping[str, float]
    baseline: Mapping[str, float]
    bounds: Mapping[str, float]
    passed: bool
    gates: tuple[tuple[str, bool, str], ...]


def judged_versions(rows: Sequence[LedgerRow], policy: ModelPolicy | None) -> tuple[Judged, ...]:
    """Versions with what was found of them, oldest first; of one that was judged again, the last time.

    Args:
        rows: The model's ledger, oldest first.
        policy: What its fleet file says, which knows what gates have bounds of their own.
    """
    absolute = {gate.name for gate in policy.gates if gate.max is not None} if policy is not None else set()
    found: dict[str, Judged] = {}
    for row in rows:
        if row.entry.effect in JUDGED and "version" in row.entry.facts:
            one = _judged(row, absolute)
            found.pop(one.version, None)
            found[one.version] = one
    return tuple(found.values())


def _judged(row: LedgerRow, absolute: Container[str]) -> Judged:
    facts = row.entry.facts
    evaluation = _mapping(facts.get("evaluation"))
    gates = [gate for gate in _list(facts.get("gates")) if isinstance(gate, Mapping)]
    return Judged(
        version=str(facts["version"]),
        at=row.entry.at,
        figures=_figures(evaluation.get("model")),
        baseline=_figures(evaluation.get("baseline")),
        bounds={
            str(gate.get("metric")): value
            for gate in gates
            if str(gate.get("gate")) in absolute and (value := wording.number(gate.get("required"))) is not None
        },
        passed=bool(gates) and all(gate.get("passed") is True for gate in gates),
        gates=tuple((str(gate.get("gate")), gate.get("passed") is True, str(gate.get("reason"))) for gate in gates),
    )


def _figures(figures: Any) -> dict[str, float]:
    told = _mapping(figures)
    return {name: value for name in METRICS if (value := wording.number(told.get(name))) is not None}


def _mapping(value: Any) -> Mapping[str, Any]:
    """What a row says, if it is an object: facts are plain JSON, and somebody may have edited them."""
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
