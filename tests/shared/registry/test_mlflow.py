"""What is special about MLflow: broken attempts, its files, its errors."""

import subprocess
import sys
import uuid
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from shared.contracts.registry import VersionNote
from shared.errors import PermanentError, TransientError
from shared.names import CHAMPION
from shared.registry.mlflow import MlflowRegistry
from shared.registry.mlflow_client import mlflow_client, mlflow_errors
from shared.registry.mlflow_flavors import flavor_of
from shared.registry.tags import JOB_TAG


class _Crash(Exception):  # noqa: N818 - stands for the end of the process, which is no error class
    """The process ended here."""


def _crash(*_: Any, **__: Any) -> None:
    raise _Crash


@pytest.fixture
def model() -> str:
    """A name that no other test uses."""
    return f"crash-{uuid.uuid4().hex[:8]}"


def _runs(uri: str, model: str) -> list[Any]:
    client = mlflow_client(flavor_of(uri))
    experiment = client.get_experiment_by_name(model)
    assert experiment is not None
    return list(client.search_runs([experiment.experiment_id]))


@pytest.mark.stack
@pytest.mark.parametrize(
    "step",
    ["create_run", "log_batch", "log_artifacts", "set_terminated", "create_registered_model", "create_model_version"],
)
def test_an_attempt_that_broke_off_is_taken_up(
    mlflow_server: str, model: str, folder: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Wherever the first attempt ended, the second makes one version of one finished run with each metric once."""
    registry = MlflowRegistry(mlflow_server)
    client = mlflow_client(flavor_of(mlflow_server))
    with monkeypatch.context() as broken:
        broken.setattr(client, step, _crash)
        with pytest.raises(_Crash):
            registry.register(model, "job-1", folder, {}, {"mape": 0.31})
    assert registry.versions(model) == []

    version = registry.register(model, "job-1", folder, {}, {"mape": 0.31})
    (run,) = _runs(mlflow_server, model)
    assert [one.version for one in registry.versions(model)] == ["1"]
    assert (run.info.run_id, run.info.status) == (version.run_id, "FINISHED")
    assert run.data.tags[JOB_TAG] == "job-1"
    assert [point.value for point in client.get_metric_history(run.info.run_id, "mape")] == [0.31]


@pytest.mark.stack
@pytest.mark.parametrize("step", ["set_registered_model_alias", "transition_model_version_stage"])
def test_a_promotion_that_broke_off_still_knows_the_previous(
    mlflow_server: str, model: str, folder: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """The tag with the previous champion is written before anything moves."""
    registry = MlflowRegistry(mlflow_server)
    for job in ("job-1", "job-2"):
        registry.register(model, job, folder, {}, {})
    registry.promote(model, "1")
    with monkeypatch.context() as broken:
        broken.setattr(mlflow_client(flavor_of(mlflow_server)), step, _crash)
        with pytest.raises(_Crash):
            registry.promote(model, "2")
    assert registry.promote(model, "2").previous == "1"
    assert [version.stage for version in registry.versions(model)] == ["Archived", "Production"]


@pytest.mark.stack
def test_in_one_process_a_job_is_registered_once(mlflow_server: str, model: str, folder: Path) -> None:
    """The models of a group register their baseline at the same moment: one version, one run, no second upload."""
    registry = MlflowRegistry(mlflow_server)
    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(registry.register, model, "job-1", folder, {}, {}) for _ in range(4)]
        assert {job.result().version for job in jobs} == {"1"}
    assert len(registry.versions(model)) == len(_runs(mlflow_server, model)) == 1


@pytest.mark.stack
def test_of_two_processes_the_lower_version_counts(
    mlflow_server: str, model: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process comes first between our look and our creation: both answer its version, and ours is an orphan."""
    client, ours = mlflow_client(flavor_of(mlflow_server)), MlflowRegistry(mlflow_server)
    create, answers = client.create_model_version, []

    def late(*args: Any, **kwargs: Any) -> Any:
        monkeypatch.setattr(client, "create_model_version", create)
        answers.append(MlflowRegistry(mlflow_server).register(model, "job-1", folder, {}, {}).version)
        return create(*args, **kwargs)

    monkeypatch.setattr(client, "create_model_version", late)
    answers.append(ours.register(model, "job-1", folder, {}, {}).version)
    assert answers == ["1", "1"]
    assert [version.version for version in ours.versions(model)] == ["1", "2"]
    found = ours.find_by_job(model, "job-1")
    assert found is not None
    assert found.version == "1"


@pytest.mark.stack
def test_the_registered_files_are_those_of_the_folder(
    mlflow_server: str, model: str, folder: Path, tmp_path: Path
) -> None:
    """Where the registry says that the version lies, the uploaded files lie."""
    version = MlflowRegistry(mlflow_server).register(model, "job-1", folder, {}, {})
    client = mlflow_client(flavor_of(mlflow_server))
    assert version.run_id is not None
    run = client.get_run(version.run_id)
    assert client.get_model_version_download_uri(model, "1") == f"{run.info.artifact_uri}/model"
    found = Path(client.download_artifacts(version.run_id, "model", str(tmp_path)))
    assert (found / "code" / "weights.bin").read_bytes() == bytes(range(256))
    assert (found / "MLmodel").read_text() == (folder / "MLmodel").read_text()


# What the package mlflow requires and mlflow-skinny does not.
_NOT_IN_SKINNY = (
    "alembic docker flask flask_cors graphene gunicorn huey matplotlib numpy "
    "pandas pyarrow scipy skops sklearn sqlalchemy"
)
_WITHOUT_FULL_MLFLOW = f"""
import sys
from importlib.machinery import PathFinder
from pathlib import Path

class Skinny:
    find_distributions = PathFinder.find_distributions

    def find_spec(name, path=None, target=None):
        absent = name.partition(".")[0] in {_NOT_IN_SKINNY!r}.split()
        return None if absent else PathFinder.find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = Skinny
from shared.registry.mlflow import MlflowRegistry
uri, model, folder = sys.argv[1:]
registry = MlflowRegistry(uri)
registry.register(model, "job-1", Path(folder), {{"a": "b"}}, {{"mape": 0.3}})
print(registry.promote(model, "1"), registry.versions(model)[0].stage, "pandas" in sys.modules)
"""


@pytest.mark.stack
def test_mlflow_skinny_is_enough(mlflow_server: str, model: str, folder: Path) -> None:
    """On Azure only mlflow-skinny is installed: no pandas, no SQLAlchemy, no scikit-learn."""
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_FULL_MLFLOW, mlflow_server, model, str(folder)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == f"model='{model}' version='1' previous=None Production False"


@pytest.mark.stack
def test_a_deleted_experiment_is_named_with_the_remedy(mlflow_server: str, model: str, folder: Path) -> None:
    """MLflow keeps the name of a deleted experiment taken."""
    client = mlflow_client(flavor_of(mlflow_server))
    client.delete_experiment(client.create_experiment(model))
    with pytest.raises(PermanentError, match="restore it") as caught:
        MlflowRegistry(mlflow_server).register(model, "job-1", folder, {}, {})
    assert caught.value.code == "ExperimentDeleted"


@pytest.mark.stack
def test_only_the_one_expected_warning_is_silenced(mlflow_server: str, model: str, folder: Path) -> None:
    """Promoting does not warn of stages, and other FutureWarnings from the same place still come through."""
    registry = MlflowRegistry(mlflow_server)
    registry.register(model, "job-1", folder, {}, {})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        registry.promote(model, "1")
        with pytest.raises(FutureWarning):
            warnings.warn_explicit("another", FutureWarning, "mlflow.py", 1, module="shared.registry.mlflow_marks")


@pytest.mark.stack
def test_mlflows_global_state_is_left_alone(mlflow_server: str, model: str, folder: Path) -> None:
    """Other code in the process keeps its own tracking URI."""
    import mlflow

    before = mlflow.get_tracking_uri()
    MlflowRegistry(mlflow_server).register(model, "job-1", folder, {}, {})
    assert mlflow.get_tracking_uri() == before
    assert mlflow.active_run() is None


@pytest.mark.timeout(60)
def test_what_is_in_production_is_not_deleted(mlflow_server: str, model: str, folder: Path) -> None:
    """Also when somebody took its alias away: a reader may go by the stage."""
    registry = MlflowRegistry(mlflow_server)
    registry.register(model, "job-1", folder, {}, {})
    registry.promote(model, "1")
    mlflow_client(flavor_of(mlflow_server)).delete_registered_model_alias(model, CHAMPION)
    with pytest.raises(PermanentError, match="is Production: take alias and stage away first"):
        registry.delete_version(model, "1")
    registry.retire(model)
    registry.delete_version(model, "1")
    assert registry.versions(model) == []


def test_a_server_that_is_down_is_transient() -> None:
    """Nobody listens: given up within seconds (the timeout above), naming the server and what was tried."""
    with pytest.raises(TransientError, match=r"MLflow at http://127\.0\.0\.1:9 could not list the versions of 'm'"):
        MlflowRegistry("http://127.0.0.1:9").versions("m")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("RESOURCE_DOES_NOT_EXIST", "ResourceDoesNotExist"),
        ("INVALID_PARAMETER_VALUE", "InvalidParameterValue"),
        ("PERMISSION_DENIED", "PermissionDenied"),
        ("TEMPORARILY_UNAVAILABLE", None),
        ("REQUEST_LIMIT_EXCEEDED", None),
        ("INTERNAL_ERROR", None),
    ],
)
def test_mlflows_errors_are_told_apart(code: str, expected: str | None) -> None:
    """What the server refuses is permanent, with its own code; what may pass is transient; the cause is chained."""
    mlflow_client(flavor_of("http://127.0.0.1:9"))
    from mlflow.exceptions import MlflowException
    from mlflow.protos.databricks_pb2 import ErrorCode

    cause = MlflowException("the server says so", error_code=ErrorCode.Value(code))
    with (
        pytest.raises((PermanentError, TransientError), match="the server says so") as caught,
        mlflow_errors(flavor_of("http://127.0.0.1:9"), "do it"),
    ):
        raise cause
    assert getattr(caught.value, "code", None) == expected
    assert caught.value.__cause__ is cause


