"""`GET /api/operations/health`: whether the app reaches what it needs, which code it is, and what is under way.

A deployment asks it before it replaces the code, and again after; so the commit is the package's, since a setting may
be that of another deployment. It tells of the instance that answered: others may
have lost other spans.
"""

import asyncio
import logging
import platform
from collections import Counter
from collections.abc import Awaitable
from functools import cache
from typing import Any, Final

import azure.durable_functions as df
import azure.functions as func
from durabletask.client import OrchestrationQuery, OrchestrationStatus

from functions import adapters, index
from functions.triggers.callers import require
from functions.triggers.http import answer
from shared import telemetry
from shared.blocking import run_blocking
from shared.code_digest import code_digest, packaged_commit
from shared.settings import APP_ROOT
from shared.version import VERSION

_LOG: Final = logging.getLogger(__name__)
#: Seconds that each part may take.
_PATIENCE: Final = 20.0
_UNDER_WAY: Final = (OrchestrationStatus.RUNNING, OrchestrationStatus.PENDING, OrchestrationStatus.SUSPENDED)
#: Orchestrators that the SDK registers beside the app's.
_OF_THE_SDK: Final = "BuiltIn__"
#: A name that no table has: whoever answers that there is no such row, answers.
_NOBODY: Final = "nobody"


async def get_health(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """Whether storage, the fleet files and the durable backend answer, which code this is, and what is under way.

    Answers 200 also where something does not answer: `healthy` is false then, and `parts` says what it is. It belongs
    to no model, so it is for readers of the whole app.
    """
    require(req, "reader")
    fleets, storage, durable = await asyncio.gather(
        _tried("fleets", run_blocking(_models, timeout=_PATIENCE)),
        _tried("storage", run_blocking(_look_up_nobody, timeout=_PATIENCE)),
        _tried("durable", _under_way(client)),
    )
    parts = [part for part, _ in (fleets, storage, durable)]
    in_flight: dict[str, int] = durable[1] or {}
    return answer(
        200,
        {
            "healthy": all(part["ok"] for part in parts),
            "version": VERSION,
            "commit": packaged_commit(APP_ROOT),
            "code": await run_blocking(_code),
            "python": platform.python_version(),
            "parts": parts,
            "fleets": fleets[1] or {},
            "in_flight": in_flight,
            "stranded": sorted(set(in_flight) - set(index.ORCHESTRATORS)),
            "dropped": [
                {"exporter": exporter, "reason": reason, "count": count}
                for exporter, reason, count in telemetry.dropped()
            ],
        },
    )


async def _tried[T](name: str, asked: Awaitable[T]) -> tuple[dict[str, Any], T | None]:
    """Whether a part answers, and what; why it does not stays in the log, since it may tell of keys and addresses."""
    try:
        async with asyncio.timeout(_PATIENCE):
            return {"name": name, "ok": True, "detail": ""}, await asked
    except Exception as error:  # noqa: BLE001 - whatever it raises, the others are told
        _LOG.warning("%s does not answer", name, exc_info=error)
        return {"name": name, "ok": False, "detail": f"{type(error).__name__}: the app's log has the reason."}, None


def _models() -> dict[str, int]:
    """Models by fleet."""
    return dict(Counter(policy.fleet for policy in adapters.policies()))


def _look_up_nobody() -> None:
    adapters.read_model().get(_NOBODY)


async def _under_way(client: df.DurableFunctionsClient) -> dict[str, int]:
    """Orchestrations that have begun or wait to begin, by name."""
    states = await client.get_all_orchestration_states(OrchestrationQuery(runtime_status=list(_UNDER_WAY)))
    named = Counter(state.name for state in states if not state.name.startswith(_OF_THE_SDK))
    return dict(sorted(named.items()))


@cache
def _code() -> str:
    """Files of a deployment do not change while it runs."""
    return code_digest(APP_ROOT)
