"""What has become of one version of a model, as its ledger tells it, in a sentence for a person."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from shared.contracts.ledger import LedgerRow
from shared.lineage.production import in_production, left_in_part, of_version, stands_in, version_of
from shared.lineage.trail import JUDGED

#: Effects by which a version serves.
_SERVED: Final = ("ModelReleased", "ModelAdopted", "RolledBack")
#: Effects that say why a version of which a release was tried does not serve.
_UNRELEASED: Final = ("ReleaseFailed", "RollbackFailed")


def standing(model: str, version: str, rows: Sequence[LedgerRow]) -> str:
    """Whether a version is in production, and why, or why not.

    Args:
        model: Its name.
        version: Of the model; one that the ledger does not know has no standing.
        rows: The model's ledger, oldest first.
    """
    what, serves = f"Version {version} of {model}", in_production(rows)
    if serves is not None and not stands_in(serves) and version_of(serves) == version:
        return f"{what} is in production since {moment(serves.entry.at)}. {serves.entry.reason}"
    about = of_version(version, rows)
    if any(_brought(row, version) for row in about):
        return f"{what} is not in production any more. {_after(version, rows)}"
    tried = _last(about, *_UNRELEASED)
    judged = _last(about, *JUDGED)
    if tried is not None and (judged is None or tried.sequence > judged.sequence):
        return f"{what} is not in production. {tried.entry.reason}"
    if judged is None:
        return f"{what} was never judged here."
    return f"{what} is not in production. {judged.entry.reason}"


def moment(at: datetime) -> str:
    """A time to the minute."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _after(version: str, rows: Sequence[LedgerRow]) -> str:
    """What took a version out of production."""
    took = (*_SERVED, "FailedOver", "ModelRetired")
    served = max(row.sequence for row in rows if _brought(row, version))
    # A rollback that failed and left the version where it was took nothing out.
    later = (row for row in rows if row.sequence > served and (row.entry.effect in took or left_in_part(row)))
    found = next(later, None)
    return "" if found is None else f"{moment(found.entry.at)}: {found.entry.reason}"


def _brought(row: LedgerRow, version: str) -> bool:
    """Whether a version has served by a row, whether or not it still does."""
    served = row.entry.effect in _SERVED or left_in_part(row)
    return served and not stands_in(row) and version_of(row) == version


def _last(rows: Sequence[LedgerRow], *effects: str) -> LedgerRow | None:
    return next((row for row in reversed(rows) if row.entry.effect in effects), None)
