"""A model's ledger, told to a person."""

from collections.abc import Sequence
from typing import Any

from shared.contracts.ledger import LedgerRow
from shared.lineage.ledger import check

_TITLES = {
    "TrainingStarted": "Training started",
    "TrainingFailed": "Training failed",
    "TrainingSuperseded": "Training superseded",
    "TrainingUnwanted": "Training given up",
    "ModelRegistered": "Model registered and judged",
    "QaDeployed": "Deployed for testing",
    "GoldenSetTested": "Tested on the golden set",
    "VersionPromoted": "Promoted",
    "ProductionDeployed": "Deployed for production",
    "TrafficShifted": "Traffic shifted",
    "RouteSet": "Requests routed",
    "QaTornDown": "What is not needed was removed",
    "TearDownFailed": "Something was left over",
    "PredictionsPublished": "Predictions published",
    "ScoringFailed": "Scoring failed",
    "ModelReleased": "Released",
    "ReleaseFailed": "Release failed",
    "RetirementStarted": "Retirement asked for",
    "ModelRetired": "Retired",
    "RetirementFailed": "Retirement failed",
}


def tell(model: str, rows: Sequence[LedgerRow]) -> dict[str, Any]:
    """Why this model is, or is not, in production.

    Returns:
        `summary`: one sentence; `story`: the steps, oldest first, each with `at`, `what`, `reason`, `by` and `facts`;
        `verified`: whether the hash chain is unbroken; `findings`: what is wrong with it.
    """
    findings = check(rows)
    return {
        "model": model,
        "summary": _summary(model, rows),
        "story": [
            {
                "at": row.entry.at.isoformat(),
                "what": _TITLES.get(row.entry.effect, row.entry.effect),
                "reason": row.entry.reason,
                "by": row.entry.by,
                "facts": row.entry.facts,
            }
            for row in rows
        ],
        "verified": not findings,
        "findings": findings,
    }


def _summary(model: str, rows: Sequence[LedgerRow]) -> str:
    retired = _last(rows, "ModelRetired")
    if retired is not None:  # nothing of what came before serves any more
        rows = [row for row in rows if row.sequence > retired.sequence] or [retired]
    released = _last(rows, "ModelReleased")
    judged = _last(rows, "ModelRegistered")
    if released is None:
        why = judged.entry.reason if judged else (rows[-1].entry.reason if rows else "Nothing has happened yet.")
        return f"No version of {model} is in production. {why}"
    version = released.entry.facts.get("version")
    gates = next(
        (
            "; ".join(str(gate["reason"]) for gate in row.entry.facts.get("gates", ()))
            for row in reversed(rows)
            if row.entry.effect == "ModelRegistered" and row.entry.facts.get("version") == version
        ),
        "its evaluation is not in the ledger",
    )
    return f"Version {version} of {model} is in production because {gates}. {released.entry.reason}"


def _last(rows: Sequence[LedgerRow], effect: str) -> LedgerRow | None:
    return next((row for row in reversed(rows) if row.entry.effect == effect), None)
