"""How models and the slots of fleets stand now, for one request: each is read once, however many events ask for it."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from os.path import commonprefix
from typing import Any, Final

import azure.durable_functions as df
from durabletask.client import EntityQuery
from durabletask.entities import EntityInstanceId, EntityMetadata

from functions import adapters
from functions.holds_on import holds_among
from functions.triggers.starting import utc_now
from shared import names
from shared.blocking import run_blocking
from shared.contracts.read_model import Hold
from shared.contracts.slots import SlotsState
from shared.interlock.explaining import asks_for_holds
from shared.interlock.slots import no_slots
from shared.interlock.state import InterlockState, StateFromTheFutureError, upcast

#: States of more models come by page; of fewer each is asked for.
_FEW: Final = 20
#: States on a page: one may have a hundred kilobytes, and a message some megabytes.
_PAGE: Final = 25
#: Single states are read so many at once.
_AT_ONCE: Final = 8


class Present:
    """What is known now, remembered as it was first read.

    Args:
        client: Of the durable backend.
    """

    def __init__(self, client: df.DurableFunctionsClient) -> None:
        self._client = client
        self._states: dict[str, InterlockState | None] = {}
        self._slots: dict[str, SlotsState] = {}
        self._holds: dict[str, tuple[Hold, ...]] = {}

    async def states(self, models: Sequence[str]) -> dict[str, InterlockState | None]:
        """The state of each model; `None` where this code cannot read it."""
        missing = [name for name in models if name not in self._states]
        read = await (self._one_by_one(missing) if len(missing) <= _FEW else self._by_page(missing))
        self._states |= await run_blocking(lambda: {name: _readable(read.get(name)) for name in missing})
        return {name: self._states[name] for name in models}

    async def slots(self, fleets: Iterable[str]) -> dict[str, SlotsState]:
        """Who runs and who waits, by fleet."""
        wanted = sorted(fleets)
        for fleet in wanted:
            if fleet not in self._slots:
                kept: Any = await self._state_of(names.JOB_SLOTS, fleet) or {}
                self._slots[fleet] = {**no_slots(), **kept}
        return {fleet: self._slots[fleet] for fleet in wanted}

    async def holds(self, states: Mapping[str, InterlockState]) -> dict[str, tuple[Hold, ...]]:
        """Who holds the fleets of models that do not know it yet."""
        asking = [name for name, state in states.items() if asks_for_holds(state)]
        if missing := [name for name in asking if name not in self._holds]:
            self._holds |= await run_blocking(_read_holds, missing)
        return {name: self._holds[name] for name in asking if name in self._holds}

    async def _by_page(self, models: Sequence[str]) -> dict[str, Any]:
        common = commonprefix(list(models))  # noqa: RUF071 - these are names, and no paths
        begins = f"@{names.MODEL_INTERLOCK}@{common}"
        found = await self._client.get_all_entities(EntityQuery(instance_id_starts_with=begins, page_size=_PAGE))
        wanted = frozenset(models)
        return {one.id.key: _raw(one) for one in found if one.id.key in wanted}

    async def _one_by_one(self, models: Sequence[str]) -> dict[str, Any]:
        turn = asyncio.Semaphore(_AT_ONCE)

        async def read(name: str) -> dict[str, Any] | None:
            async with turn:
                return await self._state_of(names.MODEL_INTERLOCK, name)

        return dict(zip(models, await asyncio.gather(*map(read, models)), strict=True))

    async def _state_of(self, entity: str, key: str) -> dict[str, Any] | None:
        found = await self._client.get_entity(EntityInstanceId(entity, key))
        return _raw(found) if found is not None else None


def _raw(found: EntityMetadata) -> dict[str, Any] | None:
    state: dict[str, Any] | None = found.get_typed_state(dict)
    return state


def _readable(raw: dict[str, Any] | None) -> InterlockState | None:
    try:
        return upcast(raw)
    except StateFromTheFutureError:
        return None


def _read_holds(models: Iterable[str]) -> dict[str, tuple[Hold, ...]]:
    """Holds on models of fleet files; those of one fleet are read once. It blocks."""
    policies = [policy for name in models if (policy := adapters.fleets().model(name)) is not None]
    known = {fleet: adapters.holds().of(fleet) for fleet in {policy.fleet for policy in policies}}
    return {policy.model: holds_among(known[policy.fleet], policy, utc_now()) for policy in policies}
