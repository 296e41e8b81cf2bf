"""What the webhooks of model registries tell, in the words of whichever registry (wire contracts, sections 1 and 2)."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from functions import adapters, tracing
from functions.triggers.http import BadRequestError
from functions.triggers.starting import utc_now
from shared import names
from shared.contracts.deliveries import Outcome
from shared.contracts.interlock import RegistryChanged, VersionRegistered
from shared.contracts.jobs import TRACE_TAG
from shared.contracts.policy import ModelPolicy

_CREATED: Final = "version_created"
_MLFLOW: Final = {
    "model_version.created": _CREATED,
    "model_version_alias.created": "alias_set",
    "model_version_alias.deleted": "alias_removed",
    "model_version_tag.set": "tag_set",
    "model_version_tag.deleted": "tag_removed",
}
#: A transition is told twice where somebody asked for both: by its own name, and by the stage's.
_TRANSITIONED: Final = "MODEL_VERSION_TRANSITIONED_"
_LONGEST_VALUE: Final = 200


class Webhook(NamedTuple):
    """What a webhook tells.

    Attributes:
        kind: Of the event, as the registry calls it: `model_version.created`, `MODEL_VERSION_CREATED`.
        version: Empty where the event is about none.
        key: The same for every delivery of the event.
        changes: What has changed, each with its name and value: `version_created`, or as `RegistryChanged` says it.
        trace: What led to the version, if it is ours: its registration goes on with the story of its training.
    """

    kind: str
    model: str
    version: str
    key: str
    changes: tuple[tuple[str, str, str | None], ...]
    trace: str | None = None


def read_mlflow(envelope: Mapping[str, Any]) -> Webhook:
    """What the body of a webhook of MLflow tells.

    Raises:
        BadRequestError: It is not one of MLflow's.
    """
    data = envelope.get("data")
    if not isinstance(data, dict) or not isinstance(data.get("name"), str):
        told = "The body lacks `entity`, `action` or `data.name` of an MLflow webhook."
        raise BadRequestError(400, "not-an-event", told)
    kind = f"{envelope.get('entity')}.{envelope.get('action')}"
    model, version = data["name"], str(data.get("version") or "")
    change = _MLFLOW.get(kind)
    name, value = str(data.get("alias") or data.get("key") or ""), _text(data.get("value"))
    tags = data.get("tags")
    trace = tags.get(TRACE_TAG) if isinstance(tags, dict) else None
    # Two webhooks on one event have different delivery ids, so the content is the key.
    content = names.content_hash(data, str(envelope.get("timestamp", "")))
    return Webhook(
        kind=kind,
        model=model,
        version=version,
        key=_key(kind, model, version, change, content),
        changes=((change, name, value),) if change is not None else (),
        trace=trace if isinstance(trace, str) else None,
    )


def read_databricks(envelope: Mapping[str, Any]) -> Webhook:
    """What the body of a webhook of Databricks' workspace registry tells; its tags and stages start nothing.

    Raises:
        BadRequestError: It is not one of Databricks'.
    """
    kind, model = envelope.get("event"), envelope.get("model_name")
    if not isinstance(kind, str) or not isinstance(model, str):
        raise BadRequestError(400, "not-an-event", "The body lacks `event` or `model_name` of a Databricks webhook.")
    version, changes = str(envelope.get("version") or ""), tuple(_databricks_changes(kind, envelope))
    # Two webhooks on one event have different ids, so the content is the key.
    content = names.content_hash({key: value for key, value in envelope.items() if key != "webhook_id"})
    first = changes[0][0] if changes else None
    return Webhook(kind, model, version, _key(kind, model, version, first, content), changes)


def events_of(told: Webhook, policy: ModelPolicy) -> tuple[VersionRegistered | RegistryChanged, ...]:
    """What the model is told; nothing for events that start nothing."""
    at, trace = utc_now(), tracing.traceparent()
    if any(change == _CREATED for change, _, _ in told.changes):
        if not told.version:
            return ()
        return (
            VersionRegistered(
                model=policy.model, at=at, trace=trace, policy=policy, version=told.version, seen_by="webhook"
            ),
        )
    common = {"model": policy.model, "at": at, "trace": trace, "version": told.version}
    return tuple(
        RegistryChanged.model_validate({**common, "change": change, "name": name, "value": value})
        for change, name, value in told.changes
    )


def outcome_of(told: Webhook, policy: ModelPolicy | None, *, handed_on: bool) -> tuple[Outcome, str]:
    """What is recorded of the delivery, and why."""
    if handed_on:
        return "accepted", "Handed to the model."
    if policy is not None:
        return "ignored", f"Events of kind {told.kind} start nothing."
    if any(one.baseline is not None and one.baseline.model == told.model for one in adapters.policies()):
        return "done", f"{told.model} is a baseline: nothing to release."
    return "ignored", f"No fleet of this app has a model {told.model}. If it should, add it to the fleet file."


# ── How ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _databricks_changes(kind: str, envelope: Mapping[str, Any]) -> list[tuple[str, str, str | None]]:
    if kind == "MODEL_VERSION_CREATED":
        return [(_CREATED, "", None)]
    if kind.startswith(_TRANSITIONED):
        stage = envelope.get("to_stage") or kind.removeprefix(_TRANSITIONED).removeprefix("TO_").capitalize()
        return [("stage_set", "", _text(stage))]
    tags = envelope.get("tags")
    if kind != "MODEL_VERSION_TAG_SET" or not isinstance(tags, list):
        return []
    return [("tag_set", str(tag.get("key") or ""), _text(tag.get("value"))) for tag in tags if isinstance(tag, dict)]


def _text(value: Any) -> str | None:
    return None if value is None else str(value)[:_LONGEST_VALUE]


def _key(kind: str, model: str, version: str, change: str | None, content: str) -> str:
    return names.version_key(model, version) if change == _CREATED else f"{kind}:{content}"
