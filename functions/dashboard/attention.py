"""What needs a person, by kind, the most urgent first."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from functions.dashboard import wording
from functions.dashboard.commands import Commands
from functions.dashboard.seen import Model
from functions.dashboard.wording import Tone
from shared.contracts.deliveries import Delivery
from shared.contracts.fleet_runs import RunRow
from shared.contracts.holds import FleetHold
from shared.fleet_runs.standing import FAILED

_BROKEN: Final = frozenset({"failed", "release_failed", "failed_over", "rolled_back"})


@dataclass(frozen=True)
class Item:
    """One thing that somebody has to look at.

    Attributes:
        name: Of the model, the run or what a delivery is about.
        reason: Why, in a sentence.
        at: Since when, or until when.
        until: Whether `at` is a deadline.
        commands: What answers it, as it is typed.
        run: The fleet run's id, where it is one.
        model: Whether it is a model.
    """

    name: str
    reason: str
    at: datetime | None = None
    until: bool = False
    commands: tuple[str, ...] = ()
    run: str | None = None
    model: bool = False


@dataclass(frozen=True)
class Need:
    """All things of one kind.

    Attributes:
        key: For addresses: `approval`.
        title: What has to be done about them.
        tone: How bad it is.
        page: Where all of them are listed: `models`, `runs` or `arrivals`.
        query: What that list is narrowed by.
        least: Whether there may be more than those that were read.
    """

    key: str
    title: str
    tone: Tone
    items: tuple[Item, ...]
    page: str
    query: Mapping[str, str]
    least: bool = False


def model_needs(
    models: Sequence[Model], commands: Commands, now: datetime, told: Set[tuple[str, str]] = frozenset()
) -> Iterator[Need]:
    """What models need; one model may need several things.

    Args:
        models: Which.
        commands: How answers are typed.
        now: The moment of the page.
        told: Fleets and scopes of holds that are told once for all of their models.
    """
    kinds: tuple[tuple[str, str, Tone, Callable[[Model], Iterable[Item]]], ...] = (
        ("approval", "A release waits for a yes or a no", "warn", lambda one: _approvals(one, commands)),
        ("ledger", "The ledger contradicts what was told before", "bad", lambda one: _findings(one, commands)),
        ("unread", "Told something that could not be read", "bad", lambda one: _unread(one, commands)),
        ("parked", "Parked until somebody has looked", "bad", lambda one: _parked(one, commands)),
        ("broken", "Something went wrong", "bad", lambda one: _broken(one, commands)),
        ("drift", "The registry was changed by somebody else", "warn", _drifted),
        ("stale", "In production for longer than it should be", "warn", lambda one: _stale(one, commands, now)),
        ("held", "Held: nothing starts by itself", "warn", lambda one: _held(one, commands, now, told)),
        ("rejected", "The last version was rejected by a gate", "plain", lambda one: _rejected(one, commands)),
    )
    for key, title, tone, find in kinds:
        items = tuple(item for model in models for item in find(model))
        if items:
            yield Need(key, title, tone, tuple(sorted(items, key=_by_deadline)), "models", {"needs": key})


def hold_need(holds: Iterable[tuple[FleetHold, int]], commands: Commands) -> Iterator[Need]:
    """Fleets, or parts of them, that somebody holds; each with the number of models that it holds now."""
    items = tuple(
        Item(
            f"Fleet {hold.fleet}" if not hold.select else f"{_labels(hold.scope)} in the fleet {hold.fleet}",
            f"{hold.reason} (held by {hold.by}{_until(hold.until)}). That is {wording.count(models, 'model')} now, and "
            "whichever come later.",
            hold.at,
            commands=(commands.resume_fleet(hold.fleet, hold.scope),),
        )
        for hold, models in holds
    )
    if items:
        title = "A fleet, or a part of it, is held: nothing starts by itself"
        yield Need("fleet_held", title, "warn", items, "models", {"needs": "held"})


def run_need(runs: Iterable[RunRow], commands: Commands) -> Iterator[Need]:
    """Runs of fleets in which something failed, until they are retried."""
    rows = list(runs)
    retried = {run.retry_of for run in rows}
    items = tuple(
        Item(run.run, run.reason, run.ended_at, run=run.run, commands=(commands.ask("run", "retry", run.run),))
        for run in rows
        if run.ended_at is not None and run.run not in retried and _failed(run)
    )
    if items:
        yield Need("runs", "Runs in which something failed", "bad", items, "runs", {})


def delivery_need(unusable: Sequence[Delivery], *, most: int) -> Iterator[Need]:
    """What came in and could not be used, newest first; of more than `most` there may be others."""
    items = tuple(Item(one.subject, f"{one.channel}: {one.reason}", one.received_at) for one in unusable)
    if items:
        title, query = "Could not be used, or not be told", {"outcome": "unusable"}
        yield Need("deliveries", title, "bad", items, "arrivals", query, len(items) >= most)


# ── Of one model ────────────────────────────────────────────────────────────────────────────────────────────────────


def _approvals(model: Model, commands: Commands) -> Iterator[Item]:
    evidence = model.row.evidence if model.row is not None else None
    if evidence is not None:
        version = f"{model.name}@{evidence.version}"
        author = f" It was asked for by {evidence.author}." if evidence.author else ""
        answers = (commands.order("approve", version), commands.order("reject", version))
        yield _of(model, f"{model.reason}{author}", evidence.deadline, commands=answers, until=True)


def _findings(model: Model, commands: Commands) -> Iterator[Item]:
    findings = model.row.ledger_findings if model.row is not None else ()
    for finding in findings:
        yield _of(model, finding, commands=(commands.ask("ledger", "verify", model.name),))


def _unread(model: Model, commands: Commands) -> Iterator[Item]:
    row = model.row
    if row is not None and row.dead_letters:
        told = wording.count(row.dead_letters, "event")
        reason = f"{told} of those that it was told lately changed nothing. The last one is {row.dead_letter}"
        yield _of(model, reason, row.updated_at, commands=(commands.ask("model", model.name),))


def _parked(model: Model, commands: Commands) -> Iterator[Item]:
    parked = model.row.parked if model.row is not None else None
    if parked is not None:
        reason = f"{parked.reason} (parked by {parked.by})"
        yield _of(model, reason, parked.at, commands=(commands.order("resume", model.name),))


def _broken(model: Model, commands: Commands) -> Iterator[Item]:
    """A baseline in its place is told as well where something else, as a hold, is the last thing that happened."""
    row = model.row
    if row is None or row.parked is not None:
        return
    if model.state in _BROKEN:
        yield _of(model, model.reason, row.updated_at, commands=(commands.ask("why", model.name),))
    elif model.stands_in is not None:
        reason = f"Version {row.champion} of the baseline {model.stands_in} serves in its place."
        yield _of(model, reason, row.champion_since, commands=(commands.ask("why", model.name),))


def _drifted(model: Model) -> Iterator[Item]:
    if model.row is not None and model.row.drift:
        yield _of(model, model.row.drift, model.row.updated_at)


def _stale(model: Model, commands: Commands, now: datetime) -> Iterator[Item]:
    since = model.stale_since(now)
    if since is not None and model.row is not None and model.policy is not None:
        reason = (
            f"Version {model.row.champion} serves since {wording.day(model.row.champion_since)}; "
            f"its fleet file says {model.policy.stale_days} days at most."
        )
        yield _of(model, reason, since, commands=(commands.order("retrain", model.name),))


def _held(model: Model, commands: Commands, now: datetime, told: Set[tuple[str, str]]) -> Iterator[Item]:
    for hold in model.row.holds if model.row is not None else ():
        if hold.holds(now) and (model.fleet, hold.scope) not in told:
            reason = f"{hold.reason} (held by {hold.by}, {_scope(hold.scope)}{_until(hold.until)})"
            yield _of(model, reason, hold.since, commands=(commands.resume(model, hold.scope),))


def _rejected(model: Model, commands: Commands) -> Iterator[Item]:
    """Also of a model that has been held since, whose reason is that of the hold."""
    row = model.row
    if row is None:
        return
    if model.state == "rejected":
        yield _of(model, model.reason, row.updated_at, commands=(commands.ask("why", model.name),))
    elif model.state == "held" and row.verdict == "rejected" and row.version != row.champion:
        reason = f"Version {row.version} was rejected, and the model was held since."
        yield _of(model, reason, row.updated_at, commands=(commands.ask("why", model.name),))


def _of(
    model: Model, reason: str, at: datetime | None = None, *, commands: tuple[str, ...] = (), until: bool = False
) -> Item:
    return Item(model.name, reason, at, until, commands, model=True)


def _scope(scope: str) -> str:
    """How wide a hold is, in words."""
    kind, _, of = scope.partition(":")
    return f"with {_labels(scope)}" if kind == "label" else f"with its fleet {of}" if kind == "fleet" else "by itself"


def _labels(scope: str) -> str:
    """The labels of a scope, `label:origin=JFK|LGA,format=mainline`, as `origin=JFK,LGA, format=mainline`.

    Values stay beside their label: `functions.sight` takes away those that a reader may not know of.
    """
    return scope.partition(":")[2].replace(",", ", ").replace("|", ",")


def _until(until: datetime | None) -> str:
    return f" until {wording.minute(until)} UTC" if until else ""


def _failed(run: RunRow) -> bool:
    return run.state == "failed" or any(run.counts.get(name) for name in FAILED)


def _by_deadline(item: Item) -> tuple[bool, str, str]:
    """What has a deadline comes by it, everything else by name."""
    return not item.until, item.at.isoformat() if item.until and item.at is not None else "", item.name
