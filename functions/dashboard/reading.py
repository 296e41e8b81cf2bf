"""What the pages read: the read model and what lies beside it, never a model's own state. All of it blocks."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, get_args

from functions import adapters
from functions.dashboard import forecasts
from functions.dashboard.forecasts import Compared, Published
from functions.dashboard.history import judged_versions
from functions.dashboard.model_page import shown_job
from functions.dashboard.seen import Model, Sight, see
from functions.observed import observed_periods
from functions.seen_runs import seen_runs
from functions.sight import is_whole
from shared.authorization import Caller
from shared.contracts.deliveries import Channel, Delivery, Outcome
from shared.contracts.fleet_runs import RunRow
from shared.contracts.holds import FleetHold
from shared.contracts.ledger import LedgerRow
from shared.contracts.monitoring import ObservedPeriod
from shared.contracts.policy import ModelPolicy
from shared.errors import PermanentError, TransientError
from shared.near_names import several

#: Deliveries that the first page tells of, and that a list of them shows; each may hold a body of 16 KB.
LATELY: Final = 40
DELIVERIES: Final = 100
#: What a list of arrivals is narrowed to by outcome, and how many are looked through for them. What could not be used
#: is kept apart until it comes again, so it needs no search.
UNUSABLE: Final = "unusable"
OUTCOMES: Final = (UNUSABLE, *get_args(Outcome))
SEARCHED: Final = 200
#: So many of what could not be used are read; each is short.
MOST_UNUSABLE: Final = 1000
#: Runs of fleets that are looked at.
RUNS: Final = 100
#: Periods of which figures were told that a page shows: the newest.
PERIODS: Final = 12
_NOT_TOLD: Final = "The evaluation that these figures are of cannot be read any more: {}"
NOT_NOW: Final = "The evaluation cannot be read just now: {} Open the page again in a while."
_NONE_YET: Final = "No version has been evaluated yet."
_NO_JOB: Final = "The ledger does not say which job the evaluation is of."
_NO_DATES: Final = "The evaluation has no column of dates, so it cannot be drawn over time."


def sight(caller: Caller) -> Sight:
    """Every model that a caller may see, in brief."""
    return see(adapters.read_model().briefs(), adapters.policies(), caller)


def model_in_sight(caller: Caller, name: str) -> Model | None:
    """One model as a whole; `None` where there is none, or none that the caller may see."""
    row = adapters.read_model().get(name)
    policy: ModelPolicy | None = adapters.fleets().model(name)
    found = see([row] if row is not None else [], [policy] if policy is not None else [], caller).models
    return found[0] if found else None


def deliveries() -> list[Delivery]:
    """What came in lately, newest first; it belongs to no model, so readers of some models are told of none."""
    return adapters.inbox().recent(None, LATELY) if is_whole() else []


def unusable() -> list[Delivery]:
    """What came in, could not be used, and has not come again since: newest first, however long ago; likewise."""
    return adapters.inbox().unusable(MOST_UNUSABLE) if is_whole() else []


def arrivals(channel: Channel | None, outcome: str) -> list[Delivery]:
    """The newest of a channel or of all; with an outcome, those of them that ended so."""
    if outcome == UNUSABLE:
        return [one for one in unusable() if channel in (None, one.channel)]
    if not outcome:
        return adapters.inbox().recent(channel, DELIVERIES)
    return [one for one in adapters.inbox().recent(channel, SEARCHED) if one.outcome == outcome][:DELIVERIES]


def holds(now: datetime) -> list[FleetHold]:
    """Holds of fleets and of their labels that are on, whoever's models they hold."""
    every = (hold for fleet in adapters.fleets().all for hold in adapters.holds().of(fleet.name))
    return [hold for hold in every if hold.holds(now)]


def near(name: str, known: Iterable[str]) -> list[str]:
    """Names that resemble one that is not known; comparing a thousand takes a while."""
    return several(name, known)


def runs() -> list[RunRow]:
    """Runs of fleets, newest first, each as the caller may see it."""
    return seen_runs(adapters.runs().recent(RUNS))


def compared(model: Model, rows: Sequence[LedgerRow]) -> Compared | str:
    """Forecast against actual of the version in production, else of the last one; a sentence where there is none."""
    judged = judged_versions(rows, model.policy)
    if not judged:
        return _NONE_YET
    champion = model.row.champion if model.row is not None and model.in_production else None
    job = shown_job(judged, rows, champion) or shown_job(judged, rows, None)
    if job is None:
        return _NO_JOB
    try:
        found = forecasts.compared(job)
    except PermanentError as error:
        return _NOT_TOLD.format(error.message)
    except TransientError as error:
        return NOT_NOW.format(error)
    return found if found.periods else _NO_DATES


def published(model: Model) -> Published | None:
    """Forecasts that readers are pointed to, of a model that scores whole periods."""
    return forecasts.published(model.name) if model.batch else None


def observed(model: Model) -> tuple[ObservedPeriod, ...]:
    """How its forecasts did, as far as somebody has told."""
    return observed_periods(model.name, PERIODS)
