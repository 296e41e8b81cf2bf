"""Undoing a release: what was begun, in reverse order, each step on its own."""

from collections.abc import Iterator
from typing import NamedTuple

from functions.boundary import Steps, call
from functions.orchestrators.releasing.release import Release, Undone
from functions.orchestrators.steps import attempt
from functions.orchestrators.waiting import shift_and_wait
from shared import names
from shared.contracts.base import Contract
from shared.contracts.deployments import DeploymentState, ShiftTrafficInput
from shared.contracts.published_predictions import PredictionsRestored, RestorePredictionsInput
from shared.contracts.registry import ChampionRestored, RestoreChampionInput
from shared.contracts.routes import RestoreRouteInput, Routed


class _Step(NamedTuple):
    """A step back, and how the ledger tells of it."""

    effect: str
    told: str
    taken: Steps[Contract]


def undo(release: Release) -> Steps[list[str]]:
    """Leave everything as it was; what could not be undone. What was is kept for the ledger, which is written later.

    1. Alias and stage.
    2. Readers of predictions, the traffic and its mirror, the route: whatever clients were sent by.
    3. The deployments, if clients may not be sent there any more: a write of the route may have landed, its answer
       lost. Of traffic the platform knows itself, and deletes nothing that has some.
    """
    release.tell("undoing", "What was begun is undone.")
    problems: list[str] = []
    for step in (*_decisions(release), *_traffic(release)):
        problems += yield from _take(release, step)
    unrestored: list[str] = []
    for step in _route(release):
        unrestored += yield from _take(release, step)
    problems += unrestored
    production, qa = release.progress.production, release.progress.qa
    if unrestored and production is not None:
        problems.append(f"{production.deployment} stays, since clients may be sent there")
        production = None
    for key in (production, qa):
        if key is not None:
            problem = yield from attempt(call(release.context, names.DELETE_DEPLOYMENT, key, DeploymentState))
            problems += [problem] if problem else []
    return problems


def _take(release: Release, step: _Step) -> Steps[list[str]]:
    """Take a step, whatever becomes of the others; why it failed, if it did."""
    problem = yield from attempt(_keep(release, step))
    return [problem] if problem else []


def _keep(release: Release, step: _Step) -> Steps[None]:
    found = yield from step.taken
    release.undone.append(Undone(step.effect, step.told, found.to_wire()))


def _decisions(release: Release) -> Iterator[_Step]:
    """What says which version is in production."""
    context, order, progress = release.context, release.order, release.progress
    if progress.promoting:
        champion = RestoreChampionInput(model=order.model, version=order.version, trace=order.trace)
        told = f"Version {order.version} is not champion any more."
        yield _Step("ChampionRestored", told, call(context, names.RESTORE_CHAMPION, champion, ChampionRestored))
    if progress.publishing is not None:
        # Not to what was read when the release began: a period may have been published while it waited.
        before = RestorePredictionsInput(model=order.model, published=None, job=progress.publishing, trace=order.trace)
        told = f"Readers are not at the predictions of version {order.version} any more."
        restored = call(context, names.RESTORE_PREDICTIONS, before, PredictionsRestored)
        yield _Step("ReadersRestored", told, restored)


def _traffic(release: Release) -> Iterator[_Step]:
    shifted = release.progress.shifting or release.progress.mirroring
    if shifted is not None:
        before = _traffic_before(release, shifted)
        told = f"The traffic of {shifted.endpoint} is as it was before."
        yield _Step("TrafficRestored", told, shift_and_wait(release.context, before))


def _route(release: Release) -> Iterator[_Step]:
    begun = release.progress.routing
    if begun is not None:
        former = RestoreRouteInput(model=begun.model, at=begun.at, attempt=begun.attempt, trace=begun.trace)
        told = f"Requests for {begun.model} go where they went before."
        yield _Step("RouteRestored", told, call(release.context, names.RESTORE_ROUTE, former, Routed))


def _traffic_before(release: Release, shift: ShiftTrafficInput) -> ShiftTrafficInput:
    """The traffic as it was before a shift whose end is not known; what was routed had none.

    Whatever was mirrored to the version is so no more, in the same change.
    """
    before = release.champion
    mirror: dict[str, int] | None = {} if release.progress.mirroring is not None else None
    by_traffic = before is not None and before.endpoint == shift.endpoint and before.route is None
    if before is not None and by_traffic and before.deployment:
        return shift.model_copy(update={"traffic": {before.deployment: 100}, "mirror": mirror})
    return shift.model_copy(update={"traffic": dict.fromkeys(shift.traffic, 0), "mirror": mirror})
