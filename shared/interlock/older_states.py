"""States that older code has stored: what makes one of a schema version one of the next."""

from collections.abc import Callable
from typing import Any, Final


def _from_1(raw: dict[str, Any]) -> dict[str, Any]:
    """Version 2 keeps with each request how it ended; version 1 looked that up among the trainings.

    A request whose training is forgotten is forgotten too: nobody waits for it any more.
    """
    outcomes = {training["attempt"]: training for training in raw.get("trainings", ())}
    requests = []
    for request in raw.get("requests", ()):
        training = outcomes.get(request["attempt"])
        if request["attempt"] is None or (training is not None and training["outcome"] == "running"):
            requests.append(request)
        elif training is not None:
            requests.append({**request, "outcome": training["outcome"], "reason": training["reason"]})
    return {**raw, "schema_version": 2, "requests": requests}


def _from_2(raw: dict[str, Any]) -> dict[str, Any]:
    """Version 3 knows of each policy how long a job may be queued, and how an endpoint is deployed.

    A policy of version 2 said nothing of either, so the defaults hold.
    """
    return {**raw, "schema_version": 3}


def _from_3(raw: dict[str, Any]) -> dict[str, Any]:
    """Version 4 has trainings that ended as superseded or unwanted, endpoints that models share, and times of data.

    A state of version 3 has neither of the first two. A dataset that waits in it was published before its last event.
    """
    queued_at = raw.get("last_at") if raw.get("queued") else None
    return {**raw, "schema_version": 4, "queued_at": queued_at}


def _from_4(raw: dict[str, Any]) -> dict[str, Any]:
    """Version 5 records the last good version; version 4 only knew which one had served before the champion.

    Where that was served from is not known any more, so a rollback deploys or publishes it anew.
    """
    previous = (raw.get("champion") or {}).get("previous")
    good = {"model": raw.get("model", ""), "version": previous, "serving": None} if previous else None
    return {**raw, "schema_version": 5, "last_good": good}


def _from_5(raw: dict[str, Any]) -> dict[str, Any]:
    """Version 6 knows what releases and evaluations need of slots, and of holds from before the model was there.

    In version 5 a release that waited for a person had given its slot back, without asking for one afterwards. Its
    policy was no newer than its last event, and holds of its fleet have reached it.
    """
    release = raw.get("release")
    if release and release.get("phase") == "awaiting_approval" and not release.get("shifted"):
        release = {**release, "needs": "nothing"}
    known_at = raw.get("last_at") if raw.get("policy") else None
    return {**raw, "schema_version": 6, "release": release, "policy_at": known_at}


#: By the version that they read.
UPCASTERS: Final[dict[int, Callable[[dict[str, Any]], dict[str, Any]]]] = {
    1: _from_1,
    2: _from_2,
    3: _from_3,
    4: _from_4,
    5: _from_5,
}
