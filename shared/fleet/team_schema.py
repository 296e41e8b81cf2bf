"""What may be written of a fleet's team: whose it is, who may order and approve, and where requests go."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema, model_validator

from shared.authorization import ENTRA
from shared.contracts.notification import CHANNEL_KINDS
from shared.located_validation import FileModel

_CHANNEL: Final = re.compile(rf"({'|'.join(CHANNEL_KINDS)}):[a-z][a-z0-9-]{{0,62}}")
_GROUP_SCHEMA: Final = {"type": "string", "pattern": f"^{ENTRA}[^\\s].*$"}
_CHANNEL_SCHEMA: Final = {"type": "string", "pattern": f"^{_CHANNEL.pattern}$"}


def _group(value: Any) -> Any:
    if not isinstance(value, str) or not value.startswith(ENTRA) or not value.removeprefix(ENTRA).strip():
        name = value if isinstance(value, str) and value.strip() and not value.startswith(ENTRA) else "demand-ops"
        raise ValueError(f"`{value}` is no group or role; write for example {ENTRA}{name}")
    return value


class GroupSpec(FileModel):
    """A group or role of Entra ID, for all models or for some."""

    group: Annotated[str, BeforeValidator(_group), WithJsonSchema(_GROUP_SCHEMA)] = Field(
        description="The group, as its claim tells it, or an app role.", examples=["group: entra:rockies-ops"]
    )
    match: dict[str, str] = Field(
        default={},
        description="Labels that a model must have for the group to be concerned with it.",
        examples=["match: {region: rockies}"],
    )

    @model_validator(mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        return value if isinstance(value, dict) else {"group": _group(value)}

    def concerns(self, labels: Mapping[str, str]) -> bool:
        """Whether a model with these labels is theirs."""
        return all(labels.get(label) == value for label, value in self.match.items())


def _listed(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _channels(value: Any, info: ValidationInfo) -> Any:
    for one in _listed(value):
        if not isinstance(one, str) or not _CHANNEL.fullmatch(one):
            kinds = ", ".join(f"{kind}:NAME" for kind in CHANNEL_KINDS)
            raise ValueError(f"`{info.field_name}: {one}` is no channel; write one of {kinds} (a-z, 0-9 and -)")
    return _listed(value)


def _schema_of_groups() -> dict[str, Any]:
    matched = {
        "type": "object",
        "properties": {
            "group": _GROUP_SCHEMA,
            "match": {"type": "object", "additionalProperties": {"type": "string"}},
        },
        "required": ["group"],
        "additionalProperties": False,
    }
    return {"anyOf": [_GROUP_SCHEMA, {"type": "array", "items": {"anyOf": [_GROUP_SCHEMA, matched]}}, matched]}


#: One group, or several.
Groups = Annotated[list[GroupSpec], BeforeValidator(_listed), WithJsonSchema(_schema_of_groups())]
#: One channel, or several.
Channels = Annotated[
    list[str],
    BeforeValidator(_channels),
    WithJsonSchema({"anyOf": [_CHANNEL_SCHEMA, {"type": "array", "items": _CHANNEL_SCHEMA}]}),
]


class TeamSpec(FileModel):
    """Whose fleet it is."""

    owner: str = Field(
        min_length=1,
        max_length=256,
        description="Who answers for it; the tag `owner` of jobs and versions.",
        examples=["owner: forecasting"],
    )
    operate: Groups = Field(
        default=[],
        description="Who may order something of its models, beside those who have the app's role for all of them.",
        examples=["operate: [entra:demand-ops, {group: entra:rockies-ops, match: {region: rockies}}]"],
    )
    approve: Groups = Field(
        default=[],
        description="Who may approve and refuse releases of its models, and make exceptions, likewise.",
        examples=["approve: entra:demand-leads"],
    )
    notify: Channels = Field(
        default=[],
        description="Where requests for approval and digests of runs go; the setting SIGNALBOX_CHANNEL_TEAMS_DEMAND "
        "holds the address of `teams:demand`.",
        examples=["notify: teams:demand"],
    )
