"""What every Registry does: against a real MLflow server, the same one behind Databricks' API, and an Azure ML."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.contracts.registry import VersionNote
from shared.errors import PermanentError
from shared.names import CHAMPION
from shared.registry.artifact import artifact_sha256
from shared.registry.base import Registry
from shared.registry.choice import make_registry

pytestmark = pytest.mark.stack

_METRICS = {"mape": 0.31, "rmse": 4.5}
#: Names that are awkward in URLs and filters, as far as the registry takes such.
_NAMES = {
    "mlflow": "departures JFK's {}",
    "databricks": "departures JFK's {}",
    "databricks-uc": "main.flights.departures_JFK-{}",
    "azureml": "departures.JFK-{}",
}
#: The registries that have stages.
_STAGED = ("mlflow", "databricks")


@pytest.fixture(params=list(_NAMES))
def kind(request: pytest.FixtureRequest) -> str:
    """Each implementation in turn."""
    return str(request.param)


@pytest.fixture
def registry(kind: str, request: pytest.FixtureRequest) -> Registry:
    """As the app makes it, by its setting."""
    match kind:
        case "mlflow":
            return make_registry(request.getfixturevalue("mlflow_server"))
        case "azureml":
            return make_registry("azureml", request.getfixturevalue("connection"))
        case _:
            request.getfixturevalue("databricks")
            return make_registry(kind)


@pytest.fixture
def model(kind: str) -> str:
    """A name that no other test uses."""
    return _NAMES[kind].format(uuid.uuid4().hex[:8])


@pytest.fixture
def stage(kind: str) -> Callable[[str], str | None]:
    """What the registry says where MLflow says this stage: nothing where it has no stages."""
    return lambda name: name if kind in _STAGED else None


def test_an_unknown_model_has_no_versions(registry: Registry, model: str) -> None:
    """Asking before anything was registered is fine."""
    assert registry.versions(model) == []
    assert registry.find_by_job(model, "job-1") is None


def test_registering_makes_a_version_that_can_be_found(registry: Registry, model: str, folder: Path) -> None:
    """The version carries its tags and the job that made it."""
    made = registry.register(model, "job-1", folder, {"verdict": "passed"}, _METRICS)
    assert (made.model, made.version, made.aliases) == (model, "1", ())
    assert made.tags["verdict"] == "passed"
    assert made.run_id
    assert made.created_at is not None
    assert abs(made.created_at - datetime.now(UTC)) < timedelta(minutes=5)
    assert registry.find_by_job(model, "job-1") == made
    assert registry.find_by_job(model, "job-2") is None
    assert registry.versions(model) == [made]


def test_a_job_is_registered_once(registry: Registry, model: str, folder: Path) -> None:
    """A repeated activity gets the version of the first time."""
    first = registry.register(model, "job-1", folder, {"verdict": "passed"}, _METRICS)
    assert registry.register(model, "job-1", folder, {"verdict": "other"}, {}) == first
    assert len(registry.versions(model)) == 1


def test_two_that_register_a_job_at_once_get_the_same_version(registry: Registry, model: str, folder: Path) -> None:
    """When a lease was lost and two workers do the same, both go on with one version."""
    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(registry.register, model, "job-1", folder, {}, {}) for _ in range(2)]
        answers = {job.result().version for job in jobs}
    assert answers == {"1"}
    again = registry.find_by_job(model, "job-1")
    assert again is not None
    assert again.version == "1"


def test_versions_come_oldest_first_as_numbers(registry: Registry, model: str, folder: Path) -> None:
    """The tenth comes after the ninth."""
    for number in range(1, 12):
        registry.register(model, f"job-{number}", folder, {}, {})
    assert [version.version for version in registry.versions(model)] == [str(number) for number in range(1, 12)]


def test_a_folder_that_is_no_model_is_refused(registry: Registry, model: str, tmp_path: Path) -> None:
    """Nothing is registered of a job whose output is something else."""
    with pytest.raises(PermanentError) as caught:
        registry.register(model, "job-1", tmp_path, {}, {})
    assert caught.value.code == "NotAnMlflowModel"
    assert registry.versions(model) == []


def test_a_name_that_the_registry_cannot_take_is_permanent(registry: Registry, folder: Path) -> None:
    """Trying again would not help."""
    with pytest.raises(PermanentError):
        registry.register("a/b:c", "job-1", folder, {}, {})


def test_promotion_moves_alias_and_stage_and_tells_the_previous(
    registry: Registry, model: str, folder: Path, stage: Callable[[str], str | None]
) -> None:
    """The first champion has no previous one; the second archives the first."""
    for job in ("job-1", "job-2"):
        registry.register(model, job, folder, {}, {})
    assert registry.promote(model, "1").previous is None
    assert registry.promote(model, "2").previous == "1"
    first, second = registry.versions(model)
    assert (first.aliases, first.stage) == ((), stage("Archived"))
    assert (second.aliases, second.stage) == ((CHAMPION,), stage("Production"))


def test_a_previous_version_that_is_not_archived_has_no_stage(
    registry: Registry, model: str, folder: Path, stage: Callable[[str], str | None]
) -> None:
    """It leaves production all the same, and a repeated promotion leaves it where it is."""
    for job in ("job-1", "job-2"):
        registry.register(model, job, folder, {}, {})
    registry.promote(model, "2")
    for _ in range(2):
        assert registry.promote(model, "1", archive=False).previous == "2"
        first, second = registry.versions(model)
        assert (first.aliases, first.stage) == ((CHAMPION,), stage("Production"))
        assert (second.aliases, second.stage) == ((), stage("None"))


def test_a_version_gives_back_the_files_that_it_was_made_of(
    registry: Registry, model: str, folder: Path, tmp_path: Path
) -> None:
    """Byte by byte, and nothing besides: so their hash is that of the registration."""
    registry.register(model, "job-1", folder, {}, {})
    (back := tmp_path / "back").mkdir()
    registry.download(model, "1", back)
    assert artifact_sha256(back) == artifact_sha256(folder)
    with pytest.raises(PermanentError):
        registry.download(model, "7", tmp_path)


def test_a_repeated_promotion_changes_nothing_and_answers_the_same(
    registry: Registry, model: str, folder: Path
) -> None:
    """The previous champion is still known when the activity runs again."""
    for job in ("job-1", "job-2"):
        registry.register(model, job, folder, {}, {})
    for version in ("1", "2"):
        first = registry.promote(model, version)
        before = registry.versions(model)
        assert registry.promote(model, version) == first
        assert registry.versions(model) == before


def test_going_back_is_a_promotion_like_any_other(
    registry: Registry, model: str, folder: Path, stage: Callable[[str], str | None]
) -> None:
    """Version 1 again: its previous is now version 2, whatever it was the first time."""
    for job in ("job-1", "job-2"):
        registry.register(model, job, folder, {}, {})
    registry.promote(model, "1")
    registry.promote(model, "2")
    assert registry.promote(model, "1").previous == "2"
    assert [version.stage for version in registry.versions(model)] == [stage("Production"), stage("Archived")]


@pytest.mark.parametrize("version", ["7", "no number"])
def test_promoting_what_does_not_exist_is_permanent(registry: Registry, model: str, folder: Path, version: str) -> None:
    """An unknown version moves nothing."""
    registry.register(model, "job-1", folder, {}, {})
    with pytest.raises(PermanentError):
        registry.promote(model, version)
    assert registry.versions(model)[0].aliases == ()


def test_an_undone_promotion_gives_the_champion_back(
    registry: Registry, model: str, folder: Path, stage: Callable[[str], str | None]
) -> None:
    """Alias and stage are as before, and undoing twice is the same as once."""
    for job in ("job-1", "job-2"):
        registry.register(model, job, folder, {}, {})
    registry.promote(model, "1")
    registry.promote(model, "2")
    for _ in range(2):
        assert registry.restore(model, "2") == "1"
        first, second = registry.versions(model)
        assert (first.aliases, first.stage) == ((CHAMPION,), stage("Production"))
        assert (second.aliases, second.stage) == ((), stage("Archived"))


def test_an_undone_first_promotion_leaves_no_champion(
    registry: Registry, model: str, folder: Path, stage: Callable[[str], str | None]
) -> None:
    """There was none before, so there is none after, however often it is undone."""
    registry.register(model, "job-1", folder, {}, {})
    assert registry.promote(model, "1").previous is None
    for _ in range(2):
        assert registry.restore(model, "1") is None
        (version,) = registry.versions(model)
        assert (version.aliases, version.stage) == ((), stage("Archived"))


def test_a_third_champion_is_not_pushed_aside_by_an_undo(registry: Registry, model: str, folder: Path) -> None:
    """Somebody has promoted another version since: a person has to look."""
    for job in ("job-1", "job-2", "job-3"):
        registry.register(model, job, folder, {}, {})
    for version in ("1", "2", "3"):
        registry.promote(model, version)
    before = registry.versions(model)
    with pytest.raises(PermanentError, match="version 3") as caught:
        registry.restore(model, "2")
    assert caught.value.code == "ChampionMoved"
    assert registry.versions(model) == before


def test_a_promotion_that_was_never_begun_is_undone_by_doing_nothing(
    registry: Registry, model: str, folder: Path
) -> None:
    """A release may fail before anything moved, or not know whether it did: the champion stays."""
    for job in ("job-1", "job-2"):
        registry.register(model, job, folder, {}, {})
    registry.promote(model, "1")
    before = registry.versions(model)
    assert registry.restore(model, "2") == "1"
    assert registry.versions(model) == before


def test_a_retired_model_has_no_champion_and_all_its_versions(registry: Registry, model: str, folder: Path) -> None:
    """Alias and stage are gone, however often it is retired; the registry stays the memory."""
    for job in ("job-1", "job-2"):
        registry.register(model, job, folder, {}, {})
    registry.promote(model, "2")
    assert registry.retire(model) == "2"
    assert registry.retire(model) is None
    assert [(one.version, one.aliases, one.stage == "Production") for one in registry.versions(model)] == [
        ("1", (), False),
        ("2", (), False),
    ]


def test_a_model_that_nobody_knows_is_retired_by_doing_nothing(registry: Registry, model: str) -> None:
    """It may never have been registered."""
    assert registry.retire(model) is None


def test_a_deleted_version_is_gone_and_its_number_not_given_again(registry: Registry, model: str, folder: Path) -> None:
    """Twice is once, and a version that never was is gone, too."""
    for job in ("job-1", "job-2"):
        registry.register(model, job, folder, {}, {})
    for version in ("1", "1", "7"):
        registry.delete_version(model, version)
    assert [one.version for one in registry.versions(model)] == ["2"]
    assert registry.register(model, "job-3", folder, {}, {}).version == "3"


def test_a_champion_is_not_deleted(registry: Registry, model: str, folder: Path) -> None:
    """Whatever anybody thinks of its age."""
    registry.register(model, "job-1", folder, {}, {})
    registry.promote(model, "1")
    with pytest.raises(PermanentError, match="champion") as caught:
        registry.delete_version(model, "1")
    assert caught.value.code == "VersionInUse"


def test_a_version_tells_which_champion_it_replaced(registry: Registry, model: str, folder: Path) -> None:
    """That one is kept, to go back to."""
    for job in ("job-1", "job-2"):
        registry.register(model, job, folder, {}, {})
    for version in ("1", "2"):
        registry.promote(model, version)
    assert [one.previous for one in registry.versions(model)] == [None, "1"]


def test_a_note_is_kept_beside_a_version_and_what_people_wrote_stays(
    registry: Registry, model: str, folder: Path
) -> None:
    """Written once: the same note again changes nothing, and another one replaces it."""
    registry.register(model, "job-1", folder, {"verdict": "passed"}, _METRICS)
    note = VersionNote(text="It passed [x].\n\n- gate", tags={"signalbox.why": "https://app.example/m"})
    assert registry.describe(model, "1", note)
    assert not registry.describe(model, "1", note)
    (made,) = registry.versions(model)
    assert made.tags.items() >= {"verdict": "passed", **note.tags}.items()
    assert registry.describe(model, "1", note.model_copy(update={"text": "It serves."}))
    newer = VersionNote(text="It is retired.", tags={"signalbox.why.rows": "10"})
    assert registry.describe(model, "1", newer)
    assert not registry.describe(model, "1", VersionNote(text="It serves.", tags={"signalbox.why.rows": "9"}))
    assert not registry.describe(model, "1", newer)
    with pytest.raises(PermanentError):
        registry.describe(model, "7", note)
