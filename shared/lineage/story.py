"""A model's ledger, told to a person."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from shared.contracts.ledger import LedgerRow
from shared.lineage.ledger import check
from shared.lineage.production import in_production, stands_in, version_of
from shared.lineage.standing import standing
from shared.lineage.trail import JUDGED, trail

_TITLES: Final = {
    "TrainingStarted": "Training started",
    "TrainingFailed": "Training failed",
    "TrainingSuperseded": "Training superseded",
    "TrainingUnwanted": "Training given up",
    "ModelRegistered": "Model registered and judged",
    "VersionEvaluated": "Version of somebody else judged",
    "EvaluationFailed": "Evaluation failed",
    "QaDeployed": "Deployed for testing",
    "GoldenSetTested": "Tested on the golden set",
    "VersionVerified": "Verified again before it serves",
    "ApprovalAsked": "Approval asked for",
    "Approved": "Approved",
    "Refused": "Approval refused",
    "ApprovalExpired": "Nobody approved",
    "StrategyReplaced": "Released in another way",
    "TrafficMirrored": "Requests copied to the challenger",
    "MirrorEnded": "Copying of requests ended",
    "ChallengerAnalysed": "Challenger compared",
    "ShadowScored": "Challenger scored beside",
    "VersionPromoted": "Promoted",
    "ChampionWithdrawn": "Alias taken away",
    "ProductionDeployed": "Deployed for production",
    "TrafficShifted": "Traffic shifted",
    "RouteSet": "Requests routed",
    "QaTornDown": "What is not needed was removed",
    "ReplacedTornDown": "What served before was removed",
    "TearDownFailed": "Something was left over",
    "PredictionsPublished": "Predictions published",
    "ScoringFailed": "Scoring failed",
    "ModelReleased": "Released",
    "ModelAdopted": "Adopted, lineage unknown",
    "ReleaseFailed": "Release failed",
    "PredictionsRestored": "Earlier predictions restored",
    "ChampionRestored": "Alias given back",
    "TrafficRestored": "Traffic given back",
    "RouteRestored": "Route given back",
    "ReadersRestored": "Readers sent back",
    "RollbackStarted": "Rollback ordered",
    "RolledBack": "Rolled back",
    "FailedOver": "Baseline stands in",
    "RollbackFailed": "Rollback failed",
    "RetirementStarted": "Retirement asked for",
    "ModelRetired": "Retired",
    "RetirementFailed": "Retirement failed",
    "RegistryNotTold": "The registry does not tell of it",
}
#: Every effect that is written.
EFFECTS: Final = frozenset(_TITLES)
#: Effects that say how a run came out, and what the run was.
_RUNS: Final = {
    "ModelRegistered": "Training",
    "TrainingFailed": "Training",
    "TrainingSuperseded": "Training",
    "TrainingUnwanted": "Training",
    "ModelReleased": "Release",
    "ReleaseFailed": "Release",
    "VersionEvaluated": "Evaluation",
    "EvaluationFailed": "Evaluation",
    "RolledBack": "Rollback",
    "FailedOver": "Rollback",
    "RollbackFailed": "Rollback",
    "ScoringFailed": "Scoring",
    "ModelRetired": "Retirement",
    "RetirementFailed": "Retirement",
}


def tell(
    model: str,
    rows: Sequence[LedgerRow],
    *,
    version: str | None = None,
    findings: Sequence[str] | None = None,
    manifest: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Why this model is, or is not, in production.

    Args:
        model: Its name.
        rows: Its ledger, oldest first.
        version: The one that is asked about; that in production, or else the last one, unless given.
        findings: What a check has found, where more is known than the rows.
        manifest: Of the dataset version that `trained_on` names.

    Returns:
        `summary`: one sentence; `story`: the steps, oldest first, each with `row`, `at`, `what`, `reason`, `by` and
        `facts`; `runs`: the same steps by the run that did them, each run with `by`, `what`, `at`, `reason`, `version`
        and the numbers of its `rows`; `trail`: where the version that is asked about came from, see
        `shared.lineage.trail`; `verified`: whether the ledger is as it was written; `findings`: what is wrong with it.
    """
    found = check(rows) if findings is None else list(findings)
    shown = version or shown_version(rows)
    return {
        "model": model,
        "summary": _summary(model, rows) if version is None else standing(model, version, rows),
        "trail": trail(shown, rows, manifest) if shown else None,
        "runs": _runs(rows),
        "story": [
            {
                "row": row.sequence,
                "at": row.entry.at.isoformat(),
                "what": title_of(row.entry.effect),
                "reason": row.entry.reason,
                "by": row.entry.by,
                "facts": row.entry.facts,
            }
            for row in rows
        ],
        "verified": not found,
        "findings": found,
    }


