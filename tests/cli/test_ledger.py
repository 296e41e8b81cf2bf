"""``signalbox why`` and ``signalbox ledger``: what they print, their exit codes, and a pack that verifies by itself."""

import hashlib
import json
import shutil
import subprocess
import sys
import zipfile
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from cli import ledger_export
from shared.contracts.conditioning import ConditionedSource
from shared.contracts.ledger import AnchorLink, LedgerAnchor, LedgerEntry, LedgerRow
from shared.lineage.anchors import path_of
from shared.lineage.ledger import head_of
from shared.lineage.manifest import dataset_version, raw_identity
from shared.lineage.story import tell
from tests.cli.played import Played, play, run
from tests.shared.lineage.chains import AT, chained, entry

HASHES = ["aa" * 32, "bb" * 32]
SOURCE = ConditionedSource(
    source="flights", raw_sha256=raw_identity(HASHES), recipe_sha256="cc" * 32, path="p", files=2,
    rows_in=2, rows_out=2,
)  # fmt: skip
CELL = {"origin": "JFK"}
VERSION = dataset_version("departures", CELL, [SOURCE])
MANIFEST: dict[str, Any] = {
    "dataset": "departures", "version": VERSION, "cell": CELL,
    "sources": [{
        **SOURCE.to_wire(),
        "files": [
            {"raw": {"source": "flights", "path": f"raw/{n}.csv", "etag": f"0x{n}", "size": 9}, "raw_sha256": digest}
            for n, digest in enumerate(HASHES)
        ],
    }],
}  # fmt: skip
BYTES = json.dumps(MANIFEST, indent=2).encode()
ORIGIN = {
    "artifact_sha256": "dd" * 32, "git_commit": None, "platform": "azureml", "environments": ["azureml:forecast:1"],
    "manifest": f"datasets/departures/{VERSION}/manifest.json", "manifest_sha256": hashlib.sha256(BYTES).hexdigest(),
}  # fmt: skip
GATE = {"gate": "accuracy", "passed": True, "override": True, "reason": "MAPE 50 %: allowed by ana until Friday"}


def _rows(releases: int = 1) -> list[LedgerRow]:
    """Trainings and releases, each of the next version."""
    entries: list[LedgerEntry] = []
    for number in range(1, releases + 1):
        facts = {"version": str(number), "dataset": VERSION, "origin": ORIGIN, "gates": [GATE]}
        for of, effect in (("train", "TrainingStarted"), ("train", "ModelRegistered"), ("release", "ModelReleased")):
            of_effect = facts if effect != "TrainingStarted" else {"pipeline": "train.yml"}
            entries.append(entry(len(entries), by=f"{of}-{number}", effect=effect, facts=of_effect,
                                 reason=f"{effect} {number}", trace="00-1-1-01"))  # fmt: skip
    return chained(entries)


def _anchors(rows: list[LedgerRow]) -> dict[str, bytes]:
    anchor = LedgerAnchor(at=AT, heads={"m": head_of(rows[-1]), "n": head_of(rows[0])})
    return {path_of(AT): anchor.model_dump_json(indent=1).encode()}


def _answers(played: Played, rows: list[LedgerRow], findings: list[str] | None = None) -> None:
    found, anchors = findings or [], _anchors(rows)
    head = head_of(rows[-1]).to_wire()
    seal = {"head": head, "anchored": {**head, "by": "the anchor of today"}, "findings": found}
    told = tell("m", rows, findings=found, manifest=MANIFEST)
    played.answers_to("GET /api/models/m/why", {**seal, **told})
    played.answers_to("GET /api/models/m/ledger", {"rows": [row.to_wire() for row in rows], **seal})
    listed = [
        {"path": path, "sha256": hashlib.sha256(content).hexdigest(), **json.loads(content), "heads": {"m": head}}
        for path, content in anchors.items()
    ]
    played.answers_to("GET /api/ledger/anchors?model=m", {"anchors": listed, "findings": []})
    published = {"manifest": MANIFEST, "published": []}
    played.answers_to(f"GET /api/datasets/departures/{VERSION}", published)


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Played:
    """An app with one model."""
    played = play(monkeypatch)
    _answers(played, _rows())
    return played


