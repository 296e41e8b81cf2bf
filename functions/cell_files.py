"""What has landed of a cell, and whether that is enough for a version.

All of it blocks, so the activity calls it through `run_blocking`.
"""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from functions import adapters
from functions.arrivals import Listed, own_orders
from shared.contracts.conditioning import (
    BlobArrival,
    CellListing,
    ConditionDatasetInput,
    MissingSource,
    SourceFile,
    SourceFiles,
    SourceFilesOfCell,
)
from shared.fleet.data import Source
from shared.fleet.fleet import Fleet
from shared.fleet.periods import Period
from shared.fleet.windows import Gathered, gather, gather_earlier, prefix_of
from shared.names import content_hash
from shared.settings import settings

_LOG: Final = logging.getLogger(__name__)
_JSON: Final = "application/json"


def look(order: ConditionDatasetInput) -> SourceFiles:
    """Look for the files of each source; their list is kept in the data container when nothing is missing.

    Raises:
        PermanentError: The fleet has no such dataset or cell.
    """
    return _look(order, adapters.landing(), keep=True)


def foresee(order: ConditionDatasetInput, landed: Listed) -> SourceFiles:
    """What a look would find if these files had landed; nothing is kept, so there is no `listing`.

    Raises:
        PermanentError: The fleet has no such dataset or cell.
    """
    return _look(order, landed, keep=False)


def _look(order: ConditionDatasetInput, landed: Listed, *, keep: bool) -> SourceFiles:
    fleet = adapters.fleet(order.fleet)
    fleet.check_cell(order.dataset, order.cell)
    dataset, late = fleet.dataset(order.dataset), _late_since(order, fleet)
    period = dataset.period_of(order.cell)
    found = {name: _gather(order, fleet.source(name), period, landed) for name in dataset.sources}
    lacking = {name: found[name].lacks for name in dataset.wait.sources if found[name].lacks}
    replaced: dict[str, Gathered] = {}
    if late is not None and lacking:
        _LOG.warning("%s is late since %s: %s", order.subject, late.isoformat(), lacking)
        replaced = _replaced(order, fleet, found, lacking, landed)
    missing = _reasons({name: why for name, why in lacking.items() if name not in replaced})
    taken = {name: one for name, one in (found | replaced).items() if one.files}
    burst = () if missing else _burst(order, found)
    if burst and burst[-1].key != order.cause:
        return SourceFiles(listing=None, present=tuple(taken), left_to=burst[-1].path)
    return SourceFiles(
        listing=None if missing or not keep else _keep(order, taken),
        quiet_until=burst[-1].at + timedelta(seconds=settings().burst_seconds) if burst else None,
        present=tuple(taken),
        missing=missing,
        late_since=late if lacking else None,
        give_up=dataset.wait.otherwise == "fail",
        replaced=_reasons({name: lacking[name] for name in replaced}),
    )


def _late_since(order: ConditionDatasetInput, fleet: Fleet) -> datetime | None:
    dataset = fleet.dataset(order.dataset)
    return dataset.late(order.at, fleet.timezone).get(order.cell[dataset.period]) if dataset.period else None


def _gather(order: ConditionDatasetInput, source: Source, period: Period | None, landed: Listed) -> Gathered:
    return gather(source, order.cell, period, landed.list(prefix_of(source, order.cell, period)), order.at)


def _burst(order: ConditionDatasetInput, found: dict[str, Gathered]) -> tuple[BlobArrival, ...]:
    """The files that ask for this cell themselves, the last one to land at the end; none unless one of them asks.

    Files that land in one go become one version: the last of them makes it, and the others leave it to that one.
    """
    landed = (file for one in found.values() for file in one.files)
    asking = sorted((file for file in landed if _asks(file, order)), key=lambda file: (file.at, file.path))
    return tuple(asking) if any(file.key == order.cause for file in asking) else ()


def _asks(file: BlobArrival, order: ConditionDatasetInput) -> bool:
    return any(
        (one.fleet, one.dataset, one.cell) == (order.fleet, order.dataset, order.cell)
        for one in own_orders(file, order.at)
    )


def _replaced(
    order: ConditionDatasetInput, fleet: Fleet, found: dict[str, Gathered], lacking: Iterable[str], landed: Listed
) -> dict[str, Gathered]:
    """What stands in for late sources where the fleet file wants that.

    What there is of a source that is not complete, or else its files of an earlier period; nothing where none landed.
    A cell of which nothing has landed gets none: it would be the last version under a new name.
    """
    dataset = fleet.dataset(order.dataset)
    begun = any(one.begun for name, one in found.items() if fleet.leads(order.dataset, name))
    replaced: dict[str, Gathered] = {}
    for name in lacking if begun and dataset.wait.otherwise == "use_last" else ():
        source, one = fleet.source(name), found[name]
        if not one.files:
            files = landed.list(prefix_of(source, order.cell, None))
            one = gather_earlier(source, order.cell, dataset.period_of(order.cell), files)
        if one.files:
            replaced[name] = one
    return replaced


def _keep(order: ConditionDatasetInput, taken: dict[str, Gathered]) -> str:
    sources = tuple(
        SourceFilesOfCell(
            source=name,
            files=tuple(_file(name, blob) for blob in one.files),
            gaps=one.gaps,
            earlier=one.earlier,
        )
        for name, one in taken.items()
    )
    listing = CellListing(sources=sources)
    path = f"listings/{order.dataset}/{content_hash(listing.to_wire(), length=32)}.json"
    adapters.data().write_once(path, listing.model_dump_json().encode(), content_type=_JSON)
    return path


def _file(source: str, blob: BlobArrival) -> SourceFile:
    return SourceFile(source=source, path=blob.path, etag=blob.etag, size=blob.size)


def _reasons(lacking: dict[str, str]) -> tuple[MissingSource, ...]:
    return tuple(MissingSource(source=name, reason=why) for name, why in lacking.items())
