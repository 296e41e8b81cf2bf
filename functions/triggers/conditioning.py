"""`GET /api/conditioning`: the cells that are being conditioned, and how far their large files are."""

from typing import Any, Final

import azure.durable_functions as df
import azure.functions as func
from durabletask.client import OrchestrationQuery, OrchestrationState, OrchestrationStatus
from pydantic import ValidationError

from functions import sight
from functions.triggers.http import answer
from shared import names
from shared.contracts.conditioning import ConditionDatasetInput
from shared.contracts.ranges import ConditionFileInput

_UNDER_WAY: Final = (OrchestrationStatus.PENDING, OrchestrationStatus.RUNNING)
#: What an instance says before its first step.
_FIRST_STEP: Final = "planning"


async def list_conditioning(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """The cells and the files that are being conditioned now; `?fleet=` narrows both.

    A file belongs to the cell whose `instance` is its `of`; to none where that one has been ended from outside.
    """
    fleet = req.params.get("fleet")
    cells = [_cell(state) for state in await _under_way(client, names.CONDITION_DATASET, "condition-")]
    parents = {child: cell["instance"] for cell in cells if cell is not None for child in cell["files"]}
    files = [_file(state, parents) for state in await _under_way(client, names.CONDITION_FILE, "file-")]
    return answer(200, {"cells": _chosen(cells, fleet), "files": _chosen(files, fleet)})


async def _under_way(client: df.DurableFunctionsClient, name: str, prefix: str) -> list[OrchestrationState]:
    """The instances of an orchestrator that have not ended, oldest first; some backends know no such filter."""
    query = OrchestrationQuery(
        runtime_status=list(_UNDER_WAY), instance_id_prefix=prefix, fetch_inputs_and_outputs=True
    )
    states = await client.get_all_orchestration_states(query)
    found = [state for state in states if state.name == name and state.runtime_status in _UNDER_WAY]
    return sorted(found, key=lambda state: (state.created_at, state.instance_id))


def _cell(state: OrchestrationState) -> dict[str, Any] | None:
    """A cell with what it says of itself; `None` of one that the caller may not see.

    Nor is an instance told whose input is of another version of the app.
    """
    try:
        order = ConditionDatasetInput.from_wire(state.get_input())
    except ValidationError:
        return None
    if not sight.sees_cell(order.fleet, order.dataset, order.cell):
        return None
    said = _said(state)
    return {
        "instance": state.instance_id,
        "fleet": order.fleet,
        "cell": order.subject,
        "cause": order.cause,
        "step": said.get("step", _FIRST_STEP),
        "files": said.get("files", []),
    }


def _file(state: OrchestrationState, parents: dict[str, str]) -> dict[str, Any] | None:
    try:
        order = ConditionFileInput.from_wire(state.get_input())
    except ValidationError:
        return None
    if not sight.sees_file(order.fleet, order.file.source, order.cell):
        return None
    return {
        "instance": state.instance_id,
        "of": parents.get(state.instance_id),
        "fleet": order.fleet,
        "file": order.file.path,
        "step": _FIRST_STEP,
        **_said(state),
    }


def _said(state: OrchestrationState) -> dict[str, Any]:
    said = state.get_custom_status()
    return said if isinstance(said, dict) else {}


def _chosen(found: list[dict[str, Any] | None], fleet: str | None) -> list[dict[str, Any]]:
    return [one for one in found if one is not None and fleet in (None, one["fleet"])]
