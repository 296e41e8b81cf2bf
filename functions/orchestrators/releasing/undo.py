"""Undoing a release: what was begun, in reverse order, each step on its own."""

from collections.abc import Iterable, Iterator

from functions.boundary import Steps, call
from functions.orchestrators.releasing.release import Release
from functions.orchestrators.steps import attempt
from functions.orchestrators.waiting import shift_and_wait
from shared import names
from shared.contracts.registry import ChampionRestored, RestoreChampionInput
from shared.contracts.release import (
    DeploymentState,
    PredictionsRestored,
    RestorePredictionsInput,
    ShiftTrafficInput,
)
from shared.contracts.routes import RestoreRouteInput, Routed


def undo(release: Release) -> Steps[list[str]]:
    """Leave everything as it was; what could not be undone.

    1. Alias and stage.
    2. Readers of predictions, the traffic and its mirror, the route: whatever clients were sent by.
    3. The deployments, if clients may not be sent there any more: a write of the route may have landed, its answer
       lost. Of traffic the platform knows itself, and deletes nothing that has some.
    """
    release.tell("undoing", "What was begun is undone.")
    problems = yield from _tried(_decisions(release))
    problems += yield from _tried(_traffic(release))
    unrestored = yield from _tried(_route(release))
    problems += unrestored
    production, qa = release.progress.production, release.progress.qa
    if unrestored and production is not None:
        problems.append(f"{production.deployment} stays, since clients may be sent there")
        production = None
    deployments = (key for key in (production, qa) if key is not None)
    delete = names.DELETE_DEPLOYMENT
    problems += yield from _tried(call(release.context, delete, key, DeploymentState) for key in deployments)
    return problems


def _tried(steps: Iterable[Steps[object]]) -> Steps[list[str]]:
    """Take each step, whatever becomes of the others; the problems."""
    problems: list[str] = []
    for step in steps:
        problem = yield from attempt(step)
        problems += [problem] if problem else []
    return problems


def _decisions(release: Release) -> Iterator[Steps[object]]:
    """What says which version is in production."""
    context, order, progress = release.context, release.order, release.progress
    if progress.promoting:
        champion = RestoreChampionInput(model=order.model, version=order.version, trace=order.trace)
        yield call(context, names.RESTORE_CHAMPION, champion, ChampionRestored)
    if progress.publishing:
        before = order.replaces.published if order.replaces else None
        restore = RestorePredictionsInput(model=order.model, published=before, trace=order.trace)
        yield call(context, names.RESTORE_PREDICTIONS, restore, PredictionsRestored)


def _traffic(release: Release) -> Iterator[Steps[object]]:
    shifted = release.progress.shifting or release.progress.mirroring
    if shifted is not None:
        yield shift_and_wait(release.context, _traffic_before(release, shifted))


def _route(release: Release) -> Iterator[Steps[object]]:
    begun = release.progress.routing
    if begun is not None:
        former = RestoreRouteInput(model=begun.model, at=begun.at, attempt=begun.attempt, trace=begun.trace)
        yield call(release.context, names.RESTORE_ROUTE, former, Routed)


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
