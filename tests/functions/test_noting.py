"""The registry tells why a version is, or is not, in production; one that refuses keeps nothing from going on."""

import hashlib
import json
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from functions import adapters
from functions.activities.noting import note_versions
from shared import names
from shared.contracts.interlock import RegistryChanged
from shared.contracts.ledger import LedgerEntry
from shared.contracts.registry import NoteVersionsInput, VersionNote
from shared.contracts.release import ReleaseModelInput, ReleaseOutcome, Serving
from shared.contracts.rollback import GoodVersion, RollbackModelInput, RollbackOutcome
from shared.contracts.training import EvaluateVersionInput, EvaluationOutcome, TrainingOutcome, TrainModelInput
from shared.interlock.decide import decide
from shared.interlock.state import InterlockState
from tests.functions.conftest import App
from tests.functions.stores import Blobs
from tests.functions.world import Fault
from tests.shared.interlock.builders import MODEL, POLICY, at, batch, dataset
from tests.shared.lineage.chains import Ledgers

MANIFEST = {"sources": [{
    "source": "flights", "recipe_sha256": "c",
    "files": [{"raw": {"path": "a.csv", "etag": "1", "size": 1, "url": "https://x/a.csv"}, "raw_sha256": "d"}],
}]}  # fmt: skip
FAULTS: tuple[Fault, ...] = ("permanent", "outage", "lost")
SERVING = Serving(mode="online", endpoint=MODEL, deployment="v1-1")


@dataclass
class Notes:
    """A registry that keeps the notes of two versions."""

    kept: dict[tuple[str, str], VersionNote] = field(default_factory=dict)

    def describe(self, model: str, version: str, note: VersionNote) -> bool:
        """Whether it is another one than before."""
        changed = self.kept.get((model, version)) != note
        self.kept[model, version] = note
        return changed


