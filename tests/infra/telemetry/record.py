"""`python -m tests.infra.telemetry.record`: run the example on a local stack, and keep what Azure Monitor would get.

The app sends to the double of the ingestion as it would to Application Insights: `recorded.json` has its envelopes. Of
spans that are alike a few are kept, of figures all; what names this machine is left out.
"""

import json
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from local.stack import Ports, Stack
from tests.doubles.ingestion import Ingestion
from tests.e2e.conftest import DEV
from tests.e2e.running import FAST, SLOW, Running, eventually

RECORDED: Final = Path(__file__).with_name("recorded.json")
#: Spans of one name that ended alike.
_ALIKE: Final = 6
_TAGS: Final = ("ai.cloud.role", "ai.operation.id", "ai.operation.name", "ai.operation.parentId")
_LEFT_OUT: Final = ("ver", "stack", "parsedStack", "hasFullStack")


def record() -> list[dict[str, Any]]:
    """Let things happen that each tile and each alert looks at; the envelopes that came, thinned out."""
    with Ingestion() as ingestion, tempfile.TemporaryDirectory() as folder:
        telemetry = {
            "SIGNALBOX_TELEMETRY": "azure_monitor",
            "APPLICATIONINSIGHTS_CONNECTION_STRING": ingestion.connection_string,
        }
        with Stack(Path(folder), ports=Ports.free(), settings=DEV | telemetry) as stack:
            running = Running(stack)
            running.http.event_hooks = {}  # answers are held against their description elsewhere
            try:
                _let_things_happen(running)
                _refuse(running, ingestion)
                eventually(lambda: _steps(ingestion), lambda steps: "find_lost_servings" in steps, "the look at models")
            finally:
                running.close()
        return list(thinned(ingestion.envelopes))


def _let_things_happen(running: Running) -> None:
    """Two releases, a rollback, a job that was cancelled, a file that cannot be used, a model that is held."""
    running.land_year()
    running.wait_released()
    _train(running, "again")
    running.wait_released("2", (FAST,))
    _order(running, FAST, "rollback")
    running.wait_effect(FAST, "RolledBack")
    _order(running, SLOW, "hold")
    running.observer.land("raw/flights/JFK/2014-01.csv", b"")
    _train(running, "cancelled")
    (job,) = eventually(lambda: [one for one in running.jobs() if one["status"] == "Running"], bool, "a job that runs")
    running.http.post(f"{running.stack.jobs_url}/jobs/{job['name']}/cancel").raise_for_status()
    running.wait_effect(FAST, "TrainingFailed")
    running.http.post("/admin/functions/reconcile_on_schedule", json={"input": ""}).raise_for_status()


def _refuse(running: Running, ingestion: Ingestion) -> None:
    """For a while nothing is taken, so that the app has dropped something when it can tell of it again."""
    before, ingestion.status = len(ingestion.received), 500
    running.http.get("/api/models").raise_for_status()
    eventually(lambda: len(ingestion.received), lambda now: now > before, "something that is refused")
    ingestion.status = 200


def _steps(ingestion: Ingestion) -> set[str]:
    return {str(one["data"]["baseData"].get("name")) for one in ingestion.envelopes}


def _train(running: Running, request: str) -> None:
    body = {"model": FAST, "request_id": request}
    running.http.post("/api/datafactory/train", json=body).raise_for_status()


def _order(running: Running, model: str, order: str) -> None:
    body = {"reason": "Recorded for the workbook.", "by": "recorder", "request_id": order}
    running.http.post(f"/api/models/{model}/{order}", json=body).raise_for_status()


def thinned(envelopes: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """All figures, and the first few of spans and exceptions that are alike, without what is of this machine only."""
    seen: Counter[str] = Counter()
    for one in sorted(envelopes, key=lambda one: str(one["time"])):
        data = one["data"]["baseData"]
        if "metrics" not in data:
            alike = json.dumps([one["data"]["baseType"], data.get("name"), data.get("success")])
            seen[alike] += 1
            if seen[alike] > _ALIKE:
                continue
        tags = {name: one["tags"][name] for name in _TAGS if name in one["tags"]}
        yield {"time": one["time"], "tags": tags, "data": _plain(one["data"])}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {key: _plain(one) for key, one in value.items() if key not in _LEFT_OUT}
        return {key: one for key, one in kept.items() if one not in (None, {}, [])}
    return [_plain(one) for one in value] if isinstance(value, list) else value


def main() -> None:
    """Record anew."""
    lines = [json.dumps(one, ensure_ascii=False, separators=(",", ":"), sort_keys=True) for one in record()]
    RECORDED.write_text("[\n" + ",\n".join(lines) + "\n]\n")


if __name__ == "__main__":
    main()
