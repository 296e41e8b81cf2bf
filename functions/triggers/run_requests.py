"""What somebody asks of a fleet over HTTP, checked before anything begins."""

import json
import re
from datetime import date, datetime, time
from typing import Annotated, Any, Final, get_args
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, ValidationError

from functions import adapters
from functions.triggers.http import BadRequestError, Fault
from shared.authorization import KEY_HOLDER, Caller
from shared.contracts.base import Contract
from shared.contracts.fleet_runs import FailOn, Operation, RunFleetInput, RunRow
from shared.errors import PermanentError
from shared.fleet.fleet import Fleet
from shared.fleet_runs.selection import (
    MODEL,
    check_found,
    check_prefix,
    check_selection,
    is_selected,
    known_of_datasets,
    known_values,
    model_labels,
)

#: What a run can stand for; the calendar's first and last days do not exist in every time zone.
_YEARS: Final = range(1900, 2200)
#: A run's input travels in its history; a selection of more is better said by labels.
_SELECTION_BYTES: Final = 10_000


def several(value: Any) -> Any:
    """One value may be written without a list; a tuple of what was a list, since nothing else is converted."""
    if isinstance(value, str):
        return (value,)
    return tuple(value) if isinstance(value, list) else value


class RunRequest(Contract):
    """The body of `POST /api/datafactory/{operation}` for several cells.

    Attributes:
        fleet: Which fleet; may be left out where the app has one.
        select: Values per label: `{"origin": ["JFK", "LGA"]}`; everything when absent.
        model: The same as `select` with one `model`.
        prefix: Of `condition`: what the paths of landed files begin with; only cells with one of them are asked.
        as_of: A date, which is one where the fleet is at home, or a time with its zone.
        fail_on: When the status URL answers with a failure.
        request_id: Makes a repeated request the same: Data Factory's `@pipeline().RunId`.
        callBackUri: Is called when the run has ended: Data Factory's Webhook activity adds it, and waits for that.
    """

    fleet: str | None = None
    select: dict[str, Annotated[tuple[str, ...], BeforeValidator(several)]] = Field(default_factory=dict)
    model: str | None = None
    prefix: str | None = Field(default=None, min_length=1, max_length=1024)
    as_of: str | None = None
    again: bool = False
    fail_on: FailOn = "any"
    requested_by: str = Field(default="Data Factory", min_length=1, max_length=200)
    request_id: str = Field(min_length=1, max_length=200)
    callBackUri: str | None = Field(default=None, min_length=1, repr=False)  # noqa: N815 - Data Factory's name


class AnyRunRequest(RunRequest):
    """The body of `POST /api/datafactory/run`.

    Attributes:
        operation: What the run does to its cells; of one model, too, `train` is a run here.
    """

    operation: Operation


class RetryRequest(Contract):
    """The body of `POST /api/runs/{id}/retry`, which may be left out.

    Attributes:
        request_id: A run is retried once, unless another id asks for one more retry.
    """

    fail_on: FailOn = "any"
    requested_by: str = Field(default="Data Factory", min_length=1, max_length=200)
    request_id: str = Field(default="retry", min_length=1, max_length=200)


def read_operation(name: str | None) -> Operation:
    """The operation that a path names.

    Raises:
        BadRequestError: There is no such operation.
    """
    known: tuple[Operation, ...] = get_args(Operation)
    for operation in known:
        if operation == name:
            return operation
    told = f"Known: {', '.join(known)}; and run, whose body has the `operation`."
    raise BadRequestError(404, "unknown-operation", f"There is no operation {name!r}. {told}")


def read_named_operation(body: dict[str, Any]) -> tuple[Operation, dict[str, Any]]:
    """The operation that a body names, and the rest of the body.

    Raises:
        BadRequestError: It names none, or does not fit.
    """
    wanted = (
        "Needed: operation, request_id; allowed: fleet, select, model, prefix, as_of, again, fail_on, requested_by."
    )
    request = read_body_as(AnyRunRequest, body, wanted)
    return request.operation, {name: value for name, value in body.items() if name != "operation"}


def read_run_request(
    operation: Operation, body: dict[str, Any], at: datetime, trace: str | None, caller: Caller = KEY_HOLDER
) -> RunFleetInput:
    """A run of a fleet, as it was asked for; by whom, a token says better than the body.

    Raises:
        BadRequestError: The body does not fit, or selects nothing; it says what would be right.
    """
    allowed = "Needed: request_id; allowed: fleet, select, as_of, again, fail_on, requested_by"
    request = read_body_as(RunRequest, body, f"{allowed}, {'prefix' if operation == 'condition' else 'model'}.")
    fleet = _fleet(request.fleet)
    select = {**request.select, **({MODEL: (request.model,)} if request.model else {})}
    _check(operation, fleet, select)
    if request.prefix is not None:
        _check_prefix(operation, fleet, request.prefix)
    return RunFleetInput(
        fleet=fleet.name,
        operation=operation,
        select=select,
        prefix=request.prefix,
        as_of=_instant(request.as_of, fleet),
        again=request.again,
        fail_on=request.fail_on,
        requested_by=caller.name or request.requested_by,
        request_id=request.request_id,
        at=at,
        trace=trace,
    )