def test_why_can_be_asked_of_one_version(app: Played) -> None:
    """Also of one that does not serve; a name with an @ that names no version is a model's."""
    app.answers_to("GET /api/models/m/why?version=2", {"model": "m", "trail": {"version": "2"}})
    result = run("why", "m@2", "--json")
    assert (result.exit_code, json.loads(result.output)["trail"]) == (0, {"version": "2"}), result.output
    run("why", "m@")
    assert app.asked == ["GET /api/models/m/why?version=2", "GET /api/models/m@/why"]


def test_why_leads_from_raw_files_to_production(app: Played) -> None:
    """With hashes, what is not known named as such, and an exception that was used."""
    result = run("why", "m")
    assert result.exit_code == 0, result.output
    for part in (
        "Version 1 of m is in production because MAPE 50 %", "flights: 2 raw files, recipe sha256 cccccccccccc…",
        "raw/1.csv, ETag 0x1 (no version kept), sha256 bbbbbbbbbbbb…",
        f"dataset version {VERSION}, manifest datasets/departures/",
        "git commit unknown", "pipeline train.yml, on azureml", "environment azureml:forecast:1",
        "model files sha256 dddddddddddd…", "gate accuracy passed BY EXCEPTION: MAPE 50 %: allowed by ana until Friday",
        "Training train-1", "Release release-1", "The hash chain of 3 rows is unbroken, and agrees with the anchor of",
    ):  # fmt: skip
        assert part in result.output


def test_the_story_of_a_long_ledger_is_short(app: Played) -> None:
    """The newest release in full, of the others the last ones a line each; `--all` tells everything."""
    _answers(app, _rows(100))
    result = run("why", "m")
    assert len(result.output.splitlines()) < 40
    for part in ("Release release-100", "Released: ModelReleased 99", "… and 188 more: --all"):
        assert part in result.output
    assert "Release release-99" not in result.output
    everything = run("why", "m", "--all").output
    assert "Release release-1\n" in everything
    assert "--all" not in everything


def test_why_for_programs_is_what_the_app_said(app: Played) -> None:
    """Nothing is left out."""
    told = json.loads(run("why", "m", "--json").output)
    assert [step["row"] for step in told["story"]] == [1, 2, 3]
    assert told["trail"]["git_commit"] is None


def test_a_broken_ledger_is_told_under_its_story(app: Played) -> None:
    """The story is shown all the same."""
    _answers(app, _rows(), ["gap: row 2 is missing"])
    result = run("why", "m")
    assert "THE LEDGER IS NOT AS IT WAS WRITTEN." in result.output
    assert "gap: row 2 is missing" in result.output


def test_an_unknown_model_is_told(app: Played) -> None:
    """In the app's words, by each command."""
    for command in (
        ("why", "x"),
        ("ledger", "show", "x"),
        ("ledger", "verify", "x"),
        ("ledger", "export", "x", "--to", "y"),
    ):
        result = run(*command)
        assert result.exit_code == 1
        assert "error: nothing at GET /api/models/x/" in result.output


def test_rows_are_shown(app: Played) -> None:
    """Oldest first; a model without any is an error with a remedy."""
    result = run("ledger", "show", "m")
    assert result.exit_code == 0
    assert result.output.index("TrainingStarted") < result.output.index("ModelReleased 1")
    app.answers_to("GET /api/models/m/ledger", {"rows": [], "findings": []})
    assert "signalbox ledger verify --json lists" in run("ledger", "show", "m").output


def _checked(model: str, *findings: str) -> dict[str, Any]:
    return {"model": model, "rows": 3, "head": None, "anchored": None, "findings": list(findings)}


@pytest.mark.parametrize(
    ("findings", "anchors", "code", "told"),
    [
        ((), [], 0, "2 ledgers with 6 rows were read: each is as it was written; 2 have no anchor yet"),
        (("gap: row 2 is missing",), [], 1, "n: gap: row 2 is missing"),
        ((), ["anchors: a cannot be read"], 1, "anchors: a cannot be read"),
    ],
)
def test_all_ledgers_are_verified(app: Played, findings: Any, anchors: list[str], code: int, told: str) -> None:
    """Page by page; any finding is the exit code."""
    app.answers_to("GET /api/ledger/verify", {"models": [_checked("m")], "anchors": anchors, "next": "m"})
    second = {"models": [_checked("n", *findings)], "anchors": anchors, "next": None}
    app.answers_to("GET /api/ledger/verify?after=m", second)
    result = run("ledger", "verify")
    assert (result.exit_code, told in result.output) == (code, True), result.output
    assert result.output.count(told) == 1
    as_json = json.loads(run("ledger", "verify", "--json").output)
    assert [one["model"] for one in as_json["models"]] == ["m", "n"]


