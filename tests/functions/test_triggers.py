"""What the doors read from what comes in."""

from typing import Any, Literal

import pytest
from durabletask.client import OrchestrationState, OrchestrationStatus

from functions.triggers.reconciling import how_it_ended
from functions.triggers.signatures import mlflow_signature, refuse_mlflow
from functions.triggers.storage_events import read_arrival
from shared.contracts.interlock import ReleaseFinished, RetirementFinished, ScoringFinished, TrainingFinished
from shared.contracts.read_model import ModelRow, RunInFlight
from shared.errors import PermanentError
from tests.shared.interlock.builders import MODEL, at

SUBJECT = "/blobServices/default/containers/landing/blobs/raw/f.csv"


def _event(**changes: Any) -> dict[str, Any]:
    data = {"api": "PutBlob", "eTag": '"0x8D"', "contentLength": 5, "url": "https://a.blob.core.windows.net/c/x"}
    data |= {key: value for key, value in changes.items() if key in (*data, "url")}
    rest = {key: value for key, value in changes.items() if key not in data}
    return {"eventType": "Microsoft.Storage.BlobCreated", "eventTime": "2026-01-05T09:00:00Z", "subject": SUBJECT,
            "data": data} | rest  # fmt: skip


class TestArrivals:
    """Event Grid's storage events."""

    @pytest.mark.parametrize("subject", [SUBJECT, SUBJECT.lstrip("/")])
    @pytest.mark.parametrize("etag", ['"0x8D"', "0x8D"])
    def test_with_and_without_slash_and_quotes(self, subject: str, etag: str) -> None:
        """Both forms are seen on the wire, and mean the same arrival."""
        arrival = read_arrival(_event(subject=subject, eTag=etag))
        assert arrival is not None
        assert arrival.key == "landing/raw/f.csv@0x8D"

    def test_an_unfinished_file_of_data_lake_storage_is_no_arrival(self) -> None:
        """CreateFile comes first with no content; FlushWithClose tells that the file is finished."""
        assert read_arrival(_event(api="CreateFile", contentLength=0)) is None
        done = read_arrival(_event(api="FlushWithClose", url="https://a.dfs.core.windows.net/landing/raw/f.csv"))
        assert done is not None
        assert done.size == 5

    def test_other_events_are_no_arrival(self) -> None:
        """A deleted blob starts nothing."""
        assert read_arrival(_event(eventType="Microsoft.Storage.BlobDeleted")) is None

    def test_without_a_subject_the_url_tells(self) -> None:
        """Container and path come from the URL."""
        arrival = read_arrival(_event(subject="?", url="https://a.blob.core.windows.net/landing/raw/a%20b.csv"))
        assert arrival is not None
        assert (arrival.container, arrival.path) == ("landing", "raw/a b.csv")

    @pytest.mark.parametrize(
        "change", [{"data": None}, {"eTag": None}, {"contentLength": "many"}, {"subject": "", "url": "nonsense"}]
    )
    def test_what_cannot_be_read_is_permanent(self, change: dict[str, Any]) -> None:
        """Event Grid need not repeat what will never read better."""
        with pytest.raises(PermanentError):
            read_arrival(_event(**change))


class TestSignatures:
    """MLflow's signed webhooks."""

    def _headers(self, body: bytes, timestamp: str = "1000") -> dict[str, str]:
        signature = mlflow_signature("secret", "d", timestamp, body)
        return {"x-mlflow-delivery-id": "d", "x-mlflow-timestamp": timestamp, "x-mlflow-signature": signature}

    def test_a_right_signature_is_believed(self) -> None:
        """The secret, the id, the time and the body are all signed."""
        assert refuse_mlflow(self._headers(b"{}"), b"{}", "secret", now=1100, max_age=600) is None

    @pytest.mark.parametrize(
        ("body", "secret", "now", "timestamp"),
        [(b"{1}", "secret", 1000, "1000"), (b"{}", "other", 1000, "1000"), (b"{}", "secret", 9000, "1000"),
         (b"{}", "secret", 100, "1000"), (b"{}", "secret", 1000, "²"), (b"{}", "secret", 1000.5, "9" * 400),
         (b"{}", "secret", 1000, "9" * 5000)],
    )  # fmt: skip
    def test_anything_else_is_refused(self, body: bytes, secret: str, now: float, timestamp: str) -> None:
        """Another body, another secret, too old, from the future, never, or a time that is no number."""
        assert refuse_mlflow(self._headers(b"{}", timestamp), body, secret, now=now, max_age=600)


