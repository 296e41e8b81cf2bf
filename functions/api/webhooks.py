"""What model registries send, for readers: the rooms read no more of it than they need, field by field."""

from pydantic import ConfigDict

from shared.contracts.base import Contract


class WebhookData(Contract):
    """What a webhook is about; more fields by its entity and action."""

    model_config = ConfigDict(extra="allow")

    name: str
    version: str | None = None


class MlflowWebhook(Contract):
    """What MLflow sends when something in the model registry has changed.

    Attributes:
        entity: `model_version`, `model_version_alias`, `model_version_tag` and so on.
        action: `created`, `set`, `deleted`.
        timestamp: When, in ISO 8601.
        data: What it is about; `name` is the registered model.
    """

    model_config = ConfigDict(extra="allow")

    entity: str
    action: str
    timestamp: str | None = None
    data: WebhookData


class DatabricksWebhook(Contract):
    """What Databricks sends when something in the workspace's model registry has changed.

    Attributes:
        event: `MODEL_VERSION_CREATED`, `MODEL_VERSION_TRANSITIONED_STAGE`, `MODEL_VERSION_TAG_SET` and so on.
        model_name: The registered model.
        event_timestamp: When, in milliseconds since 1970.
        version: Which version it is about, where it is about one.
        to_stage: Of a transition.
    """

    model_config = ConfigDict(extra="allow")

    event: str
    model_name: str
    event_timestamp: int | None = None
    version: str | None = None
    to_stage: str | None = None
