"""What the engine tells its callers, as typed values. Times are aware UTC; payloads are the JSON texts of the SDK."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Any

MAX_PAGE = 200
"""Rows that one answer holds at most; more are fetched by continuation."""


class Status(IntEnum):
    """Runtime status, with the numbers of the protobuf enum `OrchestrationStatus`."""

    RUNNING = 0
    COMPLETED = 1
    CONTINUED_AS_NEW = 2
    FAILED = 3
    CANCELED = 4
    TERMINATED = 5
    PENDING = 6
    SUSPENDED = 7

    @property
    def label(self) -> str:
        """The spelling of the Durable Functions HTTP API, such as `ContinuedAsNew`."""
        return self.name.title().replace("_", "")


TERMINAL = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELED, Status.TERMINATED})
"""No turn follows these."""
REPLACE_NOTHING: frozenset[Status] = frozenset()
"""A reuse policy: an id that was ever used is refused, until it is purged."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why something failed; `encoded` is the whole `TaskFailureDetails`, with inner failures."""

    type: str
    message: str
    stack: str
    encoded: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Parent:
    """Who waits for a sub-orchestration: the instance, its generation, and the id of the action that started it."""

    instance_id: str
    execution_id: str
    task_id: int
    name: str


@dataclass(frozen=True, slots=True)
class NewInstance:
    """What is needed to start an orchestration; an empty id asks for a new one.

    `start_at` is in microseconds since 1970, 0 for now. `trace` is an encoded protobuf `TraceContext`.
    """

    id: str
    name: str
    input: str | None = None
    version: str | None = None
    start_at: int = 0
    tags: dict[str, str] = field(default_factory=dict)
    trace: bytes = b""
    parent: Parent | None = None


@dataclass(frozen=True, slots=True)
class Instance:
    """An orchestration instance.

    `execution_id` names its generation, which changes when it continues as new. `turn` counts its committed turns, and
    the `history_` fields the events and bytes of the present generation; `warned` is whether its length was told.
    """

    id: str
    execution_id: str
    name: str
    version: str | None
    status: Status
    input: str | None
    output: str | None
    custom_status: str | None
    failure: Failure | None
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None
    start_at: datetime | None
    parent: Parent | None
    tags: dict[str, str]
    trace: bytes
    turn: int
    history_events: int = 0
    history_bytes: int = 0
    warned: bool = False


@dataclass(frozen=True, slots=True)
class InstanceQuery:
    """Which instances. Empty fields do not restrict, `created_to` is exclusive.

    `continuation` comes from the page before. Without `payloads`, inputs and outputs are left out.
    """

    statuses: frozenset[Status] = frozenset()
    created_from: datetime | None = None
    created_to: datetime | None = None
    id_prefix: str = ""
    payloads: bool = True
    page_size: int = MAX_PAGE
    continuation: str | None = None


@dataclass(frozen=True, slots=True)
class FinishedQuery:
    """Which finished instances, by when they ended; as InstanceQuery."""

    statuses: frozenset[Status] = frozenset()
    completed_from: datetime | None = None
    completed_to: datetime | None = None
    page_size: int = MAX_PAGE
    continuation: str | None = None


@dataclass(frozen=True, slots=True)
class EntityQuery:
    """Which entities, as InstanceQuery; `id_prefix` is of the form `@name@key`."""

    id_prefix: str = ""
    modified_from: datetime | None = None
    modified_to: datetime | None = None
    state: bool = True
    page_size: int = MAX_PAGE
    continuation: str | None = None


@dataclass(frozen=True, slots=True)
class Entity:
    """An entity that has a state. `backlog` counts the messages it has not handled, `locked_by` is an instance id."""

    id: str
    state: str | None
    updated_at: datetime
    backlog: int
    locked_by: str | None


@dataclass(frozen=True, slots=True)
class HistoryRecord:
    """One history event: `kind` (like `taskScheduled`) and `attributes` are those of the protobuf, in proto3 JSON."""

    kind: str
    at: datetime
    event_id: int
    attributes: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Page[T]:
    """One page of an answer, and what to pass as `continuation` for the next; None at the end."""

    items: tuple[T, ...]
    continuation: str | None


@dataclass(frozen=True, slots=True)
class PurgeResult:
    """How many instances were deleted, and whether all that matched were."""

    deleted: int
    complete: bool


@dataclass(frozen=True, slots=True)
class CleanResult:
    """What a cleaning of the entities did: rows without state removed, locks of nobody released."""

    removed: int
    released: int


@dataclass(frozen=True, slots=True)
class Parked:
    """Work that was given up: of which lane (`Orchestration`, `Activity`, `Entity`), whose, which function, and why."""

    at: datetime
    lane: str
    owner: str
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Stuck:
    """An instance that does not move: since when, what it waits for, and whether some of that can never come."""

    id: str
    name: str
    status: Status
    since: datetime
    waits_for: tuple[str, ...]
    hopeless: bool