class TestDeadRuns:
    """Runs that ended without a word to their interlock."""

    ROW = ModelRow(fleet="f", model=MODEL, labels={}, revision=1, state="training", reason="", updated_at=at())

    def _state(self, status: OrchestrationStatus, output: str | None = None) -> OrchestrationState:
        return OrchestrationState("i", "n", status, at(), at(), None, output, None, None)

    def test_a_running_one_is_left_alone(self) -> None:
        """It will tell by itself."""
        run = RunInFlight(kind="training", instance="i", attempt=3)
        assert how_it_ended(self.ROW, run, self._state(OrchestrationStatus.RUNNING), at()) is None

    @pytest.mark.parametrize("status", [OrchestrationStatus.FAILED, OrchestrationStatus.TERMINATED, None])
    def test_a_dead_one_is_told_as_failed(self, status: OrchestrationStatus | None) -> None:
        """Terminated, failed on something unforeseen, or purged: the model does not wait for ever."""
        state = self._state(status) if status is not None else None
        training = how_it_ended(self.ROW, RunInFlight(kind="training", instance="i", attempt=3), state, at(60))
        assert isinstance(training, TrainingFinished)
        assert (training.outcome.outcome, training.outcome.attempt) == ("failed", 3)
        run = RunInFlight(kind="release", instance="i", attempt=2, version="5")
        release = how_it_ended(self.ROW, run, state, at(60))
        assert isinstance(release, ReleaseFinished)
        assert not release.outcome.released
        assert "half done" in release.outcome.reason

    @pytest.mark.parametrize("kind", ["training", "release", "scoring", "retirement"])
    def test_each_kind_has_its_own_end(self, kind: Literal["training", "release", "scoring", "retirement"]) -> None:
        """The event is of the run's kind and attempt, and tells of no success."""
        run = RunInFlight(kind=kind, instance="i", attempt=4, version="2")
        event = how_it_ended(self.ROW, run, None, at(60))
        assert isinstance(event, TrainingFinished | ReleaseFinished | ScoringFinished | RetirementFinished)
        assert (event.kind, event.outcome.attempt) == (f"{kind}_finished", 4)
        assert "is gone without a result" in event.outcome.reason
        ended = {"training": ("outcome", "failed"), "scoring": ("outcome", "failed"), "release": ("released", False),
                 "retirement": ("retired", False)}[kind]  # fmt: skip
        assert getattr(event.outcome, ended[0]) == ended[1]

    def test_one_that_waits_for_its_slot_has_not_begun(self) -> None:
        """There is no instance yet, and nothing is wrong with that."""
        run = RunInFlight(kind="training", instance="i", attempt=3, waits_for_slot=True)
        assert how_it_ended(self.ROW, run, None, at(60)) is None

    def test_one_that_cannot_be_found_may_be_about_to_begin(self) -> None:
        """Its start may be under way, however old the event is that led to it: only after an hour is it gone."""
        run = RunInFlight(kind="training", instance="i", attempt=3)
        assert how_it_ended(self.ROW, run, None, at(59)) is None
        assert how_it_ended(self.ROW, run, None, at(60)) is not None

    def test_the_result_of_a_completed_one_is_told_again(self) -> None:
        """Its signal may be under way or lost; the interlock knows twins."""
        output = f'{{"model": "{MODEL}", "attempt": 3, "outcome": "passed", "reason": "ok", "version": "4"}}'
        run = RunInFlight(kind="training", instance="i", attempt=3)
        event = how_it_ended(self.ROW, run, self._state(OrchestrationStatus.COMPLETED, output), at())
        assert isinstance(event, TrainingFinished)
        assert event.outcome.version == "4"

    @pytest.mark.parametrize("output", ['{"model": "m"}', '"text"', "[1]"])
    def test_a_result_that_cannot_be_read_counts_as_none(self, output: str) -> None:
        """What other code wrote neither stops the search nor leaves the model waiting."""
        run = RunInFlight(kind="training", instance="i", attempt=3)
        event = how_it_ended(self.ROW, run, self._state(OrchestrationStatus.COMPLETED, output), at())
        assert isinstance(event, TrainingFinished)
        assert (event.outcome.outcome, event.outcome.attempt) == ("failed", 3)
