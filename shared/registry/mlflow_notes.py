"""Notes beside a version and beside its run, where MLflow's page shows them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from shared.contracts.registry import VersionNote
from shared.registry.descriptions import described, is_outdated

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

#: Tag of a run: what MLflow's page shows as its description.
_RUN_NOTE: Final = "mlflow.note.content"
#: What MLflow answers of a run that it does not have: whoever registered the version named another server's.
_UNKNOWN: Final = frozenset({"RESOURCE_DOES_NOT_EXIST", "NOT_FOUND"})


def keep(client: "MlflowClient", model: str, version: str, note: VersionNote) -> bool:
    """Write what is another than in the note; whether anything was. Each write is an event of its own elsewhere.

    Tags first: an older note that comes meanwhile finds the number of rows, and writes nothing.
    """
    found = client.get_model_version(model, version)
    if is_outdated(note.tags, found.tags):
        return False
    tags = _other(note.tags, found.tags)
    for name, value in tags.items():
        client.set_model_version_tag(model, version, name, value)
    text = described(found.description, note.text)
    changed = text != (found.description or "")
    if changed:
        client.update_model_version(model, version, text)
    run = _run(client, found.run_id) if found.run_id else None
    return (_keep_in_run(client, run, note) if run is not None else False) or changed or bool(tags)


def _keep_in_run(client: "MlflowClient", run: "Run", note: VersionNote) -> bool:
    wanted = {**note.tags, _RUN_NOTE: described(run.data.tags.get(_RUN_NOTE), note.text)}
    tags = _other(wanted, run.data.tags)
    for name, value in tags.items():
        client.set_tag(run.info.run_id, name, value)
    return bool(tags)


def _run(client: "MlflowClient", run_id: str) -> "Run | None":
    """The run; `None` of one that is not there, or was deleted: nobody looks at it, and it cannot be changed."""
    from mlflow.exceptions import MlflowException  # noqa: PLC0415 - vendor SDKs are loaded at first use

    try:
        run = client.get_run(run_id)
    except MlflowException as error:
        if error.error_code not in _UNKNOWN:
            raise
        return None
    return run if run.info.lifecycle_stage == "active" else None


def _other(wanted: Mapping[str, str], found: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in wanted.items() if found.get(name) != value}
