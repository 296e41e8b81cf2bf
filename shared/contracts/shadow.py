"""A challenger beside the champion in batch: the same periods scored by both, and one of them published."""

from shared.contracts.base import Contract, Instant
from shared.contracts.datasets import DatasetRef


class FindShadowPeriodInput(Contract):
    """Input of `find_shadow_period`.

    Attributes:
        fleet: The fleet file's name.
        dataset: The name of what is scored, in that file.
        labels: The model's; a dataset's cell must agree with them.
        published: Where readers are now: tells who is champion where the registry has no such alias.
        scored: Dataset versions that the challenger has scored already.
    """

    model: str
    fleet: str
    dataset: str
    labels: dict[str, str]
    published: str | None = None
    scored: tuple[str, ...] = ()
    trace: str | None = None


class ShadowPeriod(Contract):
    """What the challenger scores next, and what it is compared with.

    Attributes:
        dataset: The newest dataset version.
        champion: The version whose predictions for it are published.
        path: The CSV with them.
        as_of: The moment that they were made for, where that was not the present.
    """

    dataset: DatasetRef
    champion: str
    path: str
    as_of: Instant | None = None


class FoundShadowPeriod(Contract):
    """Result of `find_shadow_period`.

    Attributes:
        period: Absent while there is none.
        missing: Why there is none, for a person.
    """

    period: ShadowPeriod | None = None
    missing: str = ""


class ComparePredictionsInput(Contract):
    """Input of `compare_predictions`: a scoring job of the challenger beside what the champion has published.

    Attributes:
        job: The challenger's.
        champion: Whose predictions `published` has.
        published: The CSV in the data container.
    """

    job: str
    champion: str
    published: str
    trace: str | None = None


class PredictionsCompared(Contract):
    """How far two versions lie apart over the same period; `shared.release.disagreement` has the formulas.

    Attributes:
        rows: Rows that at least one of them predicts.
        unmatched: Rows that only one of them predicts; they count as if the other had predicted 0.
        disagreement: Mean absolute difference, as a share of the champion's mean absolute prediction; absent where the
            champion predicts nothing but 0 and the challenger does not.
        known: Rows of both whose actual value is known by now.
        error: Mean absolute error of the challenger over these rows, in the target's unit; absent while there are none.
        champion_error: The same of the champion.
    """

    rows: int
    unmatched: int
    disagreement: float | None
    known: int = 0
    error: float | None = None
    champion_error: float | None = None
