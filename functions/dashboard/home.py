"""The first page: what needs a person, the fleet at a glance, what runs and ran, what came in, what is delivered."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter, itemgetter
from typing import Final

from functions.dashboard import wording
from functions.dashboard.attention import Need, delivery_need, hold_need, model_needs, run_need
from functions.dashboard.commands import Commands
from functions.dashboard.coverage import Coverage, make_coverage
from functions.dashboard.heatmap import Heatmap, make_heatmap
from functions.dashboard.scope import held_models, seen_holds
from functions.dashboard.seen import BUSY, Model, Sight
from functions.dashboard.wording import Tone
from shared.contracts.deliveries import Delivery
from shared.contracts.fleet_runs import RunRow
from shared.contracts.holds import FleetHold
from shared.contracts.read_model import RunInFlight

#: Things of one kind that the page names; the others are counted, and listed on a page of their own.
NAMED: Final = 5
_UNDER_WAY: Final = 12
_ARRIVALS: Final = 12
_ENDED: Final = 3
_LATELY: Final = 6
#: Deliveries that are alike in this, and are about the same thing, are told together.
_SAME: Final = attrgetter("channel", "outcome", "reason")


@dataclass(frozen=True)
class Told:
    """What the page reads beside the models; what cannot be read just now is absent, and named.

    Attributes:
        arrivals: What came in lately, newest first.
        unusable: What came in and could not be used, newest first.
        most_unusable: So many of these were read at most.
        runs: Runs of fleets, newest first, each as the caller may see it.
        holds: Holds of fleets and labels that are on, whoever's models they hold.
        unread: What of this could not be read, in words.
    """

    arrivals: Sequence[Delivery] = ()
    unusable: Sequence[Delivery] = ()
    most_unusable: int = 1000
    runs: Sequence[RunRow] = ()
    holds: Sequence[FleetHold] = ()
    unread: Sequence[str] = ()


@dataclass(frozen=True)
class UnderWay:
    """A run of one model that goes on."""

    model: str
    run: RunInFlight
    reason: str


#: What came in, with how many others like it came lately: about the same thing, and with the same end.
type Arrival = tuple[Delivery, int]


@dataclass(frozen=True)
class Tally:
    """A figure at the top of the page, with what it counts; `state` is what the list of models is narrowed to."""

    number: int
    words: str
    tone: Tone
    state: str


@dataclass(frozen=True)
class Home:
    """All that the page shows.

    Attributes:
        fleet: The fleet that it is narrowed to; all where it is empty.
        needs: What needs a person, the most urgent first.
        under_way: Runs of models that go on: the first few.
        more_under_way: How many others do.
        runs: Runs of fleets that go on.
        ended: Runs of fleets that have ended, newest first: the last few.
        lately: Models to which something happened last, newest first: the last few.
        arrivals: What came in lately, newest first; `None` for whoever may see some models only.
        unread: What cannot be read just now, in words.
    """

    fleet: str
    fleets: tuple[str, ...]
    models: int
    tallies: tuple[Tally, ...]
    needs: tuple[Need, ...]
    heatmap: Heatmap
    under_way: tuple[UnderWay, ...]
    more_under_way: int
    runs: tuple[RunRow, ...]
    ended: tuple[RunRow, ...]
    lately: tuple[Model, ...]
    coverage: tuple[Coverage, ...]
    arrivals: tuple[Arrival, ...] | None
    unread: tuple[str, ...]


def make_home(
    sight: Sight, told: Told, *, commands: Commands, now: datetime, fleet: str = "", rows: str = "", columns: str = ""
) -> Home:
    """The first page of what a caller may see; an unknown fleet is as none, and so are unknown labels."""
    fleet = fleet if fleet in sight.fleets else ""
    models = [model for model in sight.models if fleet in ("", model.fleet)]
    runs = [run for run in told.runs if run.fleet in sight.fleets and fleet in ("", run.fleet)]
    going = [UnderWay(one.name, run, one.reason) for one in models if one.row for run in one.row.in_flight]
    return Home(
        fleet=fleet,
        fleets=sight.fleets,
        models=len(models),
        tallies=_tallies(models),
        needs=_needs(sight, models, runs, told, commands, now, fleet),
        heatmap=make_heatmap(models, rows, columns),
        under_way=tuple(going[:_UNDER_WAY]),
        more_under_way=max(0, len(going) - _UNDER_WAY),
        runs=tuple(run for run in runs if run.ended_at is None),
        ended=tuple(run for run in runs if run.ended_at is not None)[:_ENDED],
        lately=_lately(models),
        coverage=tuple(make_coverage(models, name) for name in sight.fleets if fleet in ("", name)),
        arrivals=_together(told.arrivals)[:_ARRIVALS] if sight.whole else None,
        unread=tuple(told.unread),
    )


def _needs(  # noqa: PLR0917 - each kind needs something else
    sight: Sight,
    models: Sequence[Model],
    runs: Sequence[RunRow],
    told: Told,
    commands: Commands,
    now: datetime,
    fleet: str,
) -> tuple[Need, ...]:
    """What needs a person; what is held as a whole is told once, and not of each model."""
    holds = [hold for hold in seen_holds(sight, told.holds) if fleet in ("", hold.fleet)]
    found = [
        *model_needs(models, commands, now, {(hold.fleet, hold.scope) for hold in holds}),
        *hold_need(((hold, len(held_models(sight, hold))) for hold in holds), commands),
        *run_need(runs, commands),
        *(delivery_need(told.unusable, most=told.most_unusable) if sight.whole else ()),
    ]
    return tuple(sorted(found, key=_urgency))


def _lately(models: Sequence[Model]) -> tuple[Model, ...]:
    """Models of which something has ended last."""
    ended = ((one.row.updated_at, one) for one in models if one.row is not None and not one.row.in_flight)
    return tuple(one for _, one in sorted(ended, key=itemgetter(0), reverse=True)[:_LATELY])


def _together(deliveries: Iterable[Delivery]) -> tuple[Arrival, ...]:
    """Deliveries that say the same of the same thing as one, by the newest: a registry tells each change of a tag."""
    alike: dict[tuple[str, ...], list[Delivery]] = {}
    for one in deliveries:
        alike.setdefault((*_SAME(one), _about(one.subject)), []).append(one)
    return tuple((first, len(others)) for first, *others in alike.values())


def _about(subject: str) -> str:
    """What a subject begins with: a model, or the folder of a file."""
    first = subject.partition(" ")[0]
    return first.rpartition("/")[0] or first


def _tallies(models: Sequence[Model]) -> tuple[Tally, ...]:
    """How many models are how: those under way together, the others by their state, the most frequent first."""
    counts = Counter(model.state for model in models)
    busy = sum(counts.pop(state, 0) for state in BUSY)
    told = [Tally(number, wording.state(name), wording.state_tone(name), name) for name, number in counts.most_common()]
    return (*told, *((Tally(busy, "under way", "busy", "busy"),) if busy else ()))


_ORDER: Final = (
    "approval",
    "ledger",
    "unread",
    "parked",
    "broken",
    "runs",
    "deliveries",
    "drift",
    "stale",
    "fleet_held",
    "held",
    "rejected",
)


def _urgency(need: Need) -> int:
    return _ORDER.index(need.key)