def check_landed(order: RunFleetInput) -> None:
    """Refuse a prefix under which no file lies; it blocks.

    Raises:
        BadRequestError: There is none.
    """
    if order.prefix is not None and not adapters.landing().list(order.prefix):
        told = f"No file has landed under `{order.prefix}`. A prefix is what paths in the landing container begin with."
        raise BadRequestError(400, "nothing-landed", told)


def read_retry(
    row: RunRow, body: dict[str, Any], at: datetime, trace: str | None, caller: Caller = KEY_HOLDER
) -> RunFleetInput:
    """A run of what an earlier one did not get done.

    Raises:
        BadRequestError: The body does not fit.
    """
    request = read_body_as(RetryRequest, body, "Allowed: request_id, fail_on, requested_by.")
    return RunFleetInput(
        fleet=row.fleet,
        operation=row.operation,
        as_of=row.as_of,
        again=row.again,
        retry_of=row.run,
        fail_on=request.fail_on,
        requested_by=caller.name or request.requested_by,
        request_id=request.request_id,
        at=at,
        trace=trace,
    )


def read_body_as[B: Contract](kind: type[B], body: dict[str, Any], wanted: str) -> B:
    """A body as a contract; nothing is guessed: `"false"` is a text, and no false.

    Raises:
        BadRequestError: It does not fit; each field that is wrong is named, and then what is wanted.
    """
    try:
        return kind.model_validate_json(json.dumps(body), strict=True)
    except ValidationError as error:
        faults = [Fault(one["loc"], one["msg"]) for one in error.errors()]
        wrong = "; ".join(f"`{'.'.join(map(str, fault.place))}`: {fault.detail}" for fault in faults)
        raise BadRequestError(400, "bad-request", f"{wrong}. {wanted}", faults) from error


def _fleet(name: str | None) -> Fleet:
    fleets = adapters.fleets().all
    if name is None and len(fleets) > 1:
        known = ", ".join(fleet.name for fleet in fleets)
        raise BadRequestError(400, "which-fleet", f"This app has several fleets: add `fleet`, one of {known}.")
    try:
        return fleets[0] if name is None else adapters.fleet(name)
    except PermanentError as error:
        raise _refusal(404, error) from error


def _check(operation: Operation, fleet: Fleet, select: dict[str, tuple[str, ...]]) -> None:
    """Refuse at once what can be seen from the fleet file to select nothing."""
    size = len(str(select))
    if size > _SELECTION_BYTES:
        told = f"`select` has {size} characters; at most {_SELECTION_BYTES} are taken. Select by labels, not by names."
        raise BadRequestError(400, "selection-too-large", told)
    try:
        if operation == "condition":
            per = {name: dataset.per for name, dataset in fleet.datasets.items()}
            check_selection(select, known_of_datasets(per, fleet.matrix), fleet.name)
        else:
            cells = [model_labels(policy) for policy in fleet.models]
            check_selection(select, known_values(cells), fleet.name)
            found = [cell for cell in cells if is_selected(cell, select)]
            check_found(found, select, known_values(cells), fleet.name)
    except PermanentError as error:
        raise _refusal(400, error) from error


def _check_prefix(operation: Operation, fleet: Fleet, prefix: str) -> None:
    if operation != "condition":
        told = (
            f"`prefix` is for `condition`, which is asked for files; `{operation}` is asked for models: use `select`."
        )
        raise BadRequestError(400, "prefix-of-models", told)
    try:
        check_prefix(prefix, {name: source.files for name, source in fleet.sources.items()}, fleet.name)
    except PermanentError as error:
        raise _refusal(400, error) from error


def _refusal(status: int, error: PermanentError) -> BadRequestError:
    return BadRequestError(status, re.sub(r"(?<!^)(?=[A-Z])", "-", error.code).lower(), error.message)


def _instant(text: str | None, fleet: Fleet) -> datetime | None:
    """A moment; of a date its noon, which is on that day wherever it is read."""
    if text is None:
        return None
    try:
        moment = _read_instant(text, fleet)
    except ValueError as error:
        told = f"`as_of` is {text!r}: {error}. Write a date, 2013-09-08, or a time with its zone, 2013-09-08T06:00Z."
        raise BadRequestError(400, "bad-request", told) from error
    if moment.tzinfo is None:
        told = f"`as_of` is {text!r}, which has no zone. Write {text}Z for UTC, or a date alone."
        raise BadRequestError(400, "bad-request", told)
    return moment


def _read_instant(text: str, fleet: Fleet) -> datetime:
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        moment = datetime.combine(date.fromisoformat(text), time(12), ZoneInfo(fleet.timezone))
    else:
        moment = datetime.fromisoformat(text)
    if moment.year not in _YEARS:
        msg = f"the years from {_YEARS[0]} to {_YEARS[-1]} are known"
        raise ValueError(msg)
    return moment
