"""Whether a version is what its ledger says of it, and may still be released."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from shared.contracts.evaluation import Evaluation, Figures, GateResult, Verdict
from shared.contracts.policy import GatePolicy
from shared.errors import PermanentError
from shared.evaluation.gates import judge
from shared.evaluation.observations import Observations
from shared.names import content_hash
from shared.release.recorded import TRAIN_AGAIN, RecordedVersion, mapping

_HASH_LENGTH: Final = 64
_SUMMARY_LIMIT: Final = 800
#: Findings and reasons that a message names; a person looks at the rest.
_SHOWN: Final = 3


def require_whole(model: str, findings: Sequence[str]) -> None:
    """A ledger that was tampered with says nothing.

    Raises:
        PermanentError: `LedgerBroken`.
    """
    if findings:
        more = f" (and {len(findings) - _SHOWN} more)" if len(findings) > _SHOWN else ""
        what = f"The ledger of {model} contradicts itself: {'; '.join(findings[:_SHOWN])}{more}"
        remedy = f"find out who has changed it (`signalbox ledger verify {model}`) before anything is released"
        raise PermanentError("LedgerBroken", f"{what}; {remedy}.")


def require_dataset(known: RecordedVersion, dataset: str, manifest_sha256: str | None) -> None:
    """The figures are of the dataset version that is spoken of, and its manifest is there, unchanged.

    Args:
        known: The version.
        dataset: The dataset version that the release was ordered for.
        manifest_sha256: Of the manifest as it is now; absent when it is gone.

    Raises:
        PermanentError: `LineageIncomplete`.
    """
    what, again = f"version {known.version} of {known.model}", TRAIN_AGAIN.format(model=known.model)
    if known.dataset != dataset:
        told = f"The figures of {what} are of dataset version {known.dataset}, not of {dataset}"
        raise PermanentError("LineageIncomplete", f"{told}; {again}.")
    if manifest_sha256 is None:
        told = f"The manifest of dataset version {dataset}, which {what} was trained on, is gone"
        raise PermanentError("LineageIncomplete", f"{told}; condition the dataset again, and {again}.")
    if known.manifest_sha256 not in (None, manifest_sha256):
        told = f"The manifest of dataset version {dataset} is not the one that {what} was trained with"
        raise PermanentError("LineageIncomplete", f"{told}; find out who has changed it, and {again}.")


def require_artifact(known: RecordedVersion, now: str) -> None:
    """Its files are those that were registered.

    Raises:
        PermanentError: `ArtifactChanged`.
    """
    if known.artifact_sha256 is not None:
        require_recorded(known.model, known.version, known.artifact_sha256, now)


def require_recorded(model: str, version: str, recorded: str, now: str) -> None:
    """Files have the hash that the ledger has of them.

    Raises:
        PermanentError: `ArtifactChanged`.
    """
    if now != recorded:
        told = (
            f"The files of version {version} of {model} are not those that were registered: their hash was "
            f"{recorded}, and is {now}"
        )
        again = TRAIN_AGAIN.format(model=model)
        raise PermanentError("ArtifactChanged", f"{told}; find out who has changed them, and {again}.")


def require_copy(known: RecordedVersion, registered: str, deployed: str | None) -> None:
    """What would answer requests are the files that were judged.

    Args:
        known: The version.
        registered: Hash of its files in the registry, as `require_artifact` has found them.
        deployed: Hash of the platform's own copy; absent where it takes the registry's.

    Raises:
        PermanentError: `ArtifactChanged`.
    """
    if deployed in (None, registered):
        return
    told = (
        f"The files that would be deployed as version {known.version} of {known.model} are not those that were "
        f"registered: the hash of what the platform has is {deployed}, and that of the registry is {registered}"
    )
    again = TRAIN_AGAIN.format(model=known.model)
    raise PermanentError("ArtifactChanged", f"{told}; find out who has changed them, and {again}.")


def needs_rows(gates: Sequence[GatePolicy]) -> bool:
    """Whether a gate can be judged only by the rows that the figures are of."""
    return any(gate.segments or gate.confidence is not None for gate in gates)


def require_figures(known: RecordedVersion, again: Evaluation) -> None:
    """Rows that are read again give the figures that were recorded, those of its references as well.

    Raises:
        PermanentError: `LineageIncomplete`: the job's output, or its baseline's, is not what it was.
    """
    other = [
        f"{prefix}{name}"
        for prefix, before, now in _figures_of(known.evaluation, again)
        for name, value in before.model_dump(exclude_none=True).items()
        if now is None or not _same(value, getattr(now, name))
    ]
    if other:
        told = f"The evaluation of job {known.job} does not give the figures that were recorded ({', '.join(other)})"
        remedy = f"find out who has changed it, and {TRAIN_AGAIN.format(model=known.model)}"
        raise PermanentError("LineageIncomplete", f"{told}; {remedy}.")


def require_gates(
    known: RecordedVersion,
    gates: Sequence[GatePolicy],
    overridden: Collection[str],
    at: datetime,
    rows: Observations | None,
) -> Verdict:
    """The gates as they are now hold of the recorded figures, but for those that a person lets it pass.

    Raises:
        PermanentError: `GatesNotMet`.
    """
    verdict = judge(known.evaluation, gates, at, rows)
    allowed = {gate.name for gate in gates} & set(overridden)  # that there are no gates cannot be overridden
    failed = [result for result in verdict.gates if not result.passed and result.gate not in allowed]
    if failed:
        reasons = "; ".join(result.reason for result in failed[:_SHOWN])
        told = f"Version {known.version} of {known.model} does not pass its gates as they are now: {reasons}"
        raise PermanentError("GatesNotMet", f"{told}; {_remedy(known, failed)}.")
    return verdict


def require_compared(known: RecordedVersion, gates: Sequence[GatePolicy], champion: str | None) -> None:
    """No gate passes for want of a champion when there is one by now.

    Args:
        known: The version.
        gates: As the fleet file says them now.
        champion: The version in production; absent where there is none.

    Raises:
        PermanentError: `GatesNotMet`: it was trained before the first version was released, so nobody has compared
            the two.
    """
    told = known.evaluation.champion_ref
    if champion in (None, known.version) or told is None or told.version is not None:
        return
    gate = next((gate.name for gate in gates if gate.reference == "champion"), None)
    if gate is not None:
        what = (
            f"Version {known.version} of {known.model} was evaluated when there was no champion, and version "
            f"{champion} is in production now, so the gate {gate} has compared nothing"
        )
        raise PermanentError("GatesNotMet", f"{what}; {TRAIN_AGAIN.format(model=known.model)}.")


def excepted(
    known: RecordedVersion,
    verdict: Verdict,
    gates: Sequence[GatePolicy],
    at: datetime,
    rows: Observations | None,
) -> bool:
    """Whether a gate of the verdict holds only by the exception that the fleet file makes to it."""
    by_exception = {result.gate for result in verdict.gates if result.passed and result.override}
    own = [gate.model_copy(update={"override": None}) for gate in gates if gate.name in by_exception]
    return bool(own) and not judge(known.evaluation, own, at, rows).passed


def report_sha256(known: RecordedVersion, gates: Sequence[GatePolicy], overridden: Collection[str]) -> str:
    """Hash of what a person looks at before a release: figures, gates, exceptions to them, dataset."""
    return content_hash(
        known.evaluation.to_wire(),
        [gate.to_wire() for gate in gates],
        sorted(overridden),
        known.dataset,
        length=_HASH_LENGTH,
    )


def summary(known: RecordedVersion, verdict: Verdict, overridden: Collection[str]) -> str:
    """The figures against their gates, in a sentence or two."""
    told = "; ".join(_told(result, overridden) for result in verdict.gates)
    note = "" if known.artifact_sha256 else " Its files were not hashed when it was registered."
    text = f"{told}."
    return (text if len(text) <= _SUMMARY_LIMIT else text[: _SUMMARY_LIMIT - 1] + "…") + note


def _remedy(known: RecordedVersion, failed: Sequence[GateResult]) -> str:
    """A person can let a version pass what it has failed when it was judged, and nothing else."""
    judged = known.row.entry.facts.get("gates")
    told = map(mapping, judged if isinstance(judged, list) else ())
    before = {one.get("gate") for one in told if one.get("passed") is False}
    if any(result.gate not in before for result in failed):
        return TRAIN_AGAIN.format(model=known.model)
    target = f"{known.model}@{known.version}"
    return f"`signalbox override {target} --gate {failed[0].gate}` lets it pass, with a reason and an end"


def _told(result: GateResult, overridden: Collection[str]) -> str:
    return result.reason + (" (a person lets it pass)" if not result.passed and result.gate in overridden else "")


def _figures_of(before: Evaluation, now: Evaluation) -> Iterator[tuple[str, Figures, Figures | None]]:
    """All that a gate compares: of the model, and of what it was compared with where that was known."""
    yield "", before.model, now.model
    beside = (
        ("baseline ", before.baseline, now.baseline),
        ("naive ", before.naive, now.naive),
        ("champion ", before.champion, now.champion),
    )
    yield from ((prefix, figures, again) for prefix, figures, again in beside if figures is not None)


def _same(before: Any, now: Any) -> bool:
    if isinstance(before, float) and isinstance(now, float):
        return abs(before - now) <= 1e-9 * max(1.0, abs(before))
    return bool(before == now)
