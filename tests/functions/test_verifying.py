"""What a release asks of a version before anything is deployed: ledger, lineage, gates and files have to agree."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from functions import adapters
from functions.activities.verification import compare_files, verify_version
from functions.origins import hash_of_copy
from shared.contracts.evaluation import ChampionRef, Evaluation, Figures
from shared.contracts.ledger import LedgerEntry
from shared.contracts.policy import GateOverride, GatePolicy
from shared.contracts.release import VerifiedVersion, VerifyVersionInput
from shared.contracts.rollback import ComparedFiles, CompareFilesInput
from shared.errors import PermanentError, TransientError
from shared.evaluation.evaluate import measure
from shared.fleet.fleet import Fleets
from shared.registry.artifact import artifact_sha256
from shared.storage.anchors import BlobAnchors
from tests.functions.stores import Blobs
from tests.shared.interlock.builders import MODEL, at, dataset
from tests.shared.lineage.chains import Ledgers

MANIFEST = b'{"sources": []}'
ROWS = b"route,actual,prediction\nA,10,9\nA,10,9\nB,10,5\nB,10,5\n"
GATES = (GatePolicy(name="accuracy", metric="mape", max=0.45),)


@dataclass
class Versions:
    """A registry and a platform in which there is one version, and the job that made it."""

    files: dict[str, bytes] = field(default_factory=lambda: {"MLmodel": b"m", "code/weights.bin": b"w"})
    outputs: dict[str, bytes] = field(default_factory=lambda: {"job-1": ROWS})
    deployed: dict[str, bytes] | None = None

    def download(self, model: str, version: str, folder: Path) -> None:
        """Its files as they are now."""
        if not self.files:
            raise PermanentError("ResourceDoesNotExist", "no such version")
        _write(self.files, folder)

    def download_model(self, model: str, version: str, target: Path) -> bool:
        """What the platform deploys, if that is not what the registry has."""
        if self.deployed is None:
            return False
        if not self.deployed:
            raise PermanentError("OutputNotFound", "the output is gone")
        _write(self.deployed, target)
        return True

    def read_job_file(self, job: str, output: str) -> bytes:
        """What the job has put out."""
        if job not in self.outputs:
            raise PermanentError("OutputNotFound", job)
        return self.outputs[job]


def _write(files: Mapping[str, bytes], folder: Path) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


@dataclass
class Kept:
    """What the app remembers of version 3."""

    ledger: Ledgers
    data: Blobs
    versions: Versions
    folder: Path

    def register(self, **changes: Any) -> None:
        """The version is registered, with these facts changed; `None` leaves one out."""
        self.versions.download(MODEL, "3", self.folder)
        facts = {
            "version": "3",
            "run": "run-1",
            "job": "job-1",
            "dataset": "d1",
            "fleet_revision": "abc123",
            "evaluation": measure(ROWS, "d1").evaluation.to_wire(),
            "gates": [],
            "origin": {
                "artifact_sha256": artifact_sha256(self.folder),
                "manifest_sha256": hashlib.sha256(MANIFEST).hexdigest(),
            },
        }
        self.write("ModelRegistered", {key: one for key, one in (facts | changes).items() if one is not None})

    def write(self, effect: str, facts: dict[str, Any], by: str = "train-1") -> None:
        """A row of the ledger."""
        number = len(self.ledger.rows(MODEL))
        self.ledger.append(
            LedgerEntry(model=MODEL, effect=effect, key=f"k{number}", at=at(number), by=by, reason="", facts=facts)
        )


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Kept:
    """A dataset version, and nothing in the ledger yet."""
    found = Kept(Ledgers(), Blobs("signalbox"), Versions(), tmp_path)
    found.data.land("datasets/d1/manifest.json", MANIFEST)
    anchors = BlobAnchors(Blobs("ledger-heads"))
    ports = {"ledger": found.ledger, "data": found.data, "registry": found.versions, "platform": found.versions}
    for name, port in {**ports, "anchors": anchors, "fleets": Fleets(())}.items():
        monkeypatch.setattr(adapters, name, lambda port=port: port)
    monkeypatch.setattr(
        "functions.origins.settings", lambda: SimpleNamespace(platform="local", registry_uri="http://x")
    )
    return found


async def _verify(gates: tuple[GatePolicy, ...] = GATES, **changes: Any) -> VerifiedVersion:
    order = VerifyVersionInput(model=MODEL, version="3", dataset=dataset("d1"), gates=gates, at=at(60))
    return await verify_version(order.model_copy(update=changes))


async def _compare() -> ComparedFiles:
    return await compare_files(CompareFilesInput(model=MODEL, version="3"))


async def _refused(code: str, match: str, gates: tuple[GatePolicy, ...] = GATES, **changes: Any) -> None:
    with pytest.raises(PermanentError, match=match) as caught:
        await _verify(gates, **changes)
    assert caught.value.code == code


async def test_a_version_that_is_what_it_was_is_verified(kept: Kept) -> None:
    """Its hashes bind an approval, and its figures stand beside their gates."""
    kept.write("TrainingStarted", {"job": "job-1", "requested_by": "operator:ana@contoso.example"})
    kept.register()
    verified = await _verify()
    assert verified.artifact_sha256 == artifact_sha256(kept.folder)
    assert verified.author == "operator:ana@contoso.example"
    assert verified.summary.startswith("accuracy: MAPE")
    assert await _verify() == verified


@pytest.mark.parametrize("asked", ["schedule", "", None])
async def test_nobody_is_the_author_of_what_data_or_a_schedule_led_to(kept: Kept, asked: str | None) -> None:
    """So anybody who may approve can."""
    kept.write("TrainingStarted", {"job": "job-1", "requested_by": asked})
    kept.register()
    assert (await _verify()).author is None


async def test_the_report_is_another_when_a_gate_or_an_exception_is(kept: Kept) -> None:
    """An approval of what has changed since is refused."""
    kept.register()
    tighter = (GATES[0].model_copy(update={"max": 0.4}),)
    reports = [await _verify(), await _verify(tighter), await _verify(overridden=("accuracy",))]
    assert len({one.report_sha256 for one in reports}) == 3
    assert len({one.artifact_sha256 for one in reports}) == 1


async def test_a_gate_that_was_tightened_since_refuses_the_version(kept: Kept) -> None:
    """The recorded figures are held against the gates of now."""
    kept.register()
    tighter = (GATES[0].model_copy(update={"max": 0.1}),)
    await _refused("GatesNotMet", r"accuracy: MAPE .*; train it again: `signalbox retrain ", tighter)
    verified = await _verify(tighter, overridden=("accuracy",))
    assert "(a person lets it pass)" in verified.summary


async def test_what_is_refused_names_a_way_out_that_is_open(kept: Kept) -> None:
    """An override is of a gate that the version failed when it was judged; of no other one."""
    kept.register(gates=[{"gate": "accuracy", "passed": False}, {"gate": "error", "passed": True}])
    tighter = GATES[0].model_copy(update={"max": 0.1})
    await _refused("GatesNotMet", r"`signalbox override .*@3 --gate accuracy` lets it pass", (tighter,))
    both = (tighter, GatePolicy(name="error", metric="rmse", max=0.001))
    await _refused("GatesNotMet", r"; train it again: `signalbox retrain ", both)


async def test_a_gate_against_a_champion_is_not_off_because_there_was_none(kept: Kept) -> None:
    """A version that was trained while the first one was being released has been compared with nothing."""
    gates = (*GATES, GatePolicy(name="better", metric="mape", better_than="champion"))
    none_yet = measure(ROWS, "d1").evaluation.model_copy(update={"champion_ref": ChampionRef(version=None)})
    kept.register(evaluation=none_yet.to_wire())
    told = "no champion, and version 2 is in production now, so the gate better has compared nothing; .*retrain"
    await _refused("GatesNotMet", told, gates, champion="2")
    assert await _verify(champion="2")
    assert await _verify(gates)
    assert await _verify(gates, champion="3")


async def test_a_gate_that_holds_by_an_exception_alone_is_told(kept: Kept) -> None:
    """So that an approval of exceptions is asked for; an exception that nobody needs is none."""
    kept.register()
    exception = GateOverride(max=0.5, by="ana", reason="storm", until=at(120))
    needed = GATES[0].model_copy(update={"max": 0.1, "override": exception})
    assert (await _verify((needed,))).excepted
    assert not (await _verify((needed.model_copy(update={"max": 0.45}),))).excepted
    assert "excepted" not in (await _verify()).to_wire()


async def test_an_exception_that_has_ended_since_refuses_the_version(kept: Kept) -> None:
    """It was trained while the exception held."""
    kept.register()
    exception = GateOverride(max=0.5, by="ana", reason="storm", until=at(30))
    gates = (GATES[0].model_copy(update={"max": 0.1, "override": exception}),)
    assert await _verify(gates, at=at(29))
    await _refused("GatesNotMet", "the override by ana ended", gates, at=at(30))


async def test_a_gate_by_segments_reads_the_rows_again(kept: Kept) -> None:
    """They are in the job's output, and have to give the recorded figures."""
    kept.register()
    segments = (GatePolicy(name="routes", metric="mape", max=0.6, segments=("route",), min_rows=1),)
    assert await _verify(segments)
    await _refused("GatesNotMet", "route=B", (segments[0].model_copy(update={"max": 0.3}),))
    kept.versions.outputs["job-1"] = ROWS.replace(b"B,10,5", b"B,10,9")
    await _refused("LineageIncomplete", "does not give the figures that were recorded", segments)
    del kept.versions.outputs["job-1"]
    await _refused("GatesNotMet", "routes", segments)