def shown_version(rows: Sequence[LedgerRow]) -> str | None:
    """The version that the story is about: that in production, or else the one that was registered last."""
    row = in_production(rows)
    if row is not None and not stands_in(row):
        return version_of(row)
    judged = _last(_since_retirement(rows), *JUDGED) or _last(rows, *JUDGED)
    return version_of(judged) if judged else None


def _summary(model: str, rows: Sequence[LedgerRow]) -> str:
    served, rows = in_production(rows), _since_retirement(rows)
    if served is None:
        judged = _last(rows, *JUDGED)
        why = judged.entry.reason if judged else (rows[-1].entry.reason if rows else "Nothing has happened yet.")
        return f"No version of {model} is in production. {why}"
    if stands_in(served):
        return f"No version of {model} is in production; its baseline stands in. {served.entry.reason}"
    version = version_of(served)
    judged = next((row for row in reversed(rows) if row.entry.effect in JUDGED and version_of(row) == version), None)
    gates = "; ".join(_reasons(judged.entry.facts.get("gates"))) if judged else "its evaluation is not in the ledger"
    return f"Version {version} of {model} is in production because {gates}. {served.entry.reason}"


def _reasons(gates: Any) -> list[str]:
    """What each gate said; an entry that somebody has edited may say anything."""
    return [str(gate.get("reason")) for gate in gates if isinstance(gate, Mapping)] if isinstance(gates, list) else []


def _since_retirement(rows: Sequence[LedgerRow]) -> Sequence[LedgerRow]:
    """What came after the last retirement, or that alone: nothing of what came before serves any more."""
    retired = _last(rows, "ModelRetired")
    if retired is None:
        return rows
    return [row for row in rows if row.sequence > retired.sequence] or [retired]


def _runs(rows: Sequence[LedgerRow]) -> list[dict[str, Any]]:
    """The steps by run, in the order in which runs began."""
    by_run: dict[str, list[LedgerRow]] = {}
    for row in rows:
        by_run.setdefault(row.entry.by, []).append(row)
    return [_run(by, steps) for by, steps in by_run.items()]


def _run(by: str, steps: Sequence[LedgerRow]) -> dict[str, Any]:
    """A run by the step that says how it came out; the last one where it has not come out yet."""
    outcome = next((row for row in reversed(steps) if row.entry.effect in _RUNS), steps[-1])
    effect = outcome.entry.effect
    return {
        "by": by,
        "what": title_of(effect),
        "kind": _RUNS.get(effect),
        "at": steps[0].entry.at.isoformat(),
        "reason": outcome.entry.reason,
        "version": version_of(outcome),
        "rows": [row.sequence for row in steps],
    }


def title_of(effect: str) -> str:
    """An effect for a reader; one without a title as its words: `RouteMoved` as `Route moved`."""
    spaced = "".join(f" {sign.lower()}" if sign.isupper() else sign for sign in effect).strip()
    return _TITLES.get(effect, spaced[:1].upper() + spaced[1:])


def _last(rows: Sequence[LedgerRow], *effects: str) -> LedgerRow | None:
    return next((row for row in reversed(rows) if row.entry.effect in effects), None)
