"""Every orchestrator, activity, entity and event name once, and the ids that are derived from content.

Ids are deterministic: the same content gives the same id on every delivery, so that starting twice starts once.
"""

import hashlib
import json
import re
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Final

# Orchestrators
CONDITION_DATASET: Final = "condition_dataset"
CONDITION_FILE: Final = "condition_file"
CONDITION_RANGES: Final = "condition_ranges"
TRAIN_MODEL: Final = "train_model"
TRAIN_ON_REQUEST: Final = "train_on_request"
RELEASE_MODEL: Final = "release_model"
SCORE_MODEL: Final = "score_model"
RETIRE_MODEL: Final = "retire_model"
RUN_FLEET: Final = "run_fleet"
RECORD_MODEL: Final = "record_model"
RECONCILE_EVENTS: Final = "reconcile_events"
TELL_MODELS: Final = "tell_models"
RETIRE_DATASET: Final = "retire_dataset"
APPLY_RETENTION: Final = "apply_retention"
ANCHOR_LEDGERS: Final = "anchor_ledgers"
WATCH_JOB: Final = "watch_job"
WITHDRAW_JOB: Final = "withdraw_job"
EVALUATE_VERSION: Final = "evaluate_version"
ROLLBACK_MODEL: Final = "rollback_model"
TELL_RELEASE: Final = "tell_release"
GIVE_ORDER: Final = "give_order"
CHECK_SERVING: Final = "check_serving"
ANNOUNCE_CODE: Final = "announce_code"
REPRODUCE_VERSION: Final = "reproduce_version"
WAKE_MODEL: Final = "wake_model"
LOOK_FOR_HOLDS: Final = "look_for_holds"
ANSWER_CALLBACK: Final = "answer_callback"

# Activities
FIND_SOURCE_FILES: Final = "find_source_files"
CONDITION_SOURCE: Final = "condition_source"
PLAN_FILE: Final = "plan_file"
CONDITION_RANGE: Final = "condition_range"
COMMIT_FILE: Final = "commit_file"
PUBLISH_DATASET: Final = "publish_dataset"
FIND_CONCERNED_MODELS: Final = "find_concerned_models"
FIND_DATASET: Final = "find_dataset"
SUBMIT_JOB: Final = "submit_job"
READ_JOB: Final = "read_job"
CANCEL_JOB: Final = "cancel_job"
EVALUATE_MODEL: Final = "evaluate_model"
REGISTER_VERSION: Final = "register_version"
REGISTER_BASELINE: Final = "register_baseline"
PROMOTE_VERSION: Final = "promote_version"
RESTORE_CHAMPION: Final = "restore_champion"
CREATE_DEPLOYMENT: Final = "create_deployment"
READ_DEPLOYMENT: Final = "read_deployment"
SHIFT_TRAFFIC: Final = "shift_traffic"
DELETE_DEPLOYMENT: Final = "delete_deployment"
STAGE_GOLDEN_SET: Final = "stage_golden_set"
TEST_DEPLOYMENT: Final = "test_deployment"
TEST_PREDICTIONS: Final = "test_predictions"
PUBLISH_PREDICTIONS: Final = "publish_predictions"
RESTORE_PREDICTIONS: Final = "restore_predictions"
APPEND_LEDGER: Final = "append_ledger"
WRITE_ANCHOR: Final = "write_anchor"
READ_ADVANCED_HEADS: Final = "read_advanced_heads"
WRITE_MODEL_ROW: Final = "write_model_row"
PLAN_RUN: Final = "plan_run"
READ_RUN_CELLS: Final = "read_run_cells"
LOOK_AT_RUN: Final = "look_at_run"
CONCLUDE_RUN: Final = "conclude_run"
FIND_LOST_ARRIVALS: Final = "find_lost_arrivals"
FIND_LOST_VERSIONS: Final = "find_lost_versions"
RECORD_DELIVERY: Final = "record_delivery"
CONCLUDE_DELIVERY: Final = "conclude_delivery"
WITHDRAW_TRAFFIC: Final = "withdraw_traffic"
DELETE_ENDPOINT: Final = "delete_endpoint"
WITHDRAW_PREDICTIONS: Final = "withdraw_predictions"
RETIRE_CHAMPION: Final = "retire_champion"
CONCLUDE_WAITING_CELLS: Final = "conclude_waiting_cells"
PLAN_RETENTION: Final = "plan_retention"
DELETE_EXPIRED: Final = "delete_expired"
ROUTE_MODEL: Final = "route_model"
RESTORE_ROUTE: Final = "restore_route"
WITHDRAW_ROUTE: Final = "withdraw_route"
SCALE_DEPLOYMENT: Final = "scale_deployment"
VERIFY_VERSION: Final = "verify_version"
FIND_LOST_SERVINGS: Final = "find_lost_servings"
FIND_CODE_MODELS: Final = "find_code_models"
FIND_RECORDED_VERSION: Final = "find_recorded_version"
COMPARE_REPRODUCTION: Final = "compare_reproduction"
ASK_APPROVAL: Final = "ask_approval"
ANALYSE_CHALLENGER: Final = "analyse_challenger"
COMPARE_PREDICTIONS: Final = "compare_predictions"
FIND_SHADOW_PERIOD: Final = "find_shadow_period"
HASH_VERSION: Final = "hash_version"
NOTE_VERSIONS: Final = "note_versions"
FIND_BASELINE_VERSION: Final = "find_baseline_version"
WITHDRAW_CHAMPION: Final = "withdraw_champion"
COMPARE_FILES: Final = "compare_files"
FIND_POLICY: Final = "find_policy"
FIND_HOLDS: Final = "find_holds"
FIND_ADOPTED: Final = "find_adopted"
FIND_FOLLOWERS: Final = "find_followers"
POST_CALLBACK: Final = "post_callback"
CONCLUDE_CALLBACK: Final = "conclude_callback"

