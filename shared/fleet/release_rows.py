"""What holds for a model's releases, as the fleet file would say it, with the place that says so."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from shared.contracts.policy import ModelPolicy
from shared.contracts.release_policy import Freeze, ReleasePolicy, RollbackPolicy
from shared.located_yaml import Place

#: A key of the file, the value that holds, and the place where it is written.
type Row = tuple[str, object, Place]

_MOMENT: Final = timedelta(microseconds=1)
#: No place of the file: a default.
_DEFAULT: Final[Place] = ("release", "default")


def team_rows(policy: ModelPolicy) -> Iterator[Row]:
    """Who may order and approve, and where requests go."""
    for key, names in (("operate", policy.operators), ("approve", policy.approvers), ("notify", policy.notify)):
        yield f"team.{key}", list(names) if names else None, ("team", key)


def release_rows(policy: ModelPolicy, written: object, timezone: str) -> Iterator[Row]:
    """Every value of `release` but the golden set.

    Args:
        policy: The model's.
        written: The strategy as the file has it; a model that cannot follow it has another.
        timezone: The fleet's.
    """
    release, online = policy.release, policy.serve.mode == "online"
    own = release.strategy == written
    yield "release.strategy", release.strategy, ("release", "strategy") if own else _DEFAULT
    if release.steps:
        yield from _rows("canary", steps=[f"{step.percent}%" for step in release.steps])
        yield from _rows("canary", bake=_minutes(release.steps[0].bake_minutes))
    if online:
        yield from _analysis(release)
    yield from _shadow(release, online=online)
    yield from _approval(release)
    yield "release.freeze", _freezes(release.freezes, timezone) or None, ("release", "freeze")
    yield from _rollback(release.rollback)
    if online:
        yield "release.grace", _minutes(release.grace_minutes), ("release", "grace")
    yield "release.archive_previous", release.archive_previous, ("release", "archive_previous")


def _analysis(release: ReleasePolicy) -> Iterator[Row]:
    said = release.analysis
    latency = None if said.max_latency_seconds is None else f"{said.max_latency_seconds:g}s"
    shares = {"max_errors": _share(said.max_errors), "max_latency": latency, "max_shift": _share(said.max_shift)}
    yield from _rows("analysis", **shares, min_requests=said.min_requests)


def _shadow(release: ReleasePolicy, *, online: bool) -> Iterator[Row]:
    if (said := release.shadow) is None:
        return
    if online:
        yield from _rows("shadow", percent=f"{said.percent}%", **{"for": _minutes(said.minutes)})
    else:
        yield from _rows("shadow", runs=said.runs)
    yield from _rows("shadow", max_disagreement=_share(said.max_disagreement))


def _approval(release: ReleasePolicy) -> Iterator[Row]:
    if (said := release.approval) is None:
        yield "release.approval", "none", ("release", "approval")
        return
    yield from _rows("approval", **{"for": list(said.reasons)}, within=_minutes(said.within_minutes), by=said.by)


def _rollback(said: RollbackPolicy | None) -> Iterator[Row]:
    if said is None:
        yield "release.rollback", "by a person only", ("release", "rollback")
        return
    figures = [
        f"{one.metric} worse than the {one.than} for {one.periods} period{'s' if one.periods > 1 else ''}"
        for one in said.worse
    ]
    yield from _rows("rollback", **{"if": [*said.events, *figures], "else": "baseline" if said.failover else None})
    yield from _rows("rollback", window=_minutes(said.window_minutes))


def _rows(section: str, **values: object) -> Iterator[Row]:
    for key, value in values.items():
        yield f"release.{section}.{key}", value, ("release", section, key)


def _freezes(freezes: tuple[Freeze, ...], timezone: str) -> list[str]:
    return [f"{_day(one.start, timezone)} to {_day(one.end - _MOMENT, timezone)} ({one.reason})" for one in freezes]


def _day(at: datetime, timezone: str) -> str:
    return at.astimezone(ZoneInfo(timezone)).date().isoformat()


def _share(value: float | None) -> str | None:
    return None if value is None else f"{value * 100:g}%"


def _minutes(value: float) -> str:
    if value != int(value):
        return f"{round(value * 60)}s"
    return f"{int(value) // 60}h" if value and value % 60 == 0 else f"{int(value)}m"
