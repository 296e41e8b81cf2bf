"""What the HTTP functions answer, where it is no contract of the app's own: shapes for readers and for tests.

Rooms write these answers by hand, from rows and blobs; the tests hold what they really answer against these shapes.
"""

from typing import Any, Literal

from pydantic import ConfigDict, Field, JsonValue

from shared.contracts.base import Contract, Instant
from shared.contracts.deliveries import Delivery, Outcome
from shared.contracts.fleet_runs import CellState, RunRow
from shared.contracts.ledger import AnchorLink, LedgerHead, LedgerRow
from shared.contracts.read_model import ModelRow, RunInFlight
from shared.contracts.retention import Expired, RetentionOutcome


class Fault(Contract):
    """One thing that is wrong with a body.

    Attributes:
        pointer: Where, as a JSON pointer in a URI fragment: `#/select/origin/0`.
        detail: What is wrong there.
    """

    pointer: str = Field(pattern="^#(/.*)?$")
    detail: str


class Problem(Contract):
    """What was wrong, and what would be right (RFC 9457).

    Attributes:
        type: Stable, to be told apart by programs: `urn:signalbox:unknown-model`.
        title: The same in words.
        status: The answer's status.
        detail: What was wrong this time, and what to do, for a person.
        instance: The path that was asked for.
        correlation_id: The trace of the request: `signalbox trace` and the app's log know it.
        errors: Each thing that is wrong with the body.
    """

    type: str = Field(pattern="^urn:signalbox:[a-z0-9-]+$")
    title: str
    status: int = Field(ge=400, le=599)
    detail: str
    instance: str
    correlation_id: str = Field(pattern="^[0-9a-f]{32}$")
    errors: tuple[Fault, ...] = Field(default=(), min_length=1)


class Begun(Contract):
    """What goes on, and where to look how it stands.

    With function keys there are more addresses, the platform's own: to end it, to send it an event, to delete it.

    Attributes:
        id: Of the orchestration; `GET /api/traces/{id}` tells what it led to.
        statusQueryGetUri: Answers 202 while it goes on, 200 when it is done, 500 when it has failed.
    """

    model_config = ConfigDict(extra="allow")

    id: str
    statusQueryGetUri: str  # noqa: N815 - the platform's word


class Status(Contract):
    """How an orchestration stands.

    Attributes:
        name: The orchestrator.
        customStatus: The step that it is at, where it says so.
        output: Its result, or why it failed.
    """

    name: str
    instanceId: str  # noqa: N815 - the platform's word, as those below
    runtimeStatus: Literal["Pending", "Running", "Suspended", "Completed", "Failed", "Terminated"]  # noqa: N815
    customStatus: JsonValue  # noqa: N815
    output: JsonValue


class UntouchedModel(Contract):
    """A model of a fleet file that nothing has happened to yet."""

    fleet: str
    model: str
    labels: dict[str, str]
    state: Literal["waiting"]
    reason: str


class Models(Contract):
    """Every model, by name."""

    models: tuple[ModelRow | UntouchedModel, ...]


class RunNow(RunInFlight):
    """A run in flight, and the step that it is at."""

    status: JsonValue


class ModelNow(ModelRow):
    """One model, with the step of each of its runs in flight."""

    in_flight: tuple[RunNow, ...] = ()


class Deliveries(Contract):
    """What came in lately, newest first."""

    deliveries: tuple[Delivery, ...]


class CalledBack(Contract):
    """Those who are told once more how a run ended.

    Attributes:
        id: Of the run.
        callbacks: How many they are.
    """

    id: str
    callbacks: int


class Taken(Contract):
    """What became of a webhook.

    Attributes:
        reason: Why, for a person.
    """

    status: Outcome | Literal["duplicate"]
    reason: str


class Observed(Contract):
    """Figures that were taken, and of what."""

    model: str
    version: str
    period: str


class Ordered(Contract):
    """The models that were told."""

    models: tuple[str, ...]


class ModelRun(Contract):
    """A model that runs something, or waits for its turn to."""

    model: str
    kind: str
    attempt: int


class FleetHolding(Contract):
    """A hold of a fleet, or of its models with some labels, that is on.

    Attributes:
        scope: What it is lifted by: `fleet:demand`, `label:region=rockies`.
        until: When it ends by itself; null where somebody has to lift it.
        models: How many models it is on for.
    """

    scope: str
    by: str
    reason: str
    since: Instant
    until: Instant | None
    models: int