# Entities; the engine lower-cases entity names, so they are lower case here.
MODEL_INTERLOCK: Final = "model_interlock"
INTERLOCK_RECEIVE: Final = "receive"
INTERLOCK_REQUEST: Final = "request"
INTERLOCK_PROGRESS: Final = "progress"
JOB_SLOTS: Final = "job_slots"
SLOTS_ASK: Final = "ask"
SLOTS_GIVE_BACK: Final = "give_back"

# External events
JOB_CHANGED: Final = "JobChanged"
RELEASE_WORD: Final = "ReleaseWord"
RUN_ENDED: Final = "RunEnded"

# The alias and the stages that a release moves.
CHAMPION: Final = "champion"
PRODUCTION: Final = "Production"
ARCHIVED: Final = "Archived"

#: Kind of a registered version that models are compared with and that is never released.
BASELINE: Final = "baseline"

_JSON: Final = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
_ID_LIMIT: Final = 100
_HASH_LENGTH: Final = 12


def content_hash(*parts: object, length: int = _HASH_LENGTH) -> str:
    """A short hexadecimal SHA-256 of JSON-serializable parts.

    Dictionaries count by content, not by order.
    """
    return hashlib.sha256(_encoded(parts).encode()).hexdigest()[:length]


def _encoded(parts: tuple[object, ...]) -> str:
    """As `_JSON` writes it; of plain texts and numbers, which most ids are made of, in a fraction of its time."""
    plain: list[str] = []
    for part in parts:
        if type(part) is str:
            plain.append(encode_basestring(part))
        elif type(part) is int:
            plain.append(str(part))
        else:
            return _JSON.encode(parts)
    return f"[{','.join(plain)}]"


@lru_cache(maxsize=4096)
def slug(text: str) -> str:
    """Any Unicode text as lower-case ASCII letters, digits and single hyphens; empty when nothing is left."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


@lru_cache(maxsize=4096)
def _hash_of(text: str) -> str:
    return content_hash(text)


def instance_id(prefix: str, *parts: object, attempt: int | None = None) -> str:
    """The id of an orchestration: readable prefix, hash of the content, attempt.

    Args:
        prefix: What it does, and for whom; any Unicode, shortened to fit.
        parts: The content that makes it unique.
        attempt: Raised only by an operator or a retry rule.

    Returns:
        At most 100 printable ASCII characters, without a leading `@` (the limits of Durable Task Scheduler).
    """
    digest = content_hash(prefix, *parts) if parts else _hash_of(prefix)
    tail = f"-{digest}" + (f"-{attempt}" if attempt is not None else "")
    head = slug(prefix)[: _ID_LIMIT - len(tail)].rstrip("-") or "run"
    return head + tail


def fitted(name: str, limit: int = 32) -> str:
    """A name within a service's limit: unchanged where it fits, else shortened and made unique by a hash.

    Azure ML allows 3-32 lower-case letters, digits and hyphens for endpoints and deployments, starting with a letter.
    """
    plain = slug(name)
    if plain[:1].isdigit() or not plain:
        plain = f"m-{plain}".rstrip("-")
    if len(plain) <= limit and len(plain) >= 3 and plain == name:
        return plain
    tail = f"-{content_hash(name, length=8)}"
    return plain[: limit - len(tail)].rstrip("-") + tail


def version_key(model: str, version: str) -> str:
    """The delivery key of a registration: the same from a webhook, a repeated webhook and the search for lost ones."""
    return f"model_version.created:{model}:{version}"


def watcher(job: str, owner: str | None = None) -> str:
    """The instance that waits for a job: both can be told from an event of the job, so it finds who waits.

    Args:
        job: Its name.
        owner: The orchestration that the job belongs to, as its tag `signalbox.instance` says; none of jobs of others.
    """
    return instance_id(f"watch {job}", job, owner)


def follower(run: str, callback: str, attempt: int) -> str:
    """The instance that calls back when a run has ended.

    Args:
        run: The run's instance.
        callback: Under which the address is kept.
        attempt: From 1 on; raised by whoever has it called once more.
    """
    return instance_id(f"answer {run}", run, callback, attempt=attempt)


def release_jobs(instance: str) -> tuple[str, str]:
    """The jobs of a release in batch: the one that scores the golden set, and the one that scores the period."""
    return f"{instance}-golden", f"{instance}-period"


def shadow_job(instance: str, number: int) -> str:
    """The job of a release in batch that scores a period beside the champion, from 1 on."""
    return f"{instance}-shadow-{number}"


def release_deployments(version: str, attempt: int, sharing: str | None = None) -> tuple[str, str]:
    """The deployments of a release online: the one that is tested, and the one that serves.

    What says version and purpose comes first, so that shortening cuts neither.

    Args:
        version: Of the model.
        attempt: The interlock's number of the release.
        sharing: The model, where its endpoint is shared: two models may have the same version under release.
    """
    plain = f"v{version}-{attempt}" if sharing is None else f"v{version}-{attempt}-{sharing}"
    return fitted(f"qa-{plain}"), fitted(plain)


def route_path(model: str) -> str:
    """The blob that tells clients where requests for a model go, if its endpoint is shared."""
    return f"serving/{model}.json"
