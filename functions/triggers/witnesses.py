"""What interlocks were told of their models' ledgers: kept by the durable engine, apart from the tables."""

import asyncio
from collections.abc import Iterable
from typing import Any, Final

import azure.durable_functions as df
from durabletask.entities import EntityInstanceId
from pydantic import ValidationError

from shared import names
from shared.contracts.ledger import LedgerHead
from shared.lineage.ledger import KnownHead

_BY: Final = "the model's interlock"


async def witnessed(client: df.DurableFunctionsClient, models: Iterable[str]) -> dict[str, tuple[KnownHead, ...]]:
    """The last heads that each model's interlock knows; none of one that nothing has been anchored of."""
    wanted = list(models)
    found = await asyncio.gather(*(_heads(client, model) for model in wanted))
    return dict(zip(wanted, found, strict=True))


async def _heads(client: df.DurableFunctionsClient, model: str) -> tuple[KnownHead, ...]:
    if "@" in model:  # nothing that entities can be called, and so no model
        return ()
    entity = await client.get_entity(EntityInstanceId(names.MODEL_INTERLOCK, model))
    state: Any = entity.get_typed_state(dict) if entity is not None else None
    try:
        return tuple(KnownHead(LedgerHead.from_wire(head), _BY) for head in (state or {}).get("ledger", ()))
    except (ValidationError, AttributeError, TypeError):  # a state of newer code may keep it otherwise
        return ()
