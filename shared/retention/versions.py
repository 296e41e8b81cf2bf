"""Which versions of a registered model go."""

from collections.abc import Collection, Sequence
from typing import Final

from shared.contracts.registry import RegisteredVersion
from shared.contracts.retention import Expired
from shared.names import CHAMPION, PRODUCTION

#: Tags that `register_version` writes: the job that made the version, its verdict, and what it was trained on.
JOB_TAG: Final = "signalbox.job"
VERDICT_TAG: Final = "signalbox.verdict"
DATASET_TAG: Final = "signalbox.dataset"


def expired_versions(
    versions: Sequence[RegisteredVersion], keep: int, in_use: Collection[str] = ()
) -> tuple[Expired, ...]:
    """Versions of one model beyond its newest ones.

    Never one that has an alias or is in production, the champion before the present one, the newest that passed, or
    one that no job of ours has made.

    Args:
        versions: All of them, oldest first.
        keep: How many of the newest stay.
        in_use: Versions that a run in flight or the model's row speaks of.
    """
    ours = [version for version in versions if JOB_TAG in version.tags]
    older = ours[: max(0, len(ours) - keep)]
    kept = {*in_use, *(one.version for one in in_service(versions)), *_newest_passed(ours)}
    return tuple(
        Expired(
            kind="version",
            name=f"{version.model}@{version.version}",
            reason=f"{len(ours)} versions are registered, and the newest {keep} stay.",
        )
        for version in older
        if version.version not in kept
    )


def in_service(versions: Sequence[RegisteredVersion]) -> list[RegisteredVersion]:
    """Versions of one model that serve, that somebody has named, and the one to go back to from the champion."""
    before = _before_the_champion(versions)
    return [one for one in versions if one.aliases or one.stage == PRODUCTION or one.version in before]


def _before_the_champion(versions: Sequence[RegisteredVersion]) -> list[str]:
    return [version.previous for version in versions if CHAMPION in version.aliases and version.previous]


def _newest_passed(versions: Sequence[RegisteredVersion]) -> list[str]:
    return [version.version for version in versions if version.tags.get(VERDICT_TAG) == "passed"][-1:]
