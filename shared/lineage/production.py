"""Which row of a model's ledger brought into production what clients get now."""

from collections.abc import Mapping, Sequence, Set
from typing import Any

from shared.contracts.ledger import LedgerRow


def in_production(rows: Sequence[LedgerRow]) -> LedgerRow | None:
    """The row by which what is in production came there; `None` when nothing is."""
    effects = ("ModelReleased", "ModelAdopted", "RolledBack", "FailedOver", "ModelRetired")
    row = next((one for one in reversed(rows) if one.entry.effect in effects or left_in_part(one)), None)
    return row if row is not None and row.entry.effect != "ModelRetired" else None


def stands_in(row: LedgerRow) -> bool:
    """Whether what serves by a row is the baseline: a rollback names the registered model of what serves afterwards."""
    serves = _serves(row)
    return row.entry.effect == "FailedOver" or (serves is not None and serves.get("model") != row.entry.model)


def version_of(row: LedgerRow) -> str | None:
    """The version that a row is about; of a rollback the one that serves afterwards."""
    serves = _serves(row)
    version = (row.entry.facts if serves is None else serves).get("version")
    return None if version is None else str(version)


def of_version(version: str, rows: Sequence[LedgerRow]) -> list[LedgerRow]:
    """The rows that are about a version of the model, be it the one that a rollback has left.

    The baseline that stands in numbers its versions as well: those numbers, in all rows of the rollback by which it
    does, are not the model's.
    """
    theirs = {row.entry.by for row in rows if stands_in(row) or _goes_to_baseline(row)}
    return [row for row in rows if version in _versions(row, theirs)]


def _versions(row: LedgerRow, theirs: Set[str]) -> set[str]:
    """The versions that a row is about; `theirs`: runs by which the baseline stands in."""
    facts = row.entry.facts
    leaves = facts.get("leaves")
    left = leaves.get("version") if isinstance(leaves, Mapping) else leaves
    own = () if leaves is not None and row.entry.by in theirs else (facts.get("version"), version_of(row))
    return {str(one) for one in (left, *own) if one is not None}


def _goes_to_baseline(row: LedgerRow) -> bool:
    """Whether a rollback that begins goes back to no version of the model."""
    if row.entry.effect != "RollbackStarted" or "back_to" not in row.entry.facts:
        return False
    back_to = row.entry.facts["back_to"]
    return not isinstance(back_to, Mapping) or back_to.get("model") != row.entry.model


def left_in_part(row: LedgerRow) -> bool:
    """Whether it is of a rollback that was not done whole, and by which clients get another version all the same."""
    serves = _serves(row)
    if row.entry.effect != "RollbackFailed" or serves is None:
        return False
    return serves.get("version") != row.entry.facts.get("leaves") or stands_in(row)


def _serves(row: LedgerRow) -> Mapping[str, Any] | None:
    serves = row.entry.facts.get("serves")
    return serves if isinstance(serves, Mapping) else None
