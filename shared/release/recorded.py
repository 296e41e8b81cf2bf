"""What a model's ledger has of a version: the figures, what they are of, and whose training it was."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from shared.contracts.evaluation import Evaluation
from shared.contracts.ledger import LedgerRow
from shared.errors import PermanentError

#: What tells the figures of a version: ours when it was registered, somebody else's when it was evaluated.
REGISTERED: Final = "ModelRegistered"
EVALUATED: Final = "VersionEvaluated"
#: Tells of a version that nobody has judged here, and what its files were.
_ADOPTED: Final = "ModelAdopted"
#: Who asks for a training without being anybody.
_NOBODY: Final = frozenset({"", "schedule", "policy"})
#: What helps where the ledger does not, with the model's name for `model`.
TRAIN_AGAIN: Final = "train it again: `signalbox retrain {model}`"


@dataclass(frozen=True)
class RecordedVersion:
    """What the ledger has of a version.

    Attributes:
        row: That has its figures.
        evaluation: The figures.
        dataset: The dataset version that they are of.
        job: The job that put them out.
        baseline_job: The one that the baseline's are of, if one was trained.
        artifact_sha256: Over its files, when it was registered; absent where nobody has hashed them.
        manifest_sha256: Over the dataset version's manifest, likewise.
        author: Who asked for its training.
    """

    model: str
    version: str
    row: LedgerRow
    evaluation: Evaluation
    dataset: str
    job: str
    baseline_job: str | None
    artifact_sha256: str | None
    manifest_sha256: str | None
    author: str | None


def recorded(model: str, version: str, rows: Sequence[LedgerRow]) -> RecordedVersion:
    """What a model's ledger has of a version, from its newest figures and its registration.

    Raises:
        PermanentError: `LineageIncomplete`: there are no figures, or it is not known what they are of.
    """
    of_version = [row for row in rows if str(row.entry.facts.get("version")) == version]
    row = next((one for one in reversed(of_version) if one.entry.effect in (REGISTERED, EVALUATED)), None)
    again = TRAIN_AGAIN.format(model=model)
    if row is None:
        what = f"The ledger of {model} has no figures of version {version}: it was neither trained nor evaluated here"
        raise PermanentError("LineageIncomplete", f"{what}; let it be evaluated, or {again}.")
    facts = row.entry.facts
    needed = ("dataset", "job", "fleet_revision", *(("run",) if row.entry.effect == REGISTERED else ()))
    unknown = [name for name in needed if not facts.get(name)]
    if unknown:
        what = f"Row {row.sequence} of the ledger of {model} does not say of version {version}: {', '.join(unknown)}"
        raise PermanentError("LineageIncomplete", f"{what}; {again}.")
    registration = next((one for one in of_version if one.entry.effect == REGISTERED), row)
    return RecordedVersion(
        model=model,
        version=version,
        row=row,
        evaluation=_evaluation(row, again),
        dataset=str(facts["dataset"]),
        job=str(facts["job"]),
        baseline_job=_text(mapping(facts.get("baseline")).get("job")),
        artifact_sha256=recorded_hash(version, rows),
        manifest_sha256=_text(mapping(facts.get("origin")).get("manifest_sha256")),
        author=_author(registration, rows),
    )


def recorded_hash(version: str, rows: Sequence[LedgerRow]) -> str | None:
    """Hash over a version's files when it was registered, else last evaluated, else adopted; absent where unknown."""
    told = [row.entry for row in rows if str(row.entry.facts.get("version")) == version]
    registered = next((one for one in told if one.effect == REGISTERED), None)
    judged = registered or next((one for one in reversed(told) if one.effect == EVALUATED), None)
    if judged is not None:
        return _text(mapping(judged.facts.get("origin")).get("artifact_sha256"))
    adopted = next((one for one in reversed(told) if one.effect == _ADOPTED), None)
    return None if adopted is None else _text(adopted.facts.get("artifact_sha256"))


def mapping(value: Any) -> Mapping[str, Any]:
    """What a row says, if it is an object: facts are plain JSON, and somebody may have edited them."""
    return value if isinstance(value, Mapping) else {}


def _evaluation(row: LedgerRow, again: str) -> Evaluation:
    try:
        return Evaluation.from_wire(row.entry.facts["evaluation"])
    except (KeyError, ValidationError) as error:
        told = f"Row {row.sequence} of the ledger of {row.entry.model} has no figures that can be read"
        raise PermanentError("LineageIncomplete", f"{told}; {again}.") from error


def _author(registration: LedgerRow, rows: Sequence[LedgerRow]) -> str | None:
    """Whoever the same run says that it was asked by: at its start, or at its end."""
    told = (row.entry.facts.get("requested_by") for row in rows if row.entry.by == registration.entry.by)
    return next((one for one in map(_text, told) if one is not None and one not in _NOBODY), None)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
