"""A period's predictions as readers find them: published whole, and restored when a release is undone."""

from pydantic import Field

from shared.contracts.base import Contract, Instant, absent
from shared.contracts.datasets import DatasetRef


class PublishPredictionsInput(Contract):
    """Input of `publish_predictions`: a scoring job's output becomes the period's published predictions.

    Attributes:
        as_of: The moment that they were made for, where that is not now; it is part of their path.
    """

    model: str
    version: str
    job: str
    dataset: DatasetRef
    as_of: Instant | None = None
    trace: str | None = None


class RestorePredictionsInput(Contract):
    """Input of `restore_predictions`: what was published before is current again.

    Attributes:
        published: Its path; `None` when nothing was.
        job: Whose publication is undone, wherever it found readers; `published` is not looked at then. Where readers
            are by another one, they stay.
    """

    model: str
    published: str | None
    job: str | None = Field(default=None, exclude_if=absent)
    trace: str | None = None


class PredictionsRestored(Contract):
    """Result of `restore_predictions`."""

    current: str | None


class PublishedPredictions(Contract):
    """Result of `publish_predictions`.

    Attributes:
        path: The CSV in the data container, one per dataset and model version; `predictions/MODEL/current.json` points
            to it, and is moved last.
        rows: Predictions in it.
        sha256: Hash of its bytes.
        kept: What readers are still pointed to, since it is of a later period; absent when they are pointed to this.
        before: What they were pointed to until then; absent when it was nothing, or they still are.
    """

    path: str
    rows: int
    sha256: str
    kept: str | None = None
    before: str | None = Field(default=None, exclude_if=absent)
