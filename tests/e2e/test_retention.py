"""What nobody needs any more is deleted by policy after its time, and nothing else."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from shared.contracts.retention import ApplyRetentionInput, ExpiredCount, RetentionOutcome
from shared.registry.mlflow import MlflowRegistry
from tests.e2e.running import MODELS, Running

pytestmark = [pytest.mark.stack, pytest.mark.timeout(1200)]


def test_in_four_hundred_days_only_what_nobody_needs_has_expired(released: Running) -> None:
    """Quarantined rows go; versions in production, what they were trained on and what that was made of stay."""
    data = released.data
    before = {kind: {blob.path for blob in data.list(f"{kind}/")} for kind in ("quarantine", "datasets", "conditioned")}
    assert all(before.values())
    manifests = [data.read(path).decode() for path in before["datasets"] if path.endswith("/manifest.json")]
    made_of = {path for manifest in manifests for path in re.findall(r'"(conditioned/[^"]+)"', manifest)}
    assert made_of
    order = ApplyRetentionInput(
        at=datetime.now(UTC) + timedelta(days=400), requested_by="ana", dry_run=False,
        runs=ExpiredCount(kind="run", found=0, going=0),
    )  # fmt: skip
    begun = released.http.post("/runtime/webhooks/durabletask/orchestrators/apply_retention", json=order.to_wire())
    done = released.finished(begun.json()["statusQueryGetUri"])
    outcome = RetentionOutcome.from_wire(done["output"])
    assert outcome.kept == ()
    after = {kind: {blob.path for blob in data.list(f"{kind}/")} for kind in before}
    assert (after["quarantine"], after["datasets"]) == (set(), before["datasets"])
    assert made_of <= after["conditioned"]
    gone: dict[str, int] = {line.kind: line.gone for line in outcome.counts if line.gone}
    assert {kind: gone.get(kind, 0) for kind in before} == {kind: len(before[kind] - after[kind]) for kind in before}
    assert gone.keys() <= {*before, "fleet_run"}
    assert all(MlflowRegistry(released.stack.mlflow_url).versions(model) for model in MODELS)
