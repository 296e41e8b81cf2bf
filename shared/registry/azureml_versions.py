"""Reading and tagging the versions of a model in an Azure ML workspace.

Tags are all that is dependable there: stages are kept but mean nothing, and there are no aliases. Two tags say who is
champion: `signalbox.champion` is `true` or `false`, and `signalbox.promotion` counts the promotions of the model. One
write cannot change two versions, so for a moment two may say `true`: then the later promotion counts.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from shared.contracts.registry import RegisteredVersion, VersionNote
from shared.names import CHAMPION
from shared.platforms.azureml.connection import Connection
from shared.platforms.azureml.errors import azureml_errors, found
from shared.registry.descriptions import described, is_outdated
from shared.registry.tags import JOB_TAG, PREVIOUS_TAG

if TYPE_CHECKING:
    from azure.ai.ml.entities import Model

CHAMPION_TAG: Final = "signalbox.champion"
PROMOTION_TAG: Final = "signalbox.promotion"
TRUE: Final = "true"
FALSE: Final = "false"


def search(connection: Connection, model: str, *, archived: bool = False) -> "list[Model]":
    """A model's versions, oldest first; empty when the model is unknown.

    Args:
        connection: To the workspace.
        model: Its name.
        archived: Whether those that were archived, which is how a version is deleted here, are among them.
    """
    from azure.ai.ml.constants import ListViewType  # noqa: PLC0415 - vendor SDKs are loaded at first use

    view = ListViewType.ALL if archived else ListViewType.ACTIVE_ONLY
    models = connection.client.models
    listed = found(f"list the versions of model {model}", lambda: list(models.list(model, list_view_type=view)))
    return sorted(listed or (), key=lambda one: _order(str(one.version)))


def next_number(versions: "Iterable[Model]") -> int:
    """The number after the highest; versions that people have named otherwise do not count."""
    return 1 + max((int(one.version) for one in versions if _is_number(str(one.version))), default=0)


def champion(versions: "Iterable[Model]") -> "Model | None":
    """The version that is champion: of those that say so, the one promoted last."""
    return max((one for one in versions if is_marked(one)), key=promotion, default=None)


def is_marked(version: "Model") -> bool:
    """Whether a version says of itself that it is champion."""
    return tags_of(version).get(CHAMPION_TAG) == TRUE


def promotion(version: "Model") -> int:
    """Which promotion of its model made it champion last; 0 when none did, or the tag is no number."""
    told = tags_of(version).get(PROMOTION_TAG, "")
    return int(told) if _is_number(told) else 0


def tags_of(version: "Model") -> dict[str, str]:
    """A version's tags, all as strings."""
    return {name: str(value) for name, value in (version.tags or {}).items()}


def tag(connection: Connection, version: "Model", tags: Mapping[str, str]) -> None:
    """Add tags to a version, or change them; nothing is sent when it has them.

    The service replaces all tags at once, so what is written is what was read with these laid over it.
    """
    before = tags_of(version)
    after = {**before, **tags}
    if before == after:
        return
    version.tags = after
    with azureml_errors(f"tag version {version.version} of model {version.name}"):
        connection.client.models.create_or_update(version)


def describe(connection: Connection, version: "Model", note: VersionNote) -> bool:
    """Lay a note over a version's description and tags, in one write; whether anything was another before."""
    before = tags_of(version)
    if is_outdated(note.tags, before):
        return False
    tags, text = {**before, **note.tags}, described(version.description, note.text)
    if tags == before and text == (version.description or ""):
        return False
    version.tags, version.description = tags, text
    with azureml_errors(f"describe version {version.version} of model {version.name}"):
        connection.client.models.create_or_update(version)
    return True


def contract(version: "Model", champion: str | None) -> RegisteredVersion:
    """A version as the rest of the app knows it.

    A job of Azure ML is a run of its own name, so the job that made a version is its run.
    """
    tags = tags_of(version)
    created = version.creation_context.created_at if version.creation_context else None
    return RegisteredVersion(
        model=str(version.name),
        version=str(version.version),
        run_id=tags.get(JOB_TAG) or version.job_name,
        aliases=(CHAMPION,) if version.version == champion else (),
        tags=tags,
        created_at=created,
        previous=tags.get(PREVIOUS_TAG) or None,
    )


def _order(version: str) -> tuple[bool, int, str]:
    return (not _is_number(version), int(version) if _is_number(version) else 0, version)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
