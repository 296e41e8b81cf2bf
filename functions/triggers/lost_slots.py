"""What the search for lost events says again about slots, so that none is lost for ever.

Messages between models and their fleet's slots do not get lost. But an operator may delete an entity, and older code
puts aside what it cannot read: then one of the two waits for a word that never comes, and a fleet of one slot stands
still. Nothing is decided here: an ask or a grant that comes twice changes nothing, and a model gives back at once what
it does not want.
"""

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

import azure.durable_functions as df
from durabletask.client import EntityQuery
from durabletask.entities import EntityInstanceId

from functions import adapters
from functions.triggers.starting import signal_interlock
from shared import names
from shared.contracts.interlock import SlotGranted
from shared.contracts.read_model import ModelRow, RunInFlight
from shared.contracts.slots import NO_LIMIT, SlotAsk, SlotsState

_LOG: Final = logging.getLogger(__name__)
_QUERY: Final = EntityQuery(instance_id_starts_with=f"@{names.JOB_SLOTS}@")


class _Run(NamedTuple):
    fleet: str
    model: str
    run: RunInFlight


async def say_again(
    client: df.DurableFunctionsClient, rows: Sequence[ModelRow], ended: Collection[str], at: datetime
) -> None:
    """Tell models and slots what they disagree about; `ended` are instances that a row still shows as running."""
    found = await client.get_all_entities(_QUERY)
    slots: dict[str, SlotsState] = {one.id.key: state for one in found if (state := one.get_typed_state())}
    limits = {fleet.name: fleet.models[0].at_once or NO_LIMIT for fleet in adapters.fleets().all if fleet.models}
    again: list[SlotGranted | SlotAsk] = [*unused_grants(rows, ended, slots, at)]
    for message in [*again, *unheard_asks(rows, slots, limits, at)]:
        _LOG.warning("slot %s of %s in fleet %s is said again", message.key, message.model, message.fleet)
        if isinstance(message, SlotGranted):
            await signal_interlock(client, message)
        else:
            entity = EntityInstanceId(names.JOB_SLOTS, message.fleet)
            await client.signal_entity(entity, names.SLOTS_ASK, message.to_wire())


def unused_grants(
    rows: Sequence[ModelRow], ended: Collection[str], slots: Mapping[str, SlotsState], at: datetime
) -> Iterator[SlotGranted]:
    """Slots that are given out and of which no run is known: their models begin now, or give them back."""
    in_use = {
        (one.fleet, one.model, one.run.key)
        for one in _runs(rows)
        if not one.run.waits_for_slot and one.run.instance not in ended
    }
    for fleet, known in slots.items():
        for model, key in known["held"]:
            if (fleet, model, key) not in in_use:
                yield SlotGranted(model=model, at=at, fleet=fleet, key=key)


def unheard_asks(
    rows: Sequence[ModelRow], slots: Mapping[str, SlotsState], limits: Mapping[str, int], at: datetime
) -> Iterator[SlotAsk]:
    """Runs that wait unknown to their fleet's slots; and the first of those known, if the file's limit has changed."""
    for one in _runs(rows):
        known = slots.get(one.fleet, {"limit": 1, "limit_at": None, "held": [], "waiting": []})
        limit = limits.get(one.fleet, known["limit"])
        entry = [one.model, one.run.key]
        unheard = entry not in known["held"] and entry not in known["waiting"]
        if one.run.waits_for_slot and (unheard or (limit != known["limit"] and [entry] == known["waiting"][:1])):
            yield SlotAsk(fleet=one.fleet, model=one.model, key=one.run.key, limit=limit, at=at)


def _runs(rows: Sequence[ModelRow]) -> Iterator[_Run]:
    """Every run that has a slot, or has asked for one."""
    for row in rows:
        for run in row.in_flight:
            if run.slot_of is not None:
                yield _Run(run.slot_of, row.model, run)
