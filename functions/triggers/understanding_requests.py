"""What somebody's request, and an event of our own, would lead to. It blocks, reads, and begins nothing."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, Final, get_args

from pydantic import ValidationError

from functions import adapters
from functions.dataset_versions import find_version
from functions.run_cells import find_cells
from functions.triggers.data_factory import ANY, instance_of, read_train_request
from functions.triggers.fleet_runs import run_id
from functions.triggers.http import BadRequestError
from functions.triggers.models import find_model
from functions.triggers.observations import Observation
from functions.triggers.recognizing import FORMS
from functions.triggers.run_requests import check_landed, read_body_as, read_operation, read_run_request
from functions.triggers.starting import utc_now
from functions.triggers.understanding_files import understand_orders
from functions.triggers.understood import Cell, Understood
from shared.contracts.conditioning import ConditionDatasetInput
from shared.contracts.datasets import FindDatasetInput
from shared.contracts.fleet_runs import Operation, PlannedCell, RunFleetInput
from shared.contracts.health import HealthObserved
from shared.contracts.interlock import INTERLOCK_EVENT, AnyInterlockEvent, ScoringRequested, TrainingRequested
from shared.errors import PermanentError
from shared.fleet_runs.planning import condition_order
from shared.near_names import nearest

_CHANNEL: Final = "datafactory"
_OPERATIONS: Final[tuple[Operation, ...]] = get_args(Operation)
#: Fields that only one operation takes.
_TELLING: Final[dict[str, Operation]] = {"prefix": "condition", "dataset": "train"}


def understand_activity(event: Mapping[str, Any]) -> Understood:
    """An activity as a Data Factory pipeline defines it: the operation is in its URL or its function's name.

    Raises:
        BadRequestError: It does not call this app, or has no body.
    """
    properties = event.get("typeProperties")
    properties = properties if isinstance(properties, dict) else {}
    called = str(_written(properties.get("url") or properties.get("functionName") or ""))
    found = re.search(r"(?:^|/)datafactory/([\w-]+)", called)
    example = f"For example: {json.dumps(FORMS['activity'].example)}"
    if found is None:
        told = f"The activity calls {called or 'nothing'}; what is understood are calls of /api/datafactory/OPERATION."
        if called.startswith("@"):
            told += " Put in what the expression comes to."
        raise BadRequestError(400, "not-our-call", f"{told} {example}")
    body = _object(_written(properties.get("body")))
    if body is None:
        told = "The activity's `body` is no JSON object; put in what its expressions come to."
        raise BadRequestError(400, "not-an-object", f"{told} {example}")
    select = body.get("select", {})
    if found[1] == ANY and "model" in body and isinstance(select, dict):  # a run of one model, and no single training
        rest = {name: value for name, value in body.items() if name != "model"}
        body = {**rest, "select": {**select, "model": [body["model"]]}}
    return understand_call({"operation": found[1], **body})


def understand_call(event: Mapping[str, Any]) -> Understood:
    """A call of Data Factory: the body, and the operation that its path would name.

    Raises:
        BadRequestError: It does not say for which operation it is.
    """
    body = dict(event)
    named = body.pop("operation", None)
    named = str(named) if named is not None else _guessed(body)
    what = f"a call of Data Factory to {named}"
    try:
        operation = read_operation(named)
        if operation == "train" and "model" in body:
            return _one_training(what, body)
        order = read_run_request(operation, body, utc_now(), None)
        check_landed(order)
        return _run(what, order)
    except BadRequestError as error:
        return Understood(_CHANNEL, what, False, str(error))
    except PermanentError as error:
        return Understood(_CHANNEL, what, False, error.message)


def understand_observation(event: Mapping[str, Any]) -> Understood:
    """How a version did, as `POST /api/observations/{name}` takes it; the model's name is in the path there."""
    body = dict(event)
    model = str(body.pop("model"))
    what = f"how version {body.get('version')} of {model} did in {body.get('period')}"
    try:
        policy = find_model(model)
        told = read_body_as(Observation, body, "Needed: model, version, period, figures; allowed: reference.")
    except BadRequestError as error:
        return Understood("observations", what, False, str(error))
    found = HealthObserved(model=policy.model, at=utc_now(), policy=policy, **told.model_dump())
    return Understood("observations", what, True, "It tells of a model of this app.", events=(found,))


def understand_order(event: Mapping[str, Any]) -> Understood:
    """An order to condition a cell, as a recorded delivery has it.

    Raises:
        BadRequestError: It does not fit.
    """
    wanted = "Needed: fleet, dataset, cell; allowed: cause, at."
    order = read_body_as(ConditionDatasetInput, {"cause": "explain", "at": utc_now().isoformat(), **event}, wanted)
    what = f"the cell {order.subject} is to be conditioned"
    try:
        adapters.fleet(order.fleet).check_cell(order.dataset, order.cell)
    except PermanentError as error:
        return Understood("conditioning", what, False, error.message)
    return understand_orders("conditioning", what, [order])


