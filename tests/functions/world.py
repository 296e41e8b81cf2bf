"""The outside world in memory: registry, platform, published data and ledger, with faults at any step.

Every activity of the app's orchestrators has its counterpart here, under the same name and contract, so that the real
orchestrators and the real interlock run on the real engine, and a test can break any step before or after its effect.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from shared import names
from shared.contracts.evaluation import Evaluation, Figures
from shared.contracts.jobs import NAME_TAKEN, may_adopt
from shared.contracts.policy import GatePolicy
from shared.contracts.routes import (
    ModelRoute,
    RestoreRouteInput,
    RouteModelInput,
    RouteTarget,
    WithdrawRouteInput,
)
from shared.errors import PermanentError
from shared.evaluation.gates import judge
from shared.release.routes import restored, routed, withdrawn
from tests.shared.interlock.builders import dataset

type Payload = dict[str, Any]
#: Permanent: said once. Outage: every attempt raises. Lost: the effect happens, and every answer is lost.
Fault = Literal["permanent", "outage", "lost"]


@dataclass
class World:
    """What the activities change."""

    deployments: dict[str, str] = field(default_factory=dict)
    traffic: dict[str, int] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    routes: dict[str, ModelRoute] = field(default_factory=dict)
    scaled: list[str] = field(default_factory=list)
    champion: str | None = None
    before: dict[str, str | None] = field(default_factory=dict)
    published: str | None = None
    moved: tuple[str, str | None] | None = None
    kept: str | None = None
    versions: list[str] = field(default_factory=list)
    ledger: list[str] = field(default_factory=list)
    canceled: list[str] = field(default_factory=list)
    concluded: dict[str, str] = field(default_factory=dict)
    rows: list[Payload] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    faults: dict[str, Fault] = field(default_factory=dict)
    jobs: dict[str, Payload] = field(default_factory=dict)
    job_status: str = "Completed"
    baselines: list[str] = field(default_factory=list)
    baseline_status: str = "Completed"
    job_statuses: dict[str, str] = field(default_factory=dict)
    facts: dict[str, Payload] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    baseline_mape: float | None = 0.2
    lost_outputs: Sequence[str] = ()
    evaluation_of: str | None = None
    golden_passes: bool = True
    excepted: bool = False
    mape: float = 0.1
    missing: list[str] = field(default_factory=list)
    other_deployments: dict[str, int] = field(default_factory=dict)
    endpoint_deleted: bool = False
    cells_waiting: int = 0
    ledger_refuses: tuple[str, ...] = ()
    shadow_periods: list[str | None] = field(default_factory=list)
    looks: int = 0
    compared: Payload = field(default_factory=dict)
    author: str | None = None
    asked: list[Payload] = field(default_factory=list)
    lost_servings: list[Payload] = field(default_factory=list)
    code_policies: list[Payload] = field(default_factory=list)
    file_policies: dict[str, Payload] = field(default_factory=dict)
    fleet_holds: list[Payload] = field(default_factory=list)
    mirror: dict[str, int] = field(default_factory=dict)
    analyses: list[str] = field(default_factory=list)
    analysed: list[Payload] = field(default_factory=list)
    noted: list[list[str]] = field(default_factory=list)

    def activities(self) -> dict[str, Callable[[Payload], Payload]]:
        """By name, as the app registers them."""
        return {name: self._guarded(name, getattr(self, name)) for name in _NAMES}

    def _guarded(self, name: str, effect: Callable[[Payload], Payload]) -> Callable[[Payload], Payload]:
        def run(payload: Payload) -> Payload:
            self.calls[name] += 1
            fault = self.faults.get(name)
            if fault == "permanent":
                return {"permanent": {"code": "Broken", "message": f"{name} is broken"}}
            if fault == "outage":
                raise ConnectionError(f"{name} is down")
            try:
                result = effect(payload)
            except PermanentError as error:
                return {"permanent": {"code": error.code, "message": error.message}}
            if fault == "lost":
                raise TimeoutError(f"the answer of {name} was lost")
            return {"result": result}

        return run

    # ── training

    def submit_job(self, p: Payload) -> Payload:
        known = self.jobs.setdefault(p["name"], p)
        same = all(known[part] == p[part] for part in ("pipeline", "experiment", "inputs", "tags"))
        if not may_adopt(p["tags"], known["tags"], same_definition=same):
            raise PermanentError(NAME_TAKEN, f"A job with this name already exists: {p['name']}")
        if known is p:
            return {"name": p["name"], "status": "Queued"}
        lost = f"{p['name']}/{p.get('needs')}" in self.lost_outputs
        return self.read_job(p) | ({"status": "Failed", "error": "its output is gone"} if lost else {})

    def read_job(self, p: Payload) -> Payload:
        tags = self.jobs.get(p["name"], {}).get("tags", {})
        of_its_kind = self.baseline_status if tags.get("signalbox.kind") == "baseline" else self.job_status
        status = self.job_statuses.get(p["name"], of_its_kind)
        return {"name": p["name"], "status": status, "error": "boom" if status == "Failed" else None}

    def cancel_job(self, p: Payload) -> Payload:
        self.canceled.append(p["name"])
        return {"name": p["name"], "status": "Canceled"}

    def evaluate_model(self, p: Payload) -> Payload:
        self._require_output(p["job"], "evaluation")
        if self.evaluation_of not in (None, p["dataset"]):
            raise PermanentError("EvaluationOfOtherDataset", f"`evaluation` is of dataset version {self.evaluation_of}")
        evaluation = Evaluation(model=Figures(rows=1, zeros=0, mape=self.mape))
        if p.get("baseline"):
            self._require_output(p["baseline"]["job"], "evaluation")
            found = {"baseline": Figures(rows=1, zeros=0, mape=self.baseline_mape)}
            evaluation = evaluation.model_copy(update={**found, "baseline_model": p["baseline"]["model"]})
        at = datetime.fromisoformat(p["at"]) if p.get("at") else None
        verdict = judge(evaluation, tuple(GatePolicy.from_wire(gate) for gate in p["gates"]), at)
        return {"evaluation": evaluation.to_wire(), "verdict": verdict.to_wire()}

    def register_baseline(self, p: Payload) -> Payload:
        self._require_output(p["job"], "model")
        if p["job"] not in self.baselines:
            self.baselines.append(p["job"])
        return {"model": p["model"], "version": str(self.baselines.index(p["job"]) + 1)}

    def register_version(self, p: Payload) -> Payload:
        self._require_output(p["job"], "model")
        if p["job"] not in self.versions:
            self.versions.append(p["job"])
        return {"model": p["model"], "version": str(self.versions.index(p["job"]) + 1)}

    # ── monitoring

    def find_lost_servings(self, p: Payload) -> Payload:
        return {"lost": self.lost_servings, "looked": 1}

    def find_code_models(self, p: Payload) -> Payload:
        return {"policies": self.code_policies[p["first"] :][:1],
                "following": p["first"] + 1 if p["first"] + 1 < len(self.code_policies) else None}  # fmt: skip

    def find_policy(self, p: Payload) -> Payload:
        return {"policy": self.file_policies.get(p["model"])}

    def find_holds(self, p: Payload) -> Payload:
        return {"holds": self.fleet_holds}

    # ── reproduction

    def find_recorded_version(self, p: Payload) -> Payload:
        evaluation = Evaluation(model=Figures(rows=1, zeros=0, mape=self.mape)).to_wire()
        return {"job": "train-1", "dataset": "d1", "fleet_revision": "r", "evaluation": evaluation}

    def compare_reproduction(self, p: Payload) -> Payload:
        self._require_output(p["job"], "model")
        return {"model": p["model"], "version": p["version"], "job": p["job"], "figures_same": True,
                "bytes_same": False, "files": [], "figures": []}  # fmt: skip

    # ── release

    def create_deployment(self, p: Payload) -> Payload:
        self.deployments[p["deployment"]] = p["version"]
        self.owners[p["deployment"]] = p["model"]
        return {**_state(p), "status": "Succeeded"}

    def scale_deployment(self, p: Payload) -> Payload:
        assert p["deployment"] in self.deployments, "what is not there cannot scale"
        self.scaled.append(p["deployment"])
        return self.read_deployment(p)

    def read_deployment(self, p: Payload) -> Payload:
        if p["deployment"] not in self.deployments:
            raise PermanentError("DeploymentVanished", f"{p['endpoint']} has no deployment {p['deployment']} any more")
        return {**_state(p), "status": "Succeeded", "version": self.deployments[p["deployment"]]}

    def verify_version(self, p: Payload) -> Payload:
        found = {"artifact_sha256": "a" * 64, "report_sha256": "b" * 64, "author": self.author, "summary": "verified"}
        return found | {"excepted": self.excepted}

    def ask_approval(self, p: Payload) -> Payload:
        self.asked.append(p)
        return {"told": ["teams"]}

    def test_deployment(self, p: Payload) -> Payload:
        return self._golden()

    def test_predictions(self, p: Payload) -> Payload:
        return self._golden()

    def stage_golden_set(self, p: Payload) -> Payload:
        return {"path": "golden/1/", "rows": 1}

    def promote_version(self, p: Payload) -> Payload:
        if self.champion != p["version"]:
            self.before[p["version"]] = self.champion
            self.champion = p["version"]
        return {"model": p["model"], "version": p["version"], "previous": self.before[p["version"]]}

    def restore_champion(self, p: Payload) -> Payload:
        if p["version"] in self.before:
            self.champion = self.before[p["version"]]
        return {"model": p["model"], "champion": self.champion}

    def shift_traffic(self, p: Payload) -> Payload:
        previous = dict(self.traffic)
        assert all(name in self.deployments for name, share in p["traffic"].items() if share)
        self.traffic = {name: share for name, share in p["traffic"].items() if share}
        # As the platforms do it: what is not said stays, and who takes traffic is mirrored to no more.
        mirror = self.mirror if p.get("mirror") is None else p["mirror"]
        self.mirror = {name: share for name, share in mirror.items() if not self.traffic.get(name)}
        return {"endpoint": p["endpoint"], "traffic": p["traffic"], "previous": previous}

    def analyse_challenger(self, p: Payload) -> Payload:
        assert p["challenger"] in self.deployments, "what is not there cannot be asked"
        if p not in self.analysed:  # a repeat finds what it found
            self.analysed.append(p)
        number = self.analysed.index(p)
        outcome = self.analyses[number] if number < len(self.analyses) else "passed"
        return {"outcome": outcome, "reason": "looked at", "probes": 1, "probes_failed": 0}

    def route_model(self, p: Payload) -> Payload:
        route = routed(self.routes.get(p["model"]), RouteModelInput.from_wire(p))
        self.routes[p["model"]] = route
        return {"model": p["model"], "target": _wire(route.target), "previous": _wire(route.before)}

    def restore_route(self, p: Payload) -> Payload:
        route = restored(self.routes.get(p["model"]), RestoreRouteInput.from_wire(p))
        if route is not None:
            self.routes[p["model"]] = route
        return {"model": p["model"], "target": _wire(self.routes[p["model"]].target), "previous": None}

    def delete_deployment(self, p: Payload) -> Payload:
        if self.traffic.get(p["deployment"]) or self.mirror.get(p["deployment"]):
            raise PermanentError("HasTraffic", f"{p['deployment']} has some of the traffic")
        if any(route.deployment == p["deployment"] for route in self.routes.values()):
            raise PermanentError("HasRoute", f"clients are sent to {p['deployment']}")
        self.deployments.pop(p["deployment"], None)
        return {**_state(p), "status": "Deleted"}

    def publish_predictions(self, p: Payload) -> Payload:
        path = f"predictions/v{p['version']}.csv"
        if self.kept is None and (self.moved is None or self.moved[0] != p["job"]):
            self.moved = (p["job"], self.published)
        self.published = self.kept or path
        return {"path": path, "rows": 3, "sha256": "x", "kept": self.kept}

    def restore_predictions(self, p: Payload) -> Payload:
        if "job" not in p:
            self.published = p["published"]
        elif self.moved is not None and self.moved[0] == p["job"]:
            self.published = self.moved[1]
        return {"current": self.published}

    def find_shadow_period(self, p: Payload) -> Payload:
        self.looks += 1
        version = self.shadow_periods.pop(0) if self.shadow_periods else None
        if version is None:
            return {"missing": "the champion has published nothing newer"}
        assert version not in p["scored"], "the same period once more says nothing new"
        period = {
            "dataset": dataset(version).to_wire(),
            "champion": self.champion,
            "path": f"predictions/{version}.csv",
        }
        return {"period": period}

    def compare_predictions(self, p: Payload) -> Payload:
        return {"rows": 3, "unmatched": 0, "disagreement": 0.1, **self.compared}

    # ── rollback

    def hash_version(self, p: Payload) -> Payload:
        return {"artifact_sha256": "c" * 64}

    def find_adopted(self, p: Payload) -> Payload:
        if p["uri"].endswith("/404"):
            raise PermanentError("VersionAbsent", "old has no version 404; its latest are 6, 7.")
        version = "7" if p["register_it"] or "7" in self.versions else None
        self.versions += ["7"] if p["register_it"] else []
        return {"model": p["model"], "version": version, "source": "old@7", "copied": True, "artifact_sha256": None}

    def note_versions(self, p: Payload) -> Payload:
        self.noted.append(list(p["versions"]))
        return {"model": p["model"], "changed": p["versions"]}

    def find_baseline_version(self, p: Payload) -> Payload:
        if not self.baselines:
            raise PermanentError("BaselineMissing", f"the registry has no version of {p['model']}")
        return {"model": p["model"], "version": str(len(self.baselines))}

    def compare_files(self, p: Payload) -> Payload:
        return {"artifact_sha256": "c" * 64, "unknown": None}

    def withdraw_champion(self, p: Payload) -> Payload:
        version, self.champion = self.champion, None
        return {"model": p["model"], "version": version}

    # ── retirement

    def withdraw_traffic(self, p: Payload) -> Payload:
        also = p.get("also", ())
        own = [name for name in self.deployments if name in also or self.owners.get(name, p["model"]) == p["model"]]
        self.traffic = {name: share for name, share in self.traffic.items() if name not in own}
        others = len(self.other_deployments) + len(self.deployments) - len(own)
        return {"endpoint": p["endpoint"], "deployments": own, "others": others}

    def withdraw_route(self, p: Payload) -> Payload:
        route = withdrawn(self.routes.get(p["model"]), WithdrawRouteInput.from_wire(p))
        self.routes[p["model"]] = route
        return {"model": p["model"], "target": None, "previous": _wire(route.before)}

    def delete_endpoint(self, p: Payload) -> Payload:
        assert not self.deployments, "the platform refuses to delete an endpoint that has deployments"
        self.endpoint_deleted = True
        return {"endpoint": p["endpoint"], "deleted": True}

    def withdraw_predictions(self, p: Payload) -> Payload:
        last, self.published = self.published, None
        return {"last": last}

    def retire_champion(self, p: Payload) -> Payload:
        assert not self.traffic, "a model that serves must have its alias, so that everybody can see why"
        version, self.champion = self.champion, None
        return {"model": p["model"], "version": version}

    def conclude_waiting_cells(self, p: Payload) -> Payload:
        some = min(self.cells_waiting, 100)
        self.cells_waiting -= some
        return {"cells": some, "more": self.cells_waiting > 0}

    # ── conditioning

    def find_source_files(self, p: Payload) -> Payload:
        missing = [{"source": name, "reason": "no file has landed"} for name in self.missing]
        return {"listing": None if missing else "listing.json", "present": ["flights"], "missing": missing}

    def condition_source(self, p: Payload) -> Payload:
        done = {"source": p["source"], "raw_sha256": "r", "recipe_sha256": "c", "path": "p", "files": 1,
                "rows_in": 1, "rows_out": 1}  # fmt: skip
        return {"done": done}

    def publish_dataset(self, p: Payload) -> Payload:
        return dataset("d1").to_wire()

    def find_concerned_models(self, p: Payload) -> Payload:
        return {"policies": [], "pages": 0}

    def find_dataset(self, p: Payload) -> Payload:
        newest = "d1" if p["dataset"] == "departures" else f"{p['dataset']}-1"
        return dataset(p["version"] or newest, name=p["dataset"]).to_wire()

    def conclude_delivery(self, p: Payload) -> Payload:
        self.concluded[p["subject"]] = p["outcome"]
        return {"new": True}

    # ── records

    def append_ledger(self, p: Payload) -> Payload:
        if p["effect"] in self.ledger_refuses:
            raise ConnectionError("storage is down")
        if p["key"] not in self.ledger:
            self.ledger.append(p["key"])
            self.facts[p["key"]] = p["facts"]
            self.reasons[p["key"]] = p["reason"]
        return {"sequence": 1, "previous": "0", "hash": "1", "entry": p}

    def write_model_row(self, p: Payload) -> Payload:
        self.rows.append(p["row"])
        return {"written": True}

    @property
    def effects(self) -> list[str]:
        """Effects in the ledger, in order."""
        return [key.rsplit("/", 1)[1] for key in self.ledger]

    def _require_output(self, job: str, output: str) -> None:
        if f"{job}/{output}" in self.lost_outputs or output in self.lost_outputs:
            raise PermanentError("OutputMissing", f"The job {job} completed, but its output `{output}` cannot be read")

    def _golden(self) -> Payload:
        passed = self.golden_passes
        return {"passed": passed, "rows": 1, "outside": int(not passed), "worst": 0.0, "reason": "compared"}


def _state(p: Payload) -> Payload:
    return {"endpoint": p["endpoint"], "deployment": p["deployment"]}


def _wire(target: RouteTarget | None) -> Payload | None:
    return target.to_wire() if target else None


_NAMES = (
    names.WITHDRAW_TRAFFIC, names.DELETE_ENDPOINT, names.WITHDRAW_PREDICTIONS, names.RETIRE_CHAMPION,
    names.CONCLUDE_WAITING_CELLS, names.SCALE_DEPLOYMENT,
    names.ROUTE_MODEL, names.RESTORE_ROUTE, names.WITHDRAW_ROUTE,
    names.NOTE_VERSIONS, names.FIND_ADOPTED,
    names.SUBMIT_JOB, names.READ_JOB, names.CANCEL_JOB, names.EVALUATE_MODEL, names.REGISTER_VERSION,
    names.REGISTER_BASELINE,
    names.CREATE_DEPLOYMENT, names.READ_DEPLOYMENT, names.TEST_DEPLOYMENT, names.TEST_PREDICTIONS,
    names.STAGE_GOLDEN_SET, names.PROMOTE_VERSION, names.RESTORE_CHAMPION, names.SHIFT_TRAFFIC,
    names.DELETE_DEPLOYMENT, names.PUBLISH_PREDICTIONS, names.RESTORE_PREDICTIONS, names.FIND_SOURCE_FILES,
    names.CONDITION_SOURCE, names.PUBLISH_DATASET, names.FIND_CONCERNED_MODELS, names.FIND_DATASET,
    names.FIND_SHADOW_PERIOD, names.COMPARE_PREDICTIONS, names.FIND_BASELINE_VERSION, names.WITHDRAW_CHAMPION,
    names.HASH_VERSION,
    names.VERIFY_VERSION, names.COMPARE_FILES, names.ASK_APPROVAL, names.ANALYSE_CHALLENGER,
    names.FIND_RECORDED_VERSION, names.COMPARE_REPRODUCTION, names.FIND_LOST_SERVINGS, names.FIND_CODE_MODELS,
    names.FIND_POLICY, names.FIND_HOLDS,
    names.CONCLUDE_DELIVERY, names.APPEND_LEDGER, names.WRITE_MODEL_ROW,
)  # fmt: skip
