"""What an event is that lies in a file: told by its form alone, since it did not come through a door."""

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from functions.triggers.http import BadRequestError
from shared.near_names import similar


class Form(NamedTuple):
    """A form in which events come.

    Attributes:
        title: For a person.
        keys: Of which an object of this form has all.
        example: As short as can be.
        unless: Keys that an object of this form does not have.
    """

    title: str
    keys: tuple[str, ...]
    example: Mapping[str, Any]
    unless: tuple[str, ...] = ()


_FILE: Final = "/blobServices/default/containers/landing/blobs/raw/2026-01.csv"
_WEBHOOK: Final = {"entity": "model_version", "action": "created", "data": {"name": "demand-plains", "version": "3"}}

#: By the name that answers use. The order is that in which they are listed for people.
FORMS: Final[dict[str, Form]] = {
    "mlflow": Form(
        "a webhook of MLflow",
        ("entity", "action"),
        _WEBHOOK,
    ),
    "databricks": Form(
        "a webhook of Databricks",
        ("event", "model_name"),
        {"event": "MODEL_VERSION_CREATED", "model_name": "demand-plains", "version": "3"},
    ),
    "event_grid": Form(
        "an event of Event Grid",
        ("eventType",),
        {
            "eventType": "Microsoft.Storage.BlobCreated",
            "subject": _FILE,
            "data": {"eTag": "0x1", "contentLength": 5},
        },
    ),
    "cloud_event": Form(
        "an event of Event Grid in the CloudEvents schema",
        ("specversion", "type"),
        {
            "specversion": "1.0",
            "type": "Microsoft.Storage.BlobCreated",
            "subject": _FILE,
            "data": {"eTag": "0x1", "contentLength": 5},
        },
    ),
    "activity": Form(
        "an activity of a Data Factory pipeline",
        ("typeProperties",),
        {"typeProperties": {"url": "https://APP/api/datafactory/train", "body": {"request_id": "1"}}},
    ),
    "data_factory": Form(
        "a call of Data Factory",
        ("request_id",),
        {"operation": "train", "fleet": "demand", "request_id": "1"},
        unless=("kind",),
    ),
    "delivery": Form(
        "a delivery that this app has recorded",
        ("channel", "key", "body"),
        {"channel": "mlflow", "key": "1", "body": json.dumps(_WEBHOOK)},
    ),
    "event": Form(
        "an event of Signalbox's own",
        ("kind",),
        {"kind": "version_registered", "model": "demand-plains", "version": "3", "seen_by": "webhook"},
    ),
    "conditioning": Form(
        "an order to condition a cell of a dataset",
        ("fleet", "dataset", "cell"),
        {"fleet": "demand", "dataset": "monthly", "cell": {"month": "2026-01"}, "cause": "me"},
    ),
    "observation": Form(
        "an observation of how a version did",
        ("model", "version", "period", "figures"),
        {"model": "demand-plains", "version": "3", "period": "2026-W47", "figures": {"mape": 0.3}},
        unless=("kind",),
    ),
}


def read_events(value: Any) -> list[dict[str, Any]]:
    """The events of a file: one object, or an array of some.

    Raises:
        BadRequestError: There is none, or more than are explained at once.
    """
    events = value if isinstance(value, list) else [value]
    if not events:
        raise BadRequestError(400, "no-event", f"The array is empty. {_examples()}")
    if len(events) > MOST:
        told = f"The array has {len(events)} events; at most {MOST} are explained at once. Split the file."
        raise BadRequestError(400, "too-many-events", told)
    for position, event in enumerate(events, 1):
        if not isinstance(event, dict):
            where = f"Event {position} of {len(events)}" if isinstance(value, list) else "The body"
            told = f"{where} is a JSON {_kind(event)}; an event is an object. {_examples()}"
            raise BadRequestError(400, "not-an-event", told)
    return events


#: Event Grid sends fewer at once unless told otherwise, and each may concern a thousand models.
MOST: Final = 20


def recognize(event: Mapping[str, Any]) -> str:
    """The form of an event, by its name in `FORMS`.

    Raises:
        BadRequestError: It has no form that is known, or more than one; what was seen is told, and an example.
    """
    found = [name for name, form in FORMS.items() if _fits(event, form)]
    if len(found) == 1:
        return found[0]
    if found:
        told = " and ".join(f"{FORMS[name].title} ({_quoted(FORMS[name].keys)})" for name in found)
        remedy = f"Leave out what does not belong to it. {_example(found[0])} {_example(found[1])}"
        raise BadRequestError(400, "ambiguous-event", f"The event could be {told}. {remedy}")
    raise BadRequestError(400, "unknown-event", _unknown(event))


# ── How ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _fits(event: Mapping[str, Any], form: Form) -> bool:
    return all(key in event for key in form.keys) and not any(key in event for key in form.unless)


def _unknown(event: Mapping[str, Any]) -> str:
    if not event:
        return f"The event is empty: {{}}. {_examples()}"
    near, lacks = _nearest(event)
    seen = f"The event has {_quoted(tuple(map(str, event))[:10])}, and is of no form that is known."
    if near is None:
        return f"{seen} {_examples()}"
    return f"{seen} It is nearest to {FORMS[near].title}, which also has {_quoted(lacks)}. {_example(near)}"


def _nearest(event: Mapping[str, Any]) -> tuple[str | None, tuple[str, ...]]:
    """The form of which an event has the most keys, also misspelt, and those that it lacks."""
    best: tuple[float, str | None, tuple[str, ...]] = (0.0, None, ())
    for name, form in FORMS.items():
        lacks = tuple(key for key in form.keys if key not in event)
        have = len(form.keys) - len(lacks) + sum(0.5 for key in lacks if similar(key, map(str, event), 0.8))
        extra = sum(0.1 for key in event if key in form.example and key not in form.keys)
        if have / len(form.keys) + extra > best[0] and have + extra > 0:
            best = (have / len(form.keys) + extra, name, lacks)
    return best[1], best[2]


def _example(name: str) -> str:
    form = FORMS[name]
    return f"{form.title[0].upper()}{form.title[1:]} looks like {json.dumps(form.example, ensure_ascii=False)}."


def _examples() -> str:
    titles = ", ".join(form.title for form in FORMS.values())
    return f"Known are {titles}. {_example('mlflow')}"


def _quoted(keys: tuple[str, ...]) -> str:
    return ", ".join(f"`{key}`" for key in keys)


def _kind(value: Any) -> str:
    names: dict[type, str] = {str: "text", list: "array", bool: "true or false", int: "number", float: "number"}
    return names.get(type(value), "null")
