"""What files that land would lead to: which cells of datasets, and which models would be told of a version.

All of it blocks, so the door calls it through `run_blocking`. It reads; nothing is written or begun.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from functions import adapters, sight
from functions.arrivals import Listed, conditioning_orders
from functions.cell_files import foresee
from functions.triggers.starting import utc_now
from functions.triggers.storage_events import read_arrival
from functions.triggers.understood import Cell, Understood
from shared.contracts.conditioning import BlobArrival, ConditionDatasetInput, SourceFiles
from shared.contracts.datasets import DatasetRef
from shared.contracts.interlock import AnyInterlockEvent, DatasetPublished
from shared.errors import PermanentError
from shared.settings import settings

_CHANNEL: Final = "storage"
#: The files of each are listed; a file without a period may reach the cells of many years.
_MOST_CELLS: Final = 100
_AS_BEFORE: Final = (
    "(new …) stands for the version that conditioning would publish. If its content is as before, so is its version, "
    "and models that are trained on that do nothing."
)


class WithArrival:
    """What has landed, and one more file, as if it were there.

    Args:
        landed: The container.
        arrival: The file; where a newer one of its path lies there, that one counts.
    """

    def __init__(self, landed: Listed, arrival: BlobArrival) -> None:
        self._landed = landed
        self._arrival = arrival

    def list(self, prefix: str) -> Sequence[BlobArrival]:
        """Files under a prefix, by path."""
        files = {file.path: file for file in self._landed.list(prefix)}
        there = files.get(self._arrival.path)
        if self._arrival.path.startswith(prefix) and (there is None or there.at < self._arrival.at):
            files[self._arrival.path] = self._arrival
        return [files[path] for path in sorted(files)]


def understand_blob(event: Mapping[str, Any]) -> Understood:
    """A storage event, in Event Grid's words."""
    kind = str(event.get("eventType"))
    try:
        arrival = read_arrival(dict(event))
    except PermanentError as error:
        told = f"{error.message} It would be recorded as dead, and Event Grid would not send it again."
        return Understood(_CHANNEL, f"{kind}, which cannot be read", False, told)
    if arrival is None:
        why = "Only Microsoft.Storage.BlobCreated of a finished file starts anything."
        if kind == "Microsoft.Storage.BlobCreated":
            why = "Data Lake Storage tells of the file before it has content; its FlushWithClose counts."
        return Understood(_CHANNEL, f"{kind} of {event.get('subject')}", False, why)
    what = f"the file {arrival.path} has landed in the container {arrival.container}"
    if (refused := _why_not(arrival)) is not None:
        return Understood(_CHANNEL, what, False, refused)
    return _understood(arrival, what)


def understand_orders(
    channel: str,
    what: str,
    orders: Sequence[ConditionDatasetInput],
    landed: Listed | None = None,
    notes: Iterable[str] = (),
) -> Understood:
    """What conditioning cells would lead to.

    Args:
        channel: The door.
        what: What the event tells.
        orders: One per cell.
        landed: What has landed; the container itself when absent.
        notes: What else is to be said.
    """
    there = landed or adapters.landing()
    cells: list[Cell] = []
    events: list[AnyInterlockEvent] = []
    for order in orders[:_MOST_CELLS]:
        cell, told = _cell(order, there)
        cells.append(cell)
        events += told
    said = [*notes]
    if len(orders) > _MOST_CELLS:
        said.append(f"{len(orders) - _MOST_CELLS} more cells would be asked for, which were not looked at here.")
    if events:
        said.append(_AS_BEFORE)
    return Understood(
        channel,
        what,
        True,
        f"Conditioning would be asked for: {', '.join(sorted({order.dataset for order in orders}))}.",
        datasets=tuple(dict.fromkeys(order.dataset for order in orders)),
        cells=tuple(cells),
        events=tuple(events),
        notes=tuple(said),
    )


# ── How ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _why_not(arrival: BlobArrival) -> str | None:
    """Why a file would be refused or left aside; `None` when it would be taken."""
    landing = settings().landing_container
    if arrival.container != landing:
        return f"Files are awaited in the container {landing} only."
    claimed = bool(adapters.fleets().claims(arrival.path))
    before = adapters.inbox().get(_CHANNEL, arrival.key) if claimed or sight.is_whole() else None
    if before is not None and before.outcome != "ignored":
        when = f"{before.received_at:%Y-%m-%d %H:%M} UTC"
        return f"This file has come before, at {when}, and was {before.outcome}: {before.reason} Nothing is done twice."
    if not claimed:
        patterns = [source.files.text for fleet in adapters.fleets().all for source in fleet.sources.values()]
        return f"No source of any fleet wants this path. Sources want: {', '.join(sorted(set(patterns)))}."
    return None if arrival.size else "The file is empty: it would be recorded as dead. Land it again with content."


def _understood(arrival: BlobArrival, what: str) -> Understood:
    landed = WithArrival(adapters.landing(), arrival)
    claims = adapters.fleets().claims(arrival.path)
    sources = tuple(dict.fromkeys(f"{claim.source} of {claim.fleet}" for claim in claims))
    notes = [f"A file of {', '.join(sources)}."]
    if not any(file.key == arrival.key for file in adapters.landing().list(arrival.path)):
        notes.append("This file does not lie there now; told is what would be if it did.")
    orders = conditioning_orders(arrival, utc_now(), None, landed)
    if not orders:
        names = {dataset for claim in claims for dataset in adapters.fleet(claim.fleet).datasets_of(claim.source)}
        why = "No cell needs it yet; it is taken when files with a period land."
        return Understood(_CHANNEL, what, True, why, sources, tuple(sorted(names)), notes=tuple(notes))
    return replace(understand_orders(_CHANNEL, what, orders, landed, notes), sources=sources)


def _cell(order: ConditionDatasetInput, landed: Listed) -> tuple[Cell, list[AnyInterlockEvent]]:
    try:
        files = foresee(order, landed)
    except PermanentError as error:
        return Cell(order.subject, "fail", error.message), []
    if files.left_to is not None:
        return Cell(order.subject, "leave", f"It would be left to {files.left_to}, which landed later."), []
    if files.missing:
        models = adapters.fleet(order.fleet).models_of(order.dataset, order.cell)
        told = "; ".join(f"{one.source}: {one.reason}" for one in files.missing)
        late = files.late_since is not None and files.give_up
        return Cell(order.subject, "fail" if late else "wait", f"{told}.", len(models)), []
    return _published(order, files)


def _published(order: ConditionDatasetInput, files: SourceFiles) -> tuple[Cell, list[AnyInterlockEvent]]:
    fleet = adapters.fleet(order.fleet)
    period = fleet.dataset(order.dataset).period_of(order.cell)
    version = f"(new {' '.join(order.cell.values())})" if order.cell else "(new)"
    ref = DatasetRef(
        dataset=order.dataset,
        version=version,
        cell=order.cell,
        path=f"datasets/{order.dataset}/new/",
        rows=0,
        rejected=0,
        ends=period.last if period else None,
    )
    events: list[AnyInterlockEvent] = [
        DatasetPublished(model=policy.model, at=order.at, policy=policy, dataset=ref)
        for policy in fleet.models_of(order.dataset, order.cell)
    ]
    replaced = "; ".join(f"{one.source}: {one.reason}" for one in files.replaced)
    reason = f"All that it needs has landed: {', '.join(files.present)}."
    if replaced:
        reason += f" With files of the last period, since these did not come in time: {replaced}."
    return Cell(order.subject, "publish", reason, len(events)), events
