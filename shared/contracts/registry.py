"""Registered models and their versions."""

from typing import Final

from pydantic import Field

from shared.contracts.base import Contract, Instant, absent
from shared.contracts.datasets import DatasetRef
from shared.contracts.evaluation import Evaluation, Verdict

#: Tag of a version and of its run: how many rows of the ledger its note was made of.
ROWS_TAG: Final = "signalbox.why.rows"


class RegisterVersionInput(Contract):
    """Input of `register_version`: every trained model is registered, the rejected too.

    The effect's key is `job`: a version that carries it already is adopted, not made again.

    Attributes:
        tags: The fleet file's tags for the model.
    """

    model: str
    fleet: str
    revision: str
    job: str
    attempt: int
    dataset: DatasetRef
    evaluation: Evaluation
    verdict: Verdict
    tags: dict[str, str] = {}
    trace: str | None = None


class RegisterBaselineInput(Contract):
    """Input of `register_baseline`: what a group of models is compared with, registered once per job.

    The effect's key is `job`, and every model of the group asks for it.
    """

    model: str
    fleet: str
    job: str
    dataset: DatasetRef
    trace: str | None = None


class VersionOrigin(Contract):
    """What a version came from, as far as it was known when it was registered; what is absent was not known.

    Attributes:
        artifact_sha256: Over the files of the model, see `shared.registry.artifact`.
        git_commit: Of the fleet files, as the deployment says it.
        platform: Where it was trained: `azureml` or `local`.
        environments: Of the pipeline's steps, as its YAML names them; a step that is a registered component does not
            tell its environment.
        images: What the steps run in, as the platform tells it; `unknown` where it cannot tell.
        manifest: Of the dataset version: a blob in the data container.
        manifest_sha256: Of that blob's bytes.
    """

    artifact_sha256: str | None = None
    git_commit: str | None = None
    platform: str | None = None
    environments: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    manifest: str | None = None
    manifest_sha256: str | None = None


class HashVersionInput(Contract):
    """Input of `hash_version`: what is known of a version that was not registered here.

    Attributes:
        dataset: What it is evaluated on.
    """

    model: str
    version: str
    dataset: DatasetRef | None = None
    trace: str | None = None


class VersionNote(Contract):
    """What a registry is to keep beside a version for people to read; Signalbox itself believes only its ledger.

    Attributes:
        text: Markdown.
        tags: Of the version and of its run; with `ROWS_TAG`, one of fewer rows than the note there changes nothing.
    """

    text: str
    tags: dict[str, str] = {}


class NoteVersionsInput(Contract):
    """Input of `note_versions`: what the registry says of them is brought up to date with the ledger."""

    model: str
    versions: tuple[str, ...]
    trace: str | None = None


class VersionsNoted(Contract):
    """Result of `note_versions`.

    Attributes:
        changed: Those of which the registry said something else before.
    """

    model: str
    changed: tuple[str, ...]


class RegisteredVersion(Contract):
    """A model version in the registry.

    Attributes:
        aliases: Names that point to it, such as `champion`.
        stage: MLflow's stage, `None` where the registry has none.
        previous: The champion that it replaced when it was promoted.
        origin: What it came from; only `register_version` tells it.
    """

    model: str
    version: str
    run_id: str | None = None
    stage: str | None = None
    aliases: tuple[str, ...] = ()
    tags: dict[str, str] = {}
    created_at: Instant | None = None
    previous: str | None = None
    # histories from before it was there replay
    origin: VersionOrigin | None = Field(default=None, exclude_if=absent)


class PromoteVersionInput(Contract):
    """Input of `promote_version`: alias `champion` and stage Production to this version.

    Attributes:
        archive: Whether the previous one moves to the stage Archived; it leaves Production either way.
    """

    model: str
    version: str
    archive: bool = Field(default=True, exclude_if=bool)  # histories from before it was there replay
    trace: str | None = None


class RestoreChampionInput(Contract):
    """Input of `restore_champion`: undo a promotion whose release failed.

    Attributes:
        version: The version that may have been promoted. The registry itself knows which one was champion before.
    """

    model: str
    version: str
    trace: str | None = None


class ChampionRestored(Contract):
    """Result of `restore_champion`; `champion` is `None` when the model has none again."""

    model: str
    champion: str | None


class Promotion(Contract):
    """Result of `promote_version`.

    Attributes:
        previous: The version that was champion before, if any; recorded as the last good one.
    """

    model: str
    version: str
    previous: str | None