def test_a_name_with_both_kinds_of_quotes_is_refused() -> None:
    """MLflow's filters cannot express it, so it would never be found again."""
    with pytest.raises(PermanentError) as caught:
        MlflowRegistry("http://127.0.0.1:9").versions("""a"b'c""")
    assert caught.value.code == "BadModelName"


@pytest.mark.stack
def test_a_note_is_in_the_description_of_version_and_run(mlflow_server: str, model: str, folder: Path) -> None:
    """Where MLflow's page shows them, after what a person wrote there; a run that was deleted is left alone."""
    registry, client = MlflowRegistry(mlflow_server), mlflow_client(flavor_of(mlflow_server))
    registry.register(model, "job-1", folder, {}, {})
    client.update_model_version(model, "1", "Mine.")
    note = VersionNote(text="It passed.", tags={"signalbox.why": "https://app.example/m"})
    assert registry.describe(model, "1", note)
    text = str(client.get_model_version(model, "1").description)
    assert text.startswith("Mine.\n\n")
    assert "\n\nIt passed.\n\n" in text
    (run,) = _runs(mlflow_server, model)
    assert "\n\nIt passed.\n\n" in str(run.data.tags["mlflow.note.content"])
    assert run.data.tags["signalbox.why"] == "https://app.example/m"
    client.delete_run(run.info.run_id)
    assert registry.describe(model, "1", VersionNote(text="It serves."))
    assert str(client.get_model_version(model, "1").description).startswith(
        "Mine.\n\n### Why (written by Signalbox)\n\nIt serves.\n\n"
    )
    assert client.get_run(run.info.run_id).data.tags == run.data.tags


@pytest.mark.stack
def test_a_note_as_long_as_can_be_is_taken(mlflow_server: str, model: str, folder: Path) -> None:
    """It is cut to what the database has room for."""
    registry = MlflowRegistry(mlflow_server)
    registry.register(model, "job-1", folder, {}, {})
    assert registry.describe(model, "1", VersionNote(text="ü" * 20_000))
    described = mlflow_client(flavor_of(mlflow_server)).get_model_version(model, "1").description or ""
    assert "ü…\n\n" in described
    assert len(described) <= 5000
