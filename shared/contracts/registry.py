"""Registered models and their versions."""

from shared.contracts.base import Contract, Instant
from shared.contracts.datasets import DatasetRef
from shared.contracts.evaluation import Evaluation, Verdict


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


class RegisteredVersion(Contract):
    """A model version in the registry.

    Attributes:
        aliases: Names that point to it, such as `champion`.
        stage: MLflow's stage, `None` where the registry has none.
        previous: The champion that it replaced when it was promoted.
    """

    model: str
    version: str
    run_id: str | None = None
    stage: str | None = None
    aliases: tuple[str, ...] = ()
    tags: dict[str, str] = {}
    created_at: Instant | None = None
    previous: str | None = None


class PromoteVersionInput(Contract):
    """Input of `promote_version`: alias `champion` and stage Production to this version, the previous one archived."""

    model: str
    version: str
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
