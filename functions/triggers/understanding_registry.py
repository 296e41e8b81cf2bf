"""What a model registry's webhooks would lead to. It blocks, reads, and neither records nor tells anything."""

from collections.abc import Mapping
from typing import Any, Final

from functions import adapters, sight
from functions.triggers.http import BadRequestError
from functions.triggers.models import find_model
from functions.triggers.registry_events import Webhook, events_of, outcome_of, read_databricks, read_mlflow
from functions.triggers.understood import Understood


def understand_mlflow(event: Mapping[str, Any]) -> Understood:
    """A webhook of MLflow, as `POST /api/webhooks/mlflow` takes it."""
    try:
        return _understood("mlflow", read_mlflow(event))
    except BadRequestError as error:
        return Understood("mlflow", "a webhook that cannot be read", False, f"{error} {_NEEDED}")


def understand_databricks(event: Mapping[str, Any]) -> Understood:
    """A webhook of Databricks' workspace registry, as `POST /api/webhooks/databricks` takes it."""
    try:
        return _understood("databricks", read_databricks(event))
    except BadRequestError as error:
        return Understood("databricks", "a webhook that cannot be read", False, str(error))


def _understood(form: str, told: Webhook) -> Understood:
    what = " ".join(part for part in (told.kind, "of", told.model, told.version and f"version {told.version}") if part)
    policy = adapters.fleets().model(told.model)
    known = policy is not None or sight.is_whole()  # of another model it is not told either what has come of it
    before = adapters.inbox().get("mlflow", told.key) if known else None
    if before is not None and before.outcome != "ignored":
        when = f"{before.received_at:%Y-%m-%d %H:%M} UTC"
        why = f"This event has come before, at {when}, and was {before.outcome}. Nothing is done twice."
        return Understood(form, what, False, why)
    events = events_of(told, policy) if policy is not None else ()
    if events:
        return Understood(form, what, True, "It tells of a model of this app.", events=events)
    _, reason = outcome_of(told, policy, handed_on=False)
    return Understood(form, what, False, f"{reason}{_meant(told.model) if policy is None else ''}")


_NEEDED: Final = (
    'It looks like {"entity": "model_version", "action": "created", "data": {"name": "MODEL", "version": "3"}}.'
)


def _meant(model: str) -> str:
    """Which model was probably meant."""
    try:
        find_model(model)
    except BadRequestError as error:
        _, _, meant = str(error).partition(f"has a model {model}. ")
        return f" {meant[:1].upper()}{meant[1:]}"
    return ""
