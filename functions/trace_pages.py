"""Orchestrations that a search looks through: so many and no more, however many there are.

`get_all_orchestration_states` reads to the end of the list whatever `max_instance_count` says, which is the size of one
of its pages. In an app that has run for a month, that is a hundred thousand of them.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

import azure.durable_functions as df
from durabletask.client import OrchestrationQuery, OrchestrationState, parse_orchestration_state
from durabletask.internal.client_helpers import build_query_instances_req

#: Of one answer of the backend: with its input and output, one may take 100 KB.
_PAGE: Final = 50
#: How far back is looked, in steps: backends list the oldest first, or by id, and the newest are wanted.
_BACK: Final = (timedelta(hours=1), timedelta(hours=8), timedelta(days=2))


async def lately(client: df.DurableFunctionsClient, most: int, *, inputs: bool = False) -> list[OrchestrationState]:
    """Orchestrations that began in the last two days: those of the last hour first, then of eight hours, then the rest.

    Args:
        client: The durable client.
        most: How many are read at most.
        inputs: Whether their inputs and outputs are wanted, too.
    """
    now, until = datetime.now(UTC), None
    found: dict[str, OrchestrationState] = {}
    for back in _BACK:
        query = OrchestrationQuery(created_time_from=now - back, created_time_to=until, fetch_inputs_and_outputs=inputs)
        found |= {one.instance_id: one for one in await _first(client, query, most - len(found))}
        until = now - back
        if len(found) >= most:
            break
    return list(found.values())


async def ids_like(client: df.DurableFunctionsClient, prefix: str, most: int) -> list[str]:
    """Ids of orchestrations that begin so, of whatever time."""
    query = OrchestrationQuery(instance_id_prefix=prefix)
    return [state.instance_id for state in await _first(client, query, most)]


async def _first(client: df.DurableFunctionsClient, query: OrchestrationQuery, most: int) -> list[OrchestrationState]:
    """Page by page until there are enough; the client itself has no call that ends before the last page."""
    found: list[OrchestrationState] = []
    token = None
    while len(found) < most:
        query.max_instance_count = min(_PAGE, most - len(found))
        stub = client._get_stub()  # noqa: SLF001 - see above
        told = await stub.QueryInstances(build_query_instances_req(query, token))
        found += [parse_orchestration_state(one) for one in told.orchestrationState]
        if told.continuationToken.value in ("", "0", token and token.value):
            break
        token = told.continuationToken
    return found[:most]
