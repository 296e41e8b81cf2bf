"""A running stack as the end-to-end tests see it: land files, ask the API, wait for what must become true."""

import base64
import hashlib
import hmac
import json
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from examples.flights.landing import RawFile, raw_files
from local.demo.observe import Model, Observer
from local.stack import Ports, Stack
from shared.storage.blobs import AzureBlobStore
from tests.api.description import check_answer

FAST = "departures-jfk-mainline-fast"
SLOW = "departures-jfk-mainline-slow"
MODELS = (FAST, SLOW)
BASELINE = "departures-jfk-mainline-baseline"
#: JFK's raw files, in the order in which they land.
FILES = tuple(raw_files("JFK"))
#: Of these, those that ask for a version of their year before the last one has landed.
ASKING = 24
#: Answers to the same question that are held against the app's description.
_HELD = 20
#: Seconds that anything may take on a machine which is busy with something else: only a test that fails waits for them.
PATIENCE = 300


def eventually[T](ask: Callable[[], T], wanted: Callable[[T], bool], what: str, seconds: float = PATIENCE) -> T:
    """Ask until the answer is as wanted; fails with the last answer otherwise. Nobody answering counts as no."""
    deadline = time.monotonic() + seconds
    last: object = None
    while time.monotonic() < deadline:
        try:
            answer = ask()
        except httpx.TransportError as error:
            last = error
        else:
            if wanted(answer):
                return answer
            last = answer
        time.sleep(0.1)
    raise AssertionError(f"{what} did not become true in {seconds:.0f} s; last seen: {last}")


class Running:
    """One stack with what a test asks of it."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.observer = Observer(stack)
        self._held: Counter[str] = Counter()
        hooks = {"response": [self._hold_against_the_description]}
        self.http = httpx.Client(base_url=stack.host_url, timeout=60, event_hooks=hooks)

    @property
    def data(self) -> AzureBlobStore:
        """Where conditioned data, quarantine, manifests and predictions are kept."""
        settings = self.stack.settings()
        return AzureBlobStore(settings["SIGNALBOX_STORAGE"], settings["SIGNALBOX_DATA_CONTAINER"])

    def close(self) -> None:
        """Close the connections."""
        self.observer.close()
        self.http.close()

    def _hold_against_the_description(self, answer: httpx.Response) -> None:
        """Answers are as the OpenAPI document says; of those that are asked for again and again, the first ones."""
        asked = f"{answer.request.method} {answer.request.url.path} {answer.status_code}"
        self._held[asked] += 1
        if answer.request.url.path.startswith("/api/") and self._held[asked] <= _HELD:
            answer.read()
            check_answer(answer)

    def land(self, *files: RawFile) -> None:
        """Put files where files land."""
        for file in files:
            self.observer.land(file.path, file.content)

    def land_year(self, files: Sequence[RawFile] = FILES) -> list[dict[str, Any]]:
        """Land a year of JFK as it comes: its last file when all others have been answered; what they were told."""
        before = len(self.deliveries("conditioning"))
        self.land(*files[:-1])
        answers = eventually(
            lambda: self.deliveries("conditioning"), lambda found: len(found) >= before + ASKING, "an answer for each"
        )
        self.land(files[-1])
        return answers[: len(answers) - before]

    def model(self, name: str) -> Model:
        """A model's row, or its state as waiting."""
        return next(model for model in self.observer.models() if model.name == name)

    def jobs(self) -> list[dict[str, Any]]:
        """Every job of the job service, with its steps, the newest first."""
        base = f"{self.stack.jobs_url}/jobs"
        return [self.http.get(f"{base}/{job['name']}").json() for job in self.http.get(base).json()["jobs"]]

    def wait(self, name: str, wanted: Callable[[Model], bool], what: str) -> Model:
        """Wait until a model is as wanted."""
        return eventually(lambda: self.model(name), wanted, f"{name} {what}")

    def wait_state(self, name: str, state: str) -> Model:
        """Wait until a model is in a state."""
        return self.wait(name, lambda m: m.state == state, f"in state {state}")

    def wait_released(self, version: str = "1", names: tuple[str, ...] = MODELS) -> None:
        """Wait until the models have this version in production."""
        for name in names:
            released = f"with version {version} in production"
            self.wait(name, lambda m: m.state == "released" and m.row["champion"] == version, released)

    def wait_effect(self, name: str, effect: str, count: int = 1) -> None:
        """Wait until the ledger holds an effect so many times."""
        eventually(lambda: self.effects(name).count(effect), lambda found: found == count, f"{effect} of {name}")

    def effects(self, name: str) -> list[str]:
        """Effects in a model's ledger, in order."""
        return [row["entry"]["effect"] for row in self.observer.ledger(name)]

    def deliveries(self, channel: str | None = None) -> list[dict[str, Any]]:
        """What came in, newest first."""
        only = {"channel": channel} if channel else {}
        answer = self.http.get("/api/deliveries", params={"limit": 1000, **only})
        found: list[dict[str, Any]] = answer.json()["deliveries"]
        return found

    def delivery(self, subject: str) -> dict[str, Any]:
        """The delivery about a subject, when it is there."""
        found = eventually(
            lambda: [one for one in self.deliveries() if one["subject"] == subject], bool, f"delivery {subject}"
        )
        return found[0]

    def webhook(self, body: bytes, *, secret: str | None = None, age: float = 0, **headers: str) -> httpx.Response:
        """Post a webhook as MLflow would, signed."""
        delivery, stamp = str(uuid.uuid4()), str(int(time.time() - age))
        key = (secret or self.stack.settings()["SIGNALBOX_WEBHOOK_SECRET"]).encode()
        digest = hmac.new(key, f"{delivery}.{stamp}.".encode() + body, hashlib.sha256).digest()
        signed = {
            "X-MLflow-Delivery-Id": delivery,
            "X-MLflow-Timestamp": stamp,
            "X-MLflow-Signature": "v1," + base64.b64encode(digest).decode(),
            "Content-Type": "application/json",
        }
        return self.http.post("/api/webhooks/mlflow", content=body, headers={**signed, **headers})

    def reconcile(self) -> dict[str, Any]:
        """Search for lost events, and wait for what was found."""
        status = self.http.post("/api/operations/reconcile").json()["statusQueryGetUri"]
        done = self.finished(status)
        assert done["runtimeStatus"] == "Completed", done
        output: dict[str, Any] = done["output"]
        return output

    def finished(self, status_url: str) -> dict[str, Any]:
        """An orchestration's status, once it has ended."""

        def ask() -> dict[str, Any]:
            body: dict[str, Any] = self.http.get(
                status_url.replace("returnInternalServerErrorOnFailure=true", "")
            ).json()
            return body

        return eventually(ask, lambda body: body["runtimeStatus"] in ("Completed", "Failed", "Terminated"), status_url)