async def test_files_that_were_replaced_in_the_registry_are_noticed(kept: Kept) -> None:
    """Whoever may write there cannot release what nobody has judged."""
    kept.register()
    kept.versions.files["code/weights.bin"] = b"x"
    await _refused("ArtifactChanged", "are not those that were registered")
    kept.versions.files.clear()
    await _refused("ArtifactChanged", "cannot be read: no such version")


async def test_the_copy_that_would_be_deployed_has_to_be_what_was_registered(kept: Kept) -> None:
    """Where the platform has files of its own, those answer requests, and not the registry's."""
    kept.register()
    registered = artifact_sha256(kept.folder)
    kept.versions.deployed = dict(kept.versions.files)
    assert (await _verify()).artifact_sha256 == registered
    kept.versions.deployed["code/weights.bin"] = b"x"
    told = (
        rf"would be deployed as version 3 .* has is [0-9a-f]{{64}}, and that of the registry is {registered}.*retrain"
    )
    await _refused("ArtifactChanged", told)
    kept.versions.deployed.clear()
    await _refused("ArtifactChanged", "cannot be compared .*: the output is gone; train it again, or register it")


async def test_files_of_one_workspace_are_read_once(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where platform and registry are the same Azure ML workspace, what is deployed is what the registry has."""
    kept.register()
    kept.versions.deployed = {"MLmodel": b"never read"}
    for uri, platform, same in (
        ("azureml", "azureml", True),
        ("http://x", "azureml", False),
        ("azureml", "local", False),
    ):
        chosen = SimpleNamespace(platform=platform, registry_uri=uri)
        monkeypatch.setattr("functions.origins.settings", lambda chosen=chosen: chosen)
        assert (hash_of_copy(MODEL, "3") is None) is same


class TestRollback:
    """What is deployed anew has to be what was registered."""

    async def test_what_would_be_deployed_has_to_be_what_was_registered(self, kept: Kept) -> None:
        """The platform's copy where it has one, otherwise the registry's files; what cannot be read is not deployed."""
        kept.register()
        assert (await _compare()).artifact_sha256 == artifact_sha256(kept.folder)
        kept.versions.deployed = dict(kept.versions.files)
        kept.versions.files["MLmodel"] = b"other"
        assert (await _compare()).unknown is None
        kept.versions.deployed["MLmodel"] = b"other"
        with pytest.raises(PermanentError, match="are not those that were registered"):
            await _compare()
        kept.versions.deployed.clear()
        with pytest.raises(PermanentError, match="are not deployed: the output is gone"):
            await _compare()

    async def test_an_adopted_version_has_to_be_what_was_adopted(self, kept: Kept) -> None:
        """Nobody has judged it here, and the ledger has the hash of its files from when it was adopted."""
        _write(kept.versions.files, kept.folder)
        now = artifact_sha256(kept.folder)
        kept.write("ModelAdopted", {"version": "3", "artifact_sha256": now}, by="order-1")
        assert (await _compare()).artifact_sha256 == now
        kept.versions.files["MLmodel"] = b"other"
        with pytest.raises(PermanentError, match="are not those that were registered"):
            await _compare()

    async def test_what_nobody_can_know_is_told(self, kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
        """No hash, or a ledger that is down, keeps nobody from going back."""
        kept.register(origin=None)
        assert (await _compare()).unknown == "the ledger has no hash of them"

        def down(model: str) -> None:
            raise TransientError(f"no rows of {model}")

        monkeypatch.setattr(kept.ledger, "rows", down)
        assert (await _compare()).unknown == f"the ledger cannot be read: no rows of {MODEL}"


async def test_a_version_whose_files_nobody_has_hashed_is_told_of(kept: Kept) -> None:
    """It was registered before that was done: it is hashed now, and whoever approves is told."""
    kept.register(origin=None)
    verified = await _verify()
    assert verified.artifact_sha256 == artifact_sha256(kept.folder)
    assert verified.summary.endswith("Its files were not hashed when it was registered.")


async def test_a_version_that_a_person_registered_needs_its_evaluation(kept: Kept) -> None:
    """It has no run of ours; its figures are those of the evaluation."""
    await _refused("LineageIncomplete", "no figures of version 3")
    evaluation = Evaluation(model=Figures(rows=2, zeros=0, mape=0.2), champion_ref=ChampionRef(version=None)).to_wire()
    facts = {"version": "3", "job": "job-1", "dataset": "d1", "fleet_revision": "abc123", "run": None}
    kept.write("VersionEvaluated", {**facts, "evaluation": evaluation, "gates": []})
    assert (await _verify()).summary.startswith("accuracy: MAPE")


@pytest.mark.parametrize("fact", ["job", "run", "dataset", "fleet_revision", "evaluation"])
async def test_a_lineage_with_a_gap_is_refused(kept: Kept, fact: str) -> None:
    """Nothing is released of which nobody knows where it came from."""
    kept.register(**{fact: None})
    await _refused("LineageIncomplete", r"train it again: `signalbox retrain ")


async def test_figures_of_another_dataset_version_are_none(kept: Kept) -> None:
    """The release was ordered for what the version was trained on."""
    kept.register()
    await _refused("LineageIncomplete", "are of dataset version d1, not of d2", dataset=dataset("d2"))


async def test_the_manifest_must_be_there_and_the_same(kept: Kept) -> None:
    """It says of which raw files the dataset version was made."""
    kept.register()
    kept.data.write("datasets/d1/manifest.json", b"{}")
    await _refused("LineageIncomplete", "is not the one that version 3")
    kept.data.delete("datasets/d1/manifest.json")
    await _refused("LineageIncomplete", "is gone")


async def test_a_ledger_that_was_tampered_with_says_nothing(kept: Kept) -> None:
    """Whoever has changed a figure has to be found first."""
    kept.register()
    (row,) = kept.ledger.chains[MODEL]
    facts = {**row.entry.facts, "job": "job-2"}
    kept.ledger.chains[MODEL] = [row.model_copy(update={"entry": row.entry.model_copy(update={"facts": facts})})]
    await _refused("LedgerBroken", "altered.*signalbox ledger verify")


async def test_the_newest_figures_count(kept: Kept) -> None:
    """A version that was evaluated again after its registration; its files are still those of the registration."""
    kept.register()
    evaluation = Evaluation(model=Figures(rows=2, zeros=0, mape=0.6)).to_wire()
    facts = {"version": "3", "job": "job-2", "dataset": "d1", "fleet_revision": "abc124"}
    kept.write("VersionEvaluated", {**facts, "evaluation": evaluation}, by="evaluate-1")
    await _refused("GatesNotMet", "accuracy", at=at(60) + timedelta(days=1))
    kept.versions.files["MLmodel"] = b"other"
    await _refused("ArtifactChanged", "registered", (GATES[0].model_copy(update={"max": 0.7}),))