class FleetNow(Contract):
    """One fleet at one glance.

    Attributes:
        revision: Hash of the fleet file.
        models: How many are in each state.
        at_once: How many jobs may run at the same time; any number when null.
        waiting: For their turn.
        next: When the clock starts what.
    """

    fleet: str
    environment: str | None
    revision: str
    timezone: str
    models: dict[str, int]
    at_once: int | None
    running: tuple[ModelRun, ...]
    waiting: tuple[ModelRun, ...]
    holds: tuple[FleetHolding, ...]
    next: dict[str, Instant]


class Fleets(Contract):
    """Every fleet of the app."""

    fleets: tuple[FleetNow, ...]


class CellInProgress(Contract):
    """A cell of a dataset that is being conditioned.

    Attributes:
        cause: The arrival that it began with.
        files: The conditionings of its large files.
    """

    instance: str
    fleet: str
    cell: str
    cause: str
    step: str
    files: tuple[str, ...]


class FileInProgress(Contract):
    """A large file that is being conditioned, with what it says of its progress.

    Attributes:
        of: The cell's conditioning; null where that one was ended from outside.
    """

    model_config = ConfigDict(extra="allow")

    instance: str
    of: str | None
    fleet: str
    file: str
    step: str


class InProgress(Contract):
    """What is being conditioned now."""

    cells: tuple[CellInProgress, ...]
    files: tuple[FileInProgress, ...]


class ListedVersion(Contract):
    """A dataset version.

    Attributes:
        cell: Its labels.
        rejected: Rows in quarantine.
        ends: Last day of its period; null where it has none.
        at: When it was published.
        present: Whether it is its cell's present one.
    """

    version: str
    cell: dict[str, str]
    rows: int
    rejected: int
    ends: str | None
    at: Instant
    present: bool


class ListedDataset(Contract):
    """A dataset with its versions.

    Attributes:
        more: Whether there are more than were asked for.
    """

    fleet: str
    dataset: str
    versions: tuple[ListedVersion, ...]
    more: bool


class Datasets(Contract):
    """Datasets of all fleets, or of those that were asked for."""

    datasets: tuple[ListedDataset, ...]


class Manifest(Contract):
    """What a dataset version was made of, as it was written down when it was published.

    Attributes:
        sources: Each with its files, their hashes, its recipe's and its profile.
    """

    model_config = ConfigDict(extra="allow")

    dataset: str
    version: str
    cell: dict[str, str]
    rows: int
    rejected: int
    sources: tuple[dict[str, JsonValue], ...]


class Publication(Contract):
    """Where a version was published.

    Attributes:
        present: Whether it is its cell's present one.
    """

    fleet: str
    at: Instant
    present: bool


class DescribedVersion(Contract):
    """A dataset version: what it was made of, and where it was published."""

    manifest: Manifest
    published: tuple[Publication, ...]


class QuarantinedBlob(Contract):
    """What is in quarantine of a raw file, or of a table.

    Attributes:
        path: To be asked for by `GET /api/quarantine/{path}`.
        files: Paths of the raw files.
        rules: Rejected rows by the rule that they break.
        complete: Whether all of it was counted; of a large one only the beginning is.
    """

    path: str
    source: str
    files: tuple[str, ...]
    rows: int
    rules: dict[str, int]
    complete: bool
    at: Instant


class Quarantine(Contract):
    """What is in quarantine, newest first."""

    quarantine: tuple[QuarantinedBlob, ...]


class RejectedRow(Contract):
    """A row that broke a rule.

    Attributes:
        row: Its number in the raw file; null where it cannot be told.
        line: Where it begins there, likewise.
        offset: The same in bytes.
        raw: As it was written; null where something in it may be personal.
    """

    file: str
    row: int | None
    line: int | None
    offset: int | None
    rule: str
    reason: str
    raw: str | None


class RejectedRows(Contract):
    """A page of rejected rows.

    Attributes:
        next: What to give as `after` for the next page; null at the end.
    """

    path: str
    source: str
    rows: tuple[RejectedRow, ...]
    next: int | None


class Runs(Contract):
    """Runs of fleets, newest first."""

    runs: tuple[RunRow, ...]