@contextmanager
def running_stack(state: Path, settings: Mapping[str, str], *, webhooks: bool = True) -> Iterator[Running]:
    """A stack of one's own, on ports that are free; its state is kept in the folder."""
    with Stack(state, ports=Ports.free(), settings=settings, webhooks=webhooks) as stack:
        running = Running(stack)
        try:
            yield running
        finally:
            running.close()


def final_state(running: Running) -> dict[str, Any]:
    """All effects where they happened: registry, scoring service, ledger, jobs, published data."""
    for name in (FAST, SLOW):  # written after the interlock has been told
        running.wait_effect(name, "ModelReleased")
    log = running.http.get(f"{running.stack.scoring_url}/log").json()["effects"]
    return {
        "versions": {name: [(one.number, one.stage, one.aliases) for one in running.observer.versions(name)]
                     for name in (*MODELS, BASELINE)},
        "scoring": Counter((effect["action"], effect["endpoint"], effect["deployment"]) for effect in log),
        "ledger": {name: running.effects(name) for name in MODELS},
        "figures": {name: running.model(name).figure("model") for name in MODELS},
        "predictions": running.observer.published(running.model(SLOW).row["serving"]["published"]),
        "steps": Counter((job["experiment_name"], step["name"], step["status"], step["attempt"])
                         for job in running.jobs() for step in job["steps"]),
    }  # fmt: skip


def corrected(month: str) -> RawFile:
    """The file that replaces JFK's flights of a month of 2013, as `05`: it lacks the last row."""
    (first,) = [file for file in FILES if file.path == f"raw/flights/JFK/2013-{month}.csv"]
    *rows, _ = first.content.splitlines(keepends=True)
    return RawFile(f"raw/flights/JFK/2013-{month}_corrected.csv", b"".join(rows))


def created(model: str, version: str) -> bytes:
    """The body of MLflow's webhook for a new version."""
    data: dict[str, Any] = {
        "name": model,
        "version": version,
        "source": "models:/m-1",
        "run_id": None,
        "tags": {},
        "description": None,
    }
    return json.dumps(
        {
            "entity": "model_version",
            "action": "created",
            "timestamp": "2026-11-20T13:44:10.611720+00:00",
            "data": data,
        }
    ).encode()
