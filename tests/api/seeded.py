"""A little of everything that the app keeps: a model with a history, a run, dataset versions, rows in quarantine."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from shared.conditioning.engine.quarantine import QuarantinedRow, quarantine_csv
from shared.contracts.datasets import DatasetRef, IndexedDataset
from shared.contracts.deliveries import Delivery
from shared.contracts.fleet_runs import CellState, RunDigest, RunRow
from shared.contracts.holds import FleetHold
from shared.contracts.ledger import LedgerAnchor, LedgerEntry, LedgerHead
from shared.contracts.read_model import DecisionNote, Hold, ModelRow, RequestNote, RunInFlight
from shared.contracts.retention import Expired, ExpiredCount, RetentionOutcome, RetentionPlan
from shared.fleet_runs.places import digest_path
from shared.storage.anchors import BlobAnchors
from shared.storage.blobs import AzureBlobStore
from shared.storage.datasets import TableDatasetIndex
from shared.storage.holds import TableHolds
from shared.storage.inbox import TableInbox
from shared.storage.ledger import TableLedger
from shared.storage.read_model import TableReadModel
from shared.storage.runs import StoredRuns

AT: Final = datetime(2026, 11, 20, 9, tzinfo=UTC)
MODEL: Final = "departures-jfk-mainline-fast"
#: Of a fleet file that has been changed since.
GONE: Final = "departures-gone"
RUN: Final = "run-flights-train-0a1b2c3d4e5f"
VERSION: Final = "departures-jfk-2013-0f3c1a2b4d5e"
REJECTED: Final = "flights/1f.csv"
RETENTION: Final = "retention-0a1b2c3d4e5f"
_SOURCE: Final = {
    "source": "flights", "raw_sha256": "a", "recipe_sha256": "b", "rows_in": 11, "rows_out": 10, "rejected": 1,
    "columns": {}, "profile": {}, "files": [], "gaps": [],
}  # fmt: skip
#: A route's parameters, so that it answers with something.
PLACES: Final = {
    "get_model": {"name": MODEL},
    "why_model": {"name": MODEL},
    "get_ledger": {"name": MODEL},
    "verify_ledger": {"name": MODEL},
    "get_dataset": {"name": "departures", "version": VERSION},
    "read_quarantine": {"path": REJECTED},
    "get_run": {"id": RUN},
    "get_retention": {"id": RETENTION},
}


def seed(storage: str) -> None:
    """Write it."""
    data = AzureBlobStore(storage, "api-data")
    models = TableReadModel(storage)
    models.put(_row(MODEL))
    models.put(_row(GONE))
    TableHolds(storage).put(
        FleetHold(fleet="flights", scope="fleet:flights", select={}, by="ana", reason="audit", at=AT)
    )
    _write_ledger(storage)
    _write_datasets(storage, data)
    _write_run(storage, data)
    _write_deliveries(storage, data)
    rejected = QuarantinedRow("raw/flights/JFK/2013-01.csv", 3, 4, 120, "field_count", "four fields, not five", "a,b")
    data.write(f"quarantine/{REJECTED}", quarantine_csv([rejected, rejected._replace(row=None, line=None)]))


def _row(model: str) -> ModelRow:
    return ModelRow(
        fleet="flights", model=model, labels={"origin": "JFK"}, revision=4, state="training", reason="A new version",
        updated_at=AT, dataset=VERSION, attempt=2, version="1", champion="1", champion_since=AT,
        serving={"mode": "batch", "endpoint": None, "rows": 12}, figures={"model": {"mape": 0.31, "rows": 12}},
        verdict="passed", gates=("accuracy: 31 % is below 45 %",),
        decisions=(DecisionNote(at=AT, event="dataset_published", decision="started", reason="It is new"),),
        in_flight=(RunInFlight(kind="training", instance="train-1", attempt=2),
                   RunInFlight(kind="scoring", instance="score-1", attempt=1, waits_for_slot=True, slot_of="flights")),
        requests=(RequestNote(request_id="r", kind="training", outcome="running", reason="It runs", attempt=2),),
        holds=(Hold(scope="model", by="ana", reason="audit", since=AT, until=AT + timedelta(days=1)),),
        ledger_findings=("row 1 is not the one that was anchored",),
    )  # fmt: skip


def _write_ledger(storage: str) -> None:
    ledger = TableLedger(storage)
    facts: dict[str, Any] = {"version": "1", "gates": [{"name": "accuracy", "reason": "31 % is below 45 %"}]}
    for number, effect in enumerate(("TrainingStarted", "ModelRegistered", "ModelReleased")):
        row = ledger.append(
            LedgerEntry(
                model=MODEL, effect=effect, key=f"k{number}", at=AT, by="train-1", reason="It is new", facts=facts
            )
        )
    head = LedgerHead(sequence=row.sequence, hash=row.hash)
    anchors = BlobAnchors(AzureBlobStore(storage, "api-anchors"))
    anchors.write("heads/2026/11/20T090000Z.json", LedgerAnchor(at=AT, heads={MODEL: head}))


def _write_datasets(storage: str, data: AzureBlobStore) -> None:
    index = TableDatasetIndex(storage)
    for version, at in ((VERSION, AT), ("departures-jfk-2013-older", AT - timedelta(days=1))):
        ref = DatasetRef(
            dataset="departures", version=version, cell={"origin": "JFK", "year": "2013"}, rows=10, rejected=1,
            path=f"datasets/departures/{version}/", ends=date(2013, 12, 31),
        )  # fmt: skip
        index.put(IndexedDataset(fleet="flights", dataset=ref, at=at))
        manifest = ref.model_dump(mode="json", exclude={"path", "ends"})
        manifest |= {"schema": 3, "warnings": [], "sources": [_SOURCE]}
        data.write(f"{ref.path}manifest.json", json.dumps(manifest).encode(), content_type="application/json")


def _write_run(storage: str, data: AzureBlobStore) -> None:
    row = RunRow(
        run=RUN, fleet="flights", operation="train", select={"origin": ("JFK",)}, requested_by="ana", request_id="r",
        fail_on="any", state="done", reason="1 failed", counts={"failed": 1}, started_at=AT, updated_at=AT, ended_at=AT,
    )  # fmt: skip
    cell = CellState(name=MODEL, labels={"origin": "JFK"}, dataset="departures", outcome="failed", reason="no data")
    runs = StoredRuns(storage, data)
    runs.put(row)
    runs.keep(digest_path("flights", RUN), RunDigest(row=row, cells=(cell,), seconds=2.5))


def _write_deliveries(storage: str, data: AzureBlobStore) -> None:
    inbox = TableInbox(storage)
    count = ExpiredCount(kind="version", found=1, going=1, gone=1)
    plan = "retention/plan.json"
    outcome = RetentionOutcome(at=AT, requested_by="ana", dry_run=False, plan=plan, counts=(count,))
    things = (Expired(kind="version", name=f"{MODEL}@1", reason="older than two newer ones"),)
    planned = RetentionPlan(at=AT, things=things, counts=(count,))
    data.write(plan, planned.model_dump_json().encode(), content_type="application/json")
    for delivery in (
        Delivery(channel="retention", key=RETENTION, subject="retention", received_at=AT, outcome="done",
                 reason=outcome.summary, body=outcome.model_dump_json()),
        Delivery(channel="retention", key="retention-failed", subject="retention", received_at=AT, outcome="failed",
                 reason="The registry is away"),
        Delivery(channel="conditioning", key="flights/gone/gone origin=JFK@1", subject="gone origin=JFK",
                 received_at=AT, outcome="waiting", reason="Files are missing"),
    ):  # fmt: skip
        inbox.record(delivery)
