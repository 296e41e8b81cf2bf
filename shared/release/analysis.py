"""Whether a version may get more requests: its errors, its latency, and how far it predicts from the champion."""

import math
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from shared.contracts.analysis import Analysis
from shared.contracts.platform_models import Answered, RequestCounts
from shared.contracts.release_policy import AnalysisPolicy

#: Requests of one look at most: each costs the deployment as much as a client's.
REQUESTS: Final = 40
#: How far predictions lie from a champion's that are all 0: more than any limit.
_BEYOND: Final = 1e9


class Observed(NamedTuple):
    """What an analysis has seen.

    Attributes:
        challenger: What became of the requests that it has asked of the version.
        champion: Of the same requests, asked of the champion; absent where there is none.
        requests: Real ones; absent where the version has had none yet.
    """

    challenger: Sequence[Answered]
    champion: Sequence[Answered] | None = None
    requests: RequestCounts | None = None


def in_requests[T](rows: Sequence[T]) -> list[list[T]]:
    """Rows divided into requests, in their order: one row each where they are few, and as many as needed otherwise."""
    size = max(1, math.ceil(len(rows) / REQUESTS))
    return [list(rows[start : start + size]) for start in range(0, len(rows), size)]


def failed(answers: Sequence[Answered]) -> int:
    """Requests without an answer, or with one that lacks a number."""
    return sum(one.error is not None or None in one.predictions for one in answers)


def p95(answers: Sequence[Answered]) -> float | None:
    """Seconds within which 95 of 100 answers came, those that failed left out; `None` without any (nearest rank)."""
    seconds = sorted(one.seconds for one in answers if one.error is None)
    return seconds[math.ceil(len(seconds) * 0.95) - 1] if seconds else None


def shift(challenger: Sequence[Answered], champion: Sequence[Answered]) -> float | None:
    """Mean absolute difference of the predictions for the same rows, as a share of the champion's mean absolute one.

    Returns:
        0 where both predict 0 only; `None` where no row has a prediction of both.
    """
    pairs = [
        (ours, theirs)
        for one, other in zip(challenger, champion, strict=False)
        for ours, theirs in zip(one.predictions, other.predictions, strict=False)
        if ours is not None and theirs is not None
    ]
    if not pairs:
        return None
    # Divided first: the sum of many large predictions may be too large for a number.
    distance = math.fsum(abs(ours / len(pairs) - theirs / len(pairs)) for ours, theirs in pairs)
    size = math.fsum(abs(theirs / len(pairs)) for _, theirs in pairs)
    if not size:
        return _BEYOND if distance else 0.0
    return min(distance / size, _BEYOND)


def nothing_known(observed: Observed) -> bool:
    """Whether nobody was reached at all: that says nothing of the version, and may heal."""
    asked = [*observed.challenger, *(observed.champion or ())]
    return bool(asked) and all(one.error is not None and one.may_heal for one in asked)


def budget_problem(answers: Sequence[Answered], limits: AnalysisPolicy) -> str:
    """Which limit of errors or latency requests that were asked here do not keep; empty where they keep both."""
    return "; ".join(_of_probes(answers, limits))


def analyse(observed: Observed, limits: AnalysisPolicy) -> Analysis:
    """Hold what was seen against the limits.

    It has failed where one limit does not hold, whatever else is not known; it is inconclusive where none is broken,
    but one cannot be judged.
    """
    challenger, champion, counts = observed
    moved = shift(challenger, champion) if champion is not None else None
    problems = [*_of_probes(challenger, limits), *_of_shift(moved, limits), *_of_requests(counts, limits)]
    unknown = [*_unknown_requests(counts, limits)]
    if limits.max_shift is not None and champion is not None and moved is None:
        unknown.append("no row has a prediction of both versions")
    seen = _seen(observed, moved)
    if problems:
        reason = f"{'; '.join(problems)} ({seen})"
    elif unknown:
        reason = f"too little is known: {'; '.join(unknown)} ({seen})"
    else:
        reason = seen
    return Analysis(
        outcome="failed" if problems else "inconclusive" if unknown else "passed",
        reason=reason,
        probes=len(challenger),
        probes_failed=failed(challenger),
        seconds_p95=p95(challenger),
        shift=moved,
        requests=counts,
    )


def _of_probes(answers: Sequence[Answered], limits: AnalysisPolicy) -> Iterator[str]:
    lost, allowed = failed(answers), limits.max_errors * len(answers)
    # One that may heal is the network's rather than the version's; of 40 it would be more than most limits allow.
    heals = sum(one.error is not None and one.may_heal for one in answers)
    passing = lost < len(answers) and lost - heals <= allowed and lost <= max(1, allowed)
    if not answers:
        yield "nothing was asked"
    elif lost > allowed and not passing:
        why = next((one.error for one in answers if one.error), "an answer is no number")
        yield f"{lost} of {len(answers)} requests asked here failed, and {limits.max_errors:.2%} may: {why}"
    yield from _too_slow(p95(answers), limits, "requests asked here")


def _of_shift(moved: float | None, limits: AnalysisPolicy) -> Iterator[str]:
    if moved is not None and limits.max_shift is not None and moved > limits.max_shift:
        yield f"predictions lie {_share(moved)} from the champion's, and {limits.max_shift:.1%} is allowed"


def _of_requests(counts: RequestCounts | None, limits: AnalysisPolicy) -> Iterator[str]:
    """What real requests say. Too few still say something where even many more that succeed could not mend it."""
    if counts is None or not counts.requests:
        return
    lost = counts.failed or 0
    if lost > limits.max_errors * max(counts.requests, limits.min_requests):
        yield f"{lost} of {counts.requests} requests failed, and {limits.max_errors:.2%} may"
    if counts.requests >= limits.min_requests:
        yield from _too_slow(counts.seconds_p95, limits, "requests")


def _too_slow(seconds: float | None, limits: AnalysisPolicy, what: str) -> Iterator[str]:
    if seconds is not None and limits.max_latency_seconds is not None and seconds > limits.max_latency_seconds:
        yield f"95 of 100 {what} take up to {seconds:.3g} s, and {limits.max_latency_seconds:g} s are allowed"


def _unknown_requests(counts: RequestCounts | None, limits: AnalysisPolicy) -> Iterator[str]:
    if counts is None or not limits.min_requests:
        return
    if counts.requests is None:
        yield f"{limits.min_requests} requests are needed, and nobody can tell how many came"
    elif counts.requests < limits.min_requests:
        yield f"{counts.requests} requests came, and {limits.min_requests} are needed"
    elif counts.seconds_p95 is None and limits.max_latency_seconds is not None:
        yield "the platform does not tell how long requests took: its latency is not known"


def _seen(observed: Observed, moved: float | None) -> str:
    """The figures, in one sentence."""
    answers, counts = observed.challenger, observed.requests
    told = [f"{len(answers) - failed(answers)} of {len(answers)} requests asked here were answered"]
    if (seconds := p95(answers)) is not None:
        told[0] += f", 95 of 100 within {seconds:.3g} s"
    if moved is not None:
        told.append(f"predictions lie {_share(moved)} from the champion's")
    if counts is not None and counts.requests is not None:
        told.append(f"{counts.failed or 0} of {counts.requests} real requests failed")
    elif counts is not None:
        told.append(f"how real requests fared is not known ({counts.unknown or 'no reason was given'})")
    return "; ".join(told)


def _share(moved: float) -> str:
    return f"{moved:.1%}" if moved < _BEYOND else "beyond measure"