def understand_own(event: Mapping[str, Any]) -> Understood:
    """An event of our own; its time and the model's policy may be left out.

    Raises:
        BadRequestError: It is of no known kind, or does not fit.
    """
    kind, model = str(event.get("kind")), str(event.get("model", ""))
    what = f"{kind.replace('_', ' ')}{f' of {model}' if model else ''}"
    if kind not in (fields := _fields()):
        told = f"There is no event of the kind `{kind}`; {nearest(kind, fields)}"
        raise BadRequestError(400, "unknown-event", told)
    policy = adapters.fleets().model(model)
    filled: dict[str, Any] = {"at": utc_now().isoformat(), **event}
    if policy is not None and "policy" in fields[kind]:
        filled.setdefault("policy", policy.to_wire())
    if policy is None and filled.get("policy") is None:
        try:
            find_model(model)
        except BadRequestError as error:
            return Understood("event", what, False, str(error))
    try:
        found: AnyInterlockEvent = INTERLOCK_EVENT.validate_python(filled)
    except ValidationError as error:
        wrong = "; ".join(f"`{'.'.join(map(str, one['loc'][1:]))}`: {one['msg']}" for one in error.errors()[:5])
        has = ", ".join(sorted(fields[kind] - {"trace"}))
        raise BadRequestError(400, "bad-event", f"{wrong}. An event of the kind `{kind}` has: {has}.") from error
    return Understood("event", what, True, "It tells of a model of this app.", events=(found,))


# ── How ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _written(value: Any) -> Any:
    """A property of an activity; pipelines write an expression as `{"value": "@concat(…)", "type": "Expression"}`."""
    return value.get("value") if isinstance(value, dict) and value.get("type") == "Expression" else value


def _object(body: Any) -> dict[str, Any] | None:
    """A body as an activity has it, which may be JSON in a text; `None` of anything else."""
    if isinstance(body, str):
        try:
            body = json.loads(body)
        except (ValueError, RecursionError):
            return None
    return body if isinstance(body, dict) else None


@cache
def _fields() -> dict[str, frozenset[str]]:
    """The fields of each kind of event."""
    union = get_args(AnyInterlockEvent)[0]
    return {one.model_fields["kind"].default: frozenset(one.model_fields) for one in get_args(union)}


def _guessed(body: Mapping[str, Any]) -> Operation:
    """The operation that the body alone tells of, by a field that no other takes."""
    told = {operation for field, operation in _TELLING.items() if field in body}
    if len(told) == 1:
        return told.pop()
    has = ", ".join(f"`{key}`" for key in body)
    said = (
        f"This is the body of a call of Data Factory ({has}), but the operation is in the path of the call: add "
        f"`operation`, one of {', '.join(_OPERATIONS)}. For example: {json.dumps({'operation': 'train', **body})[:500]}"
    )
    raise BadRequestError(400, "ambiguous-event", said)


def _one_training(what: str, body: dict[str, Any]) -> Understood:
    request, policy = read_train_request(body)
    find = FindDatasetInput(
        fleet=policy.fleet, dataset=policy.train.dataset, labels=policy.labels, version=request.dataset
    )
    dataset = find_version(find)
    found = TrainingRequested(
        model=policy.model,
        at=utc_now(),
        policy=policy,
        dataset=dataset,
        requested_by=request.requested_by,
        request_id=request.request_id,
    )
    why = f"{policy.model} would be asked for a training on dataset version {dataset.version}."
    return Understood(
        _CHANNEL,
        f"{what} {policy.model}",
        True,
        why,
        datasets=(dataset.dataset,),
        events=(found,),
        instance=instance_of(request),
    )


def _run(what: str, order: RunFleetInput) -> Understood:
    planned = find_cells(order)
    asked = [cell for cell in planned if cell.outcome == "asked"]
    left = tuple(Cell(cell.name, "leave", cell.reason) for cell in planned if cell.outcome != "asked")
    what = f"{what} the fleet {order.fleet}"
    if order.operation == "condition":
        orders = [condition_order(order, cell, run_id(order)) for cell in asked]
        found = understand_orders(_CHANNEL, what, orders)
        why = f"{len(asked)} of {len(planned)} cells would be asked."
        return replace(found, reason=why, cells=(*found.cells, *left), instance=run_id(order))
    return Understood(
        _CHANNEL,
        what,
        True,
        f"{len(asked)} of {len(planned)} models would be asked.",
        datasets=tuple(dict.fromkeys(cell.dataset for cell in planned)),
        cells=left,
        events=_requests(order, asked),
        instance=run_id(order),
    )


def _requests(order: RunFleetInput, asked: Sequence[PlannedCell]) -> tuple[AnyInterlockEvent, ...]:
    """What each model would be asked, as `run_fleet` does."""
    found: list[AnyInterlockEvent] = []
    for cell in asked:
        policy = find_model(cell.name)
        told: dict[str, Any] = {
            "model": policy.model,
            "at": order.at,
            "policy": policy,
            "dataset": cell.data,
            "requested_by": order.requested_by,
            "request_id": run_id(order),
        }
        if order.operation == "score":
            found.append(ScoringRequested(**told, as_of=order.as_of))
        else:
            found.append(TrainingRequested(**told, again=order.again))
    return tuple(found)