class RunWithCells(RunRow):
    """One run of a fleet.

    Attributes:
        digest: Where its digest is, when it has ended.
        cells: How each of its cells stands.
    """

    digest: str | None
    cells: tuple[CellState, ...]


class AnchoredHead(LedgerHead):
    """How far a ledger had come when somebody else wrote it down.

    Attributes:
        by: Who did.
    """

    by: str


class SealedLedger(Contract):
    """Whether a ledger is as it was written.

    Attributes:
        head: Its newest row.
        anchored: The newest row that is known apart from the ledger.
        findings: What is wrong, in sentences; empty when nothing is.
    """

    head: LedgerHead | None
    anchored: AnchoredHead | None
    findings: tuple[str, ...]


class LedgerRows(SealedLedger):
    """A model's ledger, oldest row first."""

    rows: tuple[LedgerRow, ...]


class CheckedLedger(SealedLedger):
    """One ledger that was checked.

    Attributes:
        rows: How many it has.
    """

    model: str
    rows: int


class VerifiedLedger(CheckedLedger):
    """One ledger, held against itself, the anchors, and what the model remembers of it.

    Attributes:
        anchors: What is wrong with the anchors themselves.
    """

    anchors: tuple[str, ...]


class VerifiedLedgers(Contract):
    """A page of ledgers that were checked.

    Attributes:
        anchors: What is wrong with the anchors themselves.
        next: What to give as `after` for the next page; null at the end.
    """

    models: tuple[CheckedLedger, ...]
    anchors: tuple[str, ...]
    next: str | None


class KeptAnchor(Contract):
    """The heads of all ledgers at one moment; those that cannot be read have a path and a hash alone."""

    path: str
    sha256: str
    form: int = 1
    at: Instant | None = None
    previous: AnchorLink | None = None
    heads: dict[str, LedgerHead] = Field(default={})
    findings: tuple[str, ...] = ()


class Anchors(Contract):
    """The newest anchors, newest first.

    Attributes:
        findings: What is wrong with them.
    """

    anchors: tuple[KeptAnchor, ...]
    findings: tuple[str, ...]


class StoryStep(Contract):
    """One thing that was done.

    Attributes:
        row: In the ledger.
        by: The orchestration that did it.
        facts: Figures and references.
    """

    row: int
    at: Instant
    what: str
    reason: str
    by: str
    facts: dict[str, Any]


class StoryRun(Contract):
    """The steps of one orchestration.

    Attributes:
        what: How it came out.
        kind: What it was; null while it has not come out.
        rows: Of the ledger.
    """

    by: str
    what: str
    kind: str | None
    at: Instant
    reason: str
    version: str | None
    rows: tuple[int, ...]


class Why(SealedLedger):
    """Why a model is, or is not, in production.

    Attributes:
        summary: The same in a sentence.
        trail: Where the version came from: dataset, raw files, code, pipeline; null while there is none.
        story: What was done, oldest first.
        verified: Whether the ledger is as it was written.
    """

    model: str
    summary: str
    trail: dict[str, Any] | None
    runs: tuple[StoryRun, ...]
    story: tuple[StoryStep, ...]
    verified: bool


class RetentionRun(Contract):
    """One run of the retention.

    Attributes:
        report: Its figures; null when it failed before it had any.
    """

    outcome: Outcome
    reason: str
    report: RetentionOutcome | None


class RetentionRuns(Contract):
    """What was deleted by policy lately, newest first."""

    runs: tuple[RetentionRun, ...]


class RetentionReport(Contract):
    """One run of the retention, in full.

    Attributes:
        summary: The same in a sentence.
        things: Each thing that goes, and why.
    """

    summary: str
    outcome: RetentionOutcome
    things: tuple[Expired, ...]


class LeftModel(Contract):
    """A model that no fleet file has any more, and what a retirement would take away.

    Attributes:
        alias: That it would lose.
        champion: The version that serves.
        predictions: Where they were published.
        in_flight: What runs and would be waited for.
    """

    model: str
    fleet: str
    state: str
    alias: str | None
    champion: str | None
    endpoint: str | None
    deployment: str | None
    predictions: str | None
    in_flight: tuple[str, ...]


class LeftDataset(Contract):
    """A dataset that no fleet file has any more.

    Attributes:
        waiting: How many cells wait for files.
        cells: Their names, the first twenty.
    """

    dataset: str
    waiting: int
    cells: tuple[str, ...]