@pytest.mark.parametrize(("findings", "code"), [((), 0), (("cut: the anchor knows row 4",), 1)])
def test_one_ledger_is_verified(app: Played, findings: tuple[str, ...], code: int) -> None:
    """With the same exit code."""
    app.answers_to("GET /api/models/m/ledger/verify", {**_checked("m", *findings), "anchors": []})
    result = run("ledger", "verify", "m")
    assert result.exit_code == code
    assert all(finding in result.output for finding in findings)


# ── The evidence pack ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def pack(app: Played, tmp_path: Path) -> Path:
    """A pack of two releases, as it was exported."""
    _answers(app, _rows(2))
    result = run("ledger", "export", "m", "--to", str(tmp_path / "pack"))
    assert result.exit_code == 0, result.output
    return tmp_path / "pack"


def _verify(pack: Path, *options: str) -> tuple[int, str]:
    """Run the pack's own script, with no module of ours in its reach."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "verify.py", *options],
        cwd=pack,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_a_pack_verifies_by_itself(pack: Path) -> None:
    """Its script finds nothing; the pack holds rows, heads, manifest, story and instructions."""
    assert _verify(pack) == (0, "6 rows: nothing was changed\n")
    found = sorted(str(path.relative_to(pack)) for path in pack.rglob("*") if path.is_file())
    assert found == [
        "README.txt", "heads.json", "ledger.jsonl", f"manifests/{VERSION}.json", "story.md", "verify.py"
    ]  # fmt: skip
    assert (pack / f"manifests/{VERSION}.json").read_bytes() == BYTES
    assert "## Release release-2" in (pack / "story.md").read_text()


def _lines(pack: Path) -> list[str]:
    return (pack / "ledger.jsonl").read_text().splitlines(keepends=True)


def _replaced(text: str, new: str) -> Any:
    return lambda lines: [line.replace(text, new) for line in lines]


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (_replaced("ModelReleased 1", "ModelReleased 3"), "the content of row 3 does not match its hash"),
        (_replaced('"mode', '"modes'), "the pack cannot be read"),
        (lambda lines: lines[:-1], "the chain does not end where the app said that it ends"),
        (lambda lines: lines[:-1], "knows a row 6 that is not in the chain: it was cut, or made anew"),
        (lambda lines: [*lines[:2], *lines[3:]], "row 4 is where row 3 should be"),
        (lambda lines: [lines[1], lines[0], *lines[2:]], "row 2 is where row 1 should be"),
        (lambda _: [], "the chain does not end where the app said that it ends"),
        (lambda lines: ["{", *lines], "the pack cannot be read"),
    ],
)
def test_a_changed_pack_is_found(pack: Path, change: Any, finding: str) -> None:
    """Whatever is done to its rows, the script tells, and its exit code is 1."""
    (pack / "ledger.jsonl").write_text("".join(change(_lines(pack))))
    code, told = _verify(pack)
    assert code == 1
    assert finding in told


@pytest.mark.parametrize(
    ("text", "new", "finding"),
    [
        ("raw/1.csv", "raw/2.csv", "is not the one that the ledger names"),
        ("aa" * 32, "ab" * 32, f"the raw files of flights in {VERSION} do not make its hash"),
        ("cc" * 32, "cd" * 32, f"the files and recipes of {VERSION} do not make its name"),
    ],
)
def test_a_changed_manifest_is_found(pack: Path, text: str, new: str, finding: str) -> None:
    """By the hash in the ledger, and by the name of the dataset version."""
    manifest = pack / f"manifests/{VERSION}.json"
    manifest.write_text(manifest.read_text().replace(text, new, 1))
    code, told = _verify(pack)
    assert code == 1
    assert finding in told


def test_manifests_that_are_missing_or_too_many_are_told(pack: Path) -> None:
    """One that has expired is no finding; one that no row names is."""
    manifest = pack / f"manifests/{VERSION}.json"
    shutil.move(manifest, pack / "manifests/other.json")
    code, told = _verify(pack)
    assert code == 1
    assert "no row names the manifest other.json" in told
    (pack / "manifests/other.json").unlink()
    code, told = _verify(pack)
    assert code == 0
    assert f"note: the manifest of {VERSION} is not in the pack" in told


def test_heads_need_not_come_from_the_app(pack: Path, tmp_path: Path) -> None:
    """Downloaded anchors are held against the chain: a whole one passes, one that knows more does not."""
    anchors = tmp_path / "anchors"
    for path, content in _anchors(_rows(2)).items():
        (anchors / path).parent.mkdir(parents=True)
        (anchors / path).write_bytes(content)
    assert _verify(pack, "--anchors", str(anchors))[0] == 0
    for path, content in _anchors(_rows(3)).items():
        (anchors / path).write_bytes(content)
    code, told = _verify(pack, "--anchors", str(anchors))
    assert code == 1
    assert "knows a row 9 that is not in the chain" in told


def test_two_anchors_that_were_taken_at_once_follow_the_same(pack: Path, tmp_path: Path) -> None:
    """Two workers may do so; one that follows another one was put in between."""
    folder, head = tmp_path / "anchors", head_of(_rows(2)[-1])
    links: list[AnchorLink] = []
    folder.mkdir()
    for number, follows in enumerate((None, 0, 0, 2)):
        link = None if follows is None else links[follows]
        anchor = LedgerAnchor(at=AT, heads={"m": head}, findings=() if number < 2 else ("n: gone",), previous=link)
        content = anchor.model_dump_json().encode()
        digest = hashlib.sha256(content).hexdigest()
        links.append(AnchorLink(path=f"{number}.json", sha256=digest))
        (folder / f"{number}.json").write_bytes(content)
    assert _verify(pack, "--anchors", str(folder)) == (0, "6 rows: nothing was changed\n")
    wrong = anchor.model_copy(update={"previous": links[1]})
    (folder / "3.json").write_text(wrong.model_dump_json())
    assert "the anchor 3.json does not follow the one before it" in _verify(pack, "--anchors", str(folder))[1]


def test_what_is_anchored_meanwhile_is_in_the_pack(app: Played, tmp_path: Path) -> None:
    """Rows are asked for after anchors, so that no anchor knows more of them."""
    run("ledger", "export", "m", "--to", str(tmp_path / "other"))
    asked = [str(one) for one in app.asked]
    anchors = next(number for number, one in enumerate(asked) if "/api/ledger/anchors" in one)
    assert anchors < next(number for number, one in enumerate(asked) if "/api/models/m/ledger" in one)


def test_a_pack_can_be_a_zip(app: Played, tmp_path: Path) -> None:
    """With the same files."""
    target = tmp_path / "new" / "pack.zip"
    assert run("ledger", "export", "m", "--to", str(target)).exit_code == 0
    with zipfile.ZipFile(target) as found:
        found.extractall(tmp_path / "unpacked")
    assert _verify(tmp_path / "unpacked")[0] == 0


@pytest.mark.parametrize("name", ["pack", "pack.zip"])
@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_a_pack_is_whole_or_not_there(
    name: str, error: BaseException, app: Played, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An export that was cut off leaves nothing behind, and the same command can be given again."""
    _answers(app, _rows(2))
    target = tmp_path / name
    whole = {"_write_folder": ledger_export._write_folder, "_write_zip": ledger_export._write_zip}

    def cut_off(files: dict[str, bytes], to: Any, write: Any) -> None:
        write(dict(list(files.items())[:2]), to)
        raise error

    with monkeypatch.context() as broken:
        for function, write in whole.items():
            broken.setattr(ledger_export, function, partial(cut_off, write=write))
        assert run("ledger", "export", "m", "--to", str(target)).exit_code != 0
    assert not target.exists() or not list(target.iterdir())
    assert run("ledger", "export", "m", "--to", str(target)).exit_code == 0


def test_nothing_is_overwritten(app: Played, pack: Path) -> None:
    """A folder with something in it, or a file that is there, is left as it is, and nothing is asked."""
    before = len(app.asked)
    result = run("ledger", "export", "m", "--to", str(pack))
    assert result.exit_code == 1
    assert "name a new folder, or a new file ending in .zip" in result.output
    assert len(app.asked) == before
