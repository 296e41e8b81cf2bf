"""A version of somebody else becomes the one in production, with registry and ledger told, or not at all."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from functions import adapters
from functions.activities.adoption import find_adopted
from shared import names
from shared.contracts.adoption import FindAdoptedInput
from shared.contracts.interlock import RequestAnswer
from shared.contracts.orders import AdoptOrdered, GiveOrderInput
from shared.contracts.registry import RegisteredVersion
from shared.errors import PermanentError
from shared.lineage.story import title_of
from shared.registry.uris import ModelUri, read_model_uri
from tests.functions.conftest import App
from tests.shared.interlock.builders import MODEL, POLICY, at

FIND = FindAdoptedInput(model=MODEL, uri="models:/old/7", by="ben", register_it=True)


def order(uri: str = "models:/old/7", request_id: str = "a1") -> GiveOrderInput:
    """Ben adopts a version."""
    return GiveOrderInput(
        order=AdoptOrdered(
            model=MODEL, at=at(), policy=POLICY, by="ben", reason="it has served since May", request_id=request_id,
            uri=uri,
        )
    )  # fmt: skip


def effects(app: App) -> list[str]:
    """What the ledger tells of."""
    return [key.rpartition("/")[2] for key in app.world.ledger]


async def _ordered(app: App, given: GiveOrderInput) -> RequestAnswer:
    state = await app.run(names.GIVE_ORDER, given)
    return RequestAnswer.from_wire(state.get_output())


async def test_registry_and_ledger_are_told(app: App) -> None:
    """The alias, the entry with `lineage: unknown` and who wanted it, and the words beside the version."""
    answer = await _ordered(app, order())
    assert (answer.decision, app.world.champion, effects(app)) == ("accepted", "7", ["ModelAdopted"])
    facts = next(facts for key, facts in app.world.facts.items() if key.endswith("/ModelAdopted"))
    assert (facts["lineage"], facts["by"], facts["source"]) == ("unknown", "ben", "old@7")
    assert app.world.noted == [["7"]]
    champion = (await app.interlock()).champion
    assert champion is not None
    assert champion.version == "7"


async def test_twice_is_harmless(app: App) -> None:
    """Nothing is written again."""
    await _ordered(app, order())
    again = await _ordered(app, order(request_id="a2"))
    assert (again.decision, effects(app)) == ("unchanged", ["ModelAdopted"])


async def test_a_version_that_is_not_there_changes_nothing(app: App) -> None:
    """The answer says which there are."""
    answer = await _ordered(app, order("models:/old/404"))
    assert (answer.decision, "its latest are 6, 7" in answer.reason) == ("refused", True)
    assert (app.world.ledger, app.world.champion) == ([], None)


async def test_what_is_refused_registers_nothing(app: App) -> None:
    """While another version is in production, and nobody says that it is to be replaced."""
    await _ordered(app, order())
    app.world.versions.clear()
    other = await _ordered(app, order("models:/other/1", "a3"))
    assert (other.decision, app.world.versions) == ("refused", [])


@pytest.mark.parametrize("fault", [None, "permanent"])
async def test_what_waits_for_its_end_goes_on(app: App, fault: str | None) -> None:
    """The interlock is told of it, also where the registry cannot be."""
    app.world.faults |= {names.PROMOTE_VERSION: "permanent"} if fault else {}
    await _ordered(app, order())
    await app.engine.run_until_idle()
    state = await app.interlock()
    assert (state.adopting, state.decisions[-1].decision) == (None, "adopted")


async def test_an_alias_that_cannot_be_set_is_told(app: App) -> None:
    """It serves all the same: the ledger says what is left to do."""
    app.world.faults[names.PROMOTE_VERSION] = "permanent"
    answer = await _ordered(app, order())
    assert (answer.decision, "alias could not be set" in answer.reason) == ("accepted", True)
    assert effects(app) == ["ModelAdopted"]


async def test_a_ledger_that_does_not_take_it_is_told(app: App) -> None:
    """It is in production all the same, so the order has not failed; what is missing is said."""
    app.world.faults[names.APPEND_LEDGER] = "permanent"
    answer = await _ordered(app, order())
    assert (answer.decision, "The ledger has no entry of it: " in answer.reason) == ("accepted", True)
    assert app.world.champion == "7"


def test_the_story_has_words_for_it() -> None:
    """Also for who reads only titles."""
    assert title_of("ModelAdopted") == "Adopted, lineage unknown"


@dataclass
class Models:
    """A registry with versions 6 and 7 of `old`, the latter being its champion; it remembers what was registered."""

    made: dict[str, str] = field(default_factory=dict)

    def versions(self, model: str) -> list[RegisteredVersion]:
        """Those of one model."""
        own = MODEL if model == MODEL else "old"
        known = [
            RegisteredVersion(model=own, version="6"),
            RegisteredVersion(model=own, version="7", aliases=("best",)),
        ]
        return known if model in {"old", MODEL} else []

    def find_by_job(self, model: str, job: str) -> RegisteredVersion | None:
        """What was made before."""
        return RegisteredVersion(model=model, version=self.made[job]) if job in self.made else None

    def register(self, model: str, job: str, folder: Path, tags: object, metrics: object) -> RegisteredVersion:
        """Another version."""
        self.made[job] = str(20 + len(self.made))
        return RegisteredVersion(model=model, version=self.made[job])

    def download(self, model: str, version: str, folder: Path) -> None:
        """A file that tells versions apart."""
        (folder / "MLmodel").write_text(f"{model} {version}")


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Models:
    """In the place of the real one."""
    found = Models()
    monkeypatch.setattr(adapters, "registry", lambda: found)
    return found


async def test_another_model_s_version_is_registered_once(registry: Models) -> None:
    """Asked again, the copy is found."""
    first, again = await find_adopted(FIND), await find_adopted(FIND)
    assert first == again
    assert (first.version, first.source, first.copied, len(registry.made)) == ("20", "old@7", True, 1)


async def test_nothing_is_registered_unless_asked(registry: Models) -> None:
    """An order may still be refused; what was registered before is found all the same."""
    looking = FIND.model_copy(update={"register_it": False})
    assert (await find_adopted(looking)).version is None
    await find_adopted(FIND)
    assert (await find_adopted(looking)).version == "20"


async def test_the_model_s_own_version_is_taken_as_it_is(registry: Models) -> None:
    """By an alias, too."""
    found = await find_adopted(FIND.model_copy(update={"uri": f"models:/{MODEL}@best"}))
    assert (found.version, found.copied, registry.made) == ("7", False, {})


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        ("models:/older/1", "no model older"),
        ("models:/old/9", "its latest are 6, 7"),
        ("models:/old@worst", "its aliases are best"),
    ],
)
async def test_what_is_not_there_is_told_with_what_is(registry: Models, uri: str, told: str) -> None:
    """A person sees what they could have meant."""
    with pytest.raises(PermanentError, match=told):
        await find_adopted(FIND.model_copy(update={"uri": uri}))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("models:/old/7", ModelUri("old", "7", None)),
        ("models:///old@champion", ModelUri("old", None, "champion")),
        (" azureml:old:7 ", ModelUri("old", "7", None)),
        ("azureml:old@best", ModelUri("old", None, "best")),
    ],
)
def test_a_uri_is_read(text: str, found: ModelUri) -> None:
    """As MLflow and Azure ML write it."""
    assert read_model_uri(text) == found


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("old", "names no version"),
        ("models:/old", "names no version"),
        ("runs:/1/model", "names no version"),
        ("models:/old/Production", "names a stage"),
        ("models:/old/latest", "names a stage"),
        ("", "names no version"),
    ],
)
def test_what_moves_or_names_nothing_is_refused(text: str, told: str) -> None:
    """With the forms that there are."""
    with pytest.raises(ValueError, match=told):
        read_model_uri(text)
