"""Going back: from the version in production to the last good one."""

import operator
from typing import Literal

from pydantic import Field

from shared.contracts.base import Contract, Instant
from shared.contracts.datasets import DatasetRef
from shared.contracts.policy import ModelPolicy
from shared.contracts.release import Serving


class GoodVersion(Contract):
    """A version that serves or has served, as it was recorded then.

    Attributes:
        model: The registered model; the baseline's where that stands in.
        dataset: The last period that it has scored, for batch.
    """

    model: str
    version: str
    serving: Serving | None
    dataset: DatasetRef | None = None


class RollbackModelInput(Contract):
    """Input of `rollback_model`.

    Attributes:
        attempt: The interlock's number among releases and rollbacks; results carry it.
        leaves: What is in production.
        back_to: The recorded last good version; absent where the baseline model has to stand in, or nothing can.
        period: What is scored and published again, for batch.
        by: Who ordered it: a person, or the policy.
        reason: Why.
        compares: Whether files that are deployed anew, or given to a job, are held against the ledger before.
    """

    model: str
    attempt: int
    policy: ModelPolicy
    leaves: GoodVersion
    back_to: GoodVersion | None
    period: DatasetRef | None = None
    by: str
    reason: str
    compares: bool = Field(default=False, exclude_if=operator.not_)  # histories from before it was there replay
    at: Instant
    trace: str | None = None


class RollbackOutcome(Contract):
    """Result of `rollback_model`.

    Attributes:
        outcome: `failed`: production may be in between, so a person has to look.
        serves: What is in production now: the version gone back to, or, when nothing was done, the one to leave.
    """

    model: str
    attempt: int
    outcome: Literal["rolled_back", "failed_over", "failed"]
    reason: str
    serves: GoodVersion | None = None


class FindBaselineInput(Contract):
    """Input of `find_baseline_version`.

    Attributes:
        model: The baseline's name in the registry.
    """

    model: str
    trace: str | None = None


class CompareFilesInput(Contract):
    """Input of `compare_files`: whether what would answer requests is what was registered.

    Attributes:
        version: Of the model.
    """

    model: str
    version: str
    trace: str | None = None


class ComparedFiles(Contract):
    """Result of `compare_files`.

    Attributes:
        artifact_sha256: Hash of the files, equal to what the ledger has; absent where they could not be compared.
        unknown: Why they could not be.
    """

    artifact_sha256: str | None = None
    unknown: str | None = None


class WithdrawChampionInput(Contract):
    """Input of `withdraw_champion`: none of the model's versions is in production, since its baseline stands in."""

    model: str
    trace: str | None = None
