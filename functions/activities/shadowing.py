"""A challenger in the shadow of the champion, in batch: the next period, and how far the two lie apart."""

from functions import adapters
from functions.boundary import activity
from functions.publications import beside, published_by, read_publication
from shared.blocking import run_blocking
from shared.contracts.shadow import (
    ComparePredictionsInput,
    FindShadowPeriodInput,
    FoundShadowPeriod,
    PredictionsCompared,
    ShadowPeriod,
)
from shared.names import CHAMPION
from shared.release import disagreement


@activity
async def find_shadow_period(order: FindShadowPeriodInput) -> FoundShadowPeriod:
    """The newest dataset version, if the champion has published it and the challenger has not scored it yet."""
    return await run_blocking(_find, order)


@activity
async def compare_predictions(order: ComparePredictionsInput) -> PredictionsCompared:
    """Compare what a job of the challenger predicted with what the champion has published of the same period."""
    content = await run_blocking(adapters.platform().read_job_file, order.job, "predictions")
    published = await run_blocking(adapters.data().read, order.published)
    return await run_blocking(_compare, content, published, order.champion)


def _find(order: FindShadowPeriodInput) -> FoundShadowPeriod:
    newest = adapters.dataset_index().newest(order.fleet, order.dataset, order.labels)
    if newest is None:
        return FoundShadowPeriod(missing=f"the dataset {order.dataset} has no version for {order.labels}")
    if newest.version in order.scored:
        return FoundShadowPeriod(missing=f"no version of {order.dataset} has come after {newest.version}")
    champion = _champion(order)
    if champion is None:
        return FoundShadowPeriod(missing="neither the registry nor what is published tells which version is champion")
    published = published_by(order.model, newest.version, champion)
    if published is None or published.path is None:
        told = f"version {champion}, the champion, has not published dataset version {newest.version}"
        return FoundShadowPeriod(missing=told)
    period = ShadowPeriod(dataset=newest, champion=champion, path=published.path, as_of=published.as_of)
    return FoundShadowPeriod(period=period)


def _champion(order: FindShadowPeriodInput) -> str | None:
    """By its alias; a baseline that stands in has none, and is known by what readers are pointed to."""
    versions = adapters.registry().versions(order.model)
    aliased = next((one.version for one in versions if CHAMPION in one.aliases), None)
    if aliased is not None or order.published is None:
        return aliased
    current = read_publication(beside(order.published))
    return current.version if current is not None else None


def _compare(content: bytes, published: bytes, champion: str) -> PredictionsCompared:
    theirs = disagreement.read_predictions(published, f"The predictions of version {champion}")
    ours = disagreement.read_predictions(content, "The challenger's predictions")
    return disagreement.compare_predictions(ours, theirs)