class Left(Contract):
    """What the fleet files do not have any more."""

    models: tuple[LeftModel, ...]
    datasets: tuple[LeftDataset, ...]


class Retired(Contract):
    """What goes out of service now."""

    models: tuple[str, ...]
    datasets: tuple[str, ...]


class WebhookData(Contract):
    """What a webhook is about; more fields by its entity and action."""

    model_config = ConfigDict(extra="allow")

    name: str
    version: str | None = None


class MlflowWebhook(Contract):
    """What MLflow sends when something in the model registry has changed.

    Attributes:
        entity: `model_version`, `model_version_alias`, `model_version_tag` and so on.
        action: `created`, `set`, `deleted`.
        timestamp: When, in ISO 8601.
        data: What it is about; `name` is the registered model.
    """

    model_config = ConfigDict(extra="allow")

    entity: str
    action: str
    timestamp: str | None = None
    data: WebhookData


class DatabricksWebhook(Contract):
    """What Databricks sends when something in the workspace's model registry has changed.

    Attributes:
        event: `MODEL_VERSION_CREATED`, `MODEL_VERSION_TRANSITIONED_STAGE`, `MODEL_VERSION_TAG_SET` and so on.
        model_name: The registered model.
        event_timestamp: When, in milliseconds since 1970.
        version: Which version it is about, where it is about one.
        to_stage: Of a transition.
    """

    model_config = ConfigDict(extra="allow")

    event: str
    model_name: str
    event_timestamp: int | None = None
    version: str | None = None
    to_stage: str | None = None


class ExplainedCell(Contract):
    """A cell of a dataset, and what would become of it.

    Attributes:
        models: How many models would be told.
    """

    name: str
    would: Literal["publish", "wait", "leave", "fail"]
    reason: str
    models: int


class ExplainedModel(Contract):
    """A model, and what it would do.

    Attributes:
        begins: Runs that would begin.
        tells: Runs in flight that would be told.
    """

    model: str
    would: str
    begins: tuple[str, ...]
    tells: tuple[str, ...]
    reason: str


class Explanation(Contract):
    """What one event would start, and why.

    Attributes:
        channel: The door that it would come through.
        what: What it was taken for.
        accepted: Whether it would be taken.
        summary: All of it in a few sentences.
    """

    channel: str
    what: str
    accepted: bool
    reason: str
    summary: str
    sources: tuple[str, ...]
    datasets: tuple[str, ...]
    cells: tuple[ExplainedCell, ...]
    models: tuple[ExplainedModel, ...]
    notes: tuple[str, ...]


class Explained(Contract):
    """Each event with what it would start, in the order in which they were given."""

    events: tuple[Explanation, ...]


class PartHealth(Contract):
    """One thing that the app needs.

    Attributes:
        ok: Whether it answers.
        detail: Of what kind the failure is; the app's log has the reason.
    """

    name: Literal["fleets", "storage", "durable"]
    ok: bool
    detail: str


class DroppedTelemetry(Contract):
    """Spans or figures that never arrived where telemetry goes.

    Attributes:
        exporter: Which one, as in `SIGNALBOX_TELEMETRY`; its figures are `EXPORTER_metrics`.
        reason: `full`: too many waited. `refused`: they were not taken, or not in time. `closed`: telemetry was ended.
        count: Since the process began.
    """

    exporter: str
    reason: Literal["full", "refused", "closed"]
    count: int


class Health(Contract):
    """Whether the app reaches what it needs, which code it is, and what is under way.

    Attributes:
        healthy: Whether all parts answer.
        version: Of Signalbox.
        commit: That the package was made of, as it says itself; empty where it does not.
        code: SHA-256 of the app's own files, to be compared with that of a checkout.
        python: The interpreter's version.
        fleets: How many models each has.
        in_flight: How many orchestrations have begun or wait to begin, by name.
        stranded: Names of those that this code does not have any more: they cannot end.
        dropped: Telemetry that was lost, as the instance knows that answered.
    """

    healthy: bool
    version: str
    commit: str
    code: str = Field(pattern="^[0-9a-f]{64}$")
    python: str
    parts: tuple[PartHealth, ...]
    fleets: dict[str, int]
    in_flight: dict[str, int]
    stranded: tuple[str, ...]
    dropped: tuple[DroppedTelemetry, ...]
