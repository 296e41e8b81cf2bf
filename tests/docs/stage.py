"""The stage on which the documentation's commands run: the example's fleet on a real stack, as a reader may find it.

One model of JFK is in production, one was rejected, and those of LGA wait for data; every release asks for a person.
"""

import json
import re
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from local.stack import Ports, Stack
from tests.docs.console import ROOT, Command
from tests.docs.pages import FAST, NAMES, SLOW
from tests.docs.shell import Shell
from tests.e2e.conftest import NEVER
from tests.e2e.running import Running, eventually

_REJECTING: Final = """\
overrides:
  - {match: {origin: JFK, movement: slow}, gates: {accuracy: {max: 1%}}, by: ana@contoso.example,
     reason: to see a rejection, until: 2099-01-31}
"""
#: Changes of the example's fleet file.
_EDITS: Final = (
    ("dev: {matrix: {origin: [JFK], format: [mainline]}}", "dev: {matrix: {origin: [JFK, LGA], format: [mainline]}}"),
    ("bake: 3s", "bake: 1s"),
    ("  rollback:  ", "  approval: {for: [every_release], by: anyone}\n  rollback:  "),
    ("\nretrain:", f"\n{_REJECTING}\nretrain:"),
)  # fmt: skip
_SALES: Final = "date,store,item,sold\n" + "".join(
    f"2026-01-{day:02},north,{item},{day * 3 + number}\n" for day in range(1, 29) for number, item in enumerate("abc")
)
_SETTLED: Final = (
    "awaiting_approval",
    "released",
    "rejected",
    "waiting",
    "rolled_back",
    "failed_over",
    "held",
    "parked",
)


class Stage:
    """The running stack, and what a reader's commands need of it."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self.running = Running(stack)
        self._folder = folder
        self._url = stack.host_url
        self._run = ""
        self._answered: set[tuple[str, str]] = set()
        self.double: Stack | None = None

    def prepare(self) -> None:
        """Land the data, let the first version of the fast model into production, and run over the fleet once."""
        self.running.land_year()
        self.running.wait_state(SLOW, "rejected")
        self._answer("approve")
        self.running.wait_state(FAST, "released")
        asked = self.running.http.post("/api/datafactory/score", json={"request_id": "docs"}).json()
        self.running.finished(asked["statusQueryGetUri"])
        self._run = asked["id"]

    def shell(self, page: str) -> Shell:
        """A reader at a page, in the folder of the fleet, with the files that the pages talk about."""
        kept = self._folder / "shells" / re.sub(r"\W", "-", page)
        kept.mkdir(parents=True)
        folder = kept / "flights"
        write_fleet(folder)
        (folder / "sales.csv").write_text(_SALES)
        (folder / "MODEL").mkdir()
        (folder / "MODEL" / "MLmodel").write_text("flavors: {}\n")
        (folder / "event.json").write_text(_event())
        variables = {"SIGNALBOX_APP": self._url, "SIGNALBOX": str(ROOT), "SIGNALBOX_ENVIRONMENT": "dev"}
        return Shell(folder, kept, variables)

    def put_in(self, command: Command, shell: Shell) -> str:
        """A command with the names of this stage; what it needs to be so is brought about first."""
        text = command.text
        for name, real in NAMES.items():
            text = text.replace(name, real)
        text = re.sub(r"(http://)?(localhost|127\.0\.0\.1):7071", self._url, text)
        text = re.sub(r"\bURL\b", self._url, re.sub(r"\bRUN\b", self._run, text))
        if self.double is not None:
            text = text.replace("localhost:7085/double/", self.double.azureml_door_url)
        return self._made_so(text, shell)

    def _made_so(self, text: str, shell: Shell) -> str:
        if re.search(r"\b(approve|reject) \S+@|awaiting_approval", text):
            version = self._awaiting()
            if "@" in text:
                self._answered.add((FAST, version))
            return re.sub(r"@\d+", f"@{version}", text)
        if re.match(r"signalbox (rollback|release|override|hold|resume|retrain|park|forget)\b", text):
            self._settle()
        if text.startswith("python3 -I verify.py"):
            with zipfile.ZipFile(shell.folder / "evidence.zip") as pack:
                pack.extractall(shell.here)
        return text

    def _awaiting(self) -> str:
        """A version of the fast model that waits for an approval; it is trained first where there is none."""
        self._settle()
        if self.running.model(FAST).state != "awaiting_approval":
            self.running.observer.train(FAST)
            self.running.wait_state(FAST, "awaiting_approval")
        return str(self.running.model(FAST).row["evidence"]["version"])

    def _answer(self, order: str) -> None:
        """Answer what the fast model waits for."""
        version = self._awaiting()
        evidence = self.running.model(FAST).row["evidence"]
        self._answered.add((FAST, version))
        body = {key: evidence[key] for key in ("artifact_sha256", "report_sha256")}
        self.running.observer.order(
            FAST, order, {**body, "version": version, "by": "ana", "reason": "looked at", "request_id": uuid4().hex}
        )

    def _settle(self) -> None:
        """Wait until what was begun before has ended, or waits for a person."""

        def rows() -> list[dict[str, Any]]:
            return [self.running.model(name).row for name in (FAST, SLOW)]

        def quiet(found: list[dict[str, Any]]) -> bool:
            return all(row["state"] in _SETTLED and (not row["in_flight"] or waits(row)) for row in found)

        def waits(row: dict[str, Any]) -> bool:
            return bool(row["evidence"]) and (row["model"], row["evidence"]["version"]) not in self._answered

        eventually(rows, quiet, "the models' rest")


def write_fleet(folder: Path) -> Path:
    """Write the example's files with the stage's changes; the path of the fleet file."""
    shutil.copytree(ROOT / "examples/flights", folder, ignore=shutil.ignore_patterns("__pycache__"))
    text = (folder / "fleet.yaml").read_text()
    for old, new in _EDITS:
        assert old in text, old
        text = text.replace(old, new)
    text = text.replace("../../schemas/", f"{ROOT}/schemas/")
    (folder / "fleet.yaml").write_text(text)
    return folder / "fleet.yaml"


def settings(folder: Path) -> Mapping[str, str]:
    """Of the stack."""
    fleet = write_fleet(folder / "fleet")
    return {**NEVER, "SIGNALBOX_ENVIRONMENT": "dev", "SIGNALBOX_FLEET": str(fleet)}


def start(folder: Path) -> Stack:
    """The stack, not yet up."""
    return Stack(folder / "stack", ports=Ports.free(), settings=settings(folder))


def _event() -> str:
    """The event that `docs/events.md` shows."""
    text = (ROOT / "docs/events.md").read_text()
    found = re.search(r"```json\n(.*?)```", text, re.DOTALL)
    assert found is not None
    json.loads(found[1])
    return found[1]
