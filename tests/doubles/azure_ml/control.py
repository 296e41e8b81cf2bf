"""The double's own door, beside the managed identity: what was asked of it, and what shall go wrong. Plain http, JSON.

It is for a double that runs as a process, where no test can call `plan` and `fail_once`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

from tests.doubles.azure_ml.faults import Fault, Faults
from tests.doubles.azure_ml.identity import answer_identity
from tests.doubles.azure_ml.jobs import Jobs
from tests.doubles.azure_ml.messages import Answer, Refusal, Request
from tests.doubles.azure_ml.plans import JobPlan
from tests.doubles.azure_ml.server import Journal
from tests.doubles.azure_ml.world import World

_ROUTES: Final = {
    "GET /double/": "this, the plans and faults that wait, and what was asked for in vain",
    "GET /double/requests?last=50&method=PUT&path=REGEX&bodies=true": "what was asked of the https side, newest last",
    "POST /double/plan": '{"jobs": "train-*", "queue_seconds": 5, "run_seconds": 10} and one of "fail": "MESSAGE", '
    '"vanish": true, "hang": true, "not_responding": true',
    "DELETE /double/plan": "forget what was posted there",
    "POST /double/faults": '{"path": "REGEX", "method": "PUT", "times": 1} and some of "status": 429, '
    '"retry_after": 30, "code": "...", "message": "...", "seconds": 2, "drop": "before" or "after"',
    "DELETE /double/faults": "forget those that have met nothing yet",
}
_SHOWN: Final = 50
_PLAN: Final[Mapping[str, type | tuple[type, ...]]] = {
    "jobs": str,
    "queue_seconds": (int, float),
    "run_seconds": (int, float),
    "fail": str,
    "vanish": bool,
    "hang": bool,
    "not_responding": bool,
}
#: At most one of them: how a job does not complete.
_TROUBLES: Final = ("fail", "vanish", "hang", "not_responding")
_FAULT: Final[Mapping[str, type | tuple[type, ...]]] = {
    "path": str,
    "method": str,
    "times": int,
    "status": int,
    "retry_after": (int, float),
    "code": str,
    "message": str,
    "seconds": (int, float),
    "drop": str,
}
_MOST: Final = 1000


class Control:
    """`/double/...`; everything else is the managed identity's.

    Args:
        world: Its lock is the jobs'.
        jobs: Their plans are added to.
        faults: Of the https side.
        journal: Likewise.
        planned: Called once a plan was added: jobs go by the clock from then on.
    """

    def __init__(self, world: World, jobs: Jobs, faults: Faults, journal: Journal, planned: Callable[[], None]) -> None:
        self._world = world
        self._jobs = jobs
        self._faults = faults
        self._journal = journal
        self._planned = planned
        self._plans: list[JobPlan] = []

    def __call__(self, request: Request) -> Answer:  # noqa: PLR0911 - one per route
        """Serve a request."""
        path = request.path.rstrip("/")
        if path != "/double" and not path.startswith("/double/"):
            return answer_identity(request)
        match (request.method, path.removeprefix("/double")):
            case ("GET", ""):
                return Answer(200, self._standing())
            case ("GET", "/requests"):
                return Answer(200, self._requests(request.query))
            case ("POST", "/plan"):
                return Answer(201, self._plan(_fields(request.body, _PLAN, needs="jobs")))
            case ("DELETE", "/plan"):
                return Answer(200, self._forget())
            case ("POST", "/faults"):
                return Answer(201, self._fail(_fields(request.body, _FAULT, needs="path")))
            case ("DELETE", "/faults"):
                return Answer(200, {"forgotten": [asdict(fault) for fault in self._faults.forget()]})
        raise Refusal(404, "NotFound", f"There is no {request.method} {path}; there are {', '.join(_ROUTES)}.")

    def _standing(self) -> dict[str, Any]:
        return {
            "routes": _ROUTES,
            "plans": [_told(plan) for plan in self._plans],
            "faults": [asdict(fault) for fault in self._faults.waiting],
            "requests": len(self._journal.requests),
            "unknown": self._journal.unknown,
        }

    def _requests(self, query: Mapping[str, str]) -> dict[str, Any]:
        last = query.get("last", str(_SHOWN))
        if not re.fullmatch(r"[0-9]{1,6}", last):
            raise _wrong(f"last={last} is no number of requests.")
        path, method = _pattern(query.get("path", "")), query.get("method", "").upper()
        found = [
            _logged(number, one, bodies=query.get("bodies") == "true")
            for number, one in enumerate(list(self._journal.requests), start=1)
            if method in ("", one.method) and path.search(one.path)
        ]
        return {"requests": found[len(found) - min(int(last), len(found)) :]}

    def _plan(self, asked: dict[str, Any]) -> dict[str, Any]:
        troubles = [name for name in _TROUBLES if asked.get(name)]
        if len(troubles) > 1:
            raise _wrong(f"A job cannot {' and '.join(troubles)}: give one of {', '.join(_TROUBLES)}.")
        plan = JobPlan(
            asked["jobs"],
            queue_seconds=_seconds(asked, "queue_seconds"),
            run_seconds=_seconds(asked, "run_seconds"),
            end="Failed" if asked.get("fail") else "Completed",
            error=asked.get("fail", ""),
            vanish_after=0 if asked.get("vanish") else None,
            hang="NotResponding" if asked.get("not_responding") else "Running" if asked.get("hang") else None,
        )
        with self._world.lock:
            self._jobs.plans.append(plan)
            self._plans.append(plan)
        self._planned()
        return _told(plan)

    def _forget(self) -> dict[str, Any]:
        with self._world.lock:
            forgotten, self._plans = self._plans, []
            self._jobs.plans[:] = [plan for plan in self._jobs.plans if not any(plan is one for one in forgotten)]
        return {"forgotten": [_told(plan) for plan in forgotten]}

    def _fail(self, asked: dict[str, Any]) -> dict[str, Any]:
        if not {"status", "seconds", "drop"} & asked.keys():
            raise _wrong('A fault needs a "status", "seconds" or a "drop".')
        if asked.get("drop") not in (None, "before", "after"):
            raise _wrong(f'"drop" is "before" or "after" what was asked for is done, not {asked["drop"]!r}.')
        if not 400 <= asked.get("status", 400) <= 599:
            raise _wrong(f'"status" is {asked["status"]}, not an error from 400 to 599.')
        times = asked.get("times", 1)
        if not 1 <= times <= _MOST:
            raise _wrong(f'"times" is {times}, not from 1 to {_MOST}.')
        fault = Fault(
            asked.get("method", "*").upper(),
            _pattern(asked["path"]).pattern,
            asked.get("status"),
            asked.get("code", ""),
            asked.get("message", "The double was asked to fail here."),
            {"Retry-After": f"{_seconds(asked, 'retry_after'):g}"} if "retry_after" in asked else {},
            _seconds(asked, "seconds"),
            asked.get("drop"),
        )
        for _ in range(times):
            self._faults.add(fault)
        return {**asdict(fault), "times": times}


def _fields(body: Any, known: Mapping[str, type | tuple[type, ...]], *, needs: str) -> dict[str, Any]:
    """A body whose every field is known and of its type."""
    if not isinstance(body, dict) or needs not in body:
        raise _wrong(f'The body is a JSON object with "{needs}"; it may have {", ".join(known)}.')
    for name, value in body.items():
        if name not in known:
            raise _wrong(f'"{name}" is not known; there are {", ".join(known)}.')
        if not isinstance(value, known[name]) or (isinstance(value, bool) and known[name] is not bool):
            raise _wrong(f'"{name}" cannot be {value!r}.')
    return body


def _seconds(asked: Mapping[str, Any], name: str) -> float:
    seconds = float(asked.get(name, 0))
    if not 0 <= seconds <= 86_400:
        raise _wrong(f'"{name}" is {seconds:g}, not from 0 to 86400, which is a day.')
    return seconds


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text, re.IGNORECASE)
    except re.error as error:
        raise _wrong(f"{text!r} is no regular expression: {error}.") from error


def _told(plan: JobPlan) -> dict[str, Any]:
    """A plan as it was posted, as far as it says something."""
    said: dict[str, Any] = {"jobs": plan.pattern, "queue_seconds": plan.queue_seconds, "run_seconds": plan.run_seconds}
    if plan.end == "Failed":
        said["fail"] = plan.error
    if plan.vanish_after is not None:
        said["vanish"] = True
    if plan.hang is not None:
        said["hang" if plan.hang == "Running" else "not_responding"] = True
    return said


def _logged(number: int, one: Request, *, bodies: bool) -> dict[str, Any]:
    """A request without its headers, in which tokens are."""
    at = datetime.fromtimestamp(one.at, UTC).isoformat(timespec="milliseconds")
    told = {"number": number, "at": at, "method": one.method, "path": one.path, "query": dict(one.query)}
    return {**told, "status": one.status, **({"body": one.body} if bodies else {})}


def _wrong(message: str) -> Refusal:
    return Refusal(400, "BadRequest", message)