async def test_the_note_is_what_the_ledger_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the raw files of its dataset version, and the page; a repeated activity writes nothing anew."""
    ledger, data, registry = Ledgers(), Blobs("signalbox"), Notes()
    content = json.dumps(MANIFEST).encode()
    data.land("datasets/d1/manifest.json", content)
    origin = {"manifest": "datasets/d1/manifest.json", "manifest_sha256": hashlib.sha256(content).hexdigest()}
    facts = {"version": "3", "dataset": "d1", "job": "j", "gates": [], "origin": origin}
    ledger.append(
        LedgerEntry(model=MODEL, effect="ModelRegistered", key="k", at=at(), by="t", reason="It passed.", facts=facts)
    )
    for name, port in {"ledger": ledger, "data": data, "registry": registry}.items():
        monkeypatch.setattr(adapters, name, lambda port=port: port)
    monkeypatch.setattr("functions.telling.settings", lambda: SimpleNamespace(public_url="https://app.example/"))
    order = NoteVersionsInput(model=MODEL, versions=("3", "4"))
    assert (await note_versions(order)).changed == ("3", "4")
    assert (await note_versions(order)).changed == ()
    note = registry.kept[MODEL, "3"]
    assert "is not in production. It passed." in note.text
    assert "https://x/a.csv" in note.text
    page = f"https://app.example/api/dashboard/models/{MODEL}"
    assert note.tags == {"signalbox.why": page, "signalbox.why.rows": "1"}


async def _train(app: App) -> tuple[bool, str]:
    order = TrainModelInput(model=MODEL, attempt=1, policy=POLICY, dataset=dataset(), at=at())
    state = await app.run(names.TRAIN_MODEL, order, "run")
    outcome = TrainingOutcome.from_wire(state.get_output())
    return outcome.outcome == "passed", outcome.version or ""


async def _evaluate(app: App) -> tuple[bool, str]:
    order = EvaluateVersionInput(model=MODEL, version="7", attempt=4, policy=batch(), dataset=dataset(), at=at())
    state = await app.run(names.EVALUATE_VERSION, order, "run")
    return EvaluationOutcome.from_wire(state.get_output()).outcome == "passed", "7"


async def _release(app: App) -> tuple[bool, str]:
    app.world.champion, app.world.deployments, app.world.traffic = "1", {"v1-1": "1"}, {"v1-1": 100}
    order = ReleaseModelInput(
        model=MODEL, version="2", attempt=2, policy=POLICY, dataset=dataset(), at=at(), replaces=SERVING, champion="1"
    )
    state = await app.run(names.RELEASE_MODEL, order, "run")
    return ReleaseOutcome.from_wire(state.get_output()).released, "2"


async def _roll_back(app: App) -> tuple[bool, str]:
    app.world.champion, app.world.deployments, app.world.traffic = "2", {"v2-2": "2"}, {"v2-2": 100}
    leaves = GoodVersion(model=MODEL, version="2", serving=SERVING.model_copy(update={"deployment": "v2-2"}))
    back_to = GoodVersion(model=MODEL, version="1", serving=SERVING)
    order = RollbackModelInput(
        model=MODEL, attempt=3, policy=POLICY, leaves=leaves, back_to=back_to, by="ana", reason="wrong.", at=at()
    )
    state = await app.run(names.ROLLBACK_MODEL, order, "run")
    return RollbackOutcome.from_wire(state.get_output()).outcome == "rolled_back", "2"


WAYS = {"train": (_train, ["1"]), "evaluate": (_evaluate, ["7"]), "release": (_release, ["2", "1"]),
        "rollback": (_roll_back, ["2", "1"])}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
async def test_whatever_changes_a_version_has_the_registry_told(app: App, way: str) -> None:
    """A verdict, a release and a rollback, each with the version that it replaces."""
    run, noted = WAYS[way]
    done, _ = await run(app)
    assert done
    assert app.world.noted == [noted]
    assert "RegistryNotTold" not in app.world.effects


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("way", WAYS)
async def test_a_registry_that_refuses_is_told_of_and_keeps_nothing(app: App, way: str, fault: Fault) -> None:
    """What was done stays done, and the ledger says that the registry does not tell of it."""
    app.world.faults = {names.NOTE_VERSIONS: fault}
    run, noted = WAYS[way]
    done, version = await run(app)
    assert done
    key = next(key for key in app.world.ledger if "RegistryNotTold" in key)
    assert app.world.facts[key] == {"version": version, "versions": noted}


def test_the_echo_of_our_own_tag_starts_nothing() -> None:
    """MLflow tells us of each tag that we set; it is told apart from nothing, and nothing comes of any."""
    event = RegistryChanged(
        model=MODEL, at=at(), version="1", change="tag_set", name="signalbox.why", value="https://app.example/m"
    )
    step = decide(InterlockState(model=MODEL), event)
    assert step.commands == ()


async def test_a_training_that_led_to_no_version_tells_nothing(app: App) -> None:
    """There is nothing to describe."""
    app.world.job_status = "Failed"
    done, _ = await _train(app)
    assert not done
    assert app.world.calls[names.NOTE_VERSIONS] == 0


async def test_a_release_after_a_failover_takes_the_baselines_deployment_along(app: App) -> None:
    """It is the baseline's by name, serves for this model, and would stay behind with its traffic."""
    app.world.other_deployments = {}
    elsewhere = Serving(mode="online", endpoint="elsewhere", deployment="v5-1")
    sent: list[dict[str, object]] = []
    taken: list[dict[str, object]] = []

    def withdraw(payload: dict[str, object]) -> dict[str, object]:
        sent.append(payload)
        return {"result": {"endpoint": "elsewhere", "deployments": ["v5-1"], "others": 0}}

    delete = app.engine_functions[names.DELETE_DEPLOYMENT]

    def remove(payload: dict[str, object]) -> dict[str, object]:
        taken.append(payload)
        if payload["endpoint"] == "elsewhere":
            return {"result": {"endpoint": "elsewhere", "deployment": "v5-1", "status": "Deleted"}}
        return dict(delete(payload))

    app.engine_functions |= {names.WITHDRAW_TRAFFIC: withdraw, names.DELETE_DEPLOYMENT: remove}
    order = ReleaseModelInput(
        model=MODEL, version="2", attempt=2, policy=POLICY, dataset=dataset(), at=at(), replaces=elsewhere
    )
    state = await app.run(names.RELEASE_MODEL, order, "run")
    assert ReleaseOutcome.from_wire(state.get_output()).released
    assert [one["also"] for one in sent] == [["v5-1"]]
    assert [one["model"] for one in taken if one["endpoint"] == "elsewhere"] == [MODEL]
